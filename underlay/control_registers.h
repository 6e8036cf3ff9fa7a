/* SPDX-License-Identifier: MIT */
/* Which bits of CR0 and CR4 an OS finds other than they are. */
#ifndef SILL_UNDERLAY_CONTROL_REGISTERS_H
#define SILL_UNDERLAY_CONTROL_REGISTERS_H

#include "vmx/vcpu.h"

/* Sets cr0_owned, cr4_owned and cr4_forced: the guest/host masks, and what is 1 in truth. */
void underlay_choose_owned_bits(struct vcpu *vcpu);

#endif
