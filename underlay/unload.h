/* SPDX-License-Identifier: MIT */
/* Sill takes itself away while the guest runs on. */
#ifndef SILL_UNDERLAY_UNLOAD_H
#define SILL_UNDERLAY_UNLOAD_H

#include "vmx/vcpu.h"

/*
 * Every CPU is to leave Sill (vmx/leave.h): this one now if it can, the others and this one else at
 * their next CPUID. The exit is handled, but for this.
 */
void underlay_unload(struct vcpu *vcpu);

#endif
