/* SPDX-License-Identifier: MIT */
/*
 * INIT and SIPI: how an OS stops its other CPUs and starts them. In VMX non-root operation both are
 * VM exits, and Sill does what the CPU would have done.
 *
 * A SIPI is lost unless the CPU waits for it, and modern systems send it right after the INIT. So
 * an INIT only puts the CPU into wait-for-SIPI and resumes; the registers change when the SIPI
 * comes: nobody can look at them in between.
 *
 * An INIT that arrives while Sill runs stays pending, and exits after the next VM entry: SDM,
 * "Restrictions on VMX Operation". (Bochs drops it.)
 */
#include "channel/channels.h"
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/msr.h"
#include "underlay/doors.h"
#include "underlay/emulator_help.h"
#include "underlay/underlay.h"
#include "vmx/event.h"
#include "vmx/exit.h"
#include "vmx/step.h"
#include "vmx/tlb.h"

static inline void set_real_mode_segment(enum vmcs_segment segment, uint16_t selector,
					 uint64_t base)
{
	vmwrite_proven(VMCS_GUEST_SELECTOR(segment), selector);
	vmwrite_proven(VMCS_GUEST_BASE(segment), base);
	vmwrite_proven(VMCS_GUEST_LIMIT(segment), 0xffff);
	vmwrite_proven(VMCS_GUEST_ACCESS_RIGHTS(segment), SEGMENT_DATA16);
}

static inline void set_table_register(uint32_t base_field, uint32_t limit_field)
{
	vmwrite_proven(base_field, 0);
	vmwrite_proven(limit_field, 0xffff);
}

/* What the old life of this CPU had still to come. */
static inline void drop_waiting_events(struct vcpu *vcpu)
{
	if (vcpu->waiting_nmis == 0 && !vcpu->waiting_machine_check)
		return;
	vcpu->waiting_nmis = 0;
	vcpu->waiting_machine_check = false;
	event_write_controls(vcpu);
}

/*
 * SDM, "Processor State After Reset", the column for INIT: MSRs (but those that switch CET on),
 * x87, vector registers, XCR0 and the TSC stay as they are; so do CR0.CD and CR0.NW, which VMX
 * transitions don't touch either.
 */
static inline void set_init_state(struct vcpu *vcpu, uint16_t cs_selector, uint64_t cs_base,
				  uint16_t ip)
{
	const struct vmx_capability *c = vcpu->capability;
	uint64_t cr0 = CR0_ET | (vmread_proven(VMCS_GUEST_CR0) & (CR0_CD | CR0_NW));

	vcpu->registers = (struct vcpu_registers){.rdx = cpuid(1, 0).eax};
	write_cr2(0);
	write_dr0(0);
	write_dr1(0);
	write_dr2(0);
	write_dr3(0);
	write_dr6(0xffff0ff0);

	if (vcpu->has_cet) {
		wrmsr(MSR_IA32_U_CET, 0);
		wrmsr(MSR_IA32_S_CET, 0);
	}

	vmwrite_proven(VMCS_GUEST_CR0, cr0 | c->guest_cr0_fixed0);
	vmwrite_proven(VMCS_CR0_READ_SHADOW, cr0);
	vmwrite_proven(VMCS_GUEST_CR3, 0);
	vmwrite_proven(VMCS_GUEST_CR4, vcpu->cr4_forced);
	vmwrite_proven(VMCS_CR4_READ_SHADOW, 0);
	vmwrite_proven(VMCS_GUEST_DR7, 0x400);
	vmwrite_proven(VMCS_GUEST_RSP, 0);
	vmwrite_proven(VMCS_GUEST_RIP, ip);
	vmwrite_proven(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);
	set_real_mode_segment(VMCS_SEGMENT_CS, cs_selector, cs_base);
	vmwrite_proven(VMCS_GUEST_ACCESS_RIGHTS(VMCS_SEGMENT_CS), SEGMENT_CODE16);
	set_real_mode_segment(VMCS_SEGMENT_DS, 0, 0);
	set_real_mode_segment(VMCS_SEGMENT_ES, 0, 0);
	set_real_mode_segment(VMCS_SEGMENT_SS, 0, 0);
	set_real_mode_segment(VMCS_SEGMENT_FS, 0, 0);
	set_real_mode_segment(VMCS_SEGMENT_GS, 0, 0);
	set_real_mode_segment(VMCS_SEGMENT_LDTR, 0, 0);
	vmwrite_proven(VMCS_GUEST_ACCESS_RIGHTS(VMCS_SEGMENT_LDTR), SEGMENT_LDT);
	set_real_mode_segment(VMCS_SEGMENT_TR, 0, 0);
	vmwrite_proven(VMCS_GUEST_ACCESS_RIGHTS(VMCS_SEGMENT_TR), SEGMENT_TSS_BUSY);
	set_table_register(VMCS_GUEST_GDTR_BASE, VMCS_GUEST_GDTR_LIMIT);
	set_table_register(VMCS_GUEST_IDTR_BASE, VMCS_GUEST_IDTR_LIMIT);
	vmwrite_proven(VMCS_GUEST_IA32_EFER, 0);
	vmwrite_proven(VMCS_VM_ENTRY_CONTROLS, c->entry.value);
	vmwrite_proven(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_STATE_ACTIVE);
	vmwrite_proven(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	vmwrite_proven(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
	tlb_flush_guest(vcpu);
	drop_waiting_events(vcpu);
}

void underlay_exit_init(struct vcpu *vcpu)
{
	uint64_t start = rdtsc();

	if (vcpu->boot_cpu) {
		/*
		 * "MP Initialization Protocol Algorithm for MP Systems": the bootstrap processor
		 * does not wait but begins to execute at the reset vector.
		 */
		set_init_state(vcpu, 0xf000, 0xffff0000, 0xfff0);
		underlay_doors_restart(vcpu);
		channels_begin(vcpu);
	} else {
		vmwrite_proven(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_STATE_WAIT_FOR_SIPI);
		/* "Checks on Guest Non-Register State": no blocking by STI or MOV SS there. */
		vmwrite_proven(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
		vcpu->waits_for_sipi = true;
		/* The step that something was lent for is one that won't be made. */
		if (step_is_pending(vcpu))
			underlay_exit_monitor_trap_flag(vcpu);
	}
	vcpu->init_ticks = rdtsc() - start;
}

/* "Typical AP Initialization Sequence": it begins at 000VV000h, in real-address mode. */
void underlay_exit_sipi(struct vcpu *vcpu)
{
	uint64_t start = rdtsc();
	uint32_t vector = SIPI_VECTOR(vmread_proven(VMCS_EXIT_QUALIFICATION));

	vcpu->waits_for_sipi = false;
	set_init_state(vcpu, (uint16_t)(vector << 8), (uint64_t)vector << 12, 0);
	vcpu->sipi_ticks = rdtsc() - start;
	underlay_doors_restart(vcpu);
	channels_begin(vcpu);
	emulator_help_pass_sipi_on(vector);
}
