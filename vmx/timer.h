/* SPDX-License-Identifier: MIT */
/*
 * The VMX-preemption timer of a vCPU, shared by all who want to be asked again at some time: each
 * has a use of its own, and the timer runs out for the nearest.
 */
#ifndef SILL_VMX_TIMER_H
#define SILL_VMX_TIMER_H

#include "vmx/vcpu.h"

/* Whether the CPU has the timer, and it goes on counting over VM exits. */
bool timer_present(const struct vcpu *vcpu);

/*
 * The use is due at this value of the TSC, TIMER_NEVER: not at all. The timer counts only while the
 * guest runs, so where it exits a lot the exit comes later. Nothing happens without a timer.
 */
#define TIMER_NEVER UINT64_MAX
void timer_set(struct vcpu *vcpu, enum timer_use use, uint64_t tsc);

/*
 * In the handler of the timer's exit: true if the use is due, which it no longer is then. A use
 * that has more than a second left counts as due as well: an OS may have set the TSC back. Whoever
 * is called too early sets the timer anew.
 */
bool timer_take(struct vcpu *vcpu, enum timer_use use);

/* The last thing in that handler: lets the timer run on for what is due next. */
void timer_arm(struct vcpu *vcpu);

#endif
