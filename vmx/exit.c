/* SPDX-License-Identifier: MIT */
/* What every VM exit goes through, before and after the handler of its kind. */
#include "vmx/exit.h"

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/format.h"
#include "core/msr.h"
#include "vmx/vcpu.h"

__attribute__((noreturn)) void vmx_leave(struct vcpu *vcpu); /* vmx/entry.asm */

static uint64_t exits_handled(const struct vcpu *vcpu)
{
	uint64_t exits = 0;

	for (unsigned int reason = 0; reason < EXIT_REASON_COUNT; reason++)
		exits += vcpu->exits[reason];
	return exits;
}

/*
 * vcpu_advance() doesn't look whether 32-bit code ran into the end of its addresses: the VM entry
 * finds out (SDM, "Checks on Guest RIP, RFLAGS, and SSP": bits 63:32 must be 0), and then there is
 * time to go on at address 0, as a CPU does. 64-bit code needs no help: an entry takes the first
 * RIP that is not canonical, and the CPU raises #GP.
 */
static bool mend_rip(struct vcpu *vcpu, uint64_t reason)
{
	uint64_t rip = vmread(VMCS_GUEST_RIP);

	if (reason != (EXIT_REASON_ENTRY_FAILURE | EXIT_REASON_ENTRY_FAILURE_GUEST_STATE) ||
	    exits_handled(vcpu) == 0 || vcpu_in_64_bit_code() || rip >> 32 == 0)
		return false;
	vmwrite(VMCS_GUEST_RIP, (uint32_t)rip);
	return true;
}

__attribute__((cold, noinline)) static void handle_odd_exit(struct vcpu *vcpu, uint64_t reason)
{
	/*
	 * Bit 27: the CPU was in enclave mode. It has left it with the exit, and the guest's
	 * registers are those of its way back into the enclave ("Enclave Interruption").
	 */
	if ((reason & ~(uint64_t)0xffff) == EXIT_REASON_ENCLAVE &&
	    EXIT_REASON_BASIC(reason) < EXIT_REASON_COUNT) {
		vcpu->exits[EXIT_REASON_BASIC(reason)]++;
		vcpu->handlers[EXIT_REASON_BASIC(reason)](vcpu);
		return;
	}
	vcpu->odd_exits++;
	if (!mend_rip(vcpu, reason))
		vmx_stop_unhandled(vcpu, reason);
}

/* Called by vmx/entry.asm with the guest's registers saved. */
void vmx_handle_exit(struct vcpu *vcpu);
__attribute__((hot)) void vmx_handle_exit(struct vcpu *vcpu)
{
	uint64_t reason = vmread_proven(VMCS_EXIT_REASON);
	uint64_t rip = vmread_proven(VMCS_GUEST_RIP);
	uint8_t at = vcpu->trace_at;

	/*
	 * Without this the compiler keeps the old index and the sum apart: two instructions more.
	 */
	__asm__ volatile("" : : : "memory");
	vcpu->trace_at += 2;
	vcpu->trace[at] = reason;
	vcpu->trace[at + 1] = rip;
	vcpu->rip = rip;
	/* A set bit above the basic reason (a failed VM entry is bit 31) makes it too large. */
	if (__builtin_expect(reason >= EXIT_REASON_COUNT, false)) {
		handle_odd_exit(vcpu, reason);
		return;
	}
	vcpu->exits[reason]++;
	/* And without this it computes an address for the two to share: one more. */
	__asm__ volatile("" : "+r"(reason));
	vcpu->handlers[reason](vcpu);
}

void vmx_stop_unhandled(struct vcpu *vcpu, uint64_t reason)
{
	if ((reason & EXIT_REASON_ENTRY_FAILURE) != 0)
		vcpu_stop(vcpu, VCPU_ENTRY_FAILED, "VM entry failed: %s",
			  exit_reason_words((uint32_t)reason));
	/*
	 * The bits between the basic reason and bit 31 tell of features that Sill never enables,
	 * and so do the reasons without a handler. Going on behind the instruction would be a
	 * guess at what the guest wanted.
	 */
	vcpu_stop(vcpu, VCPU_NOT_HANDLED, "no handler for this VM exit: %s (reason %u)",
		  exit_reason_words((uint32_t)reason), EXIT_REASON_BASIC(reason));
}

void exit_unhandled(struct vcpu *vcpu)
{
	vmx_stop_unhandled(vcpu, vcpu->trace[(uint8_t)(vcpu->trace_at - 2)]);
}

__attribute__((noreturn, cold)) static void leave(struct vcpu *vcpu)
{
	if (vcpu->ended != NULL)
		vcpu->ended(vcpu);
	vmx_leave(vcpu);
}

void vcpu_stop(struct vcpu *vcpu, enum vcpu_end end, const char *fmt, ...)
{
	va_list arguments;

	vcpu->end = end;
	va_start(arguments, fmt);
	vformat(vcpu->why, sizeof(vcpu->why), fmt, arguments);
	va_end(arguments);
	leave(vcpu);
}

void vcpu_exit(struct vcpu *vcpu, uint32_t status)
{
	vcpu->end = VCPU_EXITED;
	vcpu->status = status;
	leave(vcpu);
}

/*
 * SDM, "Guest Non-Register State": emulating an instruction ends the blocking by STI or MOV SS that
 * lasts for one instruction; "Masking Instruction Breakpoints With the RF Flag": the CPU clears RF
 * behind an instruction; and with RFLAGS.TF a single-step trap is due after it, which the CPU
 * delivers by itself if the BS bit is set among the pending debug exceptions.
 */
void vcpu_finish_instruction(void)
{
	uint64_t interruptibility = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	uint64_t rflags = vmread(VMCS_GUEST_RFLAGS);
	const uint64_t for_one_instruction = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;

	if ((interruptibility & for_one_instruction) != 0)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE, interruptibility & ~for_one_instruction);
	if ((rflags & RFLAGS_RF) != 0)
		vmwrite(VMCS_GUEST_RFLAGS, rflags & ~(uint64_t)RFLAGS_RF);
	if ((rflags & RFLAGS_TF) != 0 && (vmread(VMCS_GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF) == 0)
		vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
			vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) | PENDING_DEBUG_BS);
}

__attribute__((hot)) void vcpu_advance(struct vcpu *vcpu)
{
	vcpu_advance_inline(vcpu);
}

void vcpu_advance_by(struct vcpu *vcpu, unsigned int length)
{
	uint64_t interruptibility = vmread_counted(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	uint64_t rflags = vmread_counted(VMCS_GUEST_RFLAGS);

	vmwrite_counted(VMCS_GUEST_RIP, vcpu->rip + length);
	/* "Saving RIP, RSP, RFLAGS, and SSP": it is 1 after an EPT violation, as after a fault. */
	vmwrite_counted(VMCS_GUEST_RFLAGS, rflags & ~(uint64_t)RFLAGS_RF);
	if (__builtin_expect(((rflags & RFLAGS_TF) | interruptibility) != 0, false))
		vcpu_finish_instruction();
}

/* Whether what causes such an exit is an instruction, which ends with vcpu_advance() as a rule. */
static bool is_instruction(unsigned int reason)
{
	switch (reason) {
	case EXIT_REASON_EXCEPTION_OR_NMI:
	case EXIT_REASON_EXTERNAL_INTERRUPT:
	case EXIT_REASON_TRIPLE_FAULT:
	case EXIT_REASON_INTERRUPT_WINDOW:
	case EXIT_REASON_NMI_WINDOW:
	case EXIT_REASON_TASK_SWITCH:
	case EXIT_REASON_EPT_VIOLATION:
	case EXIT_REASON_EPT_MISCONFIGURATION:
	case EXIT_REASON_VMX_PREEMPTION_TIMER_EXPIRED:
	case EXIT_REASON_MONITOR_TRAP_FLAG:
		return false;
	default:
		return true;
	}
}

__attribute__((cold)) void vcpu_account(const struct vcpu *vcpu)
{
	uint64_t last = vcpu->trace[(uint8_t)(vcpu->trace_at - 2)];
	bool entry_failed = vcpu->end == VCPU_ENTRY_FAILED || vcpu->end == VCPU_ENTRY_REFUSED;
	uint64_t *count = this_cpu()->vmx_count;
	uint64_t exits = vcpu->odd_exits + exits_handled(vcpu), advances = 0;

	for (unsigned int reason = 0; reason < EXIT_REASON_COUNT; reason++)
		advances += is_instruction(reason) ? vcpu->exits[reason] : 0;
	/* The instruction by which the guest ended is one that it never got behind. */
	advances -= vcpu->not_advanced;
	if (exits > 0 && !entry_failed && last < EXIT_REASON_COUNT &&
	    is_instruction((unsigned int)last))
		advances--;
	/* vmx_handle_exit() */
	count[VMX_VMREAD] += 2 * exits;
	/* vcpu_advance() */
	count[VMX_VMREAD] += 3 * advances;
	count[VMX_VMWRITE] += advances;
	/* exit_hypercall() */
	if (vcpu->handlers[EXIT_REASON_VMCALL] != exit_invalid_opcode)
		count[VMX_VMREAD] += vcpu->exits[EXIT_REASON_VMCALL];
	/*
	 * One before the first exit, which fails and makes way for VMLAUNCH; none after the last,
	 * unless it was the entry that ended the guest.
	 */
	count[VMX_VMRESUME] += exits + (vcpu->end == VCPU_ENTRY_REFUSED ? 1 : 0);
}

__attribute__((cold)) void vcpu_inject(struct vcpu *vcpu, uint32_t type, uint32_t vector,
				       bool has_error_code, uint32_t error_code)
{
	uint32_t information = INTERRUPTION_INFORMATION(type, vector);

	(void)vcpu;
	/*
	 * The CPU sets RF in the image of RFLAGS that a fault pushes; an injected one pushes what
	 * the VMCS has. SDM, "Masking Instruction Breakpoints With the RF Flag".
	 */
	if (type == INTERRUPTION_TYPE_HARDWARE_EXCEPTION && vector != VECTOR_DB)
		vmwrite(VMCS_GUEST_RFLAGS, vmread(VMCS_GUEST_RFLAGS) | RFLAGS_RF);
	if (has_error_code) {
		information |= INTERRUPTION_DELIVER_ERROR_CODE;
		vmwrite(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, error_code);
	}
	vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, information);
}

/* Real-address mode has no error codes: SDM, "VM-Entry Controls for Event Injection". */
static bool delivers_error_codes(void)
{
	return (vmread(VMCS_GUEST_CR0) & CR0_PE) != 0;
}

void vcpu_inject_ud(struct vcpu *vcpu)
{
	vcpu->not_advanced++;
	vcpu_inject(vcpu, INTERRUPTION_TYPE_HARDWARE_EXCEPTION, VECTOR_UD, false, 0);
}

void vcpu_inject_segment_fault(struct vcpu *vcpu, enum vmcs_segment segment)
{
	vcpu->not_advanced++;
	vcpu_inject(vcpu, INTERRUPTION_TYPE_HARDWARE_EXCEPTION,
		    segment == VMCS_SEGMENT_SS ? VECTOR_SS : VECTOR_GP, delivers_error_codes(), 0);
}

void vcpu_inject_gp(struct vcpu *vcpu)
{
	vcpu_inject_segment_fault(vcpu, VMCS_SEGMENT_DS);
}

void vcpu_inject_pf(struct vcpu *vcpu, uint64_t address, uint32_t error_code)
{
	vcpu->not_advanced++;
	write_cr2(address);
	vcpu_inject(vcpu, INTERRUPTION_TYPE_HARDWARE_EXCEPTION, VECTOR_PF, true, error_code);
}

__attribute__((cold)) void vcpu_redeliver_event(struct vcpu *vcpu)
{
	uint32_t vectoring = (uint32_t)vmread(VMCS_IDT_VECTORING_INFORMATION);
	uint32_t type = INTERRUPTION_TYPE(vectoring);

	(void)vcpu;
	if ((vectoring & INTERRUPTION_VALID) == 0)
		return;
	/* The two fields have one format; bits that only exits report must be 0 at an entry. */
	vmwrite(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, vectoring & ~INTERRUPTION_ENTRY_RESERVED);
	if ((vectoring & INTERRUPTION_DELIVER_ERROR_CODE) != 0)
		vmwrite(VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, vmread(VMCS_IDT_VECTORING_ERROR_CODE));
	if (type >= INTERRUPTION_TYPE_SOFTWARE_INTERRUPT)
		vmwrite(VMCS_VM_ENTRY_INSTRUCTION_LENGTH, vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH));
	/* An NMI that is delivered blocks NMIs; for an injected one that must not be so already. */
	if (type == INTERRUPTION_TYPE_NMI)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) & ~(uint64_t)BLOCKING_BY_NMI);
}

/* SDM, "Exit Qualification for EPT Violations": an IRET that faulted had unblocked NMIs. */
__attribute__((cold)) void vcpu_retry_access(struct vcpu *vcpu, uint64_t qualification)
{
	if ((qualification & EPT_VIOLATION_NMI_UNBLOCKING) != 0 &&
	    (vmread(VMCS_IDT_VECTORING_INFORMATION) & INTERRUPTION_VALID) == 0)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) | BLOCKING_BY_NMI);
	vcpu_redeliver_event(vcpu);
}

void vcpu_write_register(struct vcpu *vcpu, unsigned int number, uint64_t value)
{
	if (number == VCPU_ENCODED_RSP)
		vmwrite(VMCS_GUEST_RSP, value);
	else
		vcpu->registers.in_order[number < VCPU_ENCODED_RSP ? number : number - 1] = value;
}
