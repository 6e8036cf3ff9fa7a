/* SPDX-License-Identifier: MIT */
/* VMX operation of one CPU; see vmx/operation.h. SDM, "Enabling and Entering VMX Operation". */
#include "vmx/operation.h"

#include <sill/errno.h>

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/safe_access.h"
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
	/* "VMXON": #GP while Intel PT traces, on CPUs that cannot trace in VMX operation. */
	(void)!safe_wrmsr(MSR_IA32_RTIT_CTL, 0);
	region[0] = capability->revision;
	this_cpu()->vmx_count[VMX_VMXON]++;
	return safe_vmxon(physical_of(region)) ? 0 : -SILL_EIO;
}

void vmx_operation_leave(void)
{
	vmxoff();
	write_cr4(read_cr4() & ~CR4_VMXE);
}
