/* SPDX-License-Identifier: MIT */
/*
 * CPUID: the real CPU's answer, less what a guest can't have here, and the leaves by which it
 * finds Sill. Features are shown if they are known to work in a guest; others are hidden, so that
 * a newer CPU can't lead a guest to an instruction or an MSR that Sill doesn't know.
 */
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/time.h"
#include "vmx/cpuid_answer.h"
#include "vmx/exit.h"

#define BIT(n) (1u << (n))

/* Leaf 1. SDM, "CPUID—CPU Identification". */
#define LEAF_1_ECX_HIDDEN                                                                      \
	(BIT(2) /* DTES64 */ | BIT(3) /* MONITOR */ | BIT(4) /* DS-CPL */ | BIT(5) /* VMX */ | \
	 BIT(6) /* SMX */ | BIT(7) /* EIST */ | BIT(8) /* TM2 */ | BIT(11) /* SDBG */ |        \
	 BIT(15) /* PDCM */ | BIT(18) /* DCA */ | BIT(21) /* x2APIC */ |                       \
	 BIT(24) /* TSC-deadline */)
#define LEAF_1_ECX_OSXSAVE    BIT(27)
#define LEAF_1_ECX_HYPERVISOR BIT(31)
#define LEAF_1_EDX_HIDDEN                                                                \
	(BIT(7) /* MCE */ | BIT(9) /* APIC */ | BIT(12) /* MTRR */ | BIT(14) /* MCA */ | \
	 BIT(18) /* PSN */ | BIT(21) /* DS */ | BIT(22) /* ACPI */ | BIT(28) /* HTT */ | \
	 BIT(29) /* TM */ | BIT(31) /* PBE */)

/* Leaf 7, subleaf 0: what is shown. */
#define LEAF_7_EBX_SHOWN                                                                           \
	(BIT(0) /* FSGSBASE */ | BIT(3) /* BMI1 */ | BIT(5) /* AVX2 */ | BIT(6) /* FDP_EXCPTN */ | \
	 BIT(7) /* SMEP */ | BIT(8) /* BMI2 */ | BIT(9) /* ERMS */ | BIT(10) /* INVPCID */ |       \
	 BIT(13) /* no FPU CS and DS */ | BIT(16) /* AVX512F */ | BIT(17) /* AVX512DQ */ |         \
	 BIT(18) /* RDSEED */ | BIT(19) /* ADX */ | BIT(20) /* SMAP */ | BIT(21) /* IFMA */ |      \
	 BIT(23) /* CLFLUSHOPT */ | BIT(24) /* CLWB */ | BIT(28) /* AVX512CD */ |                  \
	 BIT(29) /* SHA */ | BIT(30) /* AVX512BW */ | BIT(31) /* AVX512VL */)
#define LEAF_7_EBX_INVPCID BIT(10)
#define LEAF_7_ECX_SHOWN                                                                         \
	(BIT(1) /* VBMI */ | BIT(2) /* UMIP */ | BIT(3) /* PKU */ | BIT(5) /* WAITPKG */ |       \
	 BIT(6) /* VBMI2 */ | BIT(8) /* GFNI */ | BIT(9) /* VAES */ | BIT(10) /* VPCLMULQDQ */ | \
	 BIT(11) /* VNNI */ | BIT(12) /* BITALG */ | BIT(14) /* VPOPCNTDQ */ |                   \
	 BIT(16) /* LA57 */ | BIT(22) /* RDPID */ | BIT(25) /* CLDEMOTE */ |                     \
	 BIT(27) /* MOVDIRI */ | BIT(28) /* MOVDIR64B */)
#define LEAF_7_ECX_OSPKE   BIT(4)
#define LEAF_7_ECX_WAITPKG BIT(5)
#define LEAF_7_ECX_RDPID   BIT(22)
#define LEAF_7_EDX_SHOWN                                                                           \
	(BIT(2) /* 4VNNIW */ | BIT(3) /* 4FMAPS */ | BIT(4) /* FSRM */ | BIT(8) /* VP2INTERSECT */ \
	 | BIT(10) /* MD_CLEAR */ | BIT(14) /* SERIALIZE */ | BIT(23) /* AVX512-FP16 */)
#define LEAF_7_1_EAX_SHOWN                                                                      \
	(BIT(4) /* AVX-VNNI */ | BIT(5) /* AVX512-BF16 */ | BIT(10) /* fast zero REP MOVSB */ | \
	 BIT(11) /* fast short REP STOSB */ | BIT(12) /* fast short REP CMPSB */ |              \
	 BIT(23) /* AVX-IFMA */)

/* Leaf 0Dh, subleaf 1. */
#define LEAF_D_1_EAX_SHOWN	  (BIT(0) /* XSAVEOPT */ | BIT(1) /* XSAVEC */ | BIT(2) /* XGETBV 1 */)
#define LEAF_D_1_EAX_XSAVES	  BIT(3)

#define LEAF_80000001_ECX_SVM	  BIT(2)
#define LEAF_80000001_EDX_SYSCALL BIT(11)
#define LEAF_80000001_EDX_RDTSCP  BIT(27)

static bool has_secondary(const struct vcpu *vcpu, uint32_t control)
{
	return (vcpu->capability->secondary.value & control) != 0;
}

static void show_leaf_1(struct cpuid_result *r)
{
	r->ebx = (r->ebx & 0xffff) | BIT(16); /* APIC ID 0, one logical processor */
	r->ecx = (r->ecx & ~(LEAF_1_ECX_HIDDEN | LEAF_1_ECX_OSXSAVE)) | LEAF_1_ECX_HYPERVISOR;
	r->edx &= ~LEAF_1_EDX_HIDDEN;
	/* This bit follows the guest's CR4, and the CPU answered with Sill's. */
	if ((vmread(VMCS_GUEST_CR4) & CR4_OSXSAVE) != 0)
		r->ecx |= LEAF_1_ECX_OSXSAVE;
}

static void show_leaf_7(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	if (subleaf == 1) {
		*r = (struct cpuid_result){.eax = r->eax & LEAF_7_1_EAX_SHOWN};
		return;
	}
	if (subleaf != 0) {
		*r = (struct cpuid_result){0};
		return;
	}
	r->eax = r->eax != 0; /* subleaf 1 is the last one shown */
	r->ebx &= LEAF_7_EBX_SHOWN;
	r->ecx &= LEAF_7_ECX_SHOWN;
	r->edx &= LEAF_7_EDX_SHOWN;
	if (!has_secondary(vcpu, SECONDARY_ENABLE_INVPCID))
		r->ebx &= ~LEAF_7_EBX_INVPCID;
	if (!has_secondary(vcpu, SECONDARY_ENABLE_RDTSCP))
		r->ecx &= ~LEAF_7_ECX_RDPID;
	if (!has_secondary(vcpu, SECONDARY_ENABLE_USER_WAIT_AND_PAUSE))
		r->ecx &= ~LEAF_7_ECX_WAITPKG;
	if ((vmread(VMCS_GUEST_CR4) & CR4_PKE) != 0)
		r->ecx |= LEAF_7_ECX_OSPKE;
}

/* The guest's XCR0 is in the CPU, so the sizes in EBX are those of the guest. */
static void show_leaf_d(const struct vcpu *vcpu, uint32_t subleaf, struct cpuid_result *r)
{
	if (subleaf == 0) {
		r->eax &= (uint32_t)vcpu->xcr0_allowed;
		r->edx &= (uint32_t)(vcpu->xcr0_allowed >> 32);
	} else if (subleaf == 1) {
		bool xsaves = has_secondary(vcpu, SECONDARY_ENABLE_XSAVES_XRSTORS);

		r->eax &= LEAF_D_1_EAX_SHOWN | (xsaves ? LEAF_D_1_EAX_XSAVES : 0);
		r->ecx = r->edx = 0; /* IA32_XSS has no bit that may be set */
	} else if (subleaf >= 64 || (vcpu->xcr0_allowed >> subleaf & 1) == 0) {
		*r = (struct cpuid_result){0};
	}
}

/* Leaves of which something is hidden or changed; those that are not named here are all zeros. */
__attribute__((cold, noinline)) static void answer_filtered(struct vcpu *vcpu, uint32_t leaf,
							    uint32_t subleaf)
{
	struct cpuid_result r = {0};

	switch (leaf) {
	case 0x01:
		r = cpuid(leaf, subleaf);
		show_leaf_1(&r);
		break;
	case 0x04: /* caches: shared by one logical processor, in a package of one */
		r = cpuid(leaf, subleaf);
		r.eax &= 0x3fff;
		break;
	case 0x07:
		r = cpuid(leaf, subleaf);
		show_leaf_7(vcpu, subleaf, &r);
		break;
	case 0x0d:
		r = cpuid(leaf, subleaf);
		show_leaf_d(vcpu, subleaf, &r);
		break;
	case 0x15: /* TSC and crystal clock */
	case 0x16: /* frequencies */
		/* Not where the clock on the wall says otherwise: see core/time.c. */
		if (time_agrees_with_cpuid())
			r = cpuid(leaf, subleaf);
		break;
	case 0x80000001:
		r = cpuid(leaf, subleaf);
		r.ecx &= ~LEAF_80000001_ECX_SVM;
		/* "CPUID—CPU Identification": only in 64-bit mode, and Sill asked in that. */
		if (!vcpu_in_64_bit_code())
			r.edx &= ~LEAF_80000001_EDX_SYSCALL;
		if (!has_secondary(vcpu, SECONDARY_ENABLE_RDTSCP))
			r.edx &= ~LEAF_80000001_EDX_RDTSCP;
		break;
	default:
		break;
	}
	cpuid_answer(vcpu, r);
}

__attribute__((hot)) void exit_cpuid(struct vcpu *vcpu)
{
	uint32_t leaf = (uint32_t)vcpu->registers.rax;
	uint32_t subleaf = (uint32_t)vcpu->registers.rcx;

	switch (leaf) {
	case 0x00: /* vendor and highest leaf */
	case 0x02: /* caches */
	case 0x80000000:
	case 0x80000002: /* brand string */
	case 0x80000003:
	case 0x80000004:
	case 0x80000005:
	case 0x80000006: /* L2 cache */
	case 0x80000007: /* invariant TSC */
	case 0x80000008: /* address widths */
		cpuid_answer(vcpu, cpuid(leaf, subleaf));
		break;
	case SILL_CPUID_SIGNATURE:
		cpuid_answer_signature(vcpu);
		break;
	case SILL_CPUID_FEATURES:
		cpuid_answer_features(vcpu);
		break;
	case SILL_CPUID_DOORS:
	case SILL_CPUID_SERVE:
		vcpu->doors_cpuid(vcpu);
		break;
	default:
		answer_filtered(vcpu, leaf, subleaf);
		break;
	}
}
