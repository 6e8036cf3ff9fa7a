/* SPDX-License-Identifier: MIT */
/* The guest's time limit; see vmx/deadline.h. */
#include "vmx/deadline.h"

#include "core/cpu.h"
#include "core/log.h"
#include "core/time.h"
#include "vmx/event.h"
#include "vmx/exit.h"

/*
 * The timer runs only while the guest does. A VM exit takes up to some hundred times as long as the
 * guest's instructions between two of them, so a guest can make the clock run that much faster
 * than the timer. Hence each round is a small part of what is left by the clock: the first look
 * comes in time, and the more often it is looked at, the nearer the end is. Handlers that take
 * longer than that look themselves: deadline_check().
 *
 * The timer counts down by 1 each time that bit X of the TSC changes, X = preemption_timer_shift,
 * and has 32 bits. SDM, "VMX-Preemption Timer".
 */
#define ROUNDS 256

static void arm(const struct vcpu *vcpu)
{
	uint64_t now = rdtsc();
	uint64_t rest = vcpu->deadline > now ? vcpu->deadline - now : 0;
	uint64_t shortest = time_tsc_hz() / 10000;
	uint64_t part = rest / ROUNDS > shortest ? rest / ROUNDS : shortest;
	uint64_t round = part < rest ? part : rest;
	uint64_t count = (round >> vcpu->capability->preemption_timer_shift) + 1;

	vmwrite(VMCS_VMX_PREEMPTION_TIMER_VALUE, count < UINT32_MAX ? count : UINT32_MAX);
}

void deadline_set(struct vcpu *vcpu, uint32_t milliseconds)
{
	/*
	 * The timer must go on counting over VM exits: a guest that exits all the time has a limit.
	 */
	bool has_timer = vmx_capability_has(vcpu->capability, VMX_WORD_PIN,
					    PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER) &&
			 vmx_capability_has(vcpu->capability, VMX_WORD_EXIT,
					    VM_EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE);
	bool timed = milliseconds != 0 && has_timer;

	vcpu->deadline = UINT64_MAX;
	vcpu->time_limit_ms = milliseconds;
	vcpu->pin_controls &= ~(uint32_t)PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER;
	if (timed)
		vcpu->pin_controls |= PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER;
	event_write_controls(vcpu);
	if (milliseconds != 0) {
		vcpu->deadline = rdtsc() + time_tsc_hz() / 1000 * milliseconds;
		if (!timed)
			log_warning("no VMX-preemption timer: a guest that loops without VM exits "
				    "cannot be stopped by its time limit");
	}
	/*
	 * Saving the value is only allowed while the timer runs: SDM, "Checks on VM-Exit Control
	 * Fields".
	 */
	vmwrite(VMCS_PRIMARY_VM_EXIT_CONTROLS,
		vcpu->capability->exit.value |
			(timed ? (uint32_t)VM_EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE : 0));
	if (timed)
		arm(vcpu);
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

void deadline_expired(struct vcpu *vcpu)
{
	if (deadline_passed(vcpu))
		deadline_stop(vcpu);
	arm(vcpu);
}
