/* SPDX-License-Identifier: MIT */
/* How the firmware, CPU by CPU, becomes a guest; see underlay/launch.h. */
#include "underlay/launch.h"

#include <sill/errno.h>

#include "channel/channels.h"
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/finish.h"
#include "core/format.h"
#include "core/framebuffer.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/window.h"
#include "debug/report.h"
#include "doors/doors.h"
#include "ept/mtrr_read.h"
#include "hypercall/hypercall.h"
#include "underlay/control_registers.h"
#include "underlay/doors.h"
#include "underlay/emulator_help.h"
#include "underlay/memory.h"
#include "underlay/msr_bitmap.h"
#include "underlay/ports.h"
#include "underlay/underlay.h"
#include "underlay/unload.h"
#include "vmx/capability.h"
#include "vmx/counters.h"
#include "vmx/event.h"
#include "vmx/leave.h"
#include "vmx/operation.h"
#include "vmx/vcpu_create.h"

struct underlay underlay;

/* One for all CPUs: they never change. */
static uint8_t *msr_bitmap, *io_bitmaps;

/* The CPU that is being launched. The loader sends one after another. */
static struct sill_launch launch;
static uint64_t launch_at; /* where the loader has it */

static uint32_t cpus_expected, cpus_launched;

static void answer(int32_t result, const char *reason)
{
	launch.result = result;
	(void)format(launch.reason, sizeof(launch.reason), "%s", reason);
	physical_write(launch_at + offsetof(struct sill_launch, result), &launch.result,
		       sizeof(launch.result));
	physical_write(launch_at + offsetof(struct sill_launch, reason), launch.reason,
		       sizeof(launch.reason));
}

/* This CPU goes back to the firmware as it came; the loader will call back the others. */
__attribute__((noreturn, format(printf, 3, 4))) static void
give_back(int32_t error, bool in_vmx_operation, const char *fmt, ...)
{
	char reason[sizeof(launch.reason)];
	va_list arguments;

	va_start(arguments, fmt);
	vformat(reason, sizeof(reason), fmt, arguments);
	va_end(arguments);
	log_error("CPU %u: %s", launch.cpu, reason);
	answer(error, reason);
	launch_abandon(&launch, in_vmx_operation);
}

/* Copied once; the loader's memory can't be trusted to stay as it is. */
static void read_launch(const struct sill_handoff *handoff, uint64_t physical)
{
	launch_at = physical;
	physical_read(physical, &launch, sizeof(launch));
	if (launch.size != sizeof(launch) || launch.cpu >= handoff->cpu_count)
		finish_failed("the loader's launch structure is not one: size %llu, CPU %u",
			      (unsigned long long)launch.size, launch.cpu);
}

/*
 * The guest's registers, as the CPU had them in the firmware. SDM, "Guest Register State".
 */
static void write_guest_registers(const struct vcpu *vcpu)
{
	const struct vmx_capability *c = vcpu->capability;
	bool long_mode = (launch.ia32_efer & EFER_LMA) != 0;

	vmwrite(VMCS_GUEST_CR0, launch.cr0 | c->guest_cr0_fixed0);
	vmwrite(VMCS_GUEST_CR3, launch.cr3);
	/* A feature that is hidden now is off, though firmware may have left it on. */
	vmwrite(VMCS_GUEST_CR4, (launch.cr4 & ~vcpu->cr4_owned) | vcpu->cr4_forced);
	vmwrite(VMCS_CR0_READ_SHADOW, launch.cr0);
	vmwrite(VMCS_CR4_READ_SHADOW, launch.cr4 & ~vcpu->cr4_owned);
	vmwrite(VMCS_GUEST_DR7, launch.dr7);
	vmwrite(VMCS_GUEST_RSP, launch.rsp);
	vmwrite(VMCS_GUEST_RIP, launch.rip);
	vmwrite(VMCS_GUEST_RFLAGS, launch.rflags);
	for (unsigned int i = 0; i < VMCS_SEGMENT_COUNT; i++) {
		const struct sill_segment *segment = &launch.segments[i];

		vmwrite(VMCS_GUEST_SELECTOR(i), segment->selector);
		vmwrite(VMCS_GUEST_BASE(i), segment->base);
		vmwrite(VMCS_GUEST_LIMIT(i), segment->limit);
		vmwrite(VMCS_GUEST_ACCESS_RIGHTS(i), segment->access_rights);
	}
	vmwrite(VMCS_GUEST_GDTR_BASE, launch.gdtr.base);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, launch.gdtr.limit);
	vmwrite(VMCS_GUEST_IDTR_BASE, launch.idtr.base);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, launch.idtr.limit);
	vmwrite(VMCS_GUEST_IA32_DEBUGCTL, launch.ia32_debugctl);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_CS, launch.ia32_sysenter_cs);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_ESP, launch.ia32_sysenter_esp);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_EIP, launch.ia32_sysenter_eip);
	vmwrite(VMCS_GUEST_IA32_PAT, launch.ia32_pat);
	vmwrite(VMCS_GUEST_IA32_EFER, launch.ia32_efer);
	if ((c->entry.value & VM_ENTRY_LOAD_GUEST_IA32_LBR_CTL) != 0)
		vmwrite(VMCS_GUEST_IA32_LBR_CTL, rdmsr(MSR_IA32_LBR_CTL));
	vmwrite(VMCS_VM_ENTRY_CONTROLS,
		c->entry.value | (long_mode ? (uint32_t)VM_ENTRY_IA32E_MODE_GUEST : 0));
}

/*
 * The screen is the OS's, until Sill can't go on: then it may be the only place where somebody can
 * read why. If the OS has switched to another mode, what is written there can't be read; it harms
 * nobody any more.
 */
static struct sill_framebuffer screen;

static void take_screen(void)
{
	if (!framebuffer_present())
		framebuffer_start(&screen);
}

/* An OS has no "guest ended": this is a defect of Sill's, or of a CPU. */
__attribute__((noreturn)) static void guest_ended(struct vcpu *vcpu)
{
	bool was_entered = false;

	for (unsigned int reason = 0; reason < EXIT_REASON_COUNT; reason++)
		was_entered |= vcpu->exits[reason] != 0;
	if (was_entered)
		take_screen();
	report_guest_end(vcpu);
	if (!was_entered)
		give_back(-SILL_EIO, true, "%s", vcpu->why);
	finish_failed("Sill cannot go on beneath CPU %u (APIC ID %u): %s", this_cpu()->index,
		      this_cpu()->apic_id, vcpu->why);
}

/* Its own words for what this CPU offers: CPUs of one machine may differ. */
static struct vmx_capability *examine_cpu(const struct sill_handoff *handoff)
{
	static struct vmx_facts facts;
	struct vmx_capability *capability = (struct vmx_capability *)this_cpu()->spare;
	const struct vmx_capability *first =
		underlay.vcpu_count > 0 ? underlay.vcpus[0]->capability : capability;

	_Static_assert(sizeof(*capability) <= sizeof(this_cpu()->spare), "it fits");
	vmx_facts_read(&facts);
	if (handoff->underlay.cpu_without_ept == launch.cpu)
		facts.procbased_ctls2 &= ~((uint64_t)SECONDARY_ENABLE_EPT << 32);
	if (vmx_capability_check(&facts, SILL_MODE_UNDERLAY, capability) != VMX_USABLE)
		give_back(-SILL_ENODEV, false, "%s", capability->message);
	/* One EPT serves all CPUs. */
	if ((first->ept_vpid_cap & ~capability->ept_vpid_cap &
	     (EPT_CAP_2MB_PAGES | EPT_CAP_1GB_PAGES)) != 0 ||
	    first->physical_address_bits != capability->physical_address_bits)
		give_back(-SILL_ENODEV, false,
			  "its EPT differs from the boot CPU's: IA32_VMX_EPT_VPID_CAP %llx there, "
			  "%llx here; %u physical-address bits there, %u here",
			  (unsigned long long)first->ept_vpid_cap,
			  (unsigned long long)capability->ept_vpid_cap,
			  first->physical_address_bits, capability->physical_address_bits);
	return capability;
}

static void create_shared(const struct sill_handoff *handoff,
			  const struct vmx_capability *capability)
{
	bool door = (handoff->underlay.doors >> SILL_DOOR_PORT & 1) != 0;
	const char *problem;
	uint32_t msr;
	int error;

	if (mtrr_read(&underlay.mtrr, capability->physical_address_bits) != 0)
		give_back(-SILL_ENODEV, false,
			  "this CPU has more variable MTRRs than the %u that Sill knows",
			  MTRR_VARIABLE_MAX);
	problem = mtrr_state_check(&underlay.mtrr, &msr);
	if (problem != NULL)
		log_warning("MTRR MSR %x: %s; such memory is treated as uncacheable", msr, problem);
	msr_bitmap = page_allocate();
	if (msr_bitmap == NULL)
		give_back(-SILL_ENOMEM, false, "no memory: the loader made the arena too small");
	error = underlay_memory_create(handoff, capability->ept_vpid_cap);
	if (error == 0)
		error = underlay_doors_create(handoff->underlay.doors);
	if (error != 0)
		give_back(error, false, "the EPT cannot be built: %s",
			  error == -SILL_ERANGE ? "the machine has RAM beyond what EPT translates"
						: "the loader made the arena too small");
	underlay_msr_bitmap_fill(msr_bitmap);
	if (handoff->serial.port != 0 || channels_link_port() != 0 || door) {
		io_bitmaps = underlay_ports_trap(handoff->serial.port, channels_link_port(), door);
		if (io_bitmaps == NULL)
			give_back(
				-SILL_ENOMEM, false,
				"no memory for the I/O bitmaps: the loader made the arena too small");
	}
}

static struct vcpu *create_vcpu(const struct sill_handoff *handoff,
				const struct vmx_capability *capability)
{
	struct vcpu *vcpu = vcpu_create(capability);

	if (vcpu == NULL ||
	    doors_create(vcpu, (handoff->underlay.doors & ~SILL_DOORS_UNDERLAY) != 0) != 0)
		give_back(-SILL_ENOMEM, false,
			  "no memory for a vCPU: the loader made the arena too small");
	vcpu->ept = &underlay.ept;
	vcpu->grant = underlay_memory_grant;
	vcpu->msr_bitmap = msr_bitmap;
	vcpu->io_bitmaps = io_bitmaps;
	vcpu->ended = guest_ended;
	/* "CPUID—CPU Identification", leaf 7: shadow stacks, or indirect-branch tracking. */
	vcpu->has_cet = cpuid(0, 0).eax >= 7 &&
			((cpuid(7, 0).ecx & 1u << 7) != 0 || (cpuid(7, 0).edx & 1u << 20) != 0);
	vcpu->unload = underlay_unload;
	vcpu->hypercall_features = hypercall_features(vcpu);
	vcpu->apic_id = this_cpu()->apic_id = handoff->cpus[launch.cpu].apic_id;
	underlay_choose_owned_bits(vcpu);
	return vcpu;
}

/* The first VM entry on this CPU; the loader's code goes on behind it. */
__attribute__((noreturn)) static void enter(struct vcpu *vcpu, uint64_t nmis_before)
{
	vcpu_begin(vcpu);
	underlay_doors_open(vcpu);
	channels_begin(vcpu);
	counters_switch(vcpu);
	write_guest_registers(vcpu);
	/* An NMI that came before there was a vCPU to count it. */
	if (this_cpu()->nmi_count - nmis_before > vcpu->waiting_nmis)
		event_nmi_arrived();
	if (++cpus_launched == cpus_expected)
		memory_forget_trampoline();
	answer(0, "");
	vcpu_run(vcpu);
	__builtin_unreachable(); /* guest_ended() takes over */
}

void underlay_launch(const struct sill_handoff *handoff, uint64_t launch_physical)
{
	uint64_t nmis_before = this_cpu()->nmi_count;
	struct vmx_capability *capability;
	struct vcpu *vcpu;

	read_launch(handoff, launch_physical);
	capability = examine_cpu(handoff);
	if (underlay.vcpu_count == 0)
		create_shared(handoff, capability);
	if (io_bitmaps != NULL)
		capability->primary.value |= PRIMARY_USE_IO_BITMAPS;
	vcpu = create_vcpu(handoff, capability);
	vcpu->boot_cpu = (handoff->cpus[launch.cpu].flags & SILL_CPU_BOOT) != 0;
	if (vmx_operation_enter(capability) != 0)
		give_back(-SILL_EIO, false, "VMXON failed, or there is no memory for its region");
	underlay.vcpus[underlay.vcpu_count++] = vcpu;
	log_info("CPU %u (APIC ID %u): beneath the firmware", launch.cpu,
		 handoff->cpus[launch.cpu].apic_id);
	enter(vcpu, nmis_before);
}

void underlay_start(const struct sill_handoff *handoff)
{
	underlay.arena = handoff->arena;
	screen = handoff->framebuffer;
	display_info_start(&screen);
	panic_set_opening(take_screen);
	underlay.show_hypervisor = handoff->underlay.show_hypervisor != 0;
	for (uint32_t i = 0; i < handoff->cpu_count; i++)
		cpus_expected += (handoff->cpus[i].flags & SILL_CPU_ENABLED) != 0;
	/* Before anything can be given back. */
	if (leave_prepare() != 0)
		finish_failed("no memory for the way back: the loader made the arena too small");
	emulator_help_start();
}
