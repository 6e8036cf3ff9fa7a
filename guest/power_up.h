/* SPDX-License-Identifier: MIT */
/* A vCPU as after power-up: how each guest of guest mode finds it. */
#ifndef SILL_GUEST_POWER_UP_H
#define SILL_GUEST_POWER_UP_H

#include "vmx/vcpu.h"

/* Where a guest begins: 32-bit protected mode, flat segments, paging and interrupts off. */
struct power_up_state {
	uint32_t eip;
	uint32_t eax, ebx;
};

/* Once for a vCPU: its bitmaps, and what its guests may know of the CPU. 0 or -SILL_ENOMEM. */
__attribute__((warn_unused_result)) int power_up_prepare(struct vcpu *vcpu);

/*
 * Makes the vCPU current, in the state after power-up except for *state. The caller fills in the
 * members that belong to the guest afterwards.
 */
void power_up(struct vcpu *vcpu, struct ept *ept, const struct power_up_state *state);

#endif
