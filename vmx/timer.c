/* SPDX-License-Identifier: MIT */
/* The VMX-preemption timer; see vmx/timer.h. */
#include "vmx/timer.h"

#include "core/cpu.h"
#include "core/time.h"
#include "vmx/event.h"

static bool has(const struct vcpu *vcpu, enum vmx_word word, uint32_t control)
{
	return vmx_capability_has(vcpu->capability, word, control);
}

bool timer_present(const struct vcpu *vcpu)
{
	/* Else a guest that exits all the time would begin each round anew, and never end one. */
	return has(vcpu, VMX_WORD_PIN, PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER) &&
	       has(vcpu, VMX_WORD_EXIT, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE);
}

static uint64_t nearest(const struct vcpu *vcpu)
{
	uint64_t at = TIMER_NEVER;

	for (unsigned int i = 0; i < TIMER_USES; i++) {
		if (vcpu->timer[i] < at)
			at = vcpu->timer[i];
	}
	return at;
}

/*
 * Saving the value is only allowed while the timer runs: SDM, "VM-Exit Control
 * Fields", among the checks on VMX controls.
 */
static void switch_timer(struct vcpu *vcpu, bool on)
{
	uint32_t exit_controls = vcpu->capability->exit.value;

	vcpu->pin_controls &= ~(uint32_t)PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER;
	if (on)
		vcpu->pin_controls |= PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER;
	event_write_controls(vcpu);
	if (on && has(vcpu, VMX_WORD_EXIT, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE))
		exit_controls |= VM_EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE;
	vmwrite(VMCS_PRIMARY_VM_EXIT_CONTROLS, exit_controls);
}

/*
 * The timer counts down by 1 each time that bit X of the TSC changes, X = preemption_timer_shift,
 * and has 32 bits. SDM, "VMX-Preemption Timer".
 */
void timer_arm(struct vcpu *vcpu)
{
	uint64_t at = nearest(vcpu), now = rdtsc(), left, count;
	bool is_on = (vcpu->pin_controls & PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER) != 0;
	bool on = at != TIMER_NEVER &&
		  has(vcpu, VMX_WORD_PIN, PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER);

	if (on != is_on)
		switch_timer(vcpu, on);
	if (!on)
		return;
	left = at > now ? at - now : 0;
	if (left > time_tsc_hz())
		left = time_tsc_hz();
	count = (left >> vcpu->capability->preemption_timer_shift) + 1;
	vmwrite(VMCS_VMX_PREEMPTION_TIMER_VALUE, count < UINT32_MAX ? count : UINT32_MAX);
}

void timer_set(struct vcpu *vcpu, enum timer_use use, uint64_t tsc)
{
	vcpu->timer[use] = tsc;
	timer_arm(vcpu);
}

bool timer_take(struct vcpu *vcpu, enum timer_use use)
{
	uint64_t at = vcpu->timer[use], now = rdtsc();

	if (at == TIMER_NEVER || (now < at && at - now <= time_tsc_hz()))
		return false;
	vcpu->timer[use] = TIMER_NEVER;
	return true;
}
