/* SPDX-License-Identifier: MIT */
/*
 * CPUID under an OS, the one instruction that always exits and that programs use all the time. It
 * is executed on the CPU that was asked, so topology, APIC IDs and cache sizes are its own; what
 * is hidden of it stands in underlay/cpuid_filter.c.
 */
#include "core/cpu_setup.h"
#include "underlay/cpuid_filter.h"
#include "underlay/underlay.h"
#include "vmx/cpuid_answer.h"
#include "vmx/exit.h"
#include "vmx/leave.h"

/*
 * "CPUID—CPU Identification", leaf 19h: whether Key Locker is usable is a matter of CR4.KL and of
 * the firmware, so the CPU is asked with the bit set, and the guest's is looked at later.
 */
#define LEAF_KEY_LOCKER 0x19

static struct cpuid_result ask_with_key_locker(uint32_t leaf, uint32_t subleaf)
{
	uint64_t cr4 = read_cr4();
	struct cpuid_result r;

	write_cr4(cr4 | CR4_KL);
	r = cpuid(leaf, subleaf);
	write_cr4(cr4);
	return r;
}

/* A leaf that the CPU answers as it is: of the basic ones, and of the extended ones. */
#define NATIVE_BASIC                                                                       \
	(1u << 0x00 /* vendor and highest leaf */ | 1u << 0x02 /* caches */ | 1u << 0x04 | \
	 1u << 0x05 /* MONITOR */ | 1u << 0x06 /* power */ | 1u << 0x0a /* counters */ |   \
	 1u << 0x0b /* topology */)

static inline bool is_native(uint32_t leaf)
{
	return leaf < 32 ? (NATIVE_BASIC >> leaf & 1) != 0
			 : leaf >= 0x80000000 && leaf <= 0x80000008 && leaf != 0x80000001;
}

static inline void answer_leaf_1(struct vcpu *vcpu, uint32_t subleaf)
{
	const struct cpuid_view view = {
		.cr4 = vmread_proven(VMCS_GUEST_CR4),
		.show_hypervisor = underlay.show_hypervisor,
	};
	struct cpuid_result r = cpuid(1, subleaf);

	r.ecx = cpuid_filter_leaf_1_ecx(&view, r.ecx);
	cpuid_answer(vcpu, r);
}

__attribute__((noinline)) static void answer_filtered(struct vcpu *vcpu, uint32_t leaf,
						      uint32_t subleaf)
{
	const struct cpuid_view view = {
		.capability = vcpu->capability,
		.cr4 = vmread_proven(VMCS_GUEST_CR4),
		.in_64_bit_code = leaf >= 0x80000000 && vcpu_in_64_bit_code(),
		.show_hypervisor = underlay.show_hypervisor,
	};
	struct cpuid_result r = leaf == LEAF_KEY_LOCKER && (view.cr4 & CR4_KL) != 0
					? ask_with_key_locker(leaf, subleaf)
					: cpuid(leaf, subleaf);
	struct vmx_cpuid answer = {r.eax, r.ebx, r.ecx, r.edx};

	cpuid_filter(&view, cpuid(0, 0).eax, leaf, subleaf, &answer);
	cpuid_answer(vcpu, (struct cpuid_result){answer.eax, answer.ebx, answer.ecx, answer.edx});
}

static inline void answer(struct vcpu *vcpu)
{
	uint32_t leaf = (uint32_t)vcpu->registers.rax;
	uint32_t subleaf = (uint32_t)vcpu->registers.rcx;

	if (is_native(leaf))
		cpuid_answer(vcpu, cpuid(leaf, subleaf));
	else if (leaf == 1)
		answer_leaf_1(vcpu, subleaf);
	else if (leaf == SILL_CPUID_SIGNATURE)
		cpuid_answer_signature(vcpu);
	else if (leaf == SILL_CPUID_FEATURES)
		cpuid_answer_features(vcpu);
	else if (leaf == SILL_CPUID_DOORS || leaf == SILL_CPUID_SERVE)
		vcpu->doors_cpuid(vcpu);
	else
		answer_filtered(vcpu, leaf, subleaf);
}

/* The guest executes the instruction natively, unless it can't be left now. */
__attribute__((cold, noinline)) static void leave(struct vcpu *vcpu)
{
	vcpu_leave(vcpu);
	answer(vcpu);
}

__attribute__((hot)) void underlay_exit_cpuid(struct vcpu *vcpu)
{
	if (__builtin_expect(underlay.unloading, false))
		leave(vcpu);
	else
		answer(vcpu);
}
