/* SPDX-License-Identifier: MIT */
/* The guest's time limit; see vmx/deadline.h. */
#include "vmx/deadline.h"

#include "core/cpu.h"
#include "core/log.h"
#include "core/time.h"
#include "vmx/timer.h"

/*
 * The timer runs only while the guest does. A VM exit takes up to some hundred times as long as the
 * guest's instructions between two of them, so a guest can make the clock run that much faster
 * than the timer. Hence each round is a small part of what is left by the clock: the first look
 * comes in time, and the more often it is looked at, the nearer the end is. Handlers that take
 * longer than that look themselves: deadline_check().
 */
#define ROUNDS 256

/* When to look at the clock next. */
static uint64_t next_look(const struct vcpu *vcpu)
{
	uint64_t now = rdtsc();
	uint64_t rest = vcpu->deadline > now ? vcpu->deadline - now : 0;
	uint64_t shortest = time_tsc_hz() / 10000;
	uint64_t part = rest / ROUNDS > shortest ? rest / ROUNDS : shortest;

	return now + (part < rest ? part : rest);
}

void deadline_set(struct vcpu *vcpu, uint32_t milliseconds)
{
	vcpu->deadline = UINT64_MAX;
	vcpu->time_limit_ms = milliseconds;
	if (milliseconds != 0) {
		vcpu->deadline = rdtsc() + time_tsc_hz() / 1000 * milliseconds;
		if (!timer_present(vcpu))
			log_warning("no VMX-preemption timer: a guest that loops without VM exits "
				    "cannot be stopped by its time limit");
	}
	timer_set(vcpu, TIMER_DEADLINE,
		  milliseconds != 0 && timer_present(vcpu) ? next_look(vcpu) : TIMER_NEVER);
}

bool deadline_passed(const struct vcpu *vcpu)
{
	return rdtsc() >= vcpu->deadline;
}

void deadline_stop(struct vcpu *vcpu)
{
	vcpu_stop(vcpu, VCPU_OUT_OF_TIME,
		  "its time limit of %u.%03u s passed (time_limit in sill.conf)",
		  vcpu->time_limit_ms / 1000, vcpu->time_limit_ms % 1000);
}

void deadline_look(struct vcpu *vcpu)
{
	if (deadline_passed(vcpu))
		deadline_stop(vcpu);
	timer_set(vcpu, TIMER_DEADLINE, next_look(vcpu));
}
