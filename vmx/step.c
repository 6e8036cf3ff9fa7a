/* SPDX-License-Identifier: MIT */
/* One step of the guest; see vmx/step.h. */
#include "vmx/step.h"

#include "core/cpu.h"
#include "core/time.h"
#include "vmx/event.h"
#include "vmx/timer.h"

/* Enough for the slowest instruction, so that each round makes progress. */
#define TIMER_US 20

static bool has_monitor_trap_flag(const struct vcpu *vcpu)
{
	return vmx_capability_has(vcpu->capability, VMX_WORD_PRIMARY, PRIMARY_MONITOR_TRAP_FLAG);
}

bool step_possible(const struct vcpu *vcpu)
{
	return has_monitor_trap_flag(vcpu) ||
	       vmx_capability_has(vcpu->capability, VMX_WORD_PIN,
				  PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER);
}

void step_begin(struct vcpu *vcpu)
{
	if (has_monitor_trap_flag(vcpu)) {
		vcpu->primary_controls |= PRIMARY_MONITOR_TRAP_FLAG;
		event_write_controls(vcpu);
	} else {
		timer_set(vcpu, TIMER_STEP, rdtsc() + time_tsc_hz() * TIMER_US / 1000000);
	}
}

bool step_is_pending(const struct vcpu *vcpu)
{
	return (vcpu->primary_controls & PRIMARY_MONITOR_TRAP_FLAG) != 0 ||
	       vcpu->timer[TIMER_STEP] != TIMER_NEVER;
}

void step_end(struct vcpu *vcpu)
{
	if (has_monitor_trap_flag(vcpu)) {
		vcpu->primary_controls &= ~(uint32_t)PRIMARY_MONITOR_TRAP_FLAG;
		event_write_controls(vcpu);
	} else {
		timer_set(vcpu, TIMER_STEP, TIMER_NEVER);
	}
}
