/* SPDX-License-Identifier: MIT */
/* UNIT: underlay/cpuid_filter.c vmx/capability.c vmx/control_names.c core/format.c */
/* What an OS on top of Sill sees of CPUID, for CPUs with and without the controls that decide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cpu_setup.h"
#include "tests/unit/vmx_facts.h"
#include "underlay/cpuid_filter.h"
#include "vmx/controls.h"

#define HIGHEST 0x20u
#define BIT(n)	(1u << (n))

static const struct vmx_cpuid all = {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};

static struct vmx_capability full, bare;

static int set_up(void **state)
{
	(void)state;
	full.secondary.value = SECONDARY_ENABLE_RDTSCP | SECONDARY_ENABLE_INVPCID |
			       SECONDARY_ENABLE_XSAVES_XRSTORS |
			       SECONDARY_ENABLE_USER_WAIT_AND_PAUSE | SECONDARY_ENABLE_PCONFIG;
	return 0;
}

/* The answer to a leaf of which the CPU has every bit. */
static struct vmx_cpuid shown(const struct vmx_capability *capability, uint64_t cr4, uint32_t leaf,
			      uint32_t subleaf)
{
	const struct cpuid_view view = {
		.capability = capability, .cr4 = cr4, .in_64_bit_code = true};
	struct vmx_cpuid answer = all;

	cpuid_filter(&view, HIGHEST, leaf, subleaf, &answer);
	return answer;
}

static void assert_hidden(struct vmx_cpuid answer, uint32_t eax, uint32_t ebx, uint32_t ecx,
			  uint32_t edx)
{
	assert_int_equal(~answer.eax, eax);
	assert_int_equal(~answer.ebx, ebx);
	assert_int_equal(~answer.ecx, ecx);
	assert_int_equal(~answer.edx, edx);
}

static void test_vmx_and_smx_are_hidden(void **state)
{
	(void)state;
	assert_hidden(shown(&full, CR4_OSXSAVE, 1, 0), 0, 0, BIT(5) | BIT(6), 0);
}

static void test_hypervisor_bit(void **state)
{
	struct cpuid_view view = {.capability = &full};
	struct vmx_cpuid answer = {0};

	(void)state;
	cpuid_filter(&view, HIGHEST, 1, 0, &answer);
	assert_int_equal(answer.ecx, 0);
	view.show_hypervisor = true;
	cpuid_filter(&view, HIGHEST, 1, 0, &answer);
	assert_int_equal(answer.ecx, BIT(31));
	/* Set by what runs below Sill: it stays. */
	view.show_hypervisor = false;
	cpuid_filter(&view, HIGHEST, 1, 0, &answer);
	assert_int_equal(answer.ecx, BIT(31));
}

static void test_bits_that_follow_cr4(void **state)
{
	const struct cpuid_view view = {.capability = &full, .cr4 = CR4_OSXSAVE | CR4_PKE};
	struct vmx_cpuid answer = {0};

	(void)state;
	assert_hidden(shown(&full, 0, 1, 0), 0, 0, BIT(5) | BIT(6) | BIT(27), 0);
	assert_hidden(shown(&full, 0, 7, 0), 0, BIT(25), BIT(4), 0);
	assert_hidden(shown(&full, 0, 0x19, 0), 0, BIT(0), 0, 0);
	assert_hidden(shown(&full, CR4_KL, 0x19, 0), 0, 0, 0, 0);
	/* Set for the guest though the CPU answered without. */
	cpuid_filter(&view, HIGHEST, 1, 0, &answer);
	assert_int_equal(answer.ecx, BIT(27));
	answer.ecx = 0;
	cpuid_filter(&view, HIGHEST, 7, 0, &answer);
	assert_int_equal(answer.ecx, BIT(4));
}

static void test_features_without_their_control_are_hidden(void **state)
{
	(void)state;
	assert_hidden(shown(&full, CR4_PKE, 7, 0), 0, BIT(25), 0, 0);
	assert_hidden(shown(&bare, CR4_PKE, 7, 0), 0, BIT(10) | BIT(25), BIT(5) | BIT(22), BIT(18));
	assert_hidden(shown(&full, 0, 0x80000001, 0), 0, 0, 0, 0);
	assert_hidden(shown(&bare, 0, 0x80000001, 0), 0, 0, 0, BIT(27));
	assert_hidden(shown(&full, 0, 0x1b, 0), 0, 0, 0, 0);
	assert_hidden(shown(&bare, 0, 0x1b, 0), ~0u, ~0u, ~0u, ~0u);
}

static void test_xsaves(void **state)
{
	const struct cpuid_view view = {.capability = &bare};
	struct vmx_cpuid user = {0x100, 0x240, 0, 0};

	(void)state;
	/* 8 is Intel PT's, of which 1 tells too. */
	for (uint32_t subleaf = 0; subleaf < 64; subleaf++) {
		if (subleaf != 1 && subleaf != 8)
			assert_hidden(shown(&full, 0, 0xd, subleaf), 0, 0, 0, 0);
	}
	assert_hidden(shown(&bare, 0, 0xd, 0), 0, 0, 0, 0);
	assert_hidden(shown(&bare, 0, 0xd, 1), BIT(3), 0, ~0u, ~0u);
	/* A supervisor component, and one that XCR0 manages. */
	assert_hidden(shown(&bare, 0, 0xd, 10), ~0u, ~0u, ~0u, ~0u);
	cpuid_filter(&view, HIGHEST, 0xd, 2, &user);
	assert_int_equal(user.eax, 0x100);
}

static void test_hidden_everywhere(void **state)
{
	(void)state;
	assert_hidden(shown(&full, 0, 7, 1), BIT(17) | BIT(27), BIT(1), BIT(5), BIT(15));
	/* Intel PT, and its state component. */
	assert_hidden(shown(&full, 0, 0x14, 0), ~0u, ~0u, ~0u, ~0u);
	assert_hidden(shown(&full, 0, 0x14, 1), ~0u, ~0u, ~0u, ~0u);
	assert_hidden(shown(&full, 0, 0xd, 1), 0, 0, BIT(8), 0);
	assert_hidden(shown(&full, 0, 0xd, 8), ~0u, ~0u, ~0u, ~0u);
	assert_hidden(shown(&full, 0, 7, 2), 0, 0, 0, 0);
}

static void test_syscall_belongs_to_64_bit_code(void **state)
{
	const struct cpuid_view view = {.capability = &full, .in_64_bit_code = false};
	struct vmx_cpuid answer = all;

	(void)state;
	cpuid_filter(&view, HIGHEST, 0x80000001, 0, &answer);
	assert_hidden(answer, 0, 0, 0, BIT(11));
}

/* A basic leaf that does not exist has the data of the highest one. */
static void test_leaf_beyond_the_highest(void **state)
{
	const struct cpuid_view view = {.capability = &bare};
	struct vmx_cpuid answer = all;

	(void)state;
	cpuid_filter(&view, 0x14, 0x1f, 0, &answer);
	assert_hidden(answer, ~0u, ~0u, ~0u, ~0u);
	/* With IA32_MISC_ENABLE limiting the leaves there is no leaf 7, whatever the CPU has. */
	answer = all;
	cpuid_filter(&view, 2, 7, 0, &answer);
	assert_hidden(answer, 0, 0, 0, 0);
}

static void test_other_leaves_are_the_cpus(void **state)
{
	static const uint32_t leaves[] = {
		0,    2,    4,	  5,	      6,	  9,	      0xa,	 0xb,  0xf,
		0x10, 0x12, 0x15, 0x16,	      0x17,	  0x18,	      0x1a,	 0x1c, 0x1d,
		0x1e, 0x1f, 0x20, 0x80000000, 0x80000002, 0x80000006, 0x80000008};

	(void)state;
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		assert_hidden(shown(&bare, 0, leaves[i], 0), 0, 0, 0, 0);
}

static void test_no_other_hypervisor_is_met(void **state)
{
	static const uint32_t leaves[] = {0x40000002, 0x40000010, 0x40000100, 0x4fffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		assert_hidden(shown(&full, 0, leaves[i], 0), ~0u, ~0u, ~0u, ~0u);
}

/* A real CPU's facts, from the capability MSRs to the answer. */
static void test_skylake(void **state)
{
	struct vmx_capability skylake;

	(void)state;
	assert_int_equal(vmx_capability_check(&facts_skylake, SILL_MODE_UNDERLAY, &skylake),
			 VMX_USABLE);
	/* It lacks user wait and pause, and PCONFIG. */
	assert_hidden(shown(&skylake, CR4_PKE, 7, 0), 0, BIT(25), BIT(5), BIT(18));
	assert_hidden(shown(&skylake, 0, 0x80000001, 0), 0, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vmx_and_smx_are_hidden),
		cmocka_unit_test(test_hypervisor_bit),
		cmocka_unit_test(test_bits_that_follow_cr4),
		cmocka_unit_test(test_features_without_their_control_are_hidden),
		cmocka_unit_test(test_xsaves),
		cmocka_unit_test(test_hidden_everywhere),
		cmocka_unit_test(test_syscall_belongs_to_64_bit_code),
		cmocka_unit_test(test_leaf_beyond_the_highest),
		cmocka_unit_test(test_other_leaves_are_the_cpus),
		cmocka_unit_test(test_no_other_hypervisor_is_met),
		cmocka_unit_test(test_skylake),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
