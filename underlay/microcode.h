/* SPDX-License-Identifier: MIT */
/* Microcode updates that an OS loads. */
#ifndef SILL_UNDERLAY_MICROCODE_H
#define SILL_UNDERLAY_MICROCODE_H

#include "vmx/vcpu.h"

/*
 * The guest's WRMSR to IA32_BIOS_UPDT_TRIG, wholly: linear is the value written, the address of
 * the update's data.
 */
void underlay_load_microcode(struct vcpu *vcpu, uint64_t linear);

#endif
