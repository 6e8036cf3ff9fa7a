/* SPDX-License-Identifier: MIT */
/* VMX operation of one CPU; see vmx/operation.h. SDM, "Enabling and Entering VMX Operation". */
#include "vmx/operation.h"

#include <sill/errno.h>

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/panic.h"
#include "vmx/instruction_error.h"
#include "vmx/instructions.h"

int vmx_operation_enter(const struct vmx_capability *capability)
{
	uint32_t *region = page_allocate();

	if (region == NULL)
		return -SILL_ENOMEM;
	if (capability->set_feature_control)
		wrmsr(MSR_IA32_FEATURE_CONTROL, capability->feature_control);
	/* "Restrictions on VMX Operation": some bits of CR0 and CR4 are fixed. */
	write_cr0((read_cr0() | capability->cr0_fixed0) & capability->cr0_fixed1);
	write_cr4(((read_cr4() | CR4_VMXE) | capability->cr4_fixed0) & capability->cr4_fixed1);
	region[0] = capability->revision;
	vmxon(physical_of(region));
	return 0;
}

void vmx_operation_leave(void)
{
	vmxoff();
	write_cr4(read_cr4() & ~CR4_VMXE);
}

void vmx_instruction_failed(enum vmx_instruction instruction, uint64_t operand, uint64_t value)
{
	static const char *const names[] = {
#define X(name) [VMX_##name] = #name,
		VMX_INSTRUCTIONS(X)
#undef X
	};
	uint64_t error;
	const char *field = NULL;

	/* Not so after VMfailInvalid: then there is no VMCS that could hold an error number. */
	if (!vmread_if_present(VMCS_VM_INSTRUCTION_ERROR, &error))
		error = 0;
	if (instruction == VMX_VMREAD || instruction == VMX_VMWRITE)
		field = vmcs_field_name((uint32_t)operand);
	panic("%s %s (operand %llx, value %llx), called at %p, failed: %s", names[instruction],
	      field != NULL ? field : "", (unsigned long long)operand, (unsigned long long)value,
	      __builtin_return_address(0), vm_instruction_error_words((uint32_t)error));
}
