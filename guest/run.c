/* SPDX-License-Identifier: MIT */
/* Guest mode: the configured guests, one after another; see guest/run.h. */
#include "guest/run.h"

#include "channel/channels.h"
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/time.h"
#include "debug/provoke.h"
#include "debug/report.h"
#include "doors/doors.h"
#include "guest/load.h"
#include "guest/machine.h"
#include "guest/memory.h"
#include "guest/ports.h"
#include "guest/power_up.h"
#include "hypercall/hypercall.h"
#include "hypercall/trace.h"
#include "vmx/deadline.h"
#include "vmx/event.h"
#include "vmx/exit.h"
#include "vmx/step.h"
#include "vmx/timer.h"
#include "vmx/vcpu_create.h"

static struct machine machine;
static uint64_t ticks_to_first;

void guest_exit_hlt(struct vcpu *vcpu)
{
	bool enabled = (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF) != 0;

	/* What arrived with the exit, or waits for interrupts to be enabled, wakes it at once. */
	if (vcpu->waiting_nmis > 0 || (enabled && event_interrupt_waits(vcpu))) {
		vcpu_advance(vcpu);
		return;
	}
	/* "Guest Non-Register State": it halts again, now with the timer to look after it. */
	if (enabled && (door_push_wakes(vcpu) || channels_may_wake(vcpu)) &&
	    vcpu->capability->activity_hlt) {
		vcpu_advance(vcpu);
		vmwrite(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_STATE_HLT);
		return;
	}
	vcpu_stop(vcpu, VCPU_HALTED,
		  "HLT with interrupts %s: this machine has nothing that could wake it",
		  enabled ? "enabled" : "disabled");
}

/* By then the guest has had time to set itself up. */
#define PROVOCATION_DELAY_MS 100

void guest_exit_preemption_timer(struct vcpu *vcpu)
{
	if (timer_take(vcpu, TIMER_STEP))
		guest_exit_monitor_trap_flag(vcpu);
	if (timer_take(vcpu, TIMER_DEADLINE))
		deadline_look(vcpu);
	if (timer_take(vcpu, TIMER_DOORS))
		doors_look(vcpu);
	if (timer_take(vcpu, TIMER_CHANNELS))
		channels_look(vcpu);
	if (timer_take(vcpu, TIMER_PROVOCATION))
		provoke((enum sill_provocation)machine.settings->provoke);
	timer_arm(vcpu);
}

/* The guest has made a step with something that was lent to it. */
void guest_exit_monitor_trap_flag(struct vcpu *vcpu)
{
	step_end(vcpu);
	door_watch_step_ended(vcpu);
}

/* vmcs = … in sill.conf: the parser let only fields through that can harm nobody but the guest. */
static void apply_vmcs_settings(const struct sill_guest *settings)
{
	for (uint32_t i = 0; i < settings->vmcs_setting_count; i++) {
		const struct sill_vmcs_setting *setting = &settings->vmcs_settings[i];
		const char *name = vmcs_field_name(setting->field);

		log_info("  VMCS field %s (%04x) set to %llx, as configured",
			 name != NULL ? name : "without a name", setting->field,
			 (unsigned long long)setting->value);
		vmwrite(setting->field, setting->value);
	}
}

static void start_vcpu(struct vcpu *vcpu, uint32_t id, const struct power_up_state *start)
{
	const struct sill_guest *settings = machine.settings;

	power_up(vcpu, &machine.ept, start);
	vcpu->guest = &machine;
	vcpu->grant = machine_grant;
	vcpu->guest_id = id;
	vcpu->guest_memory = settings->memory;
	vcpu->hypercall_features = hypercall_features(vcpu);
	vcpu->handlers[EXIT_REASON_VMCALL] =
		settings->trace_hypercalls != 0 ? exit_hypercall_shown : exit_hypercall;
	doors_open(vcpu, settings->doors, &machine.doors);
	channels_begin(vcpu);
	if (settings->provoke != SILL_PROVOKE_NOTHING)
		timer_set(vcpu, TIMER_PROVOCATION,
			  rdtsc() + time_tsc_hz() / 1000 * PROVOCATION_DELAY_MS);
	deadline_set(vcpu, settings->time_limit_ms);
	apply_vmcs_settings(settings);
}

/* True if the guest ran and exited with status 0. */
static bool run_guest(struct vcpu *vcpu, uint32_t id, const struct mtrr_state *mtrr,
		      uint64_t loader_tsc)
{
	const struct sill_guest *settings = machine.settings;
	struct power_up_state start;
	bool success = false;

	log_info("guest %u: %s%s%s", id, settings->name, settings->cmdline[0] != '\0' ? " " : "",
		 settings->cmdline);
	if (machine_memory_create(&machine, vcpu->capability->ept_vpid_cap, mtrr) != 0)
		panic("no memory for the EPT of %llu MiB: the loader made the arena too small",
		      (unsigned long long)(settings->memory >> 20));
	machine_memory_add_doors(&machine, settings->doors);
	ports_create(&machine);
	if (guest_load(&machine, &start) == 0) {
		machine_memory_describe(&machine);
		start_vcpu(vcpu, id, &start);
		log_info("guest %u: starts at %x", id, start.eip);
		if (ticks_to_first == 0)
			ticks_to_first = rdtsc() - loader_tsc;
		vcpu_run(vcpu);
		channels_end();
		hypercall_trace_end(vcpu);
		report_guest_end(vcpu);
		vcpu_retire(vcpu);
		success = vcpu->end == VCPU_EXITED && vcpu->status == 0;
	}
	machine_memory_destroy(&machine);
	return success;
}

uint64_t guests_ticks_to_first(void)
{
	return ticks_to_first;
}

uint32_t guests_run(const struct sill_handoff *handoff, const struct vmx_capability *capability,
		    const struct mtrr_state *mtrr)
{
	struct vcpu *vcpu = vcpu_create(capability);
	uint32_t failed = 0;

	if (vcpu == NULL || power_up_prepare(vcpu) != 0 || doors_create(vcpu, true) != 0)
		panic("no memory for a vCPU: the loader made the arena too small");
	for (uint32_t id = 0; id < handoff->guest_count; id++) {
		machine.settings = &handoff->guests[id];
		machine.vcpu = vcpu;
		machine.ram =
			(struct sill_range){handoff->guest_memory.base, machine.settings->memory};
		machine.lazy_start = machine.settings->memory - machine.settings->lazy_memory;
		if (!run_guest(vcpu, id, mtrr, handoff->entry_tsc))
			failed++;
	}
	return failed;
}
