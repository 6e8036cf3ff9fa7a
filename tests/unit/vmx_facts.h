/* SPDX-License-Identifier: MIT */
/* CPUID and MSR values of real processors' kinds, for tests of what is decided from them. */
#ifndef TESTS_UNIT_VMX_FACTS_H
#define TESTS_UNIT_VMX_FACTS_H

#include "vmx/capability.h"

/* The versions of clang-format differ about braces in macros. */
/* clang-format off */
#define FACTS_GENUINE_INTEL {.eax = 0x16, .ebx = 0x756e6547, .edx = 0x49656e69, .ecx = 0x6c65746e}
#define FACTS_AUTHENTIC_AMD {.eax = 0x10, .ebx = 0x68747541, .edx = 0x69746e65, .ecx = 0x444d4163}
#define FACTS_LONG_MODE	    {.edx = 1u << 29}
/* clang-format on */

/* Sixth-generation Core (Skylake): all that Sill can use, but for user wait and pause. */
static const struct vmx_facts facts_skylake = {
	.leaf_0 = FACTS_GENUINE_INTEL,
	.leaf_1 = {.eax = 0x000506e3, .ecx = 0x7ffafbbf},
	.leaf_80000000 = {.eax = 0x80000008},
	.leaf_80000001 = FACTS_LONG_MODE,
	.leaf_80000008 = {.eax = 0x3027},
	.read = VMX_READ_FEATURE_CONTROL | VMX_READ_BASIC | VMX_READ_PROCBASED_CTLS2 |
		VMX_READ_EPT_VPID_CAP | VMX_READ_TRUE_CTLS | VMX_READ_VMFUNC,
	.feature_control = 0x5,
	.basic = 0x00da040000000004,
	.pinbased_ctls = 0x0000007f00000016,
	.procbased_ctls = 0xfff9fffe0401e172,
	.exit_ctls = 0x01ffffff00036dff,
	.entry_ctls = 0x0003ffff000011ff,
	.misc = 0x000000007004c1e7,
	.cr0_fixed0 = 0x80000021,
	.cr0_fixed1 = 0xffffffff,
	.cr4_fixed0 = 0x2000,
	.cr4_fixed1 = 0x3767ff,
	.vmcs_enum = 0x2e,
	.procbased_ctls2 = 0x001ffcff00000000,
	.ept_vpid_cap = 0x00000f0106734141,
	.true_pinbased_ctls = 0x0000007f00000016,
	.true_procbased_ctls = 0xfff9fffe04006172,
	.true_exit_ctls = 0x01ffffff00036dfb,
	.true_entry_ctls = 0x0003ffff000011fb,
	.vmfunc = 0x1,
};

/* First-generation Core (Lynnfield): EPT and VPID, but no unrestricted guest. */
static const struct vmx_facts facts_lynnfield = {
	.leaf_0 = FACTS_GENUINE_INTEL,
	.leaf_1 = {.eax = 0x000106e5, .ecx = 0x0098e3fd},
	.leaf_80000000 = {.eax = 0x80000008},
	.leaf_80000001 = FACTS_LONG_MODE,
	.leaf_80000008 = {.eax = 0x3024},
	.read = VMX_READ_FEATURE_CONTROL | VMX_READ_BASIC | VMX_READ_PROCBASED_CTLS2 |
		VMX_READ_EPT_VPID_CAP | VMX_READ_TRUE_CTLS,
	.feature_control = 0x5,
	.basic = 0x00da04000000000f,
	.pinbased_ctls = 0x0000007f00000016,
	.procbased_ctls = 0xf7f9fffe0401e172,
	.exit_ctls = 0x007fffff00036dff,
	.entry_ctls = 0x0000ffff000011ff,
	.misc = 0x00000000000403c5,
	.cr0_fixed0 = 0x80000021,
	.cr0_fixed1 = 0xffffffff,
	.cr4_fixed0 = 0x2000,
	.cr4_fixed1 = 0x27ff,
	.vmcs_enum = 0x2c,
	.procbased_ctls2 = 0x0000007f00000000,
	.ept_vpid_cap = 0x00000f0106114141,
	.true_pinbased_ctls = 0x0000007f00000016,
	.true_procbased_ctls = 0xf7f9fffe04006172,
	.true_exit_ctls = 0x007fffff00036dfb,
	.true_entry_ctls = 0x0000ffff000011fb,
};

/* Core 2 (Penryn): secondary controls, but neither EPT nor TRUE MSRs. */
static const struct vmx_facts facts_penryn = {
	.leaf_0 = FACTS_GENUINE_INTEL,
	.leaf_1 = {.eax = 0x0001067a, .ecx = 0x0408e3fd},
	.leaf_80000000 = {.eax = 0x80000008},
	.leaf_80000001 = FACTS_LONG_MODE,
	.leaf_80000008 = {.eax = 0x3024},
	.read = VMX_READ_FEATURE_CONTROL | VMX_READ_BASIC | VMX_READ_PROCBASED_CTLS2,
	.feature_control = 0x5,
	.basic = 0x005a08000000000d,
	.pinbased_ctls = 0x0000003f00000016,
	.procbased_ctls = 0xf7f9fffe0401e172,
	.exit_ctls = 0x0003ffff00036dff,
	.entry_ctls = 0x00003fff000011ff,
	.misc = 0x00000000000403c0,
	.cr0_fixed0 = 0x80000021,
	.cr0_fixed1 = 0xffffffff,
	.cr4_fixed0 = 0x2000,
	.cr4_fixed1 = 0x27ff,
	.vmcs_enum = 0x2c,
	.procbased_ctls2 = 0x0000004100000000,
};

#endif
