/* SPDX-License-Identifier: MIT */
/* A run of Sill, from top to bottom. */
#include <sill/handoff.h>

#include "channel/channels.h"
#include "core/acpi.h"
#include "core/apic.h"
#include "core/console.h"
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/finish.h"
#include "core/framebuffer.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/time.h"
#include "core/trap.h"
#include "core/version.h"
#include "core/window.h"
#include "debug/proof.h"
#include "debug/report.h"
#include "ept/mtrr_read.h"
#include "guest/run.h"
#include "hypercall/hypercall.h"
#include "underlay/launch.h"
#include "vmx/capability.h"
#include "vmx/event.h"
#include "vmx/operation.h"

static struct vmx_facts facts;
static struct vmx_capability capability;
static struct mtrr_state mtrr;

/* From the bare CPU to one that can print, tell the time and explain its own faults. */
static void start_core(const struct sill_handoff *handoff)
{
	struct percpu *cpu;

	memory_start(handoff);
	window_start();
	cpu = cpu_setup(0);
	log_start((enum sill_log_level)handoff->log_level);
	console_start_serial(&handoff->serial);
	acpi_start(handoff->rsdp);
	time_start(handoff->entry_tsc);
	finish_start((enum sill_finish)handoff->finish);
	if (cpu == NULL)
		finish_failed(
			"no memory for this CPU's stacks: the loader made the arena too small");
	time_read_clock();
	panic_set_hook(report_last_exits);
	trap_set_receivers(event_nmi_arrived, event_machine_check_arrived);
}

static void introduce(void)
{
	log_info("Sill %u.%u.%u: a thin hypervisor on Intel VT-x", SILL_VERSION_MAJOR,
		 SILL_VERSION_MINOR, SILL_VERSION_PATCH);
	log_info("TSC: %llu kHz, %s", (unsigned long long)(time_tsc_hz() / 1000),
		 time_tsc_source());
	if (!time_is_known())
		log_warning("the real-time clock could not be read: the time is not known");
}

static void start_channels(const struct sill_handoff *handoff)
{
	if (channels_start(&handoff->channels) != 0)
		finish_failed("no memory for %u channels: the loader made the arena too small",
			      handoff->channels.count);
}

static void check_mtrrs(void)
{
	uint32_t msr;
	const char *problem = mtrr_state_check(&mtrr, &msr);

	if (problem != NULL)
		log_warning("MTRR MSR %x: %s; such memory is treated as uncacheable", msr, problem);
}

static void start_vmx(const struct sill_handoff *handoff)
{
	vmx_facts_read(&facts);
	if (vmx_capability_check(&facts, (enum sill_mode)handoff->mode, &capability) != VMX_USABLE)
		finish_failed("%s", capability.message);
	vmx_capability_describe(&capability, log_emit, NULL);
	proof_begin(handoff, &facts, &capability);
	if (mtrr_read(&mtrr, capability.physical_address_bits) != 0)
		finish_failed("this CPU has more variable MTRRs than the %u that Sill knows",
			      MTRR_VARIABLE_MAX);
	check_mtrrs();
	if (vmx_operation_enter(&capability) != 0)
		finish_failed(
			"no memory for the VMXON region: the loader made the arena too small");
	log_info("VMXON: this CPU is in VMX root operation");
}

extern const char text_begin[], text_end[], rodata_begin[], rodata_end[], data_begin[],
	data_end[]; /* linker.ld */

/* What it costs to have Sill there; scripts/bench-table reads the second line. */
static void tell_footprint(void)
{
	struct memory_usage usage = memory_usage();

	log_info("memory: %llu KiB reserved, %llu KiB used at the most",
		 (unsigned long long)(usage.reserved >> 10),
		 (unsigned long long)(usage.most_used >> 10));
	log_info(
		"bench: core_text=%zu core_rodata=%zu core_data=%zu reserved=%llu ticks_to_guest=%llu",
		(size_t)(text_end - text_begin), (size_t)(rodata_end - rodata_begin),
		(size_t)(data_end - data_begin), (unsigned long long)usage.reserved,
		(unsigned long long)guests_ticks_to_first());
}

/* Sill has the machine to itself, and a console on everything that has one. */
__attribute__((noreturn)) static void run_guests(const struct sill_handoff *handoff)
{
	uint32_t failed;

	start_core(handoff);
	memory_forget_trampoline();
	framebuffer_start(&handoff->framebuffer);
	apic_silence();
	introduce();
	start_channels(handoff);
	log_info("CPUs: %u; Sill uses the one with APIC ID %u", handoff->cpu_count,
		 this_cpu()->apic_id);
	start_vmx(handoff);
	display_info_start(&handoff->framebuffer);
	failed = guests_run(handoff, &capability, &mtrr);
	vmx_operation_leave();
	proof_end(handoff);
	tell_footprint();
	if (failed == 0)
		finish_succeeded();
	finish_failed("%u of %u guests did not end with exit status 0", failed,
		      handoff->guest_count);
}

/* One CPU after another comes here, and goes back to the firmware. */
__attribute__((noreturn)) static void go_beneath(const struct sill_handoff *handoff,
						 uint64_t launch_physical)
{
	static uint32_t cpus_here;

	if (cpus_here++ == 0) {
		start_core(handoff);
		introduce();
		start_channels(handoff);
		underlay_start(handoff);
	} else if (cpu_setup(cpus_here - 1) == NULL) {
		finish_failed(
			"no memory for the stacks of CPU %u: the loader made the arena too small",
			cpus_here - 1);
	}
	underlay_launch(handoff, launch_physical);
}

/* Entered by core/entry.asm. */
__attribute__((noreturn)) void sill_main(const struct sill_handoff *handoff,
					 uint64_t launch_physical);
void sill_main(const struct sill_handoff *handoff, uint64_t launch_physical)
{
	/* A loader of another build: its fields can't be trusted, not even those of a console. */
	if (handoff->magic != SILL_HANDOFF_MAGIC || handoff->version != SILL_HANDOFF_VERSION ||
	    handoff->size != sizeof(*handoff))
		halt_forever();

	if (handoff->mode == SILL_MODE_UNDERLAY)
		go_beneath(handoff, launch_physical);
	run_guests(handoff);
}
