/* SPDX-License-Identifier: MIT */
/* The life of a vCPU; see vmx/vcpu_create.h. */
#include "vmx/vcpu_create.h"

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/percpu.h"
#include "core/string.h"
#include "vmx/exit.h"
#include "vmx/instruction_error.h"
#include "vmx/timer.h"
#include "vmx/tlb.h"
#include "vmx/vcpu_list.h"
#include "vmx/vmcs_setup.h"

#define HOST_STACK_PAGES 4

void vmx_enter(struct vcpu *vcpu); /* vmx/entry.asm */

/* vmx/entry.asm counts VMX instructions by these offsets. */
_Static_assert(offsetof(struct percpu, vmx_count) == 24 && VMX_VMREAD == 4 && VMX_VMLAUNCH == 6,
	       "vmx/entry.asm relies on it");

struct vcpu *vcpu_create(const struct vmx_capability *capability)
{
	size_t vcpu_pages = (sizeof(struct vcpu) + PAGE_SIZE - 1) / PAGE_SIZE;
	char *stack = stack_allocate(HOST_STACK_PAGES + vcpu_pages);
	struct vcpu *vcpu;

	if (stack == NULL)
		return NULL;
	/* At the stack's top: what is pushed goes downwards from the structure. */
	vcpu = (struct vcpu *)(stack + HOST_STACK_PAGES * PAGE_SIZE);
	vcpu->capability = capability;
	vcpu->apic_id = this_cpu()->apic_id;
	vcpu->vmcs = page_allocate();
	if (vcpu->vmcs == NULL || vcpu_list_add(vcpu) != 0)
		return NULL;
	vcpu->pages_1g = (cpuid(0x80000001, 0).edx & 1u << 26) != 0;
	for (unsigned int reason = 0; reason < EXIT_REASON_COUNT; reason++)
		vcpu->handlers[reason] = exit_table[capability->mode][reason];
	return vcpu;
}

/* What vmread_proven() relies on. */
static void prove_exit_fields(void)
{
	(void)vmread(VMCS_EXIT_REASON);
	(void)vmread(VMCS_GUEST_RIP);
	(void)vmread(VMCS_GUEST_RFLAGS);
	(void)vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	(void)vmread(VMCS_GUEST_CR4);
	(void)vmread(VMCS_GUEST_CS_ACCESS_RIGHTS);
	(void)vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
	(void)vmread(VMCS_EXIT_QUALIFICATION);
	(void)vmread(VMCS_GUEST_PHYSICAL_ADDRESS);
	(void)vmread(VMCS_GUEST_LINEAR_ADDRESS);
	(void)vmread(VMCS_GUEST_CR3);
	(void)vmread(VMCS_IDT_VECTORING_INFORMATION);
}

void vcpu_begin(struct vcpu *vcpu)
{
	memset(&vcpu->registers, 0, sizeof(vcpu->registers));
	memset(vcpu->trace, 0, sizeof(vcpu->trace));
	memset(vcpu->exits, 0, sizeof(vcpu->exits));
	vcpu->odd_exits = 0;
	vcpu->not_advanced = 0;
	vcpu->trace_at = 0;
	vcpu->end = VCPU_RUNNING;
	vcpu->status = 0;
	vcpu->why[0] = '\0';
	vcpu->other_ept_pointer = 0;
	vcpu->tsc_offset = 0;
	vcpu->tsc_moved = NULL;
	vcpu->watched_page = VCPU_NO_PAGE;
	vcpu->deadline = UINT64_MAX;
	vcpu->waiting_nmis = 0;
	vcpu->waiting_machine_check = false;
	memset(vcpu->waiting_interrupts, 0, sizeof(vcpu->waiting_interrupts));
	for (unsigned int use = 0; use < TIMER_USES; use++)
		vcpu->timer[use] = TIMER_NEVER;

	/*
	 * "Initializing a VMCS": the region is cleared, made current, and all fields are written.
	 */
	memset(vcpu->vmcs, 0, PAGE_SIZE);
	*(uint32_t *)vcpu->vmcs = vcpu->capability->revision;
	vmclear(physical_of(vcpu->vmcs));
	vmptrld(physical_of(vcpu->vmcs));
	vmcs_setup(vcpu);
	prove_exit_fields();
	/* This VPID and these EPT addresses may have been another guest's before. */
	tlb_flush_guest(vcpu);
	vcpu->ept->stale = true;
	tlb_flush_ept(vcpu);
	this_cpu()->vcpu = vcpu;
}

void vcpu_run(struct vcpu *vcpu)
{
	vmx_enter(vcpu);
}

void vcpu_retire(struct vcpu *vcpu)
{
	vcpu_account(vcpu);
	this_cpu()->vcpu = NULL;
	vmclear(physical_of(vcpu->vmcs));
}

/* Called by vmx/entry.asm: VMLAUNCH or VMRESUME failed at once. */
void vmx_entry_refused(struct vcpu *vcpu);
void vmx_entry_refused(struct vcpu *vcpu)
{
	uint64_t error;

	/* Without a current VMCS (VMfailInvalid) there is no number. */
	vcpu->instruction_error =
		vmread_if_present(VMCS_VM_INSTRUCTION_ERROR, &error) ? (uint32_t)error : 0;
	vcpu_stop(vcpu, VCPU_ENTRY_REFUSED, "VM entry refused: %s",
		  vm_instruction_error_words(vcpu->instruction_error));
}
