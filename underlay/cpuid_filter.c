/* SPDX-License-Identifier: MIT */
/* What an OS on top of Sill sees of CPUID; see underlay/cpuid_filter.h. */
#include "underlay/cpuid_filter.h"

#include "vmx/controls.h"

#define BIT(n) (1u << (n))

/* SDM, "CPUID—CPU Identification". */
#define LEAF_7_EBX_INVPCID	  BIT(10)
#define LEAF_7_EBX_PT		  BIT(25)
#define LEAF_7_ECX_OSPKE	  BIT(4)
#define LEAF_7_ECX_WAITPKG	  BIT(5)
#define LEAF_7_ECX_RDPID	  BIT(22)
#define LEAF_7_EDX_PCONFIG	  BIT(18)

#define LEAF_D_1_EAX_XSAVES	  BIT(3)
#define LEAF_D_N_ECX_SUPERVISOR	  BIT(0) /* the component is managed by IA32_XSS */

#define COMPONENT_PT		  8

#define LEAF_19_EBX_AESKLE	  BIT(0)

#define LEAF_80000001_EDX_SYSCALL BIT(11)
#define LEAF_80000001_EDX_RDTSCP  BIT(27)

/*
 * Hidden on every CPU, since each needs something of Sill that it does not do:
 * - FRED: an event that an EPT violation interrupted is delivered again with the VMCS's
 *   original-event data, which Sill does not carry over ("VM-Entry Controls for Event Injection");
 *   CR4.FRED is Sill's for the same reason. LKGS, which comes with FRED, stands for itself and is
 *   shown.
 * - RDMSRLIST and WRMSRLIST raise #UD without a tertiary control, so do PBNDKB and its like.
 * - RDMSR and WRMSRNS with the MSR's number in the instruction exit with reasons of their own, and
 *   so do URDMSR and UWRMSR.
 */
#define LEAF_7_1_EAX_FRED     BIT(17)
#define LEAF_7_1_EAX_MSRLIST  BIT(27)
#define LEAF_7_1_EBX_PBNDKB   BIT(1)
#define LEAF_7_1_ECX_MSR_IMM  BIT(5)
#define LEAF_7_1_EDX_USER_MSR BIT(15)

static bool has_secondary(const struct cpuid_view *view, uint32_t control)
{
	return (view->capability->secondary.value & control) != 0;
}

static void filter_leaf_7(const struct cpuid_view *view, uint32_t subleaf, struct vmx_cpuid *r)
{
	if (subleaf == 1) {
		r->eax &= ~(LEAF_7_1_EAX_FRED | LEAF_7_1_EAX_MSRLIST);
		r->ebx &= ~LEAF_7_1_EBX_PBNDKB;
		r->edx &= ~LEAF_7_1_EDX_USER_MSR;
		r->ecx &= ~LEAF_7_1_ECX_MSR_IMM;
	}
	if (subleaf != 0)
		return;
	if (!has_secondary(view, SECONDARY_ENABLE_INVPCID))
		r->ebx &= ~LEAF_7_EBX_INVPCID;
	/*
	 * Intel PT writes its packets to physical addresses that no EPT translates, Sill's too,
	 * unless VMX controls are set that not all such CPUs have: "Virtualization of Guest Output
	 * Packet Streams".
	 */
	r->ebx &= ~LEAF_7_EBX_PT;
	r->ecx &= ~LEAF_7_ECX_OSPKE;
	if ((view->cr4 & CR4_PKE) != 0)
		r->ecx |= LEAF_7_ECX_OSPKE;
	if (!has_secondary(view, SECONDARY_ENABLE_USER_WAIT_AND_PAUSE))
		r->ecx &= ~LEAF_7_ECX_WAITPKG;
	if (!has_secondary(view, SECONDARY_ENABLE_RDTSCP))
		r->ecx &= ~LEAF_7_ECX_RDPID;
	if (!has_secondary(view, SECONDARY_ENABLE_PCONFIG))
		r->edx &= ~LEAF_7_EDX_PCONFIG;
}

/* The guest's XCR0 and IA32_XSS are in the CPU, so the sizes are those of the guest. */
static void filter_leaf_d(const struct cpuid_view *view, uint32_t subleaf, struct vmx_cpuid *r)
{
	if (subleaf == 0)
		return;
	if (subleaf == 1)
		r->ecx &= ~(1u << COMPONENT_PT);
	if (subleaf == COMPONENT_PT)
		*r = (struct vmx_cpuid){0};
	if (has_secondary(view, SECONDARY_ENABLE_XSAVES_XRSTORS))
		return;
	if (subleaf == 1) {
		r->eax &= ~LEAF_D_1_EAX_XSAVES;
		r->ecx = r->edx = 0; /* what IA32_XSS takes */
	} else if ((r->ecx & LEAF_D_N_ECX_SUPERVISOR) != 0) {
		*r = (struct vmx_cpuid){0};
	}
}

void cpuid_filter(const struct cpuid_view *view, uint32_t highest, uint32_t leaf, uint32_t subleaf,
		  struct vmx_cpuid *answer)
{
	switch (leaf > highest && leaf < 0x40000000 ? highest : leaf) {
	case 0x01:
		answer->ecx = cpuid_filter_leaf_1_ecx(view, answer->ecx);
		break;
	case 0x07:
		filter_leaf_7(view, subleaf, answer);
		break;
	case 0x0d:
		filter_leaf_d(view, subleaf, answer);
		break;
	case 0x14:
		*answer = (struct vmx_cpuid){0};
		break;
	case 0x19:
		if ((view->cr4 & CR4_KL) == 0)
			answer->ebx &= ~LEAF_19_EBX_AESKLE;
		break;
	case 0x1b:
		if (!has_secondary(view, SECONDARY_ENABLE_PCONFIG))
			*answer = (struct vmx_cpuid){0};
		break;
	case 0x80000001:
		/* Only in 64-bit mode, and Sill asked in that. */
		if (!view->in_64_bit_code)
			answer->edx &= ~LEAF_80000001_EDX_SYSCALL;
		if (!has_secondary(view, SECONDARY_ENABLE_RDTSCP))
			answer->edx &= ~LEAF_80000001_EDX_RDTSCP;
		break;
	default:
		/* "No existing or future CPU" answers here: of those below, only Sill is met. */
		if (leaf >= 0x40000000 && leaf < 0x50000000)
			*answer = (struct vmx_cpuid){0};
		break;
	}
}
