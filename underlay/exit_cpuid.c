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

static void answer_filtered(struct vcpu *vcpu, uint32_t leaf, uint32_t subleaf, uint32_t highest)
{
	uint64_t cr4 = vmread(VMCS_GUEST_CR4);
	struct cpuid_result r = leaf == LEAF_KEY_LOCKER && (cr4 & CR4_KL) != 0
					? ask_with_key_locker(leaf, subleaf)
					: cpuid(leaf, subleaf);
	struct vmx_cpuid answer = {r.eax, r.ebx, r.ecx, r.edx};
	const struct cpuid_view view = {
		.capability = vcpu->capability,
		.cr4 = cr4,
		.in_64_bit_code = vcpu_in_64_bit_code(),
		.show_hypervisor = underlay.show_hypervisor,
	};

	cpuid_filter(&view, highest, leaf, subleaf, &answer);
	cpuid_answer(vcpu, (struct cpuid_result){answer.eax, answer.ebx, answer.ecx, answer.edx});
}

__attribute__((cold, noinline)) static void answer_seldom_asked(struct vcpu *vcpu, uint32_t leaf,
								uint32_t subleaf)
{
	answer_filtered(vcpu, leaf, subleaf, cpuid(0, 0).eax);
}

__attribute__((hot)) void underlay_exit_cpuid(struct vcpu *vcpu)
{
	uint32_t leaf = (uint32_t)vcpu->registers.rax;
	uint32_t subleaf = (uint32_t)vcpu->registers.rcx;

	/* Leaves with the guest before the instruction, or returns if it can't be now. */
	if (__builtin_expect(underlay.unloading, false))
		vcpu_leave(vcpu);
	switch (leaf) {
	case 0x00: /* vendor and highest leaf */
	case 0x02: /* caches */
	case 0x04:
	case 0x0b: /* topology */
	case 0x80000000:
	case 0x80000002: /* brand string */
	case 0x80000003:
	case 0x80000004:
	case 0x80000006: /* L2 cache */
	case 0x80000007: /* invariant TSC */
	case 0x80000008: /* address widths */
		cpuid_answer(vcpu, cpuid(leaf, subleaf));
		break;
	case 0x01:
		answer_filtered(vcpu, leaf, subleaf, UINT32_MAX);
		break;
	case SILL_CPUID_SIGNATURE:
		cpuid_answer_signature(vcpu);
		break;
	case SILL_CPUID_FEATURES:
		cpuid_answer_features(vcpu);
		break;
	default:
		answer_seldom_asked(vcpu, leaf, subleaf);
		break;
	}
}
