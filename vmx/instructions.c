/* SPDX-License-Identifier: MIT */
/* The VMX instructions that stand in many places, and what is said if one fails. */
#include "vmx/instructions.h"

#include "core/panic.h"
#include "vmx/instruction_error.h"

/* Panics: names the instruction, its operands, the VM-instruction error in words, the caller. */
__attribute__((noreturn, cold)) static void fail(enum vmx_instruction instruction, uint64_t operand,
						 uint64_t value, const void *caller)
{
	static const char *const names[] = {
#define X(name) [VMX_##name] = #name,
		VMX_INSTRUCTIONS(X)
#undef X
	};
	const char *field = NULL;
	uint64_t error;

	/* Not so after VMfailInvalid: then there is no VMCS that could hold an error number. */
	if (!vmread_if_present(VMCS_VM_INSTRUCTION_ERROR, &error))
		error = 0;
	if (instruction == VMX_VMREAD || instruction == VMX_VMWRITE)
		field = vmcs_field_name((uint32_t)operand);
	panic("%s %s (operand %llx, value %llx), called at %p, failed: %s", names[instruction],
	      field != NULL ? field : "", (unsigned long long)operand, (unsigned long long)value,
	      caller, vm_instruction_error_words((uint32_t)error));
}

void vmx_instruction_failed(enum vmx_instruction instruction, uint64_t operand, uint64_t value)
{
	fail(instruction, operand, value, __builtin_return_address(0));
}

uint64_t vmread(uint32_t field)
{
	uint64_t value;

	__asm__ goto volatile(VMX_COUNT "vmread %[field], %[value]\n\t"
					"jbe %l[failed]"
			      : [value] "=r"(value)
			      : [field] "r"((uint64_t)field), [count] "i"(VMX_COUNTER(VMX_VMREAD))
			      : "cc", "memory"
			      : failed);
	return value;
failed:
	fail(VMX_VMREAD, field, 0, __builtin_return_address(0));
}

void vmwrite(uint32_t field, uint64_t value)
{
	__asm__ goto volatile(VMX_COUNT "vmwrite %[value], %[field]\n\t"
					"jbe %l[failed]"
			      :
			      : [value] "r"(value), [field] "r"((uint64_t)field),
				[count] "i"(VMX_COUNTER(VMX_VMWRITE))
			      : "cc", "memory"
			      : failed);
	return;
failed:
	fail(VMX_VMWRITE, field, value, __builtin_return_address(0));
}
