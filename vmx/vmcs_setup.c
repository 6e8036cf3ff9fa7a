/* SPDX-License-Identifier: MIT */
/*
 * Every field of a new VMCS, in the order of the SDM's chapter "Virtual-Machine Control
 * Structures": guest-state area, host-state area, VM-execution, VM-exit and VM-entry control
 * fields.
 */
#include "vmx/vmcs_setup.h"

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/percpu.h"
#include "core/trap.h"
#include "vmx/tlb.h"

#define FLAT_LIMIT	0xffffffffu
#define PAT_AFTER_RESET 0x0007040600070406ull

extern char vmx_exit[]; /* vmx/entry.asm */

/*
 * The guest's CR0 and CR4: which bits are Sill's. The guest reads the shadow of these, and a write
 * that would change one of them is a VM exit. SDM, "Guest/Host Masks and Read Shadows for CR0
 * and CR4".
 */
static void choose_owned_bits(struct vcpu *vcpu)
{
	const struct vmx_capability *c = vcpu->capability;

	/*
	 * CR0: what VMX operation fixes (NE), and CD and NW, which VM entry and exit do not switch:
	 * the guest's wish to run without caches would be carried out on Sill as well.
	 */
	vcpu->cr0_owned = c->guest_cr0_fixed0 | ~c->cr0_fixed1 | CR0_CD | CR0_NW;
	/*
	 * CR4: all but the bits of features that the guest is shown. VMXE is fixed to 1. MCE stays
	 * on: a machine check has to reach Sill, not shut the processor down.
	 */
	vcpu->cr4_owned = ~vcpu->cr4_allowed;
	vcpu->cr4_forced = (c->cr4_fixed0 | CR4_MCE) & vcpu->cr4_owned;
}

static void set_guest_segment(enum vmcs_segment segment, uint16_t selector, uint32_t limit,
			      uint32_t access_rights)
{
	vmwrite(VMCS_GUEST_SELECTOR(segment), selector);
	vmwrite(VMCS_GUEST_BASE(segment), 0);
	vmwrite(VMCS_GUEST_LIMIT(segment), limit);
	vmwrite(VMCS_GUEST_ACCESS_RIGHTS(segment), access_rights);
}

/* "Guest Register State". The segments are as the Multiboot Specification wants them. */
static void set_guest_registers(const struct vcpu *vcpu, uint32_t eip)
{
	vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_ET | (vcpu->capability->guest_cr0_fixed0));
	vmwrite(VMCS_GUEST_CR3, 0);
	vmwrite(VMCS_GUEST_CR4, vcpu->cr4_forced);
	vmwrite(VMCS_GUEST_DR7, 0x400);
	vmwrite(VMCS_GUEST_RSP, 0);
	vmwrite(VMCS_GUEST_RIP, eip);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);

	set_guest_segment(VMCS_SEGMENT_ES, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_CS, SELECTOR_CODE, FLAT_LIMIT, SEGMENT_CODE32_FLAT);
	set_guest_segment(VMCS_SEGMENT_SS, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_DS, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_FS, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_GS, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_LDTR, 0, 0xffff, SEGMENT_LDT);
	set_guest_segment(VMCS_SEGMENT_TR, 0, 0xffff, SEGMENT_TSS_BUSY);
	vmwrite(VMCS_GUEST_GDTR_BASE, 0);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, 0);
	vmwrite(VMCS_GUEST_IDTR_BASE, 0);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, 0);

	vmwrite(VMCS_GUEST_IA32_DEBUGCTL, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_CS, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_ESP, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_EIP, 0);
	vmwrite(VMCS_GUEST_IA32_PAT, PAT_AFTER_RESET);
	vmwrite(VMCS_GUEST_IA32_EFER, 0);
}

/* "Guest Non-Register State". */
static void set_guest_activity(void)
{
	vmwrite(VMCS_GUEST_ACTIVITY_STATE, ACTIVITY_STATE_ACTIVE);
	vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, 0);
	vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
	vmwrite(VMCS_VMCS_LINK_POINTER, VMCS_LINK_POINTER_NONE);
}

/* "Host-State Area": what the CPU loads at every VM exit, which is this CPU as it is now. */
static void set_host_state(struct vcpu *vcpu)
{
	struct percpu *cpu = this_cpu();
	struct descriptor_table_pointer idt;

	__asm__ volatile("sidt %0" : "=m"(idt));

	vmwrite(VMCS_HOST_CR0, read_cr0());
	vmwrite(VMCS_HOST_CR3, read_cr3());
	vmwrite(VMCS_HOST_CR4, read_cr4());
	/* entry.asm pushes the general registers from here downwards. */
	vmwrite(VMCS_HOST_RSP, (uintptr_t)(&vcpu->registers + 1));
	vmwrite(VMCS_HOST_RIP, (uintptr_t)vmx_exit);
	vmwrite(VMCS_HOST_CS_SELECTOR, SELECTOR_CODE);
	vmwrite(VMCS_HOST_SS_SELECTOR, SELECTOR_DATA);
	vmwrite(VMCS_HOST_DS_SELECTOR, SELECTOR_DATA);
	vmwrite(VMCS_HOST_ES_SELECTOR, SELECTOR_DATA);
	vmwrite(VMCS_HOST_FS_SELECTOR, 0);
	vmwrite(VMCS_HOST_GS_SELECTOR, 0);
	vmwrite(VMCS_HOST_TR_SELECTOR, SELECTOR_TSS);
	vmwrite(VMCS_HOST_FS_BASE, 0);
	vmwrite(VMCS_HOST_GS_BASE, (uintptr_t)cpu);
	vmwrite(VMCS_HOST_TR_BASE, (uintptr_t)&cpu->tss);
	vmwrite(VMCS_HOST_GDTR_BASE, (uintptr_t)cpu->gdt);
	vmwrite(VMCS_HOST_IDTR_BASE, idt.base);
	vmwrite(VMCS_HOST_IA32_SYSENTER_CS, 0); /* Sill has no use for SYSENTER */
	vmwrite(VMCS_HOST_IA32_SYSENTER_ESP, 0);
	vmwrite(VMCS_HOST_IA32_SYSENTER_EIP, 0);
	vmwrite(VMCS_HOST_IA32_PAT, CORE_PAT);
	vmwrite(VMCS_HOST_IA32_EFER, rdmsr(MSR_IA32_EFER));
}

/* "VM-Execution Control Fields". */
static void set_execution_controls(struct vcpu *vcpu)
{
	const struct vmx_capability *c = vcpu->capability;

	vcpu->primary_controls = c->primary.value;
	vmwrite(VMCS_PIN_BASED_CONTROLS, c->pin.value);
	vmwrite(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS, c->primary.value);
	vmwrite(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS, c->secondary.value);
	/*
	 * See vmx/exit_event.c for what is caught, and why. All other exceptions are the guest's.
	 */
	vmwrite(VMCS_EXCEPTION_BITMAP, 1u << VECTOR_DB | 1u << VECTOR_AC | 1u << VECTOR_MC);
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MATCH, 0);
	vmwrite(VMCS_IO_BITMAP_A, physical_of(vcpu->io_bitmaps));
	vmwrite(VMCS_IO_BITMAP_B, physical_of(vcpu->io_bitmaps + PAGE_SIZE));
	vmwrite(VMCS_TSC_OFFSET, 0);
	vmwrite(VMCS_CR0_GUEST_HOST_MASK, vcpu->cr0_owned);
	vmwrite(VMCS_CR4_GUEST_HOST_MASK, vcpu->cr4_owned);
	vmwrite(VMCS_CR0_READ_SHADOW, CR0_PE | CR0_ET);
	vmwrite(VMCS_CR4_READ_SHADOW, 0);
	vmwrite(VMCS_CR3_TARGET_COUNT, 0);
	vmwrite(VMCS_MSR_BITMAPS, physical_of(vcpu->msr_bitmap));
	vmwrite(VMCS_EPT_POINTER, ept_pointer(vcpu->ept, false));
	if ((c->secondary.value & SECONDARY_ENABLE_VPID) != 0)
		vmwrite(VMCS_VPID, GUEST_VPID);
	if ((c->secondary.value & SECONDARY_ENABLE_XSAVES_XRSTORS) != 0)
		vmwrite(VMCS_XSS_EXITING_BITMAP, 0);
}

/* "VM-Exit Control Fields" and "VM-Entry Control Fields". */
static void set_exit_and_entry_controls(const struct vcpu *vcpu)
{
	vmwrite(VMCS_PRIMARY_VM_EXIT_CONTROLS, vcpu->capability->exit.value);
	vmwrite(VMCS_VM_EXIT_MSR_STORE_COUNT, 0);
	vmwrite(VMCS_VM_EXIT_MSR_LOAD_COUNT, 0);
	/* "IA-32e mode guest" is off at first; with unrestricted guest the CPU keeps it true. */
	vmwrite(VMCS_VM_ENTRY_CONTROLS, vcpu->capability->entry.value);
	vmwrite(VMCS_VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0);
}

void vmcs_setup(struct vcpu *vcpu, uint32_t eip)
{
	choose_owned_bits(vcpu);
	set_guest_registers(vcpu, eip);
	set_guest_activity();
	set_host_state(vcpu);
	set_execution_controls(vcpu);
	set_exit_and_entry_controls(vcpu);
	/* This VPID and these EPT addresses may have been another guest's before. */
	tlb_flush_guest(vcpu);
	vcpu->ept->stale = true;
	tlb_flush_ept(vcpu);
}
