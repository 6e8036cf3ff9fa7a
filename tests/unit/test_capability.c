/* SPDX-License-Identifier: MIT */
/* UNIT: vmx/capability.c vmx/capability_advice.c vmx/control_names.c core/format.c */
/* Which processors Sill accepts, with which control values, and what it says about the others. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/vmx_facts.h"
#include "vmx/capability.h"
#include "vmx/controls.h"

#define ALLOWED_1(mask) ((uint64_t)(uint32_t)(mask) << 32)

static void expect(const struct vmx_facts *facts, enum vmx_verdict verdict, const char *message,
		   const char *advice)
{
	struct vmx_capability capability;

	memset(&capability, 0xa5, sizeof(capability));
	assert_int_equal(vmx_capability_check(facts, SILL_MODE_GUEST, &capability), verdict);
	assert_int_equal(capability.verdict, verdict);
	if (!strstr(capability.message, message))
		fail_msg("\"%s\" lacks \"%s\"", capability.message, message);
	if (!strstr(vmx_capability_advice(&capability), advice))
		fail_msg("\"%s\" lacks \"%s\"", vmx_capability_advice(&capability), advice);
	/* A cut message would end without its full stop. */
	assert_int_equal(capability.message[strlen(capability.message) - 1], '.');
}

static void test_accepts_skylake(void **state)
{
	struct vmx_capability c;

	(void)state;
	assert_int_equal(vmx_capability_check(&facts_skylake, SILL_MODE_GUEST, &c), VMX_USABLE);
	assert_string_equal(vmx_capability_advice(&c), "");
	assert_string_equal(c.vendor, "GenuineIntel");
	assert_int_equal(c.family, 6);
	assert_int_equal(c.model, 0x5e);
	assert_int_equal(c.stepping, 3);
	assert_false(c.set_feature_control);
	assert_int_equal(c.revision, 4);
	assert_int_equal(c.region_size, 1024);
	assert_int_equal(c.vmcs_memory_type, 6);
	assert_true(c.true_controls);
	assert_true(c.ins_outs_information);
	assert_false(c.any_error_code);
	assert_false(c.addresses_32_bit);
	assert_int_equal(c.preemption_timer_shift, 7);
	assert_int_equal(c.cr3_targets, 4);
	assert_int_equal(c.msr_list_max, 512);
	assert_true(c.activity_hlt && c.activity_shutdown && c.activity_wait_for_sipi);
	assert_true(c.vmwrite_read_only && c.inject_length_zero);
	assert_int_equal(c.physical_address_bits, 39);
	assert_int_equal(c.linear_address_bits, 48);
	assert_int_equal(c.cr0_fixed0, 0x80000021);
	assert_int_equal(c.guest_cr0_fixed0, 0x20);
	assert_int_equal(c.cr4_fixed0, 0x2000);
	assert_true(c.ept_vpid_cap & EPT_CAP_1GB_PAGES);

	/* The values as the rules of the SDM give them, computed by hand. */
	assert_int_equal(c.pin.value, 0x16 | 0x01 | 0x08 | 0x20);
	assert_int_equal(c.primary.value, 0x04006172u | 0x08 | 0x80 | (7u << 10 & ~(1u << 12)) |
						  (1u << 25) | (1u << 28) | (1u << 29) |
						  (1u << 31));
	assert_int_equal(c.secondary.value, 0x02 | 0x80 | 0x20 | 0x40 | 0x08 | 0x1000 | 0x100000);
	assert_int_equal(c.exit.value, 0x00036dfbu | 0x4 | (1u << 9) | (1u << 15) | (0xfu << 18));
	assert_int_equal(c.entry.value, 0x000011fbu | 0x4 | (3u << 14));
	assert_true(vmx_capability_has(&c, VMX_WORD_ENTRY, VM_ENTRY_IA32E_MODE_GUEST));
	assert_false(
		vmx_capability_has(&c, VMX_WORD_SECONDARY,
				   SECONDARY_ENABLE_USER_WAIT_AND_PAUSE | SECONDARY_ENABLE_EPT));
}

static void test_vpid_needs_invvpid(void **state)
{
	struct vmx_facts facts = facts_skylake;
	struct vmx_capability c;

	(void)state;
	facts.ept_vpid_cap &= ~VPID_CAP_INVVPID;
	assert_int_equal(vmx_capability_check(&facts, SILL_MODE_GUEST, &c), VMX_USABLE);
	assert_false(c.secondary.value & SECONDARY_ENABLE_VPID);
	facts = facts_skylake;
	facts.ept_vpid_cap &= ~(VPID_CAP_SINGLE_CONTEXT | VPID_CAP_ALL_CONTEXT);
	assert_int_equal(vmx_capability_check(&facts, SILL_MODE_GUEST, &c), VMX_USABLE);
	assert_false(c.secondary.value & SECONDARY_ENABLE_VPID);
}

static void test_no_vtx(void **state)
{
	struct vmx_facts facts = {.leaf_0 = FACTS_GENUINE_INTEL};

	(void)state;
	expect(&facts, VMX_NOT_IN_CPUID, "no Intel VT-x", "Westmere");
	facts.leaf_1.ecx = 1u << 31;
	expect(&facts, VMX_NOT_IN_CPUID, "no Intel VT-x", "nested");
	facts.leaf_0 = (struct vmx_cpuid)FACTS_AUTHENTIC_AMD;
	expect(&facts, VMX_NOT_INTEL, "AuthenticAMD", "Intel VT-x");
	/* A vendor name is printed: nothing in it may steer a terminal. */
	facts.leaf_0.ebx = 0x1b5b4a32;
	expect(&facts, VMX_NOT_IN_CPUID, "(2J[?enticAMD)", "");
}

static void test_no_long_mode(void **state)
{
	struct vmx_facts facts = facts_skylake;

	(void)state;
	facts.leaf_80000001.edx = 0;
	expect(&facts, VMX_NO_LONG_MODE, "64-bit", "");
}

static void test_feature_control(void **state)
{
	struct vmx_facts facts = facts_skylake;
	struct vmx_capability c;

	(void)state;
	facts.feature_control = 0;
	assert_int_equal(vmx_capability_check(&facts, SILL_MODE_GUEST, &c), VMX_USABLE);
	assert_true(c.set_feature_control);
	assert_int_equal(c.feature_control, 0x5);
	/* What firmware set but did not lock (here SGX, bit 18) stays as it is. */
	facts.feature_control = 0x40000;
	assert_int_equal(vmx_capability_check(&facts, SILL_MODE_GUEST, &c), VMX_USABLE);
	assert_int_equal(c.feature_control, 0x40005);
	/* Unlocked and enabled must still be locked: VMXON needs the lock bit. */
	facts.feature_control = 0x4;
	assert_int_equal(vmx_capability_check(&facts, SILL_MODE_GUEST, &c), VMX_USABLE);
	assert_true(c.set_feature_control);

	facts.feature_control = 0x1;
	expect(&facts, VMX_LOCKED_OFF, "IA32_FEATURE_CONTROL = 1h",
	       "Intel Virtualization Technology");
	facts.feature_control = 0x3;
	expect(&facts, VMX_LOCKED_FOR_SMX_ONLY, "IA32_FEATURE_CONTROL = 3h", "TXT");
	facts.feature_control = 0x7;
	expect(&facts, VMX_USABLE, "everything", "");
}

static void test_facts_incomplete(void **state)
{
	struct vmx_facts facts = facts_skylake;

	(void)state;
	facts.read &= ~VMX_READ_BASIC;
	expect(&facts, VMX_FACTS_INCOMPLETE, "not read", "");
	facts = facts_skylake;
	facts.read &= ~VMX_READ_TRUE_CTLS;
	expect(&facts, VMX_FACTS_INCOMPLETE, "not read", "");
	/* An MSR that was not read counts for nothing, whatever value lies there. */
	facts = facts_skylake;
	facts.read &= ~VMX_READ_PROCBASED_CTLS2;
	expect(&facts, VMX_NO_EPT, "enable EPT", "");
	facts = facts_skylake;
	facts.read &= ~VMX_READ_EPT_VPID_CAP;
	expect(&facts, VMX_EPT_INSUFFICIENT, "page walks", "");
}

static void test_old_processors(void **state)
{
	struct vmx_facts facts = facts_penryn;

	(void)state;
	expect(&facts_lynnfield, VMX_NO_UNRESTRICTED_GUEST, "unrestricted guest", "Westmere");
	expect(&facts_penryn, VMX_NO_EPT, "enable EPT", "Westmere");
	facts.procbased_ctls &= ~ALLOWED_1(PRIMARY_ACTIVATE_SECONDARY_CONTROLS);
	facts.read &= ~VMX_READ_PROCBASED_CTLS2;
	expect(&facts, VMX_NO_SECONDARY_CONTROLS, "first generation", "Westmere");
	facts = facts_lynnfield;
	facts.leaf_1.ecx |= 1u << 31;
	expect(&facts, VMX_NO_UNRESTRICTED_GUEST, "unrestricted guest", "nested");
}

static void test_region_size(void **state)
{
	struct vmx_facts facts = facts_skylake;

	(void)state;
	facts.basic = (facts.basic & ~(0x1fffull << 32)) | (4096ull << 32);
	expect(&facts, VMX_USABLE, "everything", "");
	facts.basic |= 1ull << 32;
	expect(&facts, VMX_REGION_TOO_LARGE, "4097 bytes", "");
	facts.basic &= ~(0x1fffull << 32);
	expect(&facts, VMX_REGION_TOO_LARGE, "0 bytes", "");
}

static void test_ept_properties(void **state)
{
	static const struct {
		uint64_t cleared;
		const char *message;
	} cases[] = {
		{EPT_CAP_WALK_LENGTH_4, "page walks of length 4"},
		{EPT_CAP_WB, "write-back"},
		{EPT_CAP_INVEPT, "the INVEPT instruction"},
		{EPT_CAP_INVEPT_SINGLE_CONTEXT | EPT_CAP_INVEPT_ALL_CONTEXT, "INVEPT type"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vmx_facts facts = facts_skylake;

		facts.ept_vpid_cap &= ~cases[i].cleared;
		expect(&facts, VMX_EPT_INSUFFICIENT, cases[i].message, "");
	}
}

struct control_case {
	size_t msr;
	uint32_t mask;
	const char *name;
};

#define MSR(member) offsetof(struct vmx_facts, member)

static const struct control_case required[] = {
	{MSR(true_pinbased_ctls), PIN_BASED_EXTERNAL_INTERRUPT_EXITING,
	 "\"external-interrupt exiting\" in the pin-based"},
	{MSR(true_pinbased_ctls), PIN_BASED_NMI_EXITING, "\"NMI exiting\" in the pin-based"},
	{MSR(true_pinbased_ctls), PIN_BASED_VIRTUAL_NMIS, "\"virtual NMIs\""},
	{MSR(true_procbased_ctls), PRIMARY_USE_TSC_OFFSETTING, "\"use TSC offsetting\""},
	{MSR(true_procbased_ctls), PRIMARY_HLT_EXITING, "\"HLT exiting\" in the primary"},
	{MSR(true_procbased_ctls), PRIMARY_USE_IO_BITMAPS, "\"use I/O bitmaps\""},
	{MSR(true_procbased_ctls), PRIMARY_USE_MSR_BITMAPS, "\"use MSR bitmaps\""},
	{MSR(true_procbased_ctls), PRIMARY_RDPMC_EXITING, "\"RDPMC exiting\""},
	{MSR(true_procbased_ctls), PRIMARY_NMI_WINDOW_EXITING, "\"NMI-window exiting\""},
	{MSR(true_exit_ctls), VM_EXIT_SAVE_DEBUG_CONTROLS, "\"save debug controls\""},
	{MSR(true_exit_ctls), VM_EXIT_HOST_ADDRESS_SPACE_SIZE,
	 "\"host address-space size\" in the VM-exit"},
	{MSR(true_exit_ctls), VM_EXIT_ACKNOWLEDGE_INTERRUPT_ON_EXIT,
	 "\"acknowledge interrupt on exit\""},
	{MSR(true_exit_ctls), VM_EXIT_SAVE_IA32_PAT, "\"save IA32_PAT\""},
	{MSR(true_exit_ctls), VM_EXIT_LOAD_IA32_PAT, "\"load IA32_PAT\" in the VM-exit"},
	{MSR(true_exit_ctls), VM_EXIT_SAVE_IA32_EFER, "\"save IA32_EFER\""},
	{MSR(true_exit_ctls), VM_EXIT_LOAD_IA32_EFER, "\"load IA32_EFER\" in the VM-exit"},
	{MSR(true_entry_ctls), VM_ENTRY_LOAD_DEBUG_CONTROLS, "\"load debug controls\""},
	{MSR(true_entry_ctls), VM_ENTRY_LOAD_IA32_PAT, "\"load IA32_PAT\" in the VM-entry"},
	{MSR(true_entry_ctls), VM_ENTRY_LOAD_IA32_EFER, "\"load IA32_EFER\" in the VM-entry"},
	{MSR(true_entry_ctls), VM_ENTRY_IA32E_MODE_GUEST, "\"IA-32e mode guest\""},
};

static const struct control_case optional[] = {
	{MSR(true_pinbased_ctls), PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER,
	 "activate VMX-preemption timer NO"},
	{MSR(true_procbased_ctls), PRIMARY_MWAIT_EXITING, "MWAIT exiting NO"},
	{MSR(true_procbased_ctls), PRIMARY_MONITOR_EXITING, "MONITOR exiting NO"},
	{MSR(procbased_ctls2), SECONDARY_ENABLE_VPID, "enable VPID NO"},
	{MSR(procbased_ctls2), SECONDARY_WBINVD_EXITING, "WBINVD exiting NO"},
	{MSR(procbased_ctls2), SECONDARY_ENABLE_RDTSCP, "enable RDTSCP NO"},
	{MSR(procbased_ctls2), SECONDARY_ENABLE_INVPCID, "enable INVPCID NO"},
	{MSR(procbased_ctls2), SECONDARY_ENABLE_XSAVES_XRSTORS, "enable XSAVES/XRSTORS NO"},
	{MSR(true_exit_ctls), VM_EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE,
	 "save VMX-preemption timer value NO"},
};

static uint64_t *msr_of(struct vmx_facts *facts, size_t offset)
{
	return (uint64_t *)((char *)facts + offset);
}

static void test_each_required_control(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		struct vmx_facts facts = facts_skylake;
		uint64_t mask = required[i].mask;

		*msr_of(&facts, required[i].msr) &= ~((mask << 32) | mask);
		expect(&facts, VMX_CONTROL_MISSING, required[i].name, "try another one");
	}
}

struct lines {
	char text[4096];
	size_t used;
	size_t longest;
	size_t count;
};

static void collect(void *context, const char *text)
{
	struct lines *lines = context;
	size_t length = strlen(text);

	assert_true(lines->used + length + 2 < sizeof(lines->text));
	assert_null(strchr(text, '\n'));
	memcpy(lines->text + lines->used, text, length);
	lines->used += length;
	lines->text[lines->used++] = '\n';
	lines->text[lines->used] = '\0';
	if (length > lines->longest)
		lines->longest = length;
	lines->count++;
}

static void test_each_optional_control(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
		struct vmx_facts facts = facts_skylake;
		struct vmx_capability c;
		struct lines lines = {0};
		uint64_t mask = optional[i].mask;
		uint32_t values;

		*msr_of(&facts, optional[i].msr) &= ~(mask << 32);
		assert_int_equal(vmx_capability_check(&facts, SILL_MODE_GUEST, &c), VMX_USABLE);
		vmx_capability_describe(&c, collect, &lines);
		if (!strstr(lines.text, optional[i].name))
			fail_msg("no \"%s\" in:\n%s", optional[i].name, lines.text);
		/* A bit that is not allowed must never be in a value. */
		values = (c.pin.value & ~c.pin.may_be_1) | (c.primary.value & ~c.primary.may_be_1) |
			 (c.secondary.value & ~c.secondary.may_be_1) |
			 (c.exit.value & ~c.exit.may_be_1) | (c.entry.value & ~c.entry.may_be_1);
		assert_int_equal(values, 0);
	}
}

static void test_forced_control(void **state)
{
	struct vmx_facts facts = facts_skylake;

	(void)state;
	/* Without the TRUE MSRs CR3-load exiting counts as forced, as on old processors. */
	facts.basic &= ~VMX_BASIC_TRUE_CONTROLS;
	facts.read &= ~VMX_READ_TRUE_CTLS;
	expect(&facts, VMX_CONTROL_FORCED, "\"CR3-load exiting\" in the primary", "");
	facts = facts_skylake;
	facts.procbased_ctls2 |= SECONDARY_DESCRIPTOR_TABLE_EXITING;
	expect(&facts, VMX_CONTROL_FORCED, "\"descriptor-table exiting\"", "");
	/* A forced control that Sill sets anyway is no obstacle. */
	facts = facts_skylake;
	facts.procbased_ctls2 |= SECONDARY_ENABLE_EPT;
	expect(&facts, VMX_USABLE, "everything", "");
}

static void test_describe(void **state)
{
	struct vmx_capability c;
	struct lines lines = {0};

	(void)state;
	assert_int_equal(vmx_capability_check(&facts_skylake, SILL_MODE_GUEST, &c), VMX_USABLE);
	vmx_capability_describe(&c, collect, &lines);
	assert_true(lines.longest <= 100);
	assert_true(lines.count > 10);
	assert_non_null(strstr(lines.text, "GenuineIntel, family 6h, model 5eh, stepping 3h"));
	assert_non_null(strstr(lines.text, "1-GByte pages yes"));
	assert_non_null(strstr(lines.text, "unrestricted guest yes"));
	assert_non_null(strstr(lines.text, "enable user wait and pause NO"));

	/* It must be of use for a processor that was refused, too. */
	memset(&lines, 0, sizeof(lines));
	vmx_capability_check(&facts_penryn, SILL_MODE_GUEST, &c);
	vmx_capability_describe(&c, collect, &lines);
	assert_non_null(strstr(lines.text, "enable EPT NO"));
	assert_non_null(strstr(lines.text, "HLT exiting yes"));
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(vmx_control_words(VMX_WORD_PRIMARY, 1u << 31),
			    "activate secondary controls");
	assert_string_equal(vmx_control_words(VMX_WORD_PIN, 1u << 1), "reserved control");
	assert_string_equal(vmx_control_words(VMX_WORD_COUNT, 1), "reserved control");
	assert_string_equal(vmx_control_words(VMX_WORD_PIN, 0), "reserved control");
	assert_string_equal(vmx_word_words(VMX_WORD_EXIT), "VM-exit controls");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts_skylake),
		cmocka_unit_test(test_vpid_needs_invvpid),
		cmocka_unit_test(test_no_vtx),
		cmocka_unit_test(test_no_long_mode),
		cmocka_unit_test(test_feature_control),
		cmocka_unit_test(test_facts_incomplete),
		cmocka_unit_test(test_old_processors),
		cmocka_unit_test(test_region_size),
		cmocka_unit_test(test_ept_properties),
		cmocka_unit_test(test_each_required_control),
		cmocka_unit_test(test_each_optional_control),
		cmocka_unit_test(test_forced_control),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
