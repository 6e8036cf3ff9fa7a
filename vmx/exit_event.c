/* SPDX-License-Identifier: MIT */
/* Exits that no instruction asked for: exceptions, NMIs, interrupts, triple faults. */
#include "core/apic.h"
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/log.h"
#include "core/msr.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/trap.h"
#include "vmx/deadline.h"
#include "vmx/event.h"
#include "vmx/exit.h"

/*
 * NMIs. They all go to the guest, at the first moment at which it can take one, which the CPU
 * finds by itself: NMI-window exiting. An NMI may arrive while Sill runs, up to the last
 * instruction before VM entry. So the handler itself switches NMI-window exiting on (it writes
 * values that are constant while it may interrupt, and it only adds to them, so it can't undo what
 * it interrupts), and then the entry is followed by an exit at once. None is lost between a check
 * and the entry, and the exit path has nothing to check.
 *
 * In the underlay the guest takes its NMIs without Sill. NMI-window exiting is allowed only with
 * virtual NMIs, and these only with NMI exiting (SDM, "VM-Execution Control Fields" among the
 * checks on VMX controls), so the three come and go together. Blocking by NMI is saved and loaded
 * alike with and without them, and an exit does not change it.
 */
#define PIN_FOR_NMI_WINDOW ((uint32_t)(PIN_BASED_NMI_EXITING | PIN_BASED_VIRTUAL_NMIS))

static void open_nmi_window(const struct vcpu *vcpu)
{
	vmwrite(VMCS_PIN_BASED_CONTROLS, vcpu->pin_controls | PIN_FOR_NMI_WINDOW);
	vmwrite(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS,
		vcpu->primary_controls | PRIMARY_NMI_WINDOW_EXITING);
}

void event_write_controls(const struct vcpu *vcpu)
{
	/* First the controls, then the question: an NMI between the two opens the window again. */
	vmwrite(VMCS_PIN_BASED_CONTROLS, vcpu->pin_controls);
	vmwrite(VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS, vcpu->primary_controls);
	if (vcpu->waiting_nmis > 0 || vcpu->waiting_machine_check)
		open_nmi_window(vcpu);
}

static void request_nmi_window(struct vcpu *vcpu)
{
	/*
	 * A CPU holds one NMI pending besides the one being handled. The count is changed by one
	 * instruction each time: an NMI that comes between two changes it as well.
	 */
	if (vcpu->waiting_nmis < 2)
		__atomic_fetch_add(&vcpu->waiting_nmis, 1, __ATOMIC_RELAXED);
	open_nmi_window(vcpu);
}

void event_nmi_arrived(void)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	if (vcpu != NULL)
		request_nmi_window(vcpu);
}

/*
 * A machine check is about the machine, which is the guest's in the underlay: it gets the exception
 * as soon as it can take one, and finds in IA32_MCG_STATUS that its own RIP has nothing to do with
 * it. (If the error is in Sill's own state, RIPV is clear and no guest goes on after that.)
 */
bool event_machine_check_arrived(void)
{
	struct vcpu *vcpu = this_cpu()->vcpu;

	if (vcpu == NULL || vcpu->capability->mode != SILL_MODE_UNDERLAY)
		return false;
	vcpu->waiting_machine_check = true;
	open_nmi_window(vcpu);
	return true;
}

void exit_nmi_window(struct vcpu *vcpu)
{
	if (vcpu->waiting_machine_check) {
		vcpu->waiting_machine_check = false;
		vcpu_inject(vcpu, INTERRUPTION_TYPE_HARDWARE_EXCEPTION, VECTOR_MC, false, 0);
	} else if (vcpu->waiting_nmis > 0) {
		__atomic_fetch_sub(&vcpu->waiting_nmis, 1, __ATOMIC_RELAXED);
		vcpu_inject(vcpu, INTERRUPTION_TYPE_NMI, VECTOR_NMI, false, 0);
	}
	event_write_controls(vcpu);
}

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
		request_nmi_window(vcpu);
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
		request_nmi_window(vcpu);
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

void exit_triple_fault(struct vcpu *vcpu)
{
	vcpu_stop(vcpu, VCPU_CRASHED,
		  "triple fault: an exception could not be delivered, nor the double fault "
		  "that followed it");
}
