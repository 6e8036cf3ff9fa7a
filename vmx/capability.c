/* SPDX-License-Identifier: MIT */
/*
 * Is VT-x on this CPU enough for Sill? What Sill needs of each word of controls stands in one
 * table, from which come the verdict, the values for the VMCS and the description for a person.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/format.h"
#include "core/msr.h"
#include "core/string.h"
#include "vmx/capability.h"
#include "vmx/controls.h"

#define CPUID_1_ECX_VMX	       (1u << 5)
#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define CPUID_7_ECX_LA57       (1u << 16)
#define CPUID_80000001_EDX_LM  (1u << 29)

#define CR0_PE		       0x1ull
#define CR0_PG		       0x80000000ull

#define LINE_LENGTH_MAX	       100

/* What Sill wants of a control. */
enum wish {
	LEAVE_CLEAR,	 /* of no use; a CPU that forces it is one that Sill can't use */
	SET_REQUIRED,	 /* set from the start */
	SET_IF_POSSIBLE, /* set from the start where the CPU has it */
	USE_REQUIRED,	 /* 0 at first, but the CPU must have it: it comes and goes */
	USE_IF_POSSIBLE, /* 0 at first; something is lost where the CPU lacks it */
};

/*
 * In guest mode everything that a guest could reach is caught; the underlay catches nothing that
 * it can leave to the CPU. Controls that are not named here are LEAVE_CLEAR.
 */
static const struct control {
	enum vmx_word word;
	uint32_t mask;
	enum wish guest, underlay;
} controls[] = {
	{VMX_WORD_PIN, PIN_BASED_EXTERNAL_INTERRUPT_EXITING, SET_REQUIRED, LEAVE_CLEAR},
	/* In the underlay NMIs are the guest's, except those that arrive while Sill runs. */
	{VMX_WORD_PIN, PIN_BASED_NMI_EXITING, SET_REQUIRED, USE_REQUIRED},
	{VMX_WORD_PIN, PIN_BASED_VIRTUAL_NMIS, SET_REQUIRED, USE_REQUIRED},
	/* Active only for a guest with a time limit: a timer that starts at 0 exits at once. */
	{VMX_WORD_PIN, PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER, USE_IF_POSSIBLE, USE_IF_POSSIBLE},

	{VMX_WORD_PRIMARY, PRIMARY_USE_TSC_OFFSETTING, SET_REQUIRED, LEAVE_CLEAR},
	{VMX_WORD_PRIMARY, PRIMARY_HLT_EXITING, SET_REQUIRED, LEAVE_CLEAR},
	/* In the underlay, if Sill has a serial port for itself. */
	{VMX_WORD_PRIMARY, PRIMARY_USE_IO_BITMAPS, SET_REQUIRED, USE_REQUIRED},
	{VMX_WORD_PRIMARY, PRIMARY_USE_MSR_BITMAPS, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_PRIMARY, PRIMARY_ACTIVATE_SECONDARY_CONTROLS, SET_REQUIRED, SET_REQUIRED},
	/*
	 * CPUID doesn't show a guest these instructions, so they have to fail. A CPU without the
	 * controls for MONITOR and MWAIT has no such instructions.
	 */
	{VMX_WORD_PRIMARY, PRIMARY_MWAIT_EXITING, SET_IF_POSSIBLE, LEAVE_CLEAR},
	{VMX_WORD_PRIMARY, PRIMARY_MONITOR_EXITING, SET_IF_POSSIBLE, LEAVE_CLEAR},
	{VMX_WORD_PRIMARY, PRIMARY_RDPMC_EXITING, SET_REQUIRED, LEAVE_CLEAR},
	{VMX_WORD_PRIMARY, PRIMARY_NMI_WINDOW_EXITING, USE_REQUIRED, USE_REQUIRED},
	/* For the doors (doors/): what of them this CPU can do without is closed there. */
	{VMX_WORD_PRIMARY, PRIMARY_INTERRUPT_WINDOW_EXITING, USE_IF_POSSIBLE, USE_IF_POSSIBLE},
	{VMX_WORD_PRIMARY, PRIMARY_MONITOR_TRAP_FLAG, USE_IF_POSSIBLE, USE_IF_POSSIBLE},

	{VMX_WORD_SECONDARY, SECONDARY_ENABLE_EPT, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_SECONDARY, SECONDARY_UNRESTRICTED_GUEST, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_SECONDARY, SECONDARY_ENABLE_VPID, SET_IF_POSSIBLE, SET_IF_POSSIBLE},
	{VMX_WORD_SECONDARY, SECONDARY_WBINVD_EXITING, SET_IF_POSSIBLE, LEAVE_CLEAR},
	/* Without these the guest gets #UD from instructions that its CPU has. */
	{VMX_WORD_SECONDARY, SECONDARY_ENABLE_RDTSCP, SET_IF_POSSIBLE, SET_IF_POSSIBLE},
	{VMX_WORD_SECONDARY, SECONDARY_ENABLE_INVPCID, SET_IF_POSSIBLE, SET_IF_POSSIBLE},
	{VMX_WORD_SECONDARY, SECONDARY_ENABLE_XSAVES_XRSTORS, SET_IF_POSSIBLE, SET_IF_POSSIBLE},
	{VMX_WORD_SECONDARY, SECONDARY_ENABLE_USER_WAIT_AND_PAUSE, SET_IF_POSSIBLE,
	 SET_IF_POSSIBLE},
	{VMX_WORD_SECONDARY, SECONDARY_ENABLE_VM_FUNCTIONS, USE_IF_POSSIBLE, USE_IF_POSSIBLE},
	{VMX_WORD_SECONDARY, SECONDARY_ENABLE_PCONFIG, LEAVE_CLEAR, SET_IF_POSSIBLE},

	{VMX_WORD_EXIT, VM_EXIT_SAVE_DEBUG_CONTROLS, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_EXIT, VM_EXIT_HOST_ADDRESS_SPACE_SIZE, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_EXIT, VM_EXIT_ACKNOWLEDGE_INTERRUPT_ON_EXIT, SET_REQUIRED, LEAVE_CLEAR},
	{VMX_WORD_EXIT, VM_EXIT_SAVE_IA32_PAT, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_EXIT, VM_EXIT_LOAD_IA32_PAT, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_EXIT, VM_EXIT_SAVE_IA32_EFER, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_EXIT, VM_EXIT_LOAD_IA32_EFER, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_EXIT, VM_EXIT_CLEAR_IA32_LBR_CTL, LEAVE_CLEAR, SET_IF_POSSIBLE},
	{VMX_WORD_EXIT, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE, USE_IF_POSSIBLE, USE_IF_POSSIBLE},

	{VMX_WORD_ENTRY, VM_ENTRY_LOAD_DEBUG_CONTROLS, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_ENTRY, VM_ENTRY_LOAD_IA32_PAT, SET_REQUIRED, SET_REQUIRED},
	{VMX_WORD_ENTRY, VM_ENTRY_LOAD_IA32_EFER, SET_REQUIRED, SET_REQUIRED},
	/* Architectural LBRs: what Sill does is neither for the guest to see nor in its way. */
	{VMX_WORD_ENTRY, VM_ENTRY_LOAD_GUEST_IA32_LBR_CTL, LEAVE_CLEAR, SET_IF_POSSIBLE},
	{VMX_WORD_ENTRY, VM_ENTRY_IA32E_MODE_GUEST, USE_REQUIRED, USE_REQUIRED},
};

static enum wish wish_of(const struct control *control, enum sill_mode mode)
{
	return mode == SILL_MODE_UNDERLAY ? control->underlay : control->guest;
}

#define CONTROL_COUNT (sizeof(controls) / sizeof(controls[0]))

static const struct vmx_control_word *word_of(const struct vmx_capability *capability,
					      enum vmx_word word)
{
	switch (word) {
	case VMX_WORD_PIN:
		return &capability->pin;
	case VMX_WORD_PRIMARY:
		return &capability->primary;
	case VMX_WORD_SECONDARY:
		return &capability->secondary;
	case VMX_WORD_EXIT:
		return &capability->exit;
	case VMX_WORD_ENTRY:
		return &capability->entry;
	default:
		return NULL;
	}
}

bool vmx_capability_has(const struct vmx_capability *capability, enum vmx_word word, uint32_t mask)
{
	const struct vmx_control_word *w = word_of(capability, word);

	return w && (w->may_be_1 & mask) == mask;
}

/*
 * SDM, "Algorithms for Determining VMX Capabilities": bits 31:0 are the allowed 0-settings, bits
 * 63:32 the allowed 1-settings; the TRUE MSRs count where they exist, since the others report some
 * controls as fixed to 1 that are not.
 */
static struct vmx_control_word decode(uint64_t msr)
{
	return (struct vmx_control_word){.must_be_1 = (uint32_t)msr,
					 .may_be_1 = (uint32_t)(msr >> 32)};
}

static enum vmx_verdict conclude(struct vmx_capability *out, enum vmx_verdict verdict)
{
	out->verdict = verdict;
	return verdict;
}

static void identify(const struct vmx_facts *facts, struct vmx_capability *out)
{
	uint32_t signature = facts->leaf_1.eax;
	uint32_t family = (signature >> 8) & 0xf;

	memcpy(out->vendor + 0, &facts->leaf_0.ebx, 4);
	memcpy(out->vendor + 4, &facts->leaf_0.edx, 4);
	memcpy(out->vendor + 8, &facts->leaf_0.ecx, 4);
	for (size_t i = 0; i < sizeof(out->vendor) - 1; i++) {
		/* It ends up on a console: no control characters. */
		if (out->vendor[i] < ' ' || out->vendor[i] > '~')
			out->vendor[i] = '?';
	}

	/* SDM, "CPUID—CPU Identification": extended family and model. */
	out->family = family;
	out->model = (signature >> 4) & 0xf;
	out->stepping = signature & 0xf;
	if (family == 0xf)
		out->family += (signature >> 20) & 0xff;
	if (family == 0x6 || family == 0xf)
		out->model += ((signature >> 16) & 0xf) << 4;

	/* SDM, "Enumeration of Paging Features by CPUID": 36 where the leaf does not exist. */
	out->physical_address_bits = facts->leaf_80000008.eax & 0xff;
	if (!out->physical_address_bits)
		out->physical_address_bits = 36;
	out->linear_address_bits = (facts->leaf_7.ecx & CPUID_7_ECX_LA57) ? 57 : 48;
}

static void decode_facts(const struct vmx_facts *facts, struct vmx_capability *out)
{
	bool true_controls = facts->read & VMX_READ_TRUE_CTLS;

	/* SDM, "Basic VMX Information". */
	out->revision = (uint32_t)(facts->basic & VMX_BASIC_REVISION_MASK);
	out->region_size = (uint32_t)((facts->basic >> VMX_BASIC_REGION_SIZE_SHIFT) &
				      VMX_BASIC_REGION_SIZE_MASK);
	out->vmcs_memory_type = (uint32_t)((facts->basic >> VMX_BASIC_MEMORY_TYPE_SHIFT) &
					   VMX_BASIC_MEMORY_TYPE_MASK);
	out->addresses_32_bit = facts->basic & VMX_BASIC_32_BIT_ADDRESSES;
	out->ins_outs_information = facts->basic & VMX_BASIC_INS_OUTS_INFORMATION;
	out->any_error_code = facts->basic & VMX_BASIC_NO_ERROR_CODE_CHECK;
	out->true_controls = true_controls;

	out->pin = decode(true_controls ? facts->true_pinbased_ctls : facts->pinbased_ctls);
	out->primary = decode(true_controls ? facts->true_procbased_ctls : facts->procbased_ctls);
	out->exit = decode(true_controls ? facts->true_exit_ctls : facts->exit_ctls);
	out->entry = decode(true_controls ? facts->true_entry_ctls : facts->entry_ctls);
	if (facts->read & VMX_READ_PROCBASED_CTLS2)
		out->secondary = decode(facts->procbased_ctls2);
	/* SDM, "Tertiary Processor-Based VM-Execution Controls": all 64 bits are 1-settings. */
	if (facts->read & VMX_READ_PROCBASED_CTLS3)
		out->tertiary_may_be_1 = facts->procbased_ctls3;
	if (facts->read & VMX_READ_EXIT_CTLS2)
		out->exit2_may_be_1 = facts->exit_ctls2;
	if (facts->read & VMX_READ_VMFUNC)
		out->vm_functions = facts->vmfunc;
	if (facts->read & VMX_READ_EPT_VPID_CAP)
		out->ept_vpid_cap = facts->ept_vpid_cap;

	/* SDM, "Miscellaneous Data". */
	out->misc = facts->misc;
	out->preemption_timer_shift =
		(uint32_t)(facts->misc & VMX_MISC_PREEMPTION_TIMER_SHIFT_MASK);
	out->cr3_targets =
		(uint32_t)((facts->misc >> VMX_MISC_CR3_TARGETS_SHIFT) & VMX_MISC_CR3_TARGETS_MASK);
	out->msr_list_max = 512u * ((uint32_t)((facts->misc >> VMX_MISC_MSR_LIST_SHIFT) &
					       VMX_MISC_MSR_LIST_MASK) +
				    1u);
	out->activity_hlt = facts->misc & VMX_MISC_ACTIVITY_HLT;
	out->activity_shutdown = facts->misc & VMX_MISC_ACTIVITY_SHUTDOWN;
	out->activity_wait_for_sipi = facts->misc & VMX_MISC_ACTIVITY_WAIT_FOR_SIPI;
	out->vmwrite_read_only = facts->misc & VMX_MISC_VMWRITE_ANY_FIELD;
	out->inject_length_zero = facts->misc & VMX_MISC_INJECT_LENGTH_ZERO;

	/* SDM, "VMX-Fixed Bits in CR0" and "Unrestricted Guests". */
	out->cr0_fixed0 = facts->cr0_fixed0;
	out->cr0_fixed1 = facts->cr0_fixed1;
	out->cr4_fixed0 = facts->cr4_fixed0;
	out->cr4_fixed1 = facts->cr4_fixed1;
	out->guest_cr0_fixed0 = facts->cr0_fixed0;
	if (vmx_capability_has(out, VMX_WORD_SECONDARY, SECONDARY_UNRESTRICTED_GUEST))
		out->guest_cr0_fixed0 &= ~(CR0_PE | CR0_PG);
}

/* VPIDs are of use only with a way to invalidate what is cached under one. */
static bool vpid_usable(const struct vmx_capability *capability)
{
	return (capability->ept_vpid_cap & VPID_CAP_INVVPID) &&
	       (capability->ept_vpid_cap & (VPID_CAP_SINGLE_CONTEXT | VPID_CAP_ALL_CONTEXT));
}

/* Fills in the value of each word; the first control that stands in the way decides. */
static enum vmx_verdict choose_controls(enum sill_mode mode, struct vmx_capability *out)
{
	struct vmx_control_word *words[VMX_WORD_COUNT] = {
		[VMX_WORD_PIN] = &out->pin,
		[VMX_WORD_PRIMARY] = &out->primary,
		[VMX_WORD_SECONDARY] = &out->secondary,
		[VMX_WORD_EXIT] = &out->exit,
		[VMX_WORD_ENTRY] = &out->entry,
	};
	uint32_t wanted[VMX_WORD_COUNT] = {0};
	uint32_t forced;
	uint32_t word;
	uint32_t bit;

	for (size_t i = 0; i < CONTROL_COUNT; i++) {
		const struct control *control = &controls[i];
		bool has = vmx_capability_has(out, control->word, control->mask);
		enum wish wish = wish_of(control, mode);

		if (wish == SET_REQUIRED || wish == USE_REQUIRED) {
			if (!has) {
				format(out->message, sizeof(out->message),
				       "VT-x on this processor lacks a control that Sill needs: "
				       "\"%s\" in the %s.",
				       vmx_control_words(control->word, control->mask),
				       vmx_word_words(control->word));
				return conclude(out, VMX_CONTROL_MISSING);
			}
		}
		if (wish == SET_REQUIRED || (wish == SET_IF_POSSIBLE && has))
			wanted[control->word] |= control->mask;
	}
	if (!vpid_usable(out))
		wanted[VMX_WORD_SECONDARY] &= ~(uint32_t)SECONDARY_ENABLE_VPID;

	for (word = 0; word < VMX_WORD_COUNT; word++) {
		/* Reserved bits that are fixed to 1 have no name and no effect. */
		forced = words[word]->must_be_1 & ~wanted[word];
		for (bit = 0; bit < 32; bit++) {
			if (!(forced & (1u << bit)) || !vmx_control_is_named(word, 1u << bit))
				continue;
			format(out->message, sizeof(out->message),
			       "VT-x on this processor forces a control that Sill does not use: "
			       "\"%s\" in the %s cannot be 0.",
			       vmx_control_words(word, 1u << bit), vmx_word_words(word));
			return conclude(out, VMX_CONTROL_FORCED);
		}
		words[word]->value = wanted[word] | words[word]->must_be_1;
	}
	return VMX_USABLE;
}

static enum vmx_verdict check_ept(struct vmx_capability *out)
{
	const char *lacks = NULL;
	uint64_t cap = out->ept_vpid_cap;

	if (!(cap & EPT_CAP_WALK_LENGTH_4))
		lacks = "page walks of length 4";
	else if (!(cap & EPT_CAP_WB))
		lacks = "write-back memory type for its tables";
	else if (!(cap & EPT_CAP_INVEPT))
		lacks = "the INVEPT instruction";
	else if (!(cap & (EPT_CAP_INVEPT_SINGLE_CONTEXT | EPT_CAP_INVEPT_ALL_CONTEXT)))
		lacks = "a usable INVEPT type";
	if (!lacks)
		return VMX_USABLE;
	format(out->message, sizeof(out->message),
	       "EPT on this processor lacks %s, which Sill needs (IA32_VMX_EPT_VPID_CAP = %016llx).",
	       lacks, (unsigned long long)cap);
	return conclude(out, VMX_EPT_INSUFFICIENT);
}

/* SDM, "Enabling and Entering VMX Operation": the lock bit decides, and lasts until reset. */
static enum vmx_verdict check_feature_control(const struct vmx_facts *facts,
					      struct vmx_capability *out)
{
	uint64_t value = facts->feature_control;

	if (!(value & FEATURE_CONTROL_LOCK)) {
		out->set_feature_control = true;
		out->feature_control =
			value | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX_OUTSIDE_SMX;
		return VMX_USABLE;
	}
	out->feature_control = value;
	if (value & FEATURE_CONTROL_VMX_OUTSIDE_SMX)
		return VMX_USABLE;
	if (value & FEATURE_CONTROL_VMX_INSIDE_SMX) {
		format(out->message, sizeof(out->message),
		       "Firmware locked VT-x for use inside SMX operation only "
		       "(IA32_FEATURE_CONTROL = %llxh, outside-SMX bit 2 clear).",
		       (unsigned long long)value);
		return conclude(out, VMX_LOCKED_FOR_SMX_ONLY);
	}
	format(out->message, sizeof(out->message),
	       "The processor has VT-x, but firmware switched it off and locked that "
	       "(IA32_FEATURE_CONTROL = %llxh); no software can undo this before a reset.",
	       (unsigned long long)value);
	return conclude(out, VMX_LOCKED_OFF);
}

enum vmx_verdict vmx_capability_check(const struct vmx_facts *facts, enum sill_mode mode,
				      struct vmx_capability *out)
{
	enum vmx_verdict verdict;

	memset(out, 0, sizeof(*out));
	out->mode = mode;
	identify(facts, out);
	out->virtual_machine = facts->leaf_1.ecx & CPUID_1_ECX_HYPERVISOR;

	if (!(facts->leaf_1.ecx & CPUID_1_ECX_VMX)) {
		bool amd = !strcmp(out->vendor, "AuthenticAMD") ||
			   !strcmp(out->vendor, "HygonGenuine");

		format(out->message, sizeof(out->message),
		       amd ? "This processor (%s) is from AMD and has not Intel VT-x."
			   : "This processor (%s) reports no Intel VT-x (CPUID.1:ECX bit 5 is 0).",
		       out->vendor);
		if (amd)
			return conclude(out, VMX_NOT_INTEL);
		return conclude(out, VMX_NOT_IN_CPUID);
	}
	if (!(facts->leaf_80000001.edx & CPUID_80000001_EDX_LM)) {
		format(out->message, sizeof(out->message),
		       "This processor has VT-x but no 64-bit mode.");
		return conclude(out, VMX_NO_LONG_MODE);
	}
	if ((facts->read & (VMX_READ_FEATURE_CONTROL | VMX_READ_BASIC)) !=
		    (VMX_READ_FEATURE_CONTROL | VMX_READ_BASIC) ||
	    ((facts->basic & VMX_BASIC_TRUE_CONTROLS) && !(facts->read & VMX_READ_TRUE_CTLS))) {
		format(out->message, sizeof(out->message),
		       "The VMX capability MSRs were not read, though the processor has them.");
		return conclude(out, VMX_FACTS_INCOMPLETE);
	}
	decode_facts(facts, out);
	verdict = check_feature_control(facts, out);
	if (verdict != VMX_USABLE)
		return verdict;
	if (out->region_size == 0 || out->region_size > 4096) {
		format(out->message, sizeof(out->message),
		       "IA32_VMX_BASIC reports a VMCS region of %u bytes; 1 to 4096 are possible.",
		       out->region_size);
		return conclude(out, VMX_REGION_TOO_LARGE);
	}
	if (!vmx_capability_has(out, VMX_WORD_PRIMARY, PRIMARY_ACTIVATE_SECONDARY_CONTROLS)) {
		format(out->message, sizeof(out->message),
		       "VT-x on this processor is of the first generation: it lacks \"%s\", and "
		       "with them EPT.",
		       vmx_control_words(VMX_WORD_PRIMARY, PRIMARY_ACTIVATE_SECONDARY_CONTROLS));
		return conclude(out, VMX_NO_SECONDARY_CONTROLS);
	}
	if (!vmx_capability_has(out, VMX_WORD_SECONDARY, SECONDARY_ENABLE_EPT)) {
		format(out->message, sizeof(out->message),
		       "VT-x on this processor has no extended page tables (EPT): control \"%s\" "
		       "is missing.",
		       vmx_control_words(VMX_WORD_SECONDARY, SECONDARY_ENABLE_EPT));
		return conclude(out, VMX_NO_EPT);
	}
	if (!vmx_capability_has(out, VMX_WORD_SECONDARY, SECONDARY_UNRESTRICTED_GUEST)) {
		format(out->message, sizeof(out->message),
		       "VT-x on this processor cannot run a guest without paging: control \"%s\" "
		       "is missing.",
		       vmx_control_words(VMX_WORD_SECONDARY, SECONDARY_UNRESTRICTED_GUEST));
		return conclude(out, VMX_NO_UNRESTRICTED_GUEST);
	}
	verdict = check_ept(out);
	if (verdict != VMX_USABLE)
		return verdict;
	verdict = choose_controls(mode, out);
	if (verdict != VMX_USABLE)
		return verdict;
	/* Where an OS's other CPUs wait to be started, and those that it takes offline. */
	if (mode == SILL_MODE_UNDERLAY && !out->activity_wait_for_sipi) {
		format(out->message, sizeof(out->message),
		       "VT-x on this processor lacks the activity state wait-for-SIPI, which the "
		       "underlay needs (IA32_VMX_MISC = %016llx).",
		       (unsigned long long)facts->misc);
		return conclude(out, VMX_CONTROL_MISSING);
	}

	format(out->message, sizeof(out->message),
	       "VT-x on this processor has everything that Sill needs%s.",
	       out->set_feature_control
		       ? " (firmware left IA32_FEATURE_CONTROL unlocked: Sill sets it)"
		       : "");
	return VMX_USABLE;
}

/* Collects items into lines of bounded length. */
struct line {
	char text[LINE_LENGTH_MAX + 1];
	size_t used;
	size_t indent;
	void (*emit)(void *context, const char *text);
	void *context;
};

static void flush(struct line *line)
{
	if (line->used > line->indent)
		line->emit(line->context, line->text);
	line->used = 0;
	line->text[0] = '\0';
}

static void begin(struct line *line, const char *title)
{
	int used = format(line->text, sizeof(line->text), "  %-10s", title);

	line->used = (size_t)used < sizeof(line->text) ? (size_t)used : sizeof(line->text) - 1;
	line->indent = line->used;
}

static void item(struct line *line, const char *name, const char *value)
{
	size_t length = strlen(name) + 1 + strlen(value);
	bool first = line->used == line->indent;
	int used;

	if (!first && line->used + 2 + length > LINE_LENGTH_MAX) {
		size_t indent = line->indent;

		line->emit(line->context, line->text);
		format(line->text, sizeof(line->text), "%*s", (int)indent, "");
		line->used = indent;
		first = true;
	}
	used = format(line->text + line->used, sizeof(line->text) - line->used, "%s%s %s",
		      first ? "" : ", ", name, value);
	line->used += (size_t)used;
	if (line->used > LINE_LENGTH_MAX)
		line->used = LINE_LENGTH_MAX;
}

static void item_yes_no(struct line *line, const char *name, bool yes)
{
	item(line, name, yes ? "yes" : "NO");
}

static void item_number(struct line *line, const char *name, const char *fmt, uint32_t number)
{
	char value[24];

	format(value, sizeof(value), fmt, number);
	item(line, name, value);
}

static void describe_controls(const struct vmx_capability *capability, struct line *line,
			      bool required)
{
	static const char *const titles[VMX_WORD_COUNT] = {"pin", "primary", "secondary", "exit",
							   "entry"};

	for (uint32_t word = 0; word < VMX_WORD_COUNT; word++) {
		begin(line, titles[word]);
		for (size_t i = 0; i < CONTROL_COUNT; i++) {
			const struct control *control = &controls[i];
			enum wish wish = wish_of(control, capability->mode);
			bool needed = wish == SET_REQUIRED || wish == USE_REQUIRED;

			if (control->word == word && wish != LEAVE_CLEAR && needed == required)
				item_yes_no(line, vmx_control_words(control->word, control->mask),
					    vmx_capability_has(capability, control->word,
							       control->mask));
		}
		flush(line);
	}
}

void vmx_capability_describe(const struct vmx_capability *capability,
			     void (*emit)(void *context, const char *text), void *context)
{
	struct line line = {.emit = emit, .context = context};
	uint64_t cap = capability->ept_vpid_cap;

	format(line.text, sizeof(line.text),
	       "What VT-x offers on this CPU (%s, family %xh, model %xh, stepping %xh):",
	       capability->vendor, capability->family, capability->model, capability->stepping);
	emit(context, line.text);

	begin(&line, "VMCS");
	item_number(&line, "revision", "%xh", capability->revision);
	item_number(&line, "region bytes", "%u", capability->region_size);
	item_number(&line, "memory type", "%u", capability->vmcs_memory_type);
	item_number(&line, "CR3 targets", "%u", capability->cr3_targets);
	item_number(&line, "preemption timer: TSC bit", "%u", capability->preemption_timer_shift);
	item_yes_no(&line, "TRUE control MSRs", capability->true_controls);
	item_yes_no(&line, "INS/OUTS information", capability->ins_outs_information);
	item_yes_no(&line, "VMWRITE to read-only fields", capability->vmwrite_read_only);
	item_yes_no(&line, "injection with length 0", capability->inject_length_zero);
	item_yes_no(&line, "activity state HLT", capability->activity_hlt);
	item_yes_no(&line, "shutdown", capability->activity_shutdown);
	item_yes_no(&line, "wait-for-SIPI", capability->activity_wait_for_sipi);
	flush(&line);

	begin(&line, "EPT");
	item_yes_no(&line, "walk length 4", cap & EPT_CAP_WALK_LENGTH_4);
	item_yes_no(&line, "write-back", cap & EPT_CAP_WB);
	item_yes_no(&line, "INVEPT", cap & EPT_CAP_INVEPT);
	item_yes_no(&line, "single-context", cap & EPT_CAP_INVEPT_SINGLE_CONTEXT);
	item_yes_no(&line, "all-context", cap & EPT_CAP_INVEPT_ALL_CONTEXT);
	item_yes_no(&line, "2-MByte pages", cap & EPT_CAP_2MB_PAGES);
	item_yes_no(&line, "1-GByte pages", cap & EPT_CAP_1GB_PAGES);
	item_yes_no(&line, "accessed and dirty flags", cap & EPT_CAP_ACCESSED_AND_DIRTY);
	item_yes_no(&line, "execute-only", cap & EPT_CAP_EXECUTE_ONLY);
	flush(&line);

	begin(&line, "VPID");
	item_yes_no(&line, "INVVPID", cap & VPID_CAP_INVVPID);
	item_yes_no(&line, "individual-address", cap & VPID_CAP_INDIVIDUAL_ADDRESS);
	item_yes_no(&line, "single-context", cap & VPID_CAP_SINGLE_CONTEXT);
	item_yes_no(&line, "all-context", cap & VPID_CAP_ALL_CONTEXT);
	item_yes_no(&line, "retaining globals", cap & VPID_CAP_SINGLE_CONTEXT_RETAINING_GLOBALS);
	flush(&line);

	emit(context, " Controls that Sill needs:");
	describe_controls(capability, &line, true);
	emit(context, " Controls that Sill uses where they exist:");
	describe_controls(capability, &line, false);
}
