/* SPDX-License-Identifier: MIT */
/*
 * The fields of a new VMCS, in the order of the SDM's chapter "Virtual-Machine Control Structures":
 * guest-state area, host-state area, VM-execution, VM-exit and VM-entry control fields. The
 * guest's registers are written by who knows what it is to start with.
 */
#include "vmx/vmcs_setup.h"

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/percpu.h"
#include "core/trap.h"
#include "vmx/tlb.h"

/*
 * XRSTORS with this component writes the MSRs of Intel PT, which is hidden. SDM, "XSAVE-Supported
 * Features and State-Component Bitmaps".
 */
#define XSS_PROCESSOR_TRACE (1ull << 8)

extern char vmx_exit[]; /* vmx/entry.asm */

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

/*
 * In guest mode; vmx/exit_event.c says what is done with these, and why. All other exceptions are
 * the guest's.
 */
#define GUEST_MODE_EXCEPTIONS (1u << VECTOR_DB | 1u << VECTOR_AC | 1u << VECTOR_MC)

/* "VM-Execution Control Fields". */
static void set_execution_controls(struct vcpu *vcpu)
{
	const struct vmx_capability *c = vcpu->capability;

	vcpu->pin_controls = c->pin.value;
	vcpu->primary_controls = c->primary.value;
	vmwrite(VMCS_PIN_BASED_CONTROLS, c->pin.value);
	vmwrite(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS, c->primary.value);
	vmwrite(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS, c->secondary.value);
	vmwrite(VMCS_EXCEPTION_BITMAP, c->mode == SILL_MODE_GUEST ? GUEST_MODE_EXCEPTIONS : 0);
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MASK, 0);
	vmwrite(VMCS_PAGE_FAULT_ERROR_CODE_MATCH, 0);
	if (vcpu->io_bitmaps != NULL) {
		vmwrite(VMCS_IO_BITMAP_A, physical_of(vcpu->io_bitmaps));
		vmwrite(VMCS_IO_BITMAP_B, physical_of(vcpu->io_bitmaps + PAGE_SIZE));
	}
	vmwrite(VMCS_TSC_OFFSET, 0);
	vmwrite(VMCS_CR0_GUEST_HOST_MASK, vcpu->cr0_owned);
	vmwrite(VMCS_CR4_GUEST_HOST_MASK, vcpu->cr4_owned);
	vmwrite(VMCS_CR3_TARGET_COUNT, 0);
	vmwrite(VMCS_MSR_BITMAPS, physical_of(vcpu->msr_bitmap));
	vmwrite(VMCS_EPT_POINTER, ept_pointer(vcpu->ept, false));
	if ((c->secondary.value & SECONDARY_ENABLE_VPID) != 0)
		vmwrite(VMCS_VPID, GUEST_VPID);
	if ((c->secondary.value & SECONDARY_ENABLE_XSAVES_XRSTORS) != 0)
		vmwrite(VMCS_XSS_EXITING_BITMAP, XSS_PROCESSOR_TRACE);
	if ((c->secondary.value & SECONDARY_ENABLE_PCONFIG) != 0)
		vmwrite(VMCS_PCONFIG_EXITING_BITMAP, 0);
}

/* "VM-Exit Control Fields" and "VM-Entry Control Fields". */
static void set_exit_and_entry_controls(const struct vcpu *vcpu)
{
	vmwrite(VMCS_PRIMARY_VM_EXIT_CONTROLS, vcpu->capability->exit.value);
	vmwrite(VMCS_VM_EXIT_MSR_STORE_COUNT, 0);
	vmwrite(VMCS_VM_EXIT_MSR_LOAD_COUNT, 0);
	/*
	 * "IA-32e mode guest" is off, for who writes the guest's registers to set it; with
	 * unrestricted guest the CPU keeps it true from then on.
	 */
	vmwrite(VMCS_VM_ENTRY_CONTROLS, vcpu->capability->entry.value);
	vmwrite(VMCS_VM_ENTRY_MSR_LOAD_COUNT, 0);
	vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0);
}

void vmcs_setup(struct vcpu *vcpu)
{
	set_guest_activity();
	set_host_state(vcpu);
	set_execution_controls(vcpu);
	set_exit_and_entry_controls(vcpu);
}
