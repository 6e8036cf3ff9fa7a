/* SPDX-License-Identifier: MIT */
/*
 * Reads from the running CPU what vmx/capability.c decides about. Kept apart from it because these
 * are privileged instructions; used by the core and by the loader.
 */
#include <stdint.h>

#include "core/cpu.h"
#include "core/msr.h"
#include "vmx/capability.h"
#include "vmx/controls.h"

#define CPUID_1_ECX_VMX	  (1u << 5)
#define CPUID_1_ECX_XSAVE (1u << 26)

static struct vmx_cpuid leaf(uint32_t number, uint32_t subleaf)
{
	struct cpuid_result result = cpuid(number, subleaf);

	return (struct vmx_cpuid){result.eax, result.ebx, result.ecx, result.edx};
}

void vmx_facts_read(struct vmx_facts *facts)
{
	uint32_t may_be_1;

	*facts = (struct vmx_facts){.leaf_0 = leaf(0, 0)};
	if (facts->leaf_0.eax >= 1)
		facts->leaf_1 = leaf(1, 0);
	if (facts->leaf_0.eax >= 7) {
		facts->leaf_7 = leaf(7, 0);
		if (facts->leaf_7.eax >= 1)
			facts->leaf_7_1 = leaf(7, 1);
	}
	if (facts->leaf_0.eax >= 0xd && (facts->leaf_1.ecx & CPUID_1_ECX_XSAVE))
		facts->leaf_d_1 = leaf(0xd, 1);
	facts->leaf_80000000 = leaf(0x80000000, 0);
	/* Without extended leaves the answer is that of some basic leaf. */
	if (facts->leaf_80000000.eax >= 0x80000001 && facts->leaf_80000000.eax < 0x80010000) {
		facts->leaf_80000001 = leaf(0x80000001, 0);
		if (facts->leaf_80000000.eax >= 0x80000008)
			facts->leaf_80000008 = leaf(0x80000008, 0);
	}

	/* SDM, "Discovering Support for VMX": without this bit none of the MSRs below exists. */
	if (!(facts->leaf_1.ecx & CPUID_1_ECX_VMX))
		return;
	facts->feature_control = rdmsr(MSR_IA32_FEATURE_CONTROL);
	facts->basic = rdmsr(MSR_IA32_VMX_BASIC);
	facts->pinbased_ctls = rdmsr(MSR_IA32_VMX_PINBASED_CTLS);
	facts->procbased_ctls = rdmsr(MSR_IA32_VMX_PROCBASED_CTLS);
	facts->exit_ctls = rdmsr(MSR_IA32_VMX_EXIT_CTLS);
	facts->entry_ctls = rdmsr(MSR_IA32_VMX_ENTRY_CTLS);
	facts->misc = rdmsr(MSR_IA32_VMX_MISC);
	facts->cr0_fixed0 = rdmsr(MSR_IA32_VMX_CR0_FIXED0);
	facts->cr0_fixed1 = rdmsr(MSR_IA32_VMX_CR0_FIXED1);
	facts->cr4_fixed0 = rdmsr(MSR_IA32_VMX_CR4_FIXED0);
	facts->cr4_fixed1 = rdmsr(MSR_IA32_VMX_CR4_FIXED1);
	facts->vmcs_enum = rdmsr(MSR_IA32_VMX_VMCS_ENUM);
	facts->read = VMX_READ_FEATURE_CONTROL | VMX_READ_BASIC;

	/*
	 * SDM, appendix "VMX Capability Reporting Facility": each of the others exists only if one
	 * read before says so. Bits 63:32 of a word of controls are its allowed 1-settings.
	 */
	if (facts->basic & VMX_BASIC_TRUE_CONTROLS) {
		facts->true_pinbased_ctls = rdmsr(MSR_IA32_VMX_TRUE_PINBASED_CTLS);
		facts->true_procbased_ctls = rdmsr(MSR_IA32_VMX_TRUE_PROCBASED_CTLS);
		facts->true_exit_ctls = rdmsr(MSR_IA32_VMX_TRUE_EXIT_CTLS);
		facts->true_entry_ctls = rdmsr(MSR_IA32_VMX_TRUE_ENTRY_CTLS);
		facts->read |= VMX_READ_TRUE_CTLS;
	}
	may_be_1 = (uint32_t)(facts->procbased_ctls >> 32);
	if (may_be_1 & PRIMARY_ACTIVATE_TERTIARY_CONTROLS) {
		facts->procbased_ctls3 = rdmsr(MSR_IA32_VMX_PROCBASED_CTLS3);
		facts->read |= VMX_READ_PROCBASED_CTLS3;
	}
	if ((facts->exit_ctls >> 32) & VM_EXIT_ACTIVATE_SECONDARY_CONTROLS) {
		facts->exit_ctls2 = rdmsr(MSR_IA32_VMX_EXIT_CTLS2);
		facts->read |= VMX_READ_EXIT_CTLS2;
	}
	if (!(may_be_1 & PRIMARY_ACTIVATE_SECONDARY_CONTROLS))
		return;
	facts->procbased_ctls2 = rdmsr(MSR_IA32_VMX_PROCBASED_CTLS2);
	facts->read |= VMX_READ_PROCBASED_CTLS2;
	may_be_1 = (uint32_t)(facts->procbased_ctls2 >> 32);
	if (may_be_1 & (SECONDARY_ENABLE_EPT | SECONDARY_ENABLE_VPID)) {
		facts->ept_vpid_cap = rdmsr(MSR_IA32_VMX_EPT_VPID_CAP);
		facts->read |= VMX_READ_EPT_VPID_CAP;
	}
	if (may_be_1 & SECONDARY_ENABLE_VM_FUNCTIONS) {
		facts->vmfunc = rdmsr(MSR_IA32_VMX_VMFUNC);
		facts->read |= VMX_READ_VMFUNC;
	}
}
