/* SPDX-License-Identifier: MIT */
/* Exits that no instruction asked for: exceptions, NMIs, interrupts, triple faults. */
#include "core/apic.h"
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/log.h"
#include "core/msr.h"
#include "core/panic.h"
#include "core/trap.h"
#include "vmx/deadline.h"
#include "vmx/event.h"
#include "vmx/exit.h"

/*
 * An event whose delivery the exception interrupted is dropped where the guest's next try brings
 * it back by itself (instructions and their faults); an NMI would not come back.
 */
static void keep_interrupted_nmi(struct vcpu *vcpu)
{
	uint32_t vectoring = (uint32_t)vmread(VMCS_IDT_VECTORING_INFORMATION);

	if ((vectoring & INTERRUPTION_VALID) != 0 &&
	    INTERRUPTION_TYPE(vectoring) == INTERRUPTION_TYPE_NMI) {
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) & ~(uint64_t)BLOCKING_BY_NMI);
		event_add_nmi(vcpu);
	}
}

#define DR7_GD (1ull << 13)

/* What the CPU does besides pushing a frame when it delivers #DB: SDM, "Debug Exception (#DB)". */
static void prepare_debug_exception(void)
{
	uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
	uint64_t interruptibility = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);

	write_dr6((read_dr6() & ~DEBUG_EXCEPTION_B0_B3) |
		  (qualification &
		   (DEBUG_EXCEPTION_B0_B3 | DEBUG_EXCEPTION_BD | DEBUG_EXCEPTION_BS)));
	vmwrite(VMCS_GUEST_DR7, vmread(VMCS_GUEST_DR7) & ~DR7_GD);
	vmwrite(VMCS_GUEST_IA32_DEBUGCTL,
		vmread(VMCS_GUEST_IA32_DEBUGCTL) & ~(uint64_t)(DEBUGCTL_LBR | DEBUGCTL_BTF));
	/* "Checks on Guest Non-Register State" wants this, though the trap is being delivered. */
	if ((interruptibility & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)) != 0 &&
	    (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_TF) != 0)
		vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
			vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) | PENDING_DEBUG_BS);
}

/*
 * #DB and #AC cause exits only so that a guest cannot lock up the CPU: each can happen while it is
 * being delivered, again and again, in a loop that no interrupt and no timer ends. Through here
 * the loop is one of VM exits, and the guest's time limit holds.
 */
static void reflect(struct vcpu *vcpu, uint32_t information)
{
	uint32_t vector = information & INTERRUPTION_VECTOR_MASK;
	uint32_t type = INTERRUPTION_TYPE(information);

	deadline_check(vcpu);
	/* "Information for VM Exits Due to Vectored Events": a faulting IRET unblocked NMIs. */
	if ((information & INTERRUPTION_NMI_UNBLOCKING_DUE_TO_IRET) != 0 &&
	    (vmread(VMCS_IDT_VECTORING_INFORMATION) & INTERRUPTION_VALID) == 0)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) | BLOCKING_BY_NMI);
	keep_interrupted_nmi(vcpu);
	if (vector == VECTOR_DB)
		prepare_debug_exception();
	if (type != INTERRUPTION_TYPE_HARDWARE_EXCEPTION)
		vmwrite(VMCS_VM_ENTRY_INSTRUCTION_LENGTH, vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
	vcpu_inject(vcpu, type, vector, (information & INTERRUPTION_DELIVER_ERROR_CODE) != 0,
		    (uint32_t)vmread(VMCS_VM_EXIT_INTERRUPTION_ERROR_CODE));
}

void exit_exception_or_nmi(struct vcpu *vcpu)
{
	uint32_t information = (uint32_t)vmread(VMCS_VM_EXIT_INTERRUPTION_INFORMATION);
	uint32_t vector = information & INTERRUPTION_VECTOR_MASK;

	if (INTERRUPTION_TYPE(information) == INTERRUPTION_TYPE_NMI) {
		/* "NMIs blocked" is in force, as in an NMI handler, until an IRET. */
		event_add_nmi(vcpu);
		trap_unblock_nmi();
		return;
	}
	if (vector == VECTOR_MC)
		panic("machine check while the guest ran: a hardware error; the machine's event "
		      "log or the firmware set-up may know more");
	if (vector == VECTOR_DB || vector == VECTOR_AC)
		reflect(vcpu, information);
	else
		vcpu_stop(vcpu, VCPU_NOT_HANDLED, "VM exit for %s, which Sill did not ask for",
			  trap_name(vector));
}

/*
 * All devices are quiet in guest mode (interrupt controllers masked at the start), so this is a
 * straggler or a defect of the machine. It has been acknowledged by the exit itself.
 */
void exit_external_interrupt(struct vcpu *vcpu)
{
	static bool told;
	uint32_t information = (uint32_t)vmread(VMCS_VM_EXIT_INTERRUPTION_INFORMATION);

	(void)vcpu;
	apic_end_of_interrupt();
	if (!told)
		log_warning("unexpected external interrupt, vector %02x: ignored (said once)",
			    information & INTERRUPTION_VECTOR_MASK);
	told = true;
}

/*
 * "Task Switches" through the CPU's own tables: VMX leaves them to the hypervisor ("Other Causes of
 * VM Exits"). No 64-bit system can make one, and 32-bit ones only for double faults and NMIs.
 */
void exit_task_switch(struct vcpu *vcpu)
{
	vcpu_stop(vcpu, VCPU_NOT_HANDLED,
		  "a task switch by the CPU (to selector %x), which Sill does not carry out",
		  TASK_SWITCH_SELECTOR(vmread(VMCS_EXIT_QUALIFICATION)));
}

void exit_triple_fault(struct vcpu *vcpu)
{
	vcpu_stop(vcpu, VCPU_CRASHED,
		  "triple fault: an exception could not be delivered, nor the double fault "
		  "that followed it");
}
