/* SPDX-License-Identifier: MIT */
/*
 * The explainer of failed VM entries: finds out which rules can have been broken from how the entry
 * failed, applies them, and says so if none of them is.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/format.h"
#include "debug/entry_failure.h"
#include "debug/entry_rules.h"
#include "vmx/controls.h"
#include "vmx/exit_reason.h"
#include "vmx/instruction_error.h"
#include "vmx/vmcs.h"

#define LINE_SIZE 321

uint64_t entry_field(const struct entry_check *check, uint32_t field)
{
	uint64_t value = 0;

	if (check->failure->read(check->failure->read_context, field, &value) != 0)
		return 0;
	return value;
}

__attribute__((format(printf, 2, 3))) static void say(const struct entry_failure *failure,
						      const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list arguments;

	va_start(arguments, fmt);
	vformat(line, sizeof(line), fmt, arguments);
	va_end(arguments);
	failure->emit(failure->emit_context, line);
}

void entry_broken(struct entry_check *check, uint32_t field, const char *fmt, ...)
{
	const char *name = vmcs_field_name(field);
	char rule[LINE_SIZE];
	uint64_t value;
	va_list arguments;

	if (check->failure->read(check->failure->read_context, field, &value) != 0)
		return;
	va_start(arguments, fmt);
	vformat(rule, sizeof(rule), fmt, arguments);
	va_end(arguments);
	say(check->failure, "%s = %0*llx: %s (SDM, \"%s\")", name ? name : "unknown field",
	    (int)(2 * vmcs_field_bytes(field)), (unsigned long long)value, rule, check->section);
	check->broken++;
}

/* SDM, "Canonical Addressing": bits 63 to the highest that the CPU translates are all alike. */
void entry_rule_canonical(struct entry_check *check, uint32_t field)
{
	unsigned int unused = 64u - check->capability->linear_address_bits;
	uint64_t value = entry_field(check, field);

	if ((uint64_t)((int64_t)(value << unused) >> unused) != value)
		entry_broken(check, field, "the address is not canonical");
}

uint64_t entry_beyond_width(const struct entry_check *check)
{
	unsigned int bits = check->capability->physical_address_bits;

	return bits >= 64 ? 0 : ~0ull << bits;
}

void entry_rule_physical(struct entry_check *check, uint32_t field, unsigned int alignment_bits)
{
	uint64_t value = entry_field(check, field);

	if (value & ((1ull << alignment_bits) - 1))
		entry_broken(check, field, "bits %u:0 of the address must be 0",
			     alignment_bits - 1);
	if (value & entry_beyond_width(check))
		entry_broken(check, field, "the CPU has only %u physical-address bits",
			     check->capability->physical_address_bits);
	else if (check->capability->addresses_32_bit && (value & UPPER_HALF))
		entry_broken(check, field, "on this CPU VMX addresses must be below 4 GBytes");
}

/* SDM, "Memory Types That Can Be Encoded With PAT": 0, 1, 4, 5, 6 and 7. */
void entry_rule_pat(struct entry_check *check, uint32_t field)
{
	uint64_t value = entry_field(check, field);
	unsigned int i;

	for (i = 0; i < 8; i++) {
		unsigned int type = (unsigned int)(value >> (8 * i)) & 0xff;

		if (type > 7 || type == 2 || type == 3)
			entry_broken(check, field, "PA%u is %xh, which is no memory type", i, type);
	}
}

void entry_rule_upper_half_zero(struct entry_check *check, uint32_t field)
{
	if (entry_field(check, field) & UPPER_HALF)
		entry_broken(check, field, "bits 63:32 must be 0");
}

/* SDM, appendices "VMX-Fixed Bits in CR0" and "VMX-Fixed Bits in CR4". */
void entry_rule_fixed(struct entry_check *check, uint32_t field, const char *name, uint64_t fixed0,
		      uint64_t fixed1)
{
	uint64_t value = entry_field(check, field);
	uint64_t must_be_1 = fixed0 & ~value;
	uint64_t must_be_0 = value & ~fixed1;

	if (must_be_1)
		entry_broken(check, field, "bits %llxh must be 1 (IA32_VMX_%s_FIXED0 = %llxh)",
			     (unsigned long long)must_be_1, name, (unsigned long long)fixed0);
	if (must_be_0)
		entry_broken(check, field, "bits %llxh must be 0 (IA32_VMX_%s_FIXED1 = %llxh)",
			     (unsigned long long)must_be_0, name, (unsigned long long)fixed1);
}

/*
 * SDM, "IA32_U_CET and IA32_S_CET": bits 9:6 are reserved; SUPPRESS and TRACKER exclude each other.
 */
void entry_rule_s_cet(struct entry_check *check, uint32_t field)
{
	uint64_t value = entry_field(check, field);

	if (value & 0x3c0)
		entry_broken(check, field, "bits 9:6 are reserved and must be 0");
	if ((value & 0xc00) == 0xc00)
		entry_broken(check, field, "bits 11 and 10 must not both be 1");
	entry_rule_canonical(check, field);
}

static void start(struct entry_check *check, const struct entry_failure *failure)
{
	uint32_t injection;

	*check = (struct entry_check){.failure = failure, .capability = failure->capability};
	check->pin = (uint32_t)entry_field(check, VMCS_PIN_BASED_CONTROLS);
	check->primary = (uint32_t)entry_field(check, VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS);
	check->exit = (uint32_t)entry_field(check, VMCS_PRIMARY_VM_EXIT_CONTROLS);
	check->entry = (uint32_t)entry_field(check, VMCS_VM_ENTRY_CONTROLS);
	if (check->primary & PRIMARY_ACTIVATE_SECONDARY_CONTROLS)
		check->secondary =
			(uint32_t)entry_field(check, VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS);
	if (check->primary & PRIMARY_ACTIVATE_TERTIARY_CONTROLS)
		check->tertiary = entry_field(check, VMCS_TERTIARY_PROCESSOR_BASED_CONTROLS);
	injection = (uint32_t)entry_field(check, VMCS_VM_ENTRY_INTERRUPTION_INFORMATION);
	if (injection & INTERRUPTION_VALID)
		check->injection = injection;
	check->ia32e_guest = check->entry & VM_ENTRY_IA32E_MODE_GUEST;
	check->unrestricted = check->secondary & SECONDARY_UNRESTRICTED_GUEST;
}

/* What a person looks at first when no rule tells the cause. */
static void list_main_fields(const struct entry_check *check)
{
	static const uint32_t fields[] = {
		VMCS_PIN_BASED_CONTROLS,
		VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS,
		VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS,
		VMCS_PRIMARY_VM_EXIT_CONTROLS,
		VMCS_VM_ENTRY_CONTROLS,
		VMCS_VM_ENTRY_INTERRUPTION_INFORMATION,
		VMCS_EPT_POINTER,
		VMCS_GUEST_CR0,
		VMCS_GUEST_CR3,
		VMCS_GUEST_CR4,
		VMCS_GUEST_IA32_EFER,
		VMCS_GUEST_RFLAGS,
		VMCS_GUEST_RIP,
		VMCS_GUEST_RSP,
		VMCS_GUEST_CS_SELECTOR,
		VMCS_GUEST_CS_ACCESS_RIGHTS,
		VMCS_GUEST_SS_SELECTOR,
		VMCS_GUEST_SS_ACCESS_RIGHTS,
		VMCS_GUEST_TR_ACCESS_RIGHTS,
		VMCS_GUEST_LDTR_ACCESS_RIGHTS,
		VMCS_GUEST_ACTIVITY_STATE,
		VMCS_GUEST_INTERRUPTIBILITY_STATE,
		VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
		VMCS_VMCS_LINK_POINTER,
	};
	const struct entry_failure *failure = check->failure;
	uint64_t value;
	size_t i;

	say(failure, "No rule that Sill knows is broken. The main fields:");
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (failure->read(failure->read_context, fields[i], &value) != 0)
			continue;
		say(failure, "  %s = %0*llx", vmcs_field_name(fields[i]),
		    (int)(2 * vmcs_field_bytes(fields[i])), (unsigned long long)value);
	}
}

/* SDM, "Loading MSRs": the qualification counts the entries of the list from 1. */
static void explain_msr_loading(const struct entry_check *check, uint64_t qualification)
{
	uint64_t address = entry_field(check, VMCS_VM_ENTRY_MSR_LOAD_ADDRESS);

	say(check->failure,
	    "Entry %llu of %llu in the VM-entry MSR-load list at %llxh (the 16 bytes at %llxh) could "
	    "not be loaded:",
	    (unsigned long long)qualification,
	    (unsigned long long)entry_field(check, VMCS_VM_ENTRY_MSR_LOAD_COUNT),
	    (unsigned long long)address, (unsigned long long)(address + 16 * (qualification - 1)));
	say(check->failure,
	    "IA32_FS_BASE, IA32_GS_BASE, x2APIC and SMM MSRs cannot be loaded so; bits 63:32 of an "
	    "entry must be 0; else WRMSR of the value would raise #GP (SDM, \"Loading MSRs\")");
}

unsigned int entry_failure_explain_exit(const struct entry_failure *failure, uint32_t exit_reason,
					uint64_t qualification)
{
	uint32_t basic = EXIT_REASON_BASIC(exit_reason);
	struct entry_check check;

	start(&check, failure);
	say(failure, "VM entry failed: exit reason %08x (%s), exit qualification %llu", exit_reason,
	    exit_reason_words(basic), (unsigned long long)qualification);

	if (basic == EXIT_REASON_ENTRY_FAILURE_MSR_LOADING) {
		explain_msr_loading(&check, qualification);
		return 0;
	}
	if (basic == EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK) {
		say(failure, "A machine check came during the VM entry: the hardware reports a "
			     "fault, the VMCS is not to blame (see IA32_MCi_STATUS)");
		return 0;
	}
	/*
	 * SDM, "VM-Entry Failures During or After Loading Guest State". All rules on the guest
	 * state are applied, whatever the qualification: the CPU checks in an order of its own.
	 */
	switch (qualification) {
	case ENTRY_FAILURE_QUALIFICATION_PDPTE:
		say(failure, "The qualification says: a PDPTE has a reserved bit set");
		break;
	case ENTRY_FAILURE_QUALIFICATION_NMI_INJECTION:
		say(failure, "The qualification says: an NMI was to be injected while events were "
			     "blocked by STI or MOV SS");
		break;
	case ENTRY_FAILURE_QUALIFICATION_LINK_POINTER:
		say(failure,
		    "The qualification says: the VMCS link pointer is invalid (also if the "
		    "region it points at has another revision)");
		break;
	default:
		break;
	}
	entry_rules_guest(&check);
	if (!check.broken)
		list_main_fields(&check);
	return check.broken;
}

unsigned int entry_failure_explain_error(const struct entry_failure *failure,
					 uint32_t instruction_error)
{
	struct entry_check check;

	say(failure, "VM entry failed: VM-instruction error %u: %s", instruction_error,
	    vm_instruction_error_words(instruction_error));
	/*
	 * SDM, "Checks on VMX Controls and Host-State Area": in which order the two are checked is
	 * not defined, and one error can hide the other.
	 */
	if (instruction_error != VM_INSTRUCTION_ERROR_ENTRY_INVALID_CONTROL &&
	    instruction_error != VM_INSTRUCTION_ERROR_ENTRY_INVALID_HOST_STATE) {
		say(failure, "%s", vm_instruction_error_hint(instruction_error));
		return 0;
	}
	start(&check, failure);
	entry_rules_controls(&check);
	entry_rules_host(&check);
	if (!check.broken)
		list_main_fields(&check);
	return check.broken;
}

unsigned int entry_failure_check_all(const struct entry_failure *failure)
{
	struct entry_check check;

	start(&check, failure);
	entry_rules_controls(&check);
	entry_rules_host(&check);
	entry_rules_guest(&check);
	return check.broken;
}
