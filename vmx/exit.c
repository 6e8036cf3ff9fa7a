/* SPDX-License-Identifier: MIT */
/* What every VM exit goes through, before and after the handler of its kind. */
#include "vmx/exit.h"

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/format.h"
#include "vmx/vcpu.h"

/* Called by vmx/entry.asm with the guest's registers saved; false: leave the guest for good. */
bool vmx_handle_exit(struct vcpu *vcpu);
__attribute__((hot)) bool vmx_handle_exit(struct vcpu *vcpu)
{
	uint64_t reason = vmread(VMCS_EXIT_REASON);
	uint64_t rip = vmread(VMCS_GUEST_RIP);
	struct vcpu_trace_entry *entry = &vcpu->trace[vcpu->trace_at / 2];

	vcpu->trace_at += 2;
	entry->reason = reason;
	entry->rip = vcpu->rip = rip;
	/* A set bit above the basic reason (a failed VM entry is bit 31) makes it too large. */
	if (__builtin_expect(reason >= EXIT_REASON_COUNT, false))
		return vmx_handle_unusual_exit(vcpu, reason);
	vcpu->exits[reason]++;
	if (__builtin_expect(exit_table[reason] == NULL, false))
		return vmx_handle_unusual_exit(vcpu, reason);
	return exit_table[reason](vcpu);
}

bool vmx_handle_unusual_exit(struct vcpu *vcpu, uint64_t reason)
{
	if ((reason & EXIT_REASON_ENTRY_FAILURE) != 0) {
		return vcpu_stop(vcpu, VCPU_ENTRY_FAILED, "VM entry failed: %s",
				 exit_reason_words((uint32_t)reason));
	}
	/*
	 * The bits between the basic reason and bit 31 tell of features that Sill never enables,
	 * and so do the reasons without a handler. Going on behind the instruction would be a
	 * guess at what the guest wanted.
	 */
	return vcpu_stop(vcpu, VCPU_NOT_HANDLED, "no handler for this VM exit: %s (reason %u)",
			 exit_reason_words((uint32_t)reason), EXIT_REASON_BASIC(reason));
}

bool vcpu_stop(struct vcpu *vcpu, enum vcpu_end end, const char *fmt, ...)
{
	va_list arguments;

	vcpu->end = end;
	va_start(arguments, fmt);
	vformat(vcpu->why, sizeof(vcpu->why), fmt, arguments);
	va_end(arguments);
	return false;
}

/*
 * SDM, "Guest Non-Register State": emulating an instruction ends the blocking by STI or MOV SS that
 * lasts for one instruction; and with RFLAGS.TF a single-step trap is due after it, which the CPU
 * delivers by itself if the BS bit is set among the pending debug exceptions.
 */
__attribute__((cold, noinline)) static void finish_instruction(uint64_t interruptibility,
							       uint64_t rflags)
{
	const uint64_t for_one_instruction = BLOCKING_BY_STI | BLOCKING_BY_MOV_SS;

	if ((interruptibility & for_one_instruction) != 0)
		vmwrite(VMCS_GUEST_INTERRUPTIBILITY_STATE,
			interruptibility & ~for_one_instruction);
	if ((rflags & RFLAGS_TF) != 0)
		vmwrite(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
			vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) | PENDING_DEBUG_BS);
}

__attribute__((hot)) bool vcpu_advance(struct vcpu *vcpu)
{
	uint64_t length = vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
	uint64_t interruptibility = vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	uint64_t rflags = vmread(VMCS_GUEST_RFLAGS);

	vmwrite(VMCS_GUEST_RIP, vcpu->rip + length);
	if (__builtin_expect((rflags & RFLAGS_TF) | interruptibility, 0) != 0)
		finish_instruction(interruptibility, rflags);
	return true;
}

void vcpu_inject(struct vcpu *vcpu, uint32_t type, uint32_t vector, bool has_error_code,
		 uint32_t error_code)
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

bool vcpu_inject_ud(struct vcpu *vcpu)
{
	vcpu_inject(vcpu, INTERRUPTION_TYPE_HARDWARE_EXCEPTION, VECTOR_UD, false, 0);
	return true;
}

bool vcpu_inject_gp(struct vcpu *vcpu)
{
	vcpu_inject(vcpu, INTERRUPTION_TYPE_HARDWARE_EXCEPTION, VECTOR_GP, delivers_error_codes(),
		    0);
	return true;
}

bool vcpu_inject_pf(struct vcpu *vcpu, uint64_t address, uint32_t error_code)
{
	write_cr2(address);
	vcpu_inject(vcpu, INTERRUPTION_TYPE_HARDWARE_EXCEPTION, VECTOR_PF, true, error_code);
	return true;
}

void vcpu_redeliver_event(struct vcpu *vcpu)
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

#define ENCODED_RSP 4

uint64_t vcpu_read_register(const struct vcpu *vcpu, unsigned int number)
{
	if (number == ENCODED_RSP)
		return vmread(VMCS_GUEST_RSP);
	return (&vcpu->registers.rax)[number < ENCODED_RSP ? number : number - 1];
}

void vcpu_write_register(struct vcpu *vcpu, unsigned int number, uint64_t value)
{
	if (number == ENCODED_RSP)
		vmwrite(VMCS_GUEST_RSP, value);
	else
		(&vcpu->registers.rax)[number < ENCODED_RSP ? number : number - 1] = value;
}
