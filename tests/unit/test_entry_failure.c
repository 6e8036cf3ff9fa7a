/* SPDX-License-Identifier: MIT */
/* UNIT: debug/entry_failure.c debug/entry_rules_controls.c debug/entry_rules_host.c
 * debug/entry_rules_guest.c vmx/capability.c vmx/control_names.c vmx/exit_reason.c
 * vmx/instruction_error.c vmx/vmcs_names.c core/format.c */
/* A valid VMCS breaks no rule; each rule broken in turn gives its own line and no other. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "debug/entry_failure.h"
#include "tests/unit/vmx_facts.h"
#include "vmx/capability.h"
#include "vmx/controls.h"
#include "vmx/exit_reason.h"
#include "vmx/vmcs.h"

#define MAX_CHANGES 24
#define MAX_LINES   64

struct setting {
	uint32_t field;
	uint64_t value;
};

/* A guest in flat 32-bit protected mode without paging, as Sill starts one. */
static const struct setting valid[] = {
	{VMCS_VPID, 1},
	{VMCS_GUEST_ES_SELECTOR, 0x10},
	{VMCS_GUEST_CS_SELECTOR, 0x08},
	{VMCS_GUEST_SS_SELECTOR, 0x10},
	{VMCS_GUEST_DS_SELECTOR, 0x10},
	{VMCS_GUEST_FS_SELECTOR, 0x10},
	{VMCS_GUEST_GS_SELECTOR, 0x10},
	{VMCS_GUEST_LDTR_SELECTOR, 0},
	{VMCS_GUEST_TR_SELECTOR, 0},
	{VMCS_HOST_ES_SELECTOR, 0},
	{VMCS_HOST_CS_SELECTOR, 0x08},
	{VMCS_HOST_SS_SELECTOR, 0},
	{VMCS_HOST_DS_SELECTOR, 0},
	{VMCS_HOST_FS_SELECTOR, 0},
	{VMCS_HOST_GS_SELECTOR, 0},
	{VMCS_HOST_TR_SELECTOR, 0x18},
	{VMCS_IO_BITMAP_A, 0x1000},
	{VMCS_IO_BITMAP_B, 0x2000},
	{VMCS_MSR_BITMAPS, 0x3000},
	{VMCS_VM_EXIT_MSR_STORE_ADDRESS, 0},
	{VMCS_VM_EXIT_MSR_LOAD_ADDRESS, 0},
	{VMCS_VM_ENTRY_MSR_LOAD_ADDRESS, 0},
	{VMCS_TSC_OFFSET, 0},
	{VMCS_VIRTUAL_APIC_ADDRESS, 0},
	{VMCS_APIC_ACCESS_ADDRESS, 0},
	{VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 0},
	{VMCS_EPT_POINTER, 0x401e},
	{VMCS_VMREAD_BITMAP_ADDRESS, 0},
	{VMCS_VMWRITE_BITMAP_ADDRESS, 0},
	{VMCS_PML_ADDRESS, 0},
	{VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR, 0},
	{VMCS_HOST_IA32_S_CET, 0},
	{VMCS_HOST_SSP, 0},
	{VMCS_GUEST_IA32_S_CET, 0},
	{VMCS_GUEST_SSP, 0},
	{VMCS_VIRTUALIZATION_EXCEPTION_ADDRESS, 0},
	{VMCS_TSC_MULTIPLIER, 0},
	{VMCS_XSS_EXITING_BITMAP, 0},
	{VMCS_VMCS_LINK_POINTER, VMCS_LINK_POINTER_NONE},
	{VMCS_GUEST_IA32_DEBUGCTL, 0},
	{VMCS_GUEST_IA32_PAT, 0x0007040600070406},
	{VMCS_GUEST_IA32_EFER, 0},
	{VMCS_GUEST_PDPTE0, 0},
	{VMCS_GUEST_PDPTE1, 0},
	{VMCS_GUEST_PDPTE2, 0},
	{VMCS_GUEST_PDPTE3, 0},
	{VMCS_HOST_IA32_PAT, 0x0007040600070406},
	{VMCS_HOST_IA32_EFER, 0xd01},
	/* the five words of controls are filled in from the capability */
	{VMCS_EXCEPTION_BITMAP, 0},
	{VMCS_CR3_TARGET_COUNT, 0},
	{VMCS_VM_EXIT_MSR_STORE_COUNT, 0},
	{VMCS_VM_EXIT_MSR_LOAD_COUNT, 0},
	{VMCS_VM_ENTRY_MSR_LOAD_COUNT, 0},
	{VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, 0},
	{VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, 0},
	{VMCS_VM_ENTRY_INSTRUCTION_LENGTH, 0},
	{VMCS_TPR_THRESHOLD, 0},
	{VMCS_GUEST_ES_LIMIT, 0xffffffff},
	{VMCS_GUEST_CS_LIMIT, 0xffffffff},
	{VMCS_GUEST_SS_LIMIT, 0xffffffff},
	{VMCS_GUEST_DS_LIMIT, 0xffffffff},
	{VMCS_GUEST_FS_LIMIT, 0xffffffff},
	{VMCS_GUEST_GS_LIMIT, 0xffffffff},
	{VMCS_GUEST_LDTR_LIMIT, 0},
	{VMCS_GUEST_TR_LIMIT, 0x67},
	{VMCS_GUEST_GDTR_LIMIT, 0xffff},
	{VMCS_GUEST_IDTR_LIMIT, 0xffff},
	{VMCS_GUEST_ES_ACCESS_RIGHTS, SEGMENT_DATA32_FLAT},
	{VMCS_GUEST_CS_ACCESS_RIGHTS, SEGMENT_CODE32_FLAT},
	{VMCS_GUEST_SS_ACCESS_RIGHTS, SEGMENT_DATA32_FLAT},
	{VMCS_GUEST_DS_ACCESS_RIGHTS, SEGMENT_DATA32_FLAT},
	{VMCS_GUEST_FS_ACCESS_RIGHTS, SEGMENT_DATA32_FLAT},
	{VMCS_GUEST_GS_ACCESS_RIGHTS, SEGMENT_DATA32_FLAT},
	{VMCS_GUEST_LDTR_ACCESS_RIGHTS, SEGMENT_UNUSABLE},
	{VMCS_GUEST_TR_ACCESS_RIGHTS, SEGMENT_TSS_BUSY},
	{VMCS_GUEST_INTERRUPTIBILITY_STATE, 0},
	{VMCS_GUEST_ACTIVITY_STATE, 0},
	{VMCS_GUEST_IA32_SYSENTER_CS, 0},
	{VMCS_HOST_IA32_SYSENTER_CS, 0},
	{VMCS_CR0_GUEST_HOST_MASK, 0},
	{VMCS_CR4_GUEST_HOST_MASK, 0},
	{VMCS_GUEST_CR0, 0x31},
	{VMCS_GUEST_CR3, 0},
	{VMCS_GUEST_CR4, 0x2000},
	{VMCS_GUEST_ES_BASE, 0},
	{VMCS_GUEST_CS_BASE, 0},
	{VMCS_GUEST_SS_BASE, 0},
	{VMCS_GUEST_DS_BASE, 0},
	{VMCS_GUEST_FS_BASE, 0},
	{VMCS_GUEST_GS_BASE, 0},
	{VMCS_GUEST_LDTR_BASE, 0},
	{VMCS_GUEST_TR_BASE, 0},
	{VMCS_GUEST_GDTR_BASE, 0},
	{VMCS_GUEST_IDTR_BASE, 0},
	{VMCS_GUEST_DR7, 0x400},
	{VMCS_GUEST_RSP, 0},
	{VMCS_GUEST_RIP, 0x100000},
	{VMCS_GUEST_RFLAGS, 2},
	{VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0},
	{VMCS_GUEST_IA32_SYSENTER_ESP, 0},
	{VMCS_GUEST_IA32_SYSENTER_EIP, 0},
	{VMCS_HOST_CR0, 0x80010033},
	{VMCS_HOST_CR3, 0x5000},
	{VMCS_HOST_CR4, 0x2020},
	{VMCS_HOST_FS_BASE, 0},
	{VMCS_HOST_GS_BASE, 0xffff800000001000},
	{VMCS_HOST_TR_BASE, 0xffff800000002000},
	{VMCS_HOST_GDTR_BASE, 0xffff800000003000},
	{VMCS_HOST_IDTR_BASE, 0xffff800000004000},
	{VMCS_HOST_IA32_SYSENTER_ESP, 0},
	{VMCS_HOST_IA32_SYSENTER_EIP, 0},
	{VMCS_HOST_RSP, 0xffff800000005000},
	{VMCS_HOST_RIP, 0xffff800000006000},
};

struct lines {
	char text[MAX_LINES][400];
	unsigned int count;
};

struct state {
	struct vmx_capability capability;
	struct setting controls[5];
	const struct setting *changes;
	struct lines lines;
	struct entry_failure failure;
};

static bool look_up(const struct setting *settings, size_t count, uint32_t field, uint64_t *value)
{
	for (size_t i = 0; i < count; i++) {
		/* A list of changes ends with an entry that is all 0. */
		if (!settings[i].field && !settings[i].value)
			break;
		if (settings[i].field == field) {
			*value = settings[i].value;
			return true;
		}
	}
	return false;
}

static int read_field(void *context, uint32_t field, uint64_t *value)
{
	struct state *state = context;

	if (state->changes && look_up(state->changes, MAX_CHANGES, field, value))
		return 0;
	if (look_up(state->controls, 5, field, value) ||
	    look_up(valid, sizeof(valid) / sizeof(valid[0]), field, value))
		return 0;
	return -1;
}

static void take_line(void *context, const char *text)
{
	struct lines *lines = context;

	assert_true(lines->count < MAX_LINES);
	assert_true(strlen(text) <= 320);
	strcpy(lines->text[lines->count++], text);
}

static void start(struct state *state, const struct setting *changes)
{
	memset(state, 0, sizeof(*state));
	assert_int_equal(vmx_capability_check(&facts_skylake, SILL_MODE_GUEST, &state->capability),
			 VMX_USABLE);
	state->controls[0] = (struct setting){VMCS_PIN_BASED_CONTROLS, state->capability.pin.value};
	state->controls[1] = (struct setting){VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS,
					      state->capability.primary.value};
	state->controls[2] = (struct setting){VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS,
					      state->capability.secondary.value};
	state->controls[3] =
		(struct setting){VMCS_PRIMARY_VM_EXIT_CONTROLS, state->capability.exit.value};
	state->controls[4] =
		(struct setting){VMCS_VM_ENTRY_CONTROLS, state->capability.entry.value};
	state->changes = changes;
	state->failure = (struct entry_failure){
		.read = read_field,
		.read_context = state,
		.emit = take_line,
		.emit_context = &state->lines,
		.capability = &state->capability,
	};
}

/* The words of controls that facts_skylake gives, for changes of single bits. */
#define PIN	  0x0000003full
#define PRIMARY	  0xb6006dfaull
#define SECONDARY 0x001010eaull
#define EXIT	  0x003fefffull
#define ENTRY	  0x0000d1ffull

/* The versions of clang-format differ about braces in macros. */
/* clang-format off */
#define SET_PIN(v)	 {VMCS_PIN_BASED_CONTROLS, (v)}
#define SET_PRIMARY(v)	 {VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS, (v)}
#define SET_SECONDARY(v) {VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS, (v)}
#define SET_EXIT(v)	 {VMCS_PRIMARY_VM_EXIT_CONTROLS, (v)}
#define SET_ENTRY(v)	 {VMCS_VM_ENTRY_CONTROLS, (v)}
#define INJECT(v)	 {VMCS_VM_ENTRY_INTERRUPTION_INFORMATION, (v)}

/* A 64-bit guest, as a starting point. */
#define LONG_MODE \
	SET_ENTRY(ENTRY | VM_ENTRY_IA32E_MODE_GUEST), {VMCS_GUEST_CR0, 0x80000031}, \
		{VMCS_GUEST_IA32_EFER, 0x500}, \
		{VMCS_GUEST_CS_ACCESS_RIGHTS, SEGMENT_CODE64_FLAT}
#define LONG_MODE_CR4 {VMCS_GUEST_CR4, 0x2020}

/* A guest that is not unrestricted: protected mode with 32-bit paging. */
#define RESTRICTED \
	SET_SECONDARY(SECONDARY & ~(uint64_t)SECONDARY_UNRESTRICTED_GUEST), \
		{VMCS_GUEST_CR0, 0x80000031}

/* A guest in virtual-8086 mode, all segments at linear address 0. */
#define V86_SEGMENT(name) \
	{VMCS_GUEST_##name##_SELECTOR, 0}, {VMCS_GUEST_##name##_LIMIT, 0xffff}, \
		{VMCS_GUEST_##name##_ACCESS_RIGHTS, 0xf3}
#define V86 \
	V86_SEGMENT(ES), V86_SEGMENT(CS), V86_SEGMENT(SS), V86_SEGMENT(DS), V86_SEGMENT(FS), \
		V86_SEGMENT(GS), {VMCS_GUEST_RFLAGS, 0x20002}
/* clang-format on */

struct rule_case {
	struct setting changes[MAX_CHANGES];
	const char *field; /* beginning of the one line that is expected; NULL: no line */
	const char *rule;  /* and a part of it */
};

#define EXTERNAL_20 INTERRUPTION_INFORMATION(INTERRUPTION_TYPE_EXTERNAL_INTERRUPT, 0x20)
#define NMI	    INTERRUPTION_INFORMATION(INTERRUPTION_TYPE_NMI, 2)
#define FAULT(n)    INTERRUPTION_INFORMATION(INTERRUPTION_TYPE_HARDWARE_EXCEPTION, n)

static const struct rule_case cases[] = {
	/* VM-Execution Control Fields */
	{{SET_PIN(PIN & ~2ull)},
	 "PIN_BASED_CONTROLS = 0000003d",
	 "bit 1 (reserved control) must be 1"},
	{{SET_PIN(PIN | 0x100)}, "PIN_BASED_CONTROLS", "bit 8 (reserved control) must be 0"},
	{{SET_PRIMARY(PRIMARY & ~(1ull << 26))},
	 "PRIMARY_PROCESSOR_BASED_CONTROLS",
	 "bit 26 (reserved control) must be 1"},
	{{SET_PRIMARY(PRIMARY | 1)},
	 "PRIMARY_PROCESSOR_BASED_CONTROLS",
	 "bit 0 (reserved control) must be 0"},
	{{SET_SECONDARY(SECONDARY | (1ull << 26))},
	 "SECONDARY_PROCESSOR_BASED_CONTROLS",
	 "bit 26 (enable user wait and pause) must be 0"},
	{{{VMCS_CR3_TARGET_COUNT, 5}}, "CR3_TARGET_COUNT = 00000005", "only 4"},
	{{{VMCS_IO_BITMAP_A, 0x1001}}, "IO_BITMAP_A", "bits 11:0"},
	{{{VMCS_IO_BITMAP_B, 0x8000000000}},
	 "IO_BITMAP_B = 0000008000000000",
	 "only 39 physical-address bits"},
	{{{VMCS_MSR_BITMAPS, 0x3800}}, "MSR_BITMAPS", "bits 11:0"},
	{{SET_PRIMARY(PRIMARY & ~(uint64_t)(PRIMARY_USE_IO_BITMAPS | PRIMARY_USE_MSR_BITMAPS)),
	  {VMCS_IO_BITMAP_A, 1},
	  {VMCS_MSR_BITMAPS, 1}},
	 NULL,
	 NULL},
	{{SET_PRIMARY(PRIMARY | PRIMARY_USE_TPR_SHADOW), {VMCS_VIRTUAL_APIC_ADDRESS, 0x10}},
	 "VIRTUAL_APIC_ADDRESS",
	 "bits 11:0"},
	{{SET_PRIMARY(PRIMARY | PRIMARY_USE_TPR_SHADOW), {VMCS_TPR_THRESHOLD, 0x10}},
	 "TPR_THRESHOLD",
	 "bits 31:4"},
	{{SET_PIN(PIN & ~8ull)}, "PIN_BASED_CONTROLS", "\"virtual NMIs\" needs \"NMI exiting\""},
	{{SET_PIN(PIN & ~0x20ull), SET_PRIMARY(PRIMARY | PRIMARY_NMI_WINDOW_EXITING)},
	 "PRIMARY_PROCESSOR_BASED_CONTROLS",
	 "\"NMI-window exiting\" needs \"virtual NMIs\""},
	{{SET_SECONDARY(SECONDARY | SECONDARY_VIRTUALIZE_APIC_ACCESSES),
	  {VMCS_APIC_ACCESS_ADDRESS, 0xfee00010}},
	 "APIC_ACCESS_ADDRESS",
	 "bits 11:0"},
	{{SET_SECONDARY(SECONDARY | SECONDARY_VIRTUALIZE_X2APIC_MODE)},
	 "SECONDARY_PROCESSOR_BASED_CONTROLS",
	 "need \"use TPR shadow\""},
	{{SET_PRIMARY(PRIMARY | PRIMARY_USE_TPR_SHADOW),
	  SET_SECONDARY(SECONDARY | SECONDARY_VIRTUALIZE_X2APIC_MODE |
			SECONDARY_VIRTUALIZE_APIC_ACCESSES)},
	 "SECONDARY_PROCESSOR_BASED_CONTROLS",
	 "exclude each other"},
	{{{VMCS_VPID, 0x10000}}, "VPID = ", "must not be 0"},
	{{{VMCS_EPT_POINTER, 0x401d}}, "EPT_POINTER = 000000000000401d", "memory type 5"},
	{{{VMCS_EPT_POINTER, 0x4016}}, "EPT_POINTER", "page-walk length 2"},
	{{{VMCS_EPT_POINTER, 0x409e}}, "EPT_POINTER", "bit 7 must be 0"},
	{{{VMCS_EPT_POINTER, 0x411e}}, "EPT_POINTER", "bits 11:8"},
	{{{VMCS_EPT_POINTER, 0x800000401e}}, "EPT_POINTER", "only 39"},
	{{SET_SECONDARY(SECONDARY & ~2ull)},
	 "SECONDARY_PROCESSOR_BASED_CONTROLS",
	 "\"unrestricted guest\" needs \"enable EPT\""},
	{{SET_SECONDARY(SECONDARY | SECONDARY_ENABLE_PML), {VMCS_PML_ADDRESS, 8}},
	 "PML_ADDRESS",
	 "bits 11:0"},
	{{SET_SECONDARY(SECONDARY | SECONDARY_ENABLE_VM_FUNCTIONS), {VMCS_VM_FUNCTION_CONTROLS, 2}},
	 "VM_FUNCTION_CONTROLS",
	 "bits 2h must be 0"},
	{{SET_SECONDARY(SECONDARY | SECONDARY_ENABLE_VM_FUNCTIONS),
	  {VMCS_VM_FUNCTION_CONTROLS, VM_FUNCTION_EPTP_SWITCHING},
	  {VMCS_EPTP_LIST_ADDRESS, 8}},
	 "EPTP_LIST_ADDRESS",
	 "bits 11:0"},
	{{SET_SECONDARY(SECONDARY | SECONDARY_ENABLE_VM_FUNCTIONS),
	  {VMCS_VM_FUNCTION_CONTROLS, VM_FUNCTION_EPTP_SWITCHING},
	  {VMCS_EPTP_LIST_ADDRESS, 0x1000}},
	 NULL,
	 NULL},
	{{{VMCS_VM_FUNCTION_CONTROLS, 2}}, NULL, NULL},
	{{SET_SECONDARY(SECONDARY | SECONDARY_VMCS_SHADOWING), {VMCS_VMREAD_BITMAP_ADDRESS, 8}},
	 "VMREAD_BITMAP_ADDRESS",
	 "bits 11:0"},
	{{SET_SECONDARY(SECONDARY | SECONDARY_VMCS_SHADOWING), {VMCS_VMWRITE_BITMAP_ADDRESS, 8}},
	 "VMWRITE_BITMAP_ADDRESS",
	 "bits 11:0"},
	{{SET_SECONDARY(SECONDARY | SECONDARY_EPT_VIOLATION_VE),
	  {VMCS_VIRTUALIZATION_EXCEPTION_ADDRESS, 8}},
	 "VIRTUALIZATION_EXCEPTION_ADDRESS",
	 "bits 11:0"},

	/* VM-Exit Control Fields */
	{{SET_EXIT(EXIT & ~1ull)},
	 "PRIMARY_VM_EXIT_CONTROLS",
	 "bit 0 (reserved control) must be 1"},
	{{SET_EXIT(EXIT | (1ull << 28))},
	 "PRIMARY_VM_EXIT_CONTROLS",
	 "bit 28 (load CET state) must be 0"},
	{{SET_EXIT(EXIT | VM_EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE)},
	 "PRIMARY_VM_EXIT_CONTROLS",
	 "needs \"activate VMX-preemption timer\""},
	{{{VMCS_VM_EXIT_MSR_STORE_COUNT, 1}, {VMCS_VM_EXIT_MSR_STORE_ADDRESS, 8}},
	 "VM_EXIT_MSR_STORE_ADDRESS",
	 "bits 3:0"},
	{{{VMCS_VM_EXIT_MSR_LOAD_COUNT, 2}, {VMCS_VM_EXIT_MSR_LOAD_ADDRESS, 0x7ffffffff0}},
	 "VM_EXIT_MSR_LOAD_COUNT",
	 "ends beyond"},
	{{{VMCS_VM_EXIT_MSR_LOAD_COUNT, 1}, {VMCS_VM_EXIT_MSR_LOAD_ADDRESS, 0x7ffffffff0}},
	 NULL,
	 NULL},

	/* VM-Entry Control Fields */
	{{SET_ENTRY(ENTRY & ~2ull)}, "VM_ENTRY_CONTROLS", "bit 1 (reserved control) must be 1"},
	{{SET_ENTRY(ENTRY | (1ull << 20))},
	 "VM_ENTRY_CONTROLS",
	 "bit 20 (load CET state) must be 0"},
	{{SET_ENTRY(ENTRY | VM_ENTRY_ENTRY_TO_SMM)}, "VM_ENTRY_CONTROLS", "outside SMM"},
	{{{VMCS_VM_ENTRY_MSR_LOAD_COUNT, 1}, {VMCS_VM_ENTRY_MSR_LOAD_ADDRESS, 0x8000000000}},
	 "VM_ENTRY_MSR_LOAD_ADDRESS",
	 "only 39"},
	{{INJECT(INTERRUPTION_INFORMATION(1, 0))},
	 "VM_ENTRY_INTERRUPTION_INFORMATION = 80000100",
	 "type 1 is reserved"},
	{{INJECT(INTERRUPTION_INFORMATION(7, 1))},
	 "VM_ENTRY_INTERRUPTION_INFORMATION",
	 "needs vector 0"},
	{{INJECT(INTERRUPTION_INFORMATION(7, 0))}, NULL, NULL},
	{{INJECT(INTERRUPTION_INFORMATION(2, 3))},
	 "VM_ENTRY_INTERRUPTION_INFORMATION",
	 "needs vector 2, not 3"},
	{{INJECT(FAULT(32))}, "VM_ENTRY_INTERRUPTION_INFORMATION", "at most 31, not 32"},
	{{INJECT(FAULT(13))},
	 "VM_ENTRY_INTERRUPTION_INFORMATION",
	 "exception 13 needs an error code delivered"},
	{{INJECT(FAULT(6) | INTERRUPTION_DELIVER_ERROR_CODE)},
	 "VM_ENTRY_INTERRUPTION_INFORMATION",
	 "exception 6 has no error code to deliver"},
	{{INJECT(FAULT(13) | INTERRUPTION_DELIVER_ERROR_CODE)}, NULL, NULL},
	{{INJECT(NMI | INTERRUPTION_DELIVER_ERROR_CODE)},
	 "VM_ENTRY_INTERRUPTION_INFORMATION",
	 "only a hardware exception"},
	{{INJECT(FAULT(13) | INTERRUPTION_DELIVER_ERROR_CODE), {VMCS_GUEST_CR0, 0x30}},
	 "VM_ENTRY_INTERRUPTION_INFORMATION",
	 "real-address mode"},
	{{INJECT(FAULT(13)), {VMCS_GUEST_CR0, 0x30}}, NULL, NULL},
	{{INJECT(FAULT(6) | 0x1000)}, "VM_ENTRY_INTERRUPTION_INFORMATION", "bits 30:12"},
	{{INJECT(FAULT(14) | INTERRUPTION_DELIVER_ERROR_CODE),
	  {VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, 0x10000}},
	 "VM_ENTRY_EXCEPTION_ERROR_CODE = 00010000",
	 "bits 31:16"},
	{{INJECT(INTERRUPTION_INFORMATION(4, 0x80)), {VMCS_VM_ENTRY_INSTRUCTION_LENGTH, 16}},
	 "VM_ENTRY_INSTRUCTION_LENGTH",
	 "0 to 15"},
	{{INJECT(INTERRUPTION_INFORMATION(6, 3)), {VMCS_VM_ENTRY_INSTRUCTION_LENGTH, 0}},
	 NULL,
	 NULL},
	/* without the valid bit nothing counts */
	{{INJECT(0x7ffff1ff)}, NULL, NULL},

	/* Checks on Host Control Registers, MSRs, and SSP */
	{{{VMCS_HOST_CR0, 0x80010013}}, "HOST_CR0 = 0000000080010013", "bits 20h must be 1"},
	{{{VMCS_HOST_CR0, 0x180010033}}, "HOST_CR0", "bits 100000000h must be 0"},
	{{{VMCS_HOST_CR4, 0x20}}, "HOST_CR4", "bits 2000h must be 1"},
	{{{VMCS_HOST_CR4, 0x802020}}, "HOST_CR4", "bits 800000h must be 0"},
	{{{VMCS_HOST_CR3, 0x8000005000}}, "HOST_CR3", "only 39"},
	{{{VMCS_HOST_IA32_SYSENTER_ESP, 0x800000000000}},
	 "HOST_IA32_SYSENTER_ESP",
	 "not canonical"},
	{{{VMCS_HOST_IA32_SYSENTER_EIP, 0x800000000000}},
	 "HOST_IA32_SYSENTER_EIP",
	 "not canonical"},
	{{{VMCS_HOST_IA32_PAT, 0x0007040600070206}}, "HOST_IA32_PAT", "PA1 is 2h"},
	{{{VMCS_HOST_IA32_EFER, 0xd03}}, "HOST_IA32_EFER", "reserved bit"},
	{{{VMCS_HOST_IA32_EFER, 0x501 & ~0x400}}, "HOST_IA32_EFER", "must both be 1"},
	{{{VMCS_HOST_IA32_EFER, 0x400}}, "HOST_IA32_EFER", "must both be 1"},

	/* Checks on Host Segment and Descriptor-Table Registers */
	{{{VMCS_HOST_ES_SELECTOR, 1}}, "HOST_ES_SELECTOR = 0001", "RPL"},
	{{{VMCS_HOST_CS_SELECTOR, 0xb}}, "HOST_CS_SELECTOR", "RPL"},
	{{{VMCS_HOST_SS_SELECTOR, 0x14}}, "HOST_SS_SELECTOR", "TI"},
	{{{VMCS_HOST_DS_SELECTOR, 2}}, "HOST_DS_SELECTOR", "RPL"},
	{{{VMCS_HOST_FS_SELECTOR, 3}}, "HOST_FS_SELECTOR", "RPL"},
	{{{VMCS_HOST_GS_SELECTOR, 4}}, "HOST_GS_SELECTOR", "TI"},
	{{{VMCS_HOST_TR_SELECTOR, 0x1b}}, "HOST_TR_SELECTOR", "RPL"},
	{{{VMCS_HOST_CS_SELECTOR, 0}}, "HOST_CS_SELECTOR", "must not be 0"},
	{{{VMCS_HOST_TR_SELECTOR, 0}}, "HOST_TR_SELECTOR", "must not be 0"},
	{{{VMCS_HOST_FS_BASE, 0x800000000000}}, "HOST_FS_BASE", "not canonical"},
	{{{VMCS_HOST_GS_BASE, 0x800000000000}}, "HOST_GS_BASE", "not canonical"},
	{{{VMCS_HOST_TR_BASE, 0x800000000000}}, "HOST_TR_BASE", "not canonical"},
	{{{VMCS_HOST_GDTR_BASE, 0x800000000000}}, "HOST_GDTR_BASE", "not canonical"},
	{{{VMCS_HOST_IDTR_BASE, 0x800000000000}}, "HOST_IDTR_BASE", "not canonical"},

	/* Checks Related to Address-Space Size */
	{{SET_EXIT(EXIT & ~(uint64_t)VM_EXIT_HOST_ADDRESS_SPACE_SIZE),
	  {VMCS_HOST_IA32_EFER, 1},
	  {VMCS_HOST_SS_SELECTOR, 0x10}},
	 "PRIMARY_VM_EXIT_CONTROLS",
	 "must be 1: the host"},
	{{SET_EXIT(EXIT & ~(uint64_t)(VM_EXIT_HOST_ADDRESS_SPACE_SIZE | VM_EXIT_LOAD_IA32_EFER)),
	  {VMCS_HOST_SS_SELECTOR, 0x10}},
	 "PRIMARY_VM_EXIT_CONTROLS",
	 "must be 1: the host"},
	{{{VMCS_HOST_CR4, 0x2000}}, "HOST_CR4", "CR4.PAE"},
	{{{VMCS_HOST_RIP, 0x800000000000}}, "HOST_RIP = 0000800000000000", "not canonical"},

	/* Checks on Guest Control Registers, Debug Registers, and MSRs */
	{{{VMCS_GUEST_CR0, 0x11}}, "GUEST_CR0 = 0000000000000011", "bits 20h must be 1"},
	{{{VMCS_GUEST_CR0, 0x100000031}}, "GUEST_CR0", "bits 100000000h must be 0"},
	{{{VMCS_GUEST_CR0, 0x60000031}}, NULL, NULL},
	{{{VMCS_GUEST_CR0, 0x80000030}}, "GUEST_CR0", "CR0.PG (bit 31) needs CR0.PE"},
	{{{VMCS_GUEST_CR4, 0}}, "GUEST_CR4", "bits 2000h must be 1"},
	{{{VMCS_GUEST_CR4, 0x402000}}, "GUEST_CR4", "bits 400000h must be 0"},
	{{{VMCS_GUEST_CR4, 0x22000}}, "GUEST_CR4", "CR4.PCIDE (bit 17) needs"},
	{{{VMCS_GUEST_IA32_DEBUGCTL, 8}}, "GUEST_IA32_DEBUGCTL", "bits 63:16 and 5:3"},
	{{SET_ENTRY(ENTRY & ~4ull), {VMCS_GUEST_IA32_DEBUGCTL, 8}, {VMCS_GUEST_DR7, 1ull << 32}},
	 NULL,
	 NULL},
	{{LONG_MODE, LONG_MODE_CR4}, NULL, NULL},
	{{LONG_MODE, {VMCS_GUEST_CR4, 0x2000}}, "GUEST_CR4", "needs CR4.PAE"},
	{{{VMCS_GUEST_CR0, 0x31}, LONG_MODE, LONG_MODE_CR4}, "GUEST_CR0", "needs CR0.PG"},
	{{{VMCS_GUEST_CR3, 0x8000000000}}, "GUEST_CR3", "only 39"},
	{{{VMCS_GUEST_DR7, 0x100000400}}, "GUEST_DR7", "bits 63:32"},
	{{{VMCS_GUEST_IA32_SYSENTER_ESP, 0x800000000000}},
	 "GUEST_IA32_SYSENTER_ESP",
	 "not canonical"},
	{{{VMCS_GUEST_IA32_SYSENTER_EIP, 0x800000000000}},
	 "GUEST_IA32_SYSENTER_EIP",
	 "not canonical"},
	{{{VMCS_GUEST_IA32_PAT, 0x0807040600070406}}, "GUEST_IA32_PAT", "PA7 is 8h"},
	{{{VMCS_GUEST_IA32_EFER, 2}}, "GUEST_IA32_EFER", "reserved bit"},
	{{{VMCS_GUEST_IA32_EFER, 0x400}}, "GUEST_IA32_EFER", "LMA (bit 10) must be 0"},
	{{{VMCS_GUEST_IA32_EFER, 0x100}}, NULL, NULL},
	{{{VMCS_GUEST_IA32_EFER, 0x100}, {VMCS_GUEST_CR0, 0x80000031}},
	 "GUEST_IA32_EFER",
	 "LME (bit 8) must equal LMA"},
	{{{VMCS_GUEST_IA32_EFER, 0}, LONG_MODE, LONG_MODE_CR4},
	 "GUEST_IA32_EFER",
	 "LMA (bit 10) must be 1"},

	/* Checks on Guest Segment Registers */
	{{{VMCS_GUEST_TR_SELECTOR, 4}}, "GUEST_TR_SELECTOR = 0004", "TI"},
	{{{VMCS_GUEST_TR_BASE, 0x800000000000}}, "GUEST_TR_BASE", "not canonical"},
	{{{VMCS_GUEST_TR_ACCESS_RIGHTS, 0x89}},
	 "GUEST_TR_ACCESS_RIGHTS = 00000089",
	 "type 9 is not possible in TR: a busy TSS (3 or 11)"},
	{{{VMCS_GUEST_TR_ACCESS_RIGHTS, 0x83}}, NULL, NULL},
	{{LONG_MODE, LONG_MODE_CR4, {VMCS_GUEST_TR_ACCESS_RIGHTS, 0x83}},
	 "GUEST_TR_ACCESS_RIGHTS",
	 "a busy TSS (11)"},
	{{{VMCS_GUEST_TR_ACCESS_RIGHTS, 0x9b}}, "GUEST_TR_ACCESS_RIGHTS", "S (bit 4) must be 0"},
	{{{VMCS_GUEST_TR_ACCESS_RIGHTS, 0x1008b}}, "GUEST_TR_ACCESS_RIGHTS", "TR must be usable"},
	{{{VMCS_GUEST_TR_ACCESS_RIGHTS, 0x0b}}, "GUEST_TR_ACCESS_RIGHTS", "TR must be present"},
	{{{VMCS_GUEST_TR_ACCESS_RIGHTS, 0x18b}}, "GUEST_TR_ACCESS_RIGHTS", "bits 31:17 and 11:8"},
	{{{VMCS_GUEST_TR_ACCESS_RIGHTS, 0x808b}}, "GUEST_TR_ACCESS_RIGHTS", "G (bit 15) must be 0"},
	{{{VMCS_GUEST_TR_LIMIT, 0x100067}}, "GUEST_TR_ACCESS_RIGHTS", "G (bit 15) must be 1"},
	{{{VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x82}}, NULL, NULL},
	{{{VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x82}, {VMCS_GUEST_LDTR_SELECTOR, 0xc}},
	 "GUEST_LDTR_SELECTOR",
	 "TI"},
	{{{VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x82}, {VMCS_GUEST_LDTR_BASE, 1ull << 47}},
	 "GUEST_LDTR_BASE",
	 "not canonical"},
	{{{VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x83}}, "GUEST_LDTR_ACCESS_RIGHTS", "type 3"},
	{{{VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x92}},
	 "GUEST_LDTR_ACCESS_RIGHTS",
	 "S (bit 4) must be 0"},
	{{{VMCS_GUEST_LDTR_ACCESS_RIGHTS, 0x02}},
	 "GUEST_LDTR_ACCESS_RIGHTS",
	 "LDTR must be present"},
	{{{VMCS_GUEST_FS_BASE, 1ull << 47}}, "GUEST_FS_BASE", "not canonical"},
	{{{VMCS_GUEST_GS_BASE, 1ull << 47}}, "GUEST_GS_BASE", "not canonical"},
	{{{VMCS_GUEST_CS_BASE, 1ull << 32}}, "GUEST_CS_BASE", "bits 63:32"},
	{{{VMCS_GUEST_SS_BASE, 1ull << 32}}, "GUEST_SS_BASE", "bits 63:32"},
	{{{VMCS_GUEST_DS_BASE, 1ull << 32}}, "GUEST_DS_BASE", "bits 63:32"},
	{{{VMCS_GUEST_ES_BASE, 1ull << 32}}, "GUEST_ES_BASE", "bits 63:32"},
	{{{VMCS_GUEST_ES_BASE, 1ull << 32}, {VMCS_GUEST_ES_ACCESS_RIGHTS, SEGMENT_UNUSABLE}},
	 NULL,
	 NULL},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc098}},
	 "GUEST_CS_ACCESS_RIGHTS",
	 "type 8 is not possible in CS: 3, 9"},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc093}}, NULL, NULL},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc0b3}}, "GUEST_CS_ACCESS_RIGHTS", "needs DPL 0"},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc08b}}, "GUEST_CS_ACCESS_RIGHTS", "S (bit 4) must be 1"},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc0bb}},
	 "GUEST_CS_ACCESS_RIGHTS",
	 "DPL of a non-conforming code segment must equal DPL of SS (0)"},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc0bf}}, "GUEST_CS_ACCESS_RIGHTS", "must not exceed"},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc01b}}, "GUEST_CS_ACCESS_RIGHTS", "CS must be present"},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc29b}}, "GUEST_CS_ACCESS_RIGHTS", "bits 31:17 and 11:8"},
	{{{VMCS_GUEST_CS_LIMIT, 0xfffffffe}},
	 "GUEST_CS_ACCESS_RIGHTS",
	 "limit fffffffe are not all 1"},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0x409b}}, "GUEST_CS_ACCESS_RIGHTS", "G (bit 15) must be 1"},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, 0xe09b}, LONG_MODE, LONG_MODE_CR4},
	 "GUEST_CS_ACCESS_RIGHTS",
	 "D/B (bit 14) must be 0"},
	{{{VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc091}}, "GUEST_SS_ACCESS_RIGHTS", "type 1"},
	{{{VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc083}}, "GUEST_SS_ACCESS_RIGHTS", "S (bit 4) must be 1"},
	{{{VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc013}}, "GUEST_SS_ACCESS_RIGHTS", "SS must be present"},
	{{{VMCS_GUEST_SS_ACCESS_RIGHTS, SEGMENT_UNUSABLE}}, NULL, NULL},
	{{{VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc0f3}, {VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc0fb}},
	 NULL,
	 NULL},
	{{{VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc0f3}, {VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc093}},
	 "GUEST_SS_ACCESS_RIGHTS",
	 "DPL of SS must be 0 if CS is of type 3"},
	{{{VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc0f3},
	  {VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc0fb},
	  {VMCS_GUEST_CR0, 0x30}},
	 "GUEST_SS_ACCESS_RIGHTS",
	 "DPL of SS must be 0 if CR0.PE is 0"},
	{{{VMCS_GUEST_DS_ACCESS_RIGHTS, 0xc092}}, "GUEST_DS_ACCESS_RIGHTS", "DS must be accessed"},
	{{{VMCS_GUEST_ES_ACCESS_RIGHTS, 0xc099}}, "GUEST_ES_ACCESS_RIGHTS", "ES must be readable"},
	{{{VMCS_GUEST_FS_ACCESS_RIGHTS, 0xc083}}, "GUEST_FS_ACCESS_RIGHTS", "S (bit 4) must be 1"},
	{{{VMCS_GUEST_GS_ACCESS_RIGHTS, 0xc013}}, "GUEST_GS_ACCESS_RIGHTS", "GS must be present"},
	{{{VMCS_GUEST_GS_ACCESS_RIGHTS, 0x10000}}, NULL, NULL},

	/* the same for a guest that is not unrestricted */
	{{RESTRICTED}, NULL, NULL},
	{{{VMCS_GUEST_CR0, 0x31}, RESTRICTED}, "GUEST_CR0", "bits 80000000h must be 1"},
	{{RESTRICTED, {VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc093}},
	 "GUEST_CS_ACCESS_RIGHTS",
	 "type 3 is not possible in CS: 9"},
	{{RESTRICTED, {VMCS_GUEST_CS_SELECTOR, 0xb}}, "GUEST_SS_SELECTOR", "RPL of SS must equal"},
	{{RESTRICTED, {VMCS_GUEST_CS_SELECTOR, 0xb}, {VMCS_GUEST_SS_SELECTOR, 0x13}},
	 "GUEST_SS_ACCESS_RIGHTS",
	 "DPL of SS must equal RPL"},
	{{RESTRICTED, {VMCS_GUEST_DS_SELECTOR, 0x13}},
	 "GUEST_DS_ACCESS_RIGHTS",
	 "must not be less than RPL"},
	{{{VMCS_GUEST_DS_SELECTOR, 0x13}, {VMCS_GUEST_SS_SELECTOR, 0x13}}, NULL, NULL},

	/* virtual-8086 mode */
	{{V86}, NULL, NULL},
	{{{VMCS_GUEST_ES_BASE, 0x10}, V86}, "GUEST_ES_BASE", "the selector (0000) shifted"},
	{{{VMCS_GUEST_CS_SELECTOR, 0x1000}, V86}, "GUEST_CS_BASE", "the selector (1000) shifted"},
	{{{VMCS_GUEST_CS_SELECTOR, 0x1000}, {VMCS_GUEST_CS_BASE, 0x10000}, V86}, NULL, NULL},
	{{{VMCS_GUEST_SS_LIMIT, 0xfffff}, V86}, "GUEST_SS_LIMIT", "must be 0000ffff"},
	{{{VMCS_GUEST_GS_ACCESS_RIGHTS, 0x93}, V86}, "GUEST_GS_ACCESS_RIGHTS", "must be 000000f3"},
	{{{VMCS_GUEST_CR0, 0x30}, V86}, "GUEST_RFLAGS", "VM (bit 17) must be 0 if CR0.PE is 0"},
	{{V86, LONG_MODE, LONG_MODE_CR4}, "GUEST_RFLAGS", "VM (bit 17) must be 0 with \"IA-32e"},

	/* Checks on Guest Descriptor-Table Registers */
	{{{VMCS_GUEST_GDTR_BASE, 1ull << 47}}, "GUEST_GDTR_BASE", "not canonical"},
	{{{VMCS_GUEST_IDTR_BASE, 1ull << 47}}, "GUEST_IDTR_BASE", "not canonical"},
	{{{VMCS_GUEST_GDTR_LIMIT, 0x10000}}, "GUEST_GDTR_LIMIT = 00010000", "bits 31:16"},
	{{{VMCS_GUEST_IDTR_LIMIT, 0x10000}}, "GUEST_IDTR_LIMIT", "bits 31:16"},

	/* Checks on Guest RIP, RFLAGS, and SSP */
	{{{VMCS_GUEST_RIP, 1ull << 32}}, "GUEST_RIP", "bits 63:32 must be 0 outside 64-bit mode"},
	{{LONG_MODE, LONG_MODE_CR4, {VMCS_GUEST_RIP, 0xffff800000000000}}, NULL, NULL},
	{{LONG_MODE, LONG_MODE_CR4, {VMCS_GUEST_RIP, 1ull << 47}}, "GUEST_RIP", "not canonical"},
	{{{VMCS_GUEST_CS_ACCESS_RIGHTS, SEGMENT_CODE32_FLAT},
	  LONG_MODE,
	  LONG_MODE_CR4,
	  {VMCS_GUEST_RIP, 1ull << 32}},
	 "GUEST_RIP",
	 "outside 64-bit mode"},
	{{{VMCS_GUEST_RFLAGS, 0}},
	 "GUEST_RFLAGS = 0000000000000000",
	 ": bit 1 is reserved and must be 1 (SDM, \"Checks on Guest RIP, RFLAGS, and SSP\")"},
	{{{VMCS_GUEST_RFLAGS, 0x8002}}, "GUEST_RFLAGS", "bits 63:22, 15, 5 and 3"},
	{{{VMCS_GUEST_RFLAGS, 0x400002}}, "GUEST_RFLAGS", "bits 63:22, 15, 5 and 3"},
	{{INJECT(EXTERNAL_20)}, "GUEST_RFLAGS", "IF (bit 9) must be 1"},
	{{INJECT(EXTERNAL_20), {VMCS_GUEST_RFLAGS, 0x202}}, NULL, NULL},

	/* Checks on Guest Non-Register State */
	{{{VMCS_GUEST_ACTIVITY_STATE, 4}}, "GUEST_ACTIVITY_STATE = 00000004", "does not support"},
	{{{VMCS_GUEST_ACTIVITY_STATE, 1}}, NULL, NULL},
	{{{VMCS_GUEST_ACTIVITY_STATE, 1},
	  {VMCS_GUEST_SS_ACCESS_RIGHTS, 0xc0f3},
	  {VMCS_GUEST_CS_ACCESS_RIGHTS, 0xc0fb}},
	 "GUEST_ACTIVITY_STATE",
	 "needs DPL 0 in SS"},
	{{{VMCS_GUEST_ACTIVITY_STATE, 1}, {VMCS_GUEST_INTERRUPTIBILITY_STATE, 2}},
	 "GUEST_ACTIVITY_STATE",
	 "needs the active state"},
	{{{VMCS_GUEST_ACTIVITY_STATE, 1}, INJECT(EXTERNAL_20), {VMCS_GUEST_RFLAGS, 0x202}},
	 NULL,
	 NULL},
	{{{VMCS_GUEST_ACTIVITY_STATE, 1}, INJECT(FAULT(6))},
	 "GUEST_ACTIVITY_STATE",
	 "(80000306) cannot come in activity state HLT"},
	{{{VMCS_GUEST_ACTIVITY_STATE, 2}, INJECT(NMI)}, NULL, NULL},
	{{{VMCS_GUEST_ACTIVITY_STATE, 2}, INJECT(EXTERNAL_20), {VMCS_GUEST_RFLAGS, 0x202}},
	 "GUEST_ACTIVITY_STATE",
	 "activity state shutdown"},
	{{{VMCS_GUEST_ACTIVITY_STATE, 3}, INJECT(NMI)},
	 "GUEST_ACTIVITY_STATE",
	 "activity state wait-for-SIPI"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 0x20}}, "GUEST_INTERRUPTIBILITY_STATE", "bits 31:5"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 3}, {VMCS_GUEST_RFLAGS, 0x202}},
	 "GUEST_INTERRUPTIBILITY_STATE",
	 "exclude each other"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 1}},
	 "GUEST_INTERRUPTIBILITY_STATE",
	 "needs RFLAGS.IF"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 1}, {VMCS_GUEST_RFLAGS, 0x202}}, NULL, NULL},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 2}, {VMCS_GUEST_RFLAGS, 0x202}, INJECT(EXTERNAL_20)},
	 "GUEST_INTERRUPTIBILITY_STATE",
	 "inject an external interrupt"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 2}, INJECT(NMI)},
	 "GUEST_INTERRUPTIBILITY_STATE",
	 "blocking by MOV SS must be 0 to inject an NMI"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 1}, {VMCS_GUEST_RFLAGS, 0x202}, INJECT(NMI)},
	 "GUEST_INTERRUPTIBILITY_STATE",
	 "on some processors"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 8}, INJECT(NMI)},
	 "GUEST_INTERRUPTIBILITY_STATE",
	 "blocking by NMI (bit 3)"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 8}}, NULL, NULL},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 4}}, "GUEST_INTERRUPTIBILITY_STATE", "outside SMM"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 0x12}},
	 "GUEST_INTERRUPTIBILITY_STATE",
	 "enclave interruption"},
	{{{VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0x10}},
	 "GUEST_PENDING_DEBUG_EXCEPTIONS",
	 "bits 63:17, 15, 13 and 10:4"},
	{{{VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0x4001}}, NULL, NULL},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 2}, {VMCS_GUEST_RFLAGS, 0x102}},
	 "GUEST_PENDING_DEBUG_EXCEPTIONS",
	 "BS (bit 14) must be 1"},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 2},
	  {VMCS_GUEST_RFLAGS, 0x102},
	  {VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0x4000}},
	 NULL,
	 NULL},
	{{{VMCS_GUEST_INTERRUPTIBILITY_STATE, 2},
	  {VMCS_GUEST_RFLAGS, 0x102},
	  {VMCS_GUEST_IA32_DEBUGCTL, 2}},
	 NULL,
	 NULL},
	{{{VMCS_GUEST_ACTIVITY_STATE, 1}, {VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0x4000}},
	 "GUEST_PENDING_DEBUG_EXCEPTIONS",
	 "BS (bit 14) must be 0"},
	{{{VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0x10000}},
	 "GUEST_PENDING_DEBUG_EXCEPTIONS",
	 "with RTM (bit 16)"},
	{{{VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0x11000}}, NULL, NULL},
	{{{VMCS_VMCS_LINK_POINTER, 0x1008}}, "VMCS_LINK_POINTER = 0000000000001008", "bits 11:0"},
	{{{VMCS_VMCS_LINK_POINTER, 0x8000000000}}, "VMCS_LINK_POINTER", "only 39"},

	/* Checks on Guest Page-Directory-Pointer-Table Entries */
	{{{VMCS_GUEST_CR0, 0x80000031}, {VMCS_GUEST_CR4, 0x2020}, {VMCS_GUEST_PDPTE0, 0x1003}},
	 "GUEST_PDPTE0 = 0000000000001003",
	 "bits 8:5 and 2:1"},
	{{{VMCS_GUEST_CR0, 0x80000031},
	  {VMCS_GUEST_CR4, 0x2020},
	  {VMCS_GUEST_PDPTE3, 0x8000000001}},
	 "GUEST_PDPTE3",
	 "only 39"},
	{{{VMCS_GUEST_CR0, 0x80000031}, {VMCS_GUEST_CR4, 0x2020}, {VMCS_GUEST_PDPTE1, 0x1e6}},
	 NULL,
	 NULL},
	{{{VMCS_GUEST_CR0, 0x80000031}, {VMCS_GUEST_PDPTE0, 0x1003}}, NULL, NULL},
};

/* Rules on what newer processors have; the capability allows every control here. */
#define CET_HOST  SET_EXIT(EXIT | VM_EXIT_LOAD_CET_STATE)
#define CET_GUEST SET_ENTRY(ENTRY | VM_ENTRY_LOAD_CET_STATE)
#define POSTED                                                 \
	SET_PIN(PIN | PIN_BASED_PROCESS_POSTED_INTERRUPTS),    \
		SET_PRIMARY(PRIMARY | PRIMARY_USE_TPR_SHADOW), \
		SET_SECONDARY(SECONDARY | SECONDARY_VIRTUAL_INTERRUPT_DELIVERY)
#define WITHOUT_EPT	  (SECONDARY & ~(uint64_t)(SECONDARY_ENABLE_EPT | SECONDARY_UNRESTRICTED_GUEST))
#define PT_GUEST_PHYSICAL SECONDARY_INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES

static const struct rule_case newer_cases[] = {
	{{POSTED}, NULL, NULL},
	{{{VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR, 0x100}, POSTED},
	 "POSTED_INTERRUPT_NOTIFICATION_VECTOR = 0100",
	 "0 to 255"},
	{{{VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 0x1020}, POSTED},
	 "POSTED_INTERRUPT_DESCRIPTOR_ADDRESS",
	 "bits 5:0"},
	{{SET_SECONDARY(SECONDARY), POSTED},
	 "PIN_BASED_CONTROLS",
	 "needs \"virtual-interrupt delivery\" and"},
	{{SET_PIN(PIN & ~1ull), SET_PRIMARY(PRIMARY | PRIMARY_USE_TPR_SHADOW),
	  SET_SECONDARY(SECONDARY | SECONDARY_VIRTUAL_INTERRUPT_DELIVERY)},
	 "SECONDARY_PROCESSOR_BASED_CONTROLS",
	 "needs \"external-interrupt exiting\""},
	{{SET_SECONDARY(WITHOUT_EPT | SECONDARY_ENABLE_PML), {VMCS_GUEST_CR0, 0x80000031}},
	 "SECONDARY_PROCESSOR_BASED_CONTROLS",
	 "\"enable PML\" needs \"enable EPT\""},
	{{SET_SECONDARY(WITHOUT_EPT | SECONDARY_MODE_BASED_EXECUTE_CONTROL_FOR_EPT),
	  {VMCS_GUEST_CR0, 0x80000031}},
	 "SECONDARY_PROCESSOR_BASED_CONTROLS",
	 "\"mode-based execute control for EPT\" needs"},
	{{SET_SECONDARY(WITHOUT_EPT | SECONDARY_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT),
	  {VMCS_GUEST_CR0, 0x80000031}},
	 "SECONDARY_PROCESSOR_BASED_CONTROLS",
	 "\"sub-page write permissions for EPT\" needs"},
	{{SET_SECONDARY(SECONDARY | SECONDARY_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT),
	  {VMCS_SUB_PAGE_PERMISSION_TABLE_POINTER, 1}},
	 "SUB_PAGE_PERMISSION_TABLE_POINTER",
	 "bits 11:0"},
	{{SET_SECONDARY(SECONDARY | PT_GUEST_PHYSICAL)},
	 "SECONDARY_PROCESSOR_BASED_CONTROLS",
	 "\"Intel PT uses guest physical addresses\" needs"},
	{{SET_SECONDARY(SECONDARY | PT_GUEST_PHYSICAL),
	  SET_EXIT(EXIT | VM_EXIT_CLEAR_IA32_RTIT_CTL),
	  SET_ENTRY(ENTRY | VM_ENTRY_LOAD_IA32_RTIT_CTL)},
	 NULL,
	 NULL},
	{{SET_SECONDARY(SECONDARY | SECONDARY_USE_TSC_SCALING)}, "TSC_MULTIPLIER", "must not be 0"},
	{{SET_PRIMARY(PRIMARY | PRIMARY_ACTIVATE_TERTIARY_CONTROLS),
	  {VMCS_TERTIARY_PROCESSOR_BASED_CONTROLS, 0x110}},
	 "TERTIARY_PROCESSOR_BASED_CONTROLS = 0000000000000110",
	 "bits 100h must be 0"},
	{{{VMCS_TERTIARY_PROCESSOR_BASED_CONTROLS, 0x110}}, NULL, NULL},
	{{SET_EXIT(EXIT | VM_EXIT_ACTIVATE_SECONDARY_CONTROLS),
	  {VMCS_SECONDARY_VM_EXIT_CONTROLS, 0x9}},
	 "SECONDARY_VM_EXIT_CONTROLS",
	 "bits 1h must be 0"},
	{{{VMCS_HOST_CR4, 0x802020}}, NULL, NULL},
	{{{VMCS_HOST_CR4, 0x802020}, {VMCS_HOST_CR0, 0x80000033}}, "HOST_CR4", "needs CR0.WP"},
	{{CET_HOST}, NULL, NULL},
	{{CET_HOST, {VMCS_HOST_IA32_S_CET, 0x40}}, "HOST_IA32_S_CET", "bits 9:6"},
	{{CET_HOST, {VMCS_HOST_IA32_S_CET, 0xc00}}, "HOST_IA32_S_CET", "must not both be 1"},
	{{CET_HOST, {VMCS_HOST_IA32_S_CET, 1ull << 47}}, "HOST_IA32_S_CET", "not canonical"},
	{{CET_HOST, {VMCS_HOST_SSP, 1ull << 47}}, "HOST_SSP", "not canonical"},
	{{CET_HOST, {VMCS_HOST_SSP, 0x1002}}, "HOST_SSP", "bits 1:0"},
	{{CET_HOST, {VMCS_HOST_IA32_INTERRUPT_SSP_TABLE_ADDR, 1ull << 47}},
	 "HOST_IA32_INTERRUPT_SSP_TABLE_ADDR",
	 "not canonical"},
	{{SET_EXIT(EXIT | VM_EXIT_LOAD_PKRS), {VMCS_HOST_IA32_PKRS, 1ull << 32}},
	 "HOST_IA32_PKRS",
	 "bits 63:32"},
	{{{VMCS_GUEST_CR4, 0x802000}}, "GUEST_CR4", "needs CR0.WP"},
	{{{VMCS_GUEST_CR4, 0x802000}, {VMCS_GUEST_CR0, 0x10031}}, NULL, NULL},
	{{CET_GUEST, {VMCS_GUEST_IA32_S_CET, 0x200}}, "GUEST_IA32_S_CET", "bits 9:6"},
	{{CET_GUEST, {VMCS_GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR, 1ull << 47}},
	 "GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR",
	 "not canonical"},
	{{CET_GUEST, {VMCS_GUEST_SSP, 0x1001}}, "GUEST_SSP", "bits 1:0"},
	{{CET_GUEST, {VMCS_GUEST_SSP, 1ull << 47}}, "GUEST_SSP", "not canonical"},
	{{SET_ENTRY(ENTRY | VM_ENTRY_LOAD_PKRS), {VMCS_GUEST_IA32_PKRS, 1ull << 32}},
	 "GUEST_IA32_PKRS",
	 "bits 63:32"},
	{{SET_ENTRY(ENTRY | VM_ENTRY_LOAD_UINV), {VMCS_GUEST_UINV, 0x100}},
	 "GUEST_UINV = 0100",
	 "bits 15:8"},
	{{{VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0x11000}, {VMCS_GUEST_INTERRUPTIBILITY_STATE, 2}},
	 "GUEST_PENDING_DEBUG_EXCEPTIONS",
	 "blocking by MOV SS exclude"},
};

static void allow_everything(struct vmx_capability *capability)
{
	capability->pin.may_be_1 = ~0u;
	capability->primary.may_be_1 = ~0u;
	capability->secondary.may_be_1 = ~0u;
	capability->exit.may_be_1 = ~0u;
	capability->entry.may_be_1 = ~0u;
	capability->tertiary_may_be_1 = 0xdf;
	capability->exit2_may_be_1 = 0x8;
	capability->cr4_fixed1 |= 1u << 23;
}

static void test_valid_state(void **unused)
{
	struct state state;

	(void)unused;
	start(&state, NULL);
	assert_int_equal(state.controls[0].value, PIN);
	assert_int_equal(state.controls[1].value, PRIMARY);
	assert_int_equal(state.controls[2].value, SECONDARY);
	assert_int_equal(state.controls[3].value, EXIT);
	assert_int_equal(state.controls[4].value, ENTRY);
	assert_int_equal(entry_failure_check_all(&state.failure), 0);
	assert_int_equal(state.lines.count, 0);
}

static void print_all(const struct lines *lines, size_t number)
{
	print_message("case %zu gave %u lines\n", number, lines->count);
	for (unsigned int i = 0; i < lines->count; i++)
		print_message("  %s\n", lines->text[i]);
}

static void run_cases(const struct rule_case *table, size_t count, bool newer)
{
	unsigned int wrong = 0;

	for (size_t i = 0; i < count; i++) {
		const struct rule_case *c = &table[i];
		struct state state;
		unsigned int broken;
		bool right;

		start(&state, c->changes);
		if (newer)
			allow_everything(&state.capability);
		broken = entry_failure_check_all(&state.failure);
		if (!c->field)
			right = broken == 0 && state.lines.count == 0;
		else
			right = broken == 1 && state.lines.count == 1 &&
				!strncmp(state.lines.text[0], c->field, strlen(c->field)) &&
				strstr(state.lines.text[0], c->rule) &&
				strstr(state.lines.text[0], " (SDM, \"");
		if (!right) {
			print_all(&state.lines, i);
			print_message("expected: %s … %s\n", c->field ? c->field : "no line",
				      c->rule ? c->rule : "");
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void test_each_rule(void **unused)
{
	(void)unused;
	run_cases(cases, sizeof(cases) / sizeof(cases[0]), false);
}

static void test_each_rule_of_newer_processors(void **unused)
{
	(void)unused;
	run_cases(newer_cases, sizeof(newer_cases) / sizeof(newer_cases[0]), true);
}

static bool contains(const struct lines *lines, const char *text)
{
	for (unsigned int i = 0; i < lines->count; i++) {
		if (strstr(lines->text[i], text))
			return true;
	}
	return false;
}

/* Rules that need a processor of another kind. */
static void test_other_processors(void **unused)
{
	static const struct setting exception_13[MAX_CHANGES] = {INJECT(FAULT(13))};
	static const struct setting software[MAX_CHANGES] = {
		INJECT(INTERRUPTION_INFORMATION(4, 3))};
	static const struct setting other_event[MAX_CHANGES] = {
		INJECT(INTERRUPTION_INFORMATION(7, 0))};
	static const struct setting halted[MAX_CHANGES] = {{VMCS_GUEST_ACTIVITY_STATE, 1}};
	static const struct setting accessed[MAX_CHANGES] = {{VMCS_EPT_POINTER, 0x405e}};
	static const struct setting high[MAX_CHANGES] = {{VMCS_MSR_BITMAPS, 0x100000000}};
	static const struct setting host_32[MAX_CHANGES] = {SET_EXIT(
		EXIT & ~(uint64_t)(VM_EXIT_HOST_ADDRESS_SPACE_SIZE | VM_EXIT_LOAD_IA32_EFER))};
	static const struct setting far_base[MAX_CHANGES] = {{VMCS_GUEST_FS_BASE, 1ull << 47}};
	struct state state;

	(void)unused;
	/* IA32_VMX_BASIC bit 56: with or without an error code. */
	start(&state, exception_13);
	state.capability.any_error_code = true;
	assert_int_equal(entry_failure_check_all(&state.failure), 0);

	start(&state, software);
	assert_int_equal(entry_failure_check_all(&state.failure), 0);
	state.capability.inject_length_zero = false;
	assert_int_equal(entry_failure_check_all(&state.failure), 1);
	assert_true(contains(&state.lines, "VM_ENTRY_INSTRUCTION_LENGTH = 00000000"));
	assert_true(contains(&state.lines, "1 to 15"));

	start(&state, other_event);
	state.capability.primary.may_be_1 &= ~(uint32_t)PRIMARY_MONITOR_TRAP_FLAG;
	assert_int_equal(entry_failure_check_all(&state.failure), 1);
	assert_true(contains(&state.lines, "monitor trap flag"));

	start(&state, halted);
	state.capability.activity_hlt = false;
	assert_int_equal(entry_failure_check_all(&state.failure), 1);
	assert_true(contains(&state.lines, "does not support"));

	start(&state, accessed);
	assert_int_equal(entry_failure_check_all(&state.failure), 0);
	state.capability.ept_vpid_cap &= ~EPT_CAP_ACCESSED_AND_DIRTY;
	assert_int_equal(entry_failure_check_all(&state.failure), 1);
	assert_true(contains(&state.lines, "bit 6 must be 0"));

	start(&state, high);
	state.capability.addresses_32_bit = true;
	assert_int_equal(entry_failure_check_all(&state.failure), 1);
	assert_true(contains(&state.lines, "below 4 GBytes"));

	/* A 32-bit host, which Sill is not, may not leave SS at 0 either. */
	start(&state, host_32);
	assert_int_equal(entry_failure_check_all(&state.failure), 2);
	assert_true(contains(&state.lines, "HOST_SS_SELECTOR = 0000"));
	assert_true(contains(&state.lines, "must be 1: the host"));

	/* 57 linear-address bits make more addresses canonical. */
	start(&state, far_base);
	state.capability.linear_address_bits = 57;
	assert_int_equal(entry_failure_check_all(&state.failure), 0);
}

static void test_explain_guest_state(void **unused)
{
	static const struct setting changes[MAX_CHANGES] = {{VMCS_GUEST_RFLAGS, 0}};
	/* A rule on the controls: they were checked before, so it is not looked for. */
	static const struct setting control[MAX_CHANGES] = {{VMCS_EPT_POINTER, 0}};
	struct state state;

	(void)unused;
	start(&state, changes);
	assert_int_equal(entry_failure_explain_exit(&state.failure, 0x80000021, 0), 1);
	assert_int_equal(state.lines.count, 2);
	assert_string_equal(
		state.lines.text[0],
		"VM entry failed: exit reason 80000021 (VM-entry failure due to invalid "
		"guest state), exit qualification 0");
	assert_string_equal(
		state.lines.text[1],
		"GUEST_RFLAGS = 0000000000000000: bit 1 is reserved and must be 1 (SDM, "
		"\"Checks on Guest RIP, RFLAGS, and SSP\")");

	start(&state, control);
	assert_int_equal(entry_failure_explain_exit(&state.failure, 0x80000021, 0), 0);
	assert_true(contains(&state.lines, "No rule that Sill knows is broken"));
	assert_true(contains(&state.lines, "GUEST_CR0 = 0000000000000031"));
	assert_true(contains(&state.lines, "GUEST_CS_ACCESS_RIGHTS = 0000c09b"));

	start(&state, NULL);
	entry_failure_explain_exit(&state.failure, 0x80000021, 2);
	assert_true(contains(&state.lines, "PDPTE"));
	start(&state, NULL);
	entry_failure_explain_exit(&state.failure, 0x80000021, 3);
	assert_true(contains(&state.lines, "NMI"));
	start(&state, NULL);
	entry_failure_explain_exit(&state.failure, 0x80000021, 4);
	assert_true(contains(&state.lines, "link pointer"));
}

static void test_explain_other_reasons(void **unused)
{
	static const struct setting list[MAX_CHANGES] = {{VMCS_VM_ENTRY_MSR_LOAD_COUNT, 5},
							 {VMCS_VM_ENTRY_MSR_LOAD_ADDRESS, 0x7000}};
	struct state state;

	(void)unused;
	start(&state, list);
	assert_int_equal(entry_failure_explain_exit(&state.failure, 0x80000022, 3), 0);
	assert_true(contains(&state.lines, "Entry 3 of 5"));
	assert_true(contains(&state.lines, "at 7020h"));
	start(&state, NULL);
	assert_int_equal(entry_failure_explain_exit(&state.failure, 0x80000029, 0), 0);
	assert_true(contains(&state.lines, "machine check"));
}

static void test_explain_errors(void **unused)
{
	static const struct setting changes[MAX_CHANGES] = {
		{VMCS_EPT_POINTER, 0x4000}, {VMCS_HOST_TR_SELECTOR, 0}, {VMCS_GUEST_RFLAGS, 0}};
	struct state state;

	(void)unused;
	for (uint32_t error = 7; error <= 8; error++) {
		start(&state, changes);
		assert_int_equal(entry_failure_explain_error(&state.failure, error), 2);
		assert_true(contains(&state.lines, "EPT_POINTER = 0000000000004000: page-walk"));
		assert_true(contains(&state.lines, "HOST_TR_SELECTOR = 0000"));
		assert_false(contains(&state.lines, "GUEST_RFLAGS"));
	}
	start(&state, NULL);
	assert_int_equal(entry_failure_explain_error(&state.failure, 7), 0);
	assert_true(contains(&state.lines, "No rule that Sill knows is broken"));
	start(&state, changes);
	assert_int_equal(entry_failure_explain_error(&state.failure, 5), 0);
	assert_int_equal(state.lines.count, 2);
	assert_string_equal(state.lines.text[0],
			    "VM entry failed: VM-instruction error 5: VMRESUME "
			    "with non-launched VMCS");
	start(&state, NULL);
	assert_int_equal(entry_failure_explain_error(&state.failure, 0), 0);
	assert_true(contains(&state.lines, "no current VMCS"));
	start(&state, NULL);
	assert_int_equal(entry_failure_explain_error(&state.failure, 99), 0);
	assert_true(contains(&state.lines, "does not define"));
}

static int read_nothing(void *context, uint32_t field, uint64_t *value)
{
	(void)context;
	(void)field;
	(void)value;
	return -1;
}

/* A VMCS that cannot be read at all must neither crash nor accuse anything. */
static void test_unreadable(void **unused)
{
	struct state state;

	(void)unused;
	start(&state, NULL);
	state.failure.read = read_nothing;
	assert_int_equal(entry_failure_check_all(&state.failure), 0);
	assert_int_equal(entry_failure_explain_exit(&state.failure, 0x80000021, 0), 0);
	assert_int_equal(state.lines.count, 2);
}

static int read_ones(void *context, uint32_t field, uint64_t *value)
{
	(void)context;
	(void)field;
	*value = ~0ull;
	return 0;
}

/* The longest lines must fit. */
static void test_everything_broken(void **unused)
{
	static struct state state;

	(void)unused;
	start(&state, NULL);
	state.failure.read = read_ones;
	assert_true(entry_failure_explain_exit(&state.failure, 0xffffffff, ~0ull) > 20);
	for (unsigned int i = 0; i < state.lines.count; i++)
		assert_true(i == 0 || state.lines.text[i][strlen(state.lines.text[i]) - 1] == ')');
}

static void test_names(void **unused)
{
	(void)unused;
	assert_string_equal(vmcs_field_name(VMCS_GUEST_RFLAGS), "GUEST_RFLAGS");
	assert_string_equal(vmcs_field_name(VMCS_EPT_POINTER | VMCS_FIELD_HIGH), "EPT_POINTER");
	assert_null(vmcs_field_name(VMCS_GUEST_RFLAGS | 1));
	assert_null(vmcs_field_name(0xffffffff));
	assert_int_equal(vmcs_field_bytes(VMCS_VPID), 2);
	assert_int_equal(vmcs_field_bytes(VMCS_EXIT_REASON), 4);
	assert_int_equal(vmcs_field_bytes(VMCS_EPT_POINTER), 8);
	assert_int_equal(vmcs_field_bytes(VMCS_GUEST_RIP), 8);
	assert_int_equal(VMCS_GUEST_ACCESS_RIGHTS(VMCS_SEGMENT_TR), VMCS_GUEST_TR_ACCESS_RIGHTS);
	assert_int_equal(VMCS_GUEST_BASE(VMCS_SEGMENT_LDTR), VMCS_GUEST_LDTR_BASE);
	assert_int_equal(VMCS_GUEST_LIMIT(VMCS_SEGMENT_GS), VMCS_GUEST_GS_LIMIT);
	assert_int_equal(VMCS_GUEST_SELECTOR(VMCS_SEGMENT_SS), VMCS_GUEST_SS_SELECTOR);
	assert_string_equal(exit_reason_words(48), "EPT violation");
	assert_string_equal(exit_reason_words(35), "unknown exit reason");
	assert_int_equal(EXIT_REASON_COUNT, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_state),
		cmocka_unit_test(test_each_rule),
		cmocka_unit_test(test_each_rule_of_newer_processors),
		cmocka_unit_test(test_other_processors),
		cmocka_unit_test(test_explain_guest_state),
		cmocka_unit_test(test_explain_other_reasons),
		cmocka_unit_test(test_explain_errors),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_everything_broken),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
