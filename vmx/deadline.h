/* SPDX-License-Identifier: MIT */
/* The guest's time limit, kept with the VMX-preemption timer. */
#ifndef SILL_VMX_DEADLINE_H
#define SILL_VMX_DEADLINE_H

#include "vmx/vcpu.h"

/*
 * Ends the guest this many milliseconds from now; 0: never. Without a VMX-preemption timer the
 * limit is kept only at VM exits that check it, and the log says so.
 */
void deadline_set(struct vcpu *vcpu, uint32_t milliseconds);

bool deadline_passed(const struct vcpu *vcpu);

/* Stops the guest, saying how long it ran. */
__attribute__((noreturn, cold)) void deadline_stop(struct vcpu *vcpu);

/* TIMER_DEADLINE is due: stops the guest, or sets the timer for the rest of its time. */
void deadline_look(struct vcpu *vcpu);

/*
 * For handlers that can take long: stops the guest if its time is over. The timer sees only the
 * guest's own time, and these are where it makes Sill spend time for it.
 */
static inline void deadline_check(struct vcpu *vcpu)
{
	if (deadline_passed(vcpu))
		deadline_stop(vcpu);
}

#endif
