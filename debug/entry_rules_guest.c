/* SPDX-License-Identifier: MIT */
/* VM-entry rules on the guest state. SDM, "Checks on the Guest State Area". */
#include <stdbool.h>
#include <stdint.h>

#include "core/msr.h"
#include "debug/entry_rules.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

#define RFLAGS_ALWAYS_1	   (1ull << 1)
#define RFLAGS_TF	   (1ull << 8)
#define RFLAGS_IF	   (1ull << 9)
#define RFLAGS_VM	   (1ull << 17)
#define RFLAGS_RESERVED	   0xffffffffffc08028ull

#define SELECTOR_RPL	   3u
#define SELECTOR_TI	   4u

#define PDPTE_PRESENT	   1ull
#define PDPTE_RESERVED_LOW 0x1e6ull /* bits 8:5 and 2:1 */

#define PENDING_RESERVED   0xfffffffffffea7f0ull /* bits 63:17, 15, 13, 10:4 */

static const char *const segment_names[VMCS_SEGMENT_COUNT] = {"ES", "CS", "SS",	  "DS",
							      "FS", "GS", "LDTR", "TR"};

struct segment {
	uint32_t selector, limit, rights;
	uint64_t base;
	unsigned int type, dpl;
	bool usable;
};

static struct segment segment(const struct entry_check *check, enum vmcs_segment number)
{
	struct segment s = {
		.selector = (uint32_t)entry_field(check, VMCS_GUEST_SELECTOR(number)),
		.limit = (uint32_t)entry_field(check, VMCS_GUEST_LIMIT(number)),
		.rights = (uint32_t)entry_field(check, VMCS_GUEST_ACCESS_RIGHTS(number)),
		.base = entry_field(check, VMCS_GUEST_BASE(number)),
	};

	s.type = s.rights & SEGMENT_TYPE_MASK;
	s.dpl = SEGMENT_DPL(s.rights);
	s.usable = !(s.rights & SEGMENT_UNUSABLE);
	return s;
}

static void registers(struct entry_check *check)
{
	const struct vmx_capability *capability = check->capability;
	uint64_t cr0 = entry_field(check, VMCS_GUEST_CR0);
	uint64_t cr4 = entry_field(check, VMCS_GUEST_CR4);
	uint64_t free_bits = CR0_NW | CR0_CD; /* a VM entry does not change them */
	uint64_t efer;

	check->section = "Checks on Guest Control Registers, Debug Registers, and MSRs";
	if (check->unrestricted)
		free_bits |= CR0_PE | CR0_PG;
	entry_rule_fixed(check, VMCS_GUEST_CR0, "CR0", capability->cr0_fixed0 & ~free_bits,
			 capability->cr0_fixed1 | free_bits);
	if ((cr0 & CR0_PG) && !(cr0 & CR0_PE))
		entry_broken(check, VMCS_GUEST_CR0, "CR0.PG (bit 31) needs CR0.PE (bit 0)");
	entry_rule_fixed(check, VMCS_GUEST_CR4, "CR4", capability->cr4_fixed0,
			 capability->cr4_fixed1);
	if ((cr4 & CR4_CET) && !(cr0 & CR0_WP))
		entry_broken(check, VMCS_GUEST_CR4, "CR4.CET (bit 23) needs CR0.WP");
	if ((check->entry & VM_ENTRY_LOAD_DEBUG_CONTROLS) &&
	    (entry_field(check, VMCS_GUEST_IA32_DEBUGCTL) & ~(uint64_t)DEBUGCTL_DEFINED))
		entry_broken(check, VMCS_GUEST_IA32_DEBUGCTL,
			     "bits 63:16 and 5:3 are reserved and must be 0");
	if (check->ia32e_guest) {
		if (!(cr0 & CR0_PG))
			entry_broken(check, VMCS_GUEST_CR0,
				     "\"IA-32e mode guest\" needs CR0.PG (bit 31)");
		if (!(cr4 & CR4_PAE))
			entry_broken(check, VMCS_GUEST_CR4,
				     "\"IA-32e mode guest\" needs CR4.PAE (bit 5)");
	} else if (cr4 & CR4_PCIDE) {
		entry_broken(check, VMCS_GUEST_CR4,
			     "CR4.PCIDE (bit 17) needs \"IA-32e mode guest\"");
	}
	if (entry_field(check, VMCS_GUEST_CR3) & entry_beyond_width(check))
		entry_broken(check, VMCS_GUEST_CR3, "the CPU has only %u physical-address bits",
			     capability->physical_address_bits);
	if (check->entry & VM_ENTRY_LOAD_DEBUG_CONTROLS)
		entry_rule_upper_half_zero(check, VMCS_GUEST_DR7);
	entry_rule_canonical(check, VMCS_GUEST_IA32_SYSENTER_ESP);
	entry_rule_canonical(check, VMCS_GUEST_IA32_SYSENTER_EIP);
	if (check->entry & VM_ENTRY_LOAD_CET_STATE) {
		entry_rule_s_cet(check, VMCS_GUEST_IA32_S_CET);
		entry_rule_canonical(check, VMCS_GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR);
	}
	if (check->entry & VM_ENTRY_LOAD_IA32_PAT)
		entry_rule_pat(check, VMCS_GUEST_IA32_PAT);
	if (check->entry & VM_ENTRY_LOAD_IA32_EFER) {
		efer = entry_field(check, VMCS_GUEST_IA32_EFER);
		if (efer & ~(uint64_t)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
			entry_broken(check, VMCS_GUEST_IA32_EFER,
				     "a reserved bit is 1; SCE, LME, LMA and NXE are defined");
		if (!!(efer & EFER_LMA) != check->ia32e_guest)
			entry_broken(check, VMCS_GUEST_IA32_EFER,
				     "LMA (bit 10) must be %u, as \"IA-32e mode guest\" is",
				     (unsigned int)check->ia32e_guest);
		if ((cr0 & CR0_PG) && !!(efer & EFER_LMA) != !!(efer & EFER_LME))
			entry_broken(check, VMCS_GUEST_IA32_EFER,
				     "LME (bit 8) must equal LMA (bit 10) when CR0.PG is 1");
	}
	if (check->entry & VM_ENTRY_LOAD_PKRS)
		entry_rule_upper_half_zero(check, VMCS_GUEST_IA32_PKRS);
	if ((check->entry & VM_ENTRY_LOAD_UINV) && (entry_field(check, VMCS_GUEST_UINV) > 0xff))
		entry_broken(check, VMCS_GUEST_UINV, "bits 15:8 must be 0");
}

/* Base, limit and access rights in virtual-8086 mode, where they follow from the selector. */
static void virtual_8086_segment(struct entry_check *check, enum vmcs_segment number)
{
	struct segment s = segment(check, number);

	if (s.base != (uint64_t)s.selector << 4)
		entry_broken(check, VMCS_GUEST_BASE(number),
			     "in virtual-8086 mode the base must be the selector (%04x) shifted "
			     "left by 4",
			     s.selector);
	if (s.limit != 0xffff)
		entry_broken(check, VMCS_GUEST_LIMIT(number),
			     "in virtual-8086 mode the limit must be 0000ffff");
	if (s.rights != 0xf3)
		entry_broken(check, VMCS_GUEST_ACCESS_RIGHTS(number),
			     "in virtual-8086 mode the access rights must be 000000f3");
}

/* What holds for every usable register: present, no reserved bit, G fits the limit. */
static void common_rights(struct entry_check *check, enum vmcs_segment number,
			  const struct segment *s)
{
	uint32_t field = VMCS_GUEST_ACCESS_RIGHTS(number);
	const char *name = segment_names[number];

	if (!(s->rights & SEGMENT_PRESENT))
		entry_broken(check, field, "%s must be present (bit 7)", name);
	if (s->rights & SEGMENT_RESERVED)
		entry_broken(check, field, "bits 31:17 and 11:8 are reserved and must be 0");
	if ((s->rights & SEGMENT_G) && (s->limit & 0xfff) != 0xfff)
		entry_broken(check, field,
			     "G (bit 15) must be 0: bits 11:0 of limit %08x are not "
			     "all 1",
			     s->limit);
	if (!(s->rights & SEGMENT_G) && (s->limit & 0xfff00000))
		entry_broken(check, field,
			     "G (bit 15) must be 1: bits 31:20 of limit %08x are not "
			     "all 0",
			     s->limit);
}

static void code_rights(struct entry_check *check, const struct segment *cs,
			const struct segment *ss)
{
	const uint32_t field = VMCS_GUEST_CS_ACCESS_RIGHTS;

	switch (cs->type) {
	case 9:
	case 11:
		if (cs->dpl != ss->dpl)
			entry_broken(check, field,
				     "DPL of a non-conforming code segment must equal DPL of SS "
				     "(%u)",
				     ss->dpl);
		break;
	case 13:
	case 15:
		if (cs->dpl > ss->dpl)
			entry_broken(check, field,
				     "DPL of a conforming code segment must not exceed DPL of SS "
				     "(%u)",
				     ss->dpl);
		break;
	case 3:
		if (check->unrestricted) {
			if (cs->dpl != 0)
				entry_broken(check, field, "CS of type 3 (data) needs DPL 0");
			break;
		}
		/* fall through */
	default:
		entry_broken(check, field, "type %u is not possible in CS: %s", cs->type,
			     check->unrestricted ? "3, 9, 11, 13 or 15 (accessed) needed"
						 : "9, 11, 13 or 15 (accessed code) needed");
		break;
	}
	if (!(cs->rights & SEGMENT_S))
		entry_broken(check, field, "S (bit 4) must be 1");
	if (check->ia32e_guest && (cs->rights & SEGMENT_L) && (cs->rights & SEGMENT_DB))
		entry_broken(check, field,
			     "D/B (bit 14) must be 0 in 64-bit code (L, bit 13, is 1)");
	common_rights(check, VMCS_SEGMENT_CS, cs);
}

static void stack_rights(struct entry_check *check, const struct segment *cs,
			 const struct segment *ss)
{
	const uint32_t field = VMCS_GUEST_SS_ACCESS_RIGHTS;

	if (ss->usable) {
		if (ss->type != 3 && ss->type != 7)
			entry_broken(check, field,
				     "type %u is not possible in SS: 3 or 7 (writable, accessed "
				     "data) needed",
				     ss->type);
		if (!(ss->rights & SEGMENT_S))
			entry_broken(check, field, "S (bit 4) must be 1");
		common_rights(check, VMCS_SEGMENT_SS, ss);
	}
	if (!check->unrestricted && ss->dpl != (ss->selector & SELECTOR_RPL))
		entry_broken(check, field, "DPL of SS must equal RPL of its selector (%04x)",
			     ss->selector);
	if (ss->dpl != 0 && (cs->type == 3 || !(entry_field(check, VMCS_GUEST_CR0) & CR0_PE)))
		entry_broken(check, field, "DPL of SS must be 0 if %s",
			     cs->type == 3 ? "CS is of type 3" : "CR0.PE is 0");
}

static void data_rights(struct entry_check *check, enum vmcs_segment number)
{
	uint32_t field = VMCS_GUEST_ACCESS_RIGHTS(number);
	struct segment s = segment(check, number);

	if (!s.usable)
		return;
	if (!(s.type & SEGMENT_TYPE_ACCESSED))
		entry_broken(check, field, "type %u: a usable %s must be accessed (bit 0)", s.type,
			     segment_names[number]);
	if ((s.type & SEGMENT_TYPE_CODE) && !(s.type & SEGMENT_TYPE_READABLE))
		entry_broken(check, field, "type %u: code in %s must be readable (bit 1)", s.type,
			     segment_names[number]);
	if (!(s.rights & SEGMENT_S))
		entry_broken(check, field, "S (bit 4) must be 1");
	if (!check->unrestricted && s.type <= 11 && s.dpl < (s.selector & SELECTOR_RPL))
		entry_broken(check, field, "DPL must not be less than RPL of the selector (%04x)",
			     s.selector);
	common_rights(check, number, &s);
}

static void system_segments(struct entry_check *check)
{
	struct segment tr = segment(check, VMCS_SEGMENT_TR);
	struct segment ldtr = segment(check, VMCS_SEGMENT_LDTR);

	if (tr.selector & SELECTOR_TI)
		entry_broken(check, VMCS_GUEST_TR_SELECTOR, "TI (bit 2) must be 0");
	entry_rule_canonical(check, VMCS_GUEST_TR_BASE);
	if (check->ia32e_guest
		    ? tr.type != SEGMENT_TYPE_TSS_BUSY
		    : tr.type != SEGMENT_TYPE_TSS_BUSY && tr.type != SEGMENT_TYPE_TSS16_BUSY)
		entry_broken(check, VMCS_GUEST_TR_ACCESS_RIGHTS,
			     "type %u is not possible in TR: a busy TSS (%s) is needed", tr.type,
			     check->ia32e_guest ? "11" : "3 or 11");
	if (tr.rights & SEGMENT_S)
		entry_broken(check, VMCS_GUEST_TR_ACCESS_RIGHTS, "S (bit 4) must be 0");
	if (!tr.usable)
		entry_broken(check, VMCS_GUEST_TR_ACCESS_RIGHTS,
			     "TR must be usable (bit 16 must be 0)");
	common_rights(check, VMCS_SEGMENT_TR, &tr);

	if (!ldtr.usable)
		return;
	if (ldtr.selector & SELECTOR_TI)
		entry_broken(check, VMCS_GUEST_LDTR_SELECTOR, "TI (bit 2) must be 0");
	entry_rule_canonical(check, VMCS_GUEST_LDTR_BASE);
	if (ldtr.type != SEGMENT_TYPE_LDT)
		entry_broken(
			check, VMCS_GUEST_LDTR_ACCESS_RIGHTS,
			"type %u is not possible in LDTR: 2 (LDT) needed, or unusable (bit 16)",
			ldtr.type);
	if (ldtr.rights & SEGMENT_S)
		entry_broken(check, VMCS_GUEST_LDTR_ACCESS_RIGHTS, "S (bit 4) must be 0");
	common_rights(check, VMCS_SEGMENT_LDTR, &ldtr);
}

static void segments(struct entry_check *check)
{
	static const enum vmcs_segment data[] = {VMCS_SEGMENT_DS, VMCS_SEGMENT_ES, VMCS_SEGMENT_FS,
						 VMCS_SEGMENT_GS};
	static const enum vmcs_segment low_bases[] = {VMCS_SEGMENT_CS, VMCS_SEGMENT_SS,
						      VMCS_SEGMENT_DS, VMCS_SEGMENT_ES};
	struct segment cs = segment(check, VMCS_SEGMENT_CS);
	struct segment ss = segment(check, VMCS_SEGMENT_SS);
	unsigned int i;

	check->section = "Checks on Guest Segment Registers";
	system_segments(check);
	entry_rule_canonical(check, VMCS_GUEST_FS_BASE);
	entry_rule_canonical(check, VMCS_GUEST_GS_BASE);

	if (entry_field(check, VMCS_GUEST_RFLAGS) & RFLAGS_VM) {
		for (i = VMCS_SEGMENT_ES; i <= VMCS_SEGMENT_GS; i++)
			virtual_8086_segment(check, (enum vmcs_segment)i);
		return;
	}
	for (i = 0; i < sizeof(low_bases) / sizeof(low_bases[0]); i++) {
		struct segment s = segment(check, low_bases[i]);

		if (low_bases[i] == VMCS_SEGMENT_CS || s.usable)
			entry_rule_upper_half_zero(check, VMCS_GUEST_BASE(low_bases[i]));
	}
	if (!check->unrestricted && (ss.selector & SELECTOR_RPL) != (cs.selector & SELECTOR_RPL))
		entry_broken(check, VMCS_GUEST_SS_SELECTOR,
			     "RPL of SS must equal RPL of CS (selector %04x)", cs.selector);
	code_rights(check, &cs, &ss);
	stack_rights(check, &cs, &ss);
	for (i = 0; i < sizeof(data) / sizeof(data[0]); i++)
		data_rights(check, data[i]);
}

static void descriptor_tables(struct entry_check *check)
{
	check->section = "Checks on Guest Descriptor-Table Registers";
	entry_rule_canonical(check, VMCS_GUEST_GDTR_BASE);
	entry_rule_canonical(check, VMCS_GUEST_IDTR_BASE);
	if (entry_field(check, VMCS_GUEST_GDTR_LIMIT) >> 16)
		entry_broken(check, VMCS_GUEST_GDTR_LIMIT, "bits 31:16 must be 0");
	if (entry_field(check, VMCS_GUEST_IDTR_LIMIT) >> 16)
		entry_broken(check, VMCS_GUEST_IDTR_LIMIT, "bits 31:16 must be 0");
}

static void flow(struct entry_check *check)
{
	uint64_t rip = entry_field(check, VMCS_GUEST_RIP);
	uint64_t rflags = entry_field(check, VMCS_GUEST_RFLAGS);
	bool code_64 =
		check->ia32e_guest && (entry_field(check, VMCS_GUEST_CS_ACCESS_RIGHTS) & SEGMENT_L);

	check->section = "Checks on Guest RIP, RFLAGS, and SSP";
	if (code_64)
		entry_rule_canonical(check, VMCS_GUEST_RIP);
	else if (rip & UPPER_HALF)
		entry_broken(check, VMCS_GUEST_RIP, "bits 63:32 must be 0 outside 64-bit mode");
	if (rflags & RFLAGS_RESERVED)
		entry_broken(check, VMCS_GUEST_RFLAGS,
			     "bits 63:22, 15, 5 and 3 are reserved and must be 0");
	if (!(rflags & RFLAGS_ALWAYS_1))
		entry_broken(check, VMCS_GUEST_RFLAGS, "bit 1 is reserved and must be 1");
	if ((rflags & RFLAGS_VM) &&
	    (check->ia32e_guest || !(entry_field(check, VMCS_GUEST_CR0) & CR0_PE)))
		entry_broken(check, VMCS_GUEST_RFLAGS, "VM (bit 17) must be 0 %s",
			     check->ia32e_guest ? "with \"IA-32e mode guest\"" : "if CR0.PE is 0");
	if (!(rflags & RFLAGS_IF) && check->injection &&
	    INTERRUPTION_TYPE(check->injection) == INTERRUPTION_TYPE_EXTERNAL_INTERRUPT)
		entry_broken(check, VMCS_GUEST_RFLAGS,
			     "IF (bit 9) must be 1 to inject an external interrupt");
	if (check->entry & VM_ENTRY_LOAD_CET_STATE) {
		if (entry_field(check, VMCS_GUEST_SSP) & 3)
			entry_broken(check, VMCS_GUEST_SSP, "bits 1:0 must be 0");
		entry_rule_canonical(check, VMCS_GUEST_SSP);
	}
}

/* Whether the event that is to be injected may meet the activity state. */
static bool injection_fits(uint32_t injection, uint64_t activity)
{
	uint32_t type = INTERRUPTION_TYPE(injection);
	uint32_t vector = injection & INTERRUPTION_VECTOR_MASK;
	bool machine_check = type == INTERRUPTION_TYPE_HARDWARE_EXCEPTION && vector == 18;

	switch (activity) {
	case ACTIVITY_STATE_HLT:
		return type == INTERRUPTION_TYPE_EXTERNAL_INTERRUPT ||
		       type == INTERRUPTION_TYPE_NMI || machine_check ||
		       (type == INTERRUPTION_TYPE_HARDWARE_EXCEPTION && vector == 1) ||
		       (type == INTERRUPTION_TYPE_OTHER_EVENT && vector == 0);
	case ACTIVITY_STATE_SHUTDOWN:
		return type == INTERRUPTION_TYPE_NMI || machine_check;
	case ACTIVITY_STATE_WAIT_FOR_SIPI:
		return false;
	default:
		return true;
	}
}

static void activity(struct entry_check *check, uint64_t interruptibility)
{
	static const char *const names[] = {"active", "HLT", "shutdown", "wait-for-SIPI"};
	const struct vmx_capability *capability = check->capability;
	const uint32_t field = VMCS_GUEST_ACTIVITY_STATE;
	uint64_t state = entry_field(check, field);
	bool supported =
		state == ACTIVITY_STATE_ACTIVE ||
		(state == ACTIVITY_STATE_HLT && capability->activity_hlt) ||
		(state == ACTIVITY_STATE_SHUTDOWN && capability->activity_shutdown) ||
		(state == ACTIVITY_STATE_WAIT_FOR_SIPI && capability->activity_wait_for_sipi);

	if (!supported) {
		entry_broken(check, field, "the CPU does not support this activity state");
		return;
	}
	if (state == ACTIVITY_STATE_HLT &&
	    SEGMENT_DPL((uint32_t)entry_field(check, VMCS_GUEST_SS_ACCESS_RIGHTS)) != 0)
		entry_broken(check, field, "activity state HLT needs DPL 0 in SS");
	if (state != ACTIVITY_STATE_ACTIVE &&
	    (interruptibility & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)))
		entry_broken(check, field,
			     "blocking by STI or by MOV SS needs the active state (0)");
	if (check->injection && !injection_fits(check->injection, state))
		entry_broken(check, field,
			     "the event to be injected (%08x) cannot come in activity state %s",
			     check->injection, names[state]);
}

static void interruptibility_state(struct entry_check *check, uint64_t state)
{
	const uint32_t field = VMCS_GUEST_INTERRUPTIBILITY_STATE;
	uint32_t type = INTERRUPTION_TYPE(check->injection);

	if (state & INTERRUPTIBILITY_RESERVED)
		entry_broken(check, field, "bits 31:5 are reserved and must be 0");
	if ((state & BLOCKING_BY_STI) && (state & BLOCKING_BY_MOV_SS))
		entry_broken(check, field,
			     "blocking by STI (bit 0) and by MOV SS (bit 1) exclude each other");
	if ((state & BLOCKING_BY_STI) && !(entry_field(check, VMCS_GUEST_RFLAGS) & RFLAGS_IF))
		entry_broken(check, field, "blocking by STI (bit 0) needs RFLAGS.IF");
	if (check->injection && type == INTERRUPTION_TYPE_EXTERNAL_INTERRUPT &&
	    (state & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)))
		entry_broken(check, field,
			     "blocking by STI and by MOV SS must be 0 to inject an "
			     "external interrupt");
	if (check->injection && type == INTERRUPTION_TYPE_NMI) {
		if (state & BLOCKING_BY_MOV_SS)
			entry_broken(check, field, "blocking by MOV SS must be 0 to inject an NMI");
		/* SDM: "a processor may also require" this. */
		if (state & BLOCKING_BY_STI)
			entry_broken(check, field,
				     "blocking by STI must be 0 to inject an NMI (on "
				     "some processors)");
		if ((check->pin & PIN_BASED_VIRTUAL_NMIS) && (state & BLOCKING_BY_NMI))
			entry_broken(check, field,
				     "with \"virtual NMIs\" blocking by NMI (bit 3) "
				     "must be 0 to inject an NMI");
	}
	if (state & BLOCKING_BY_SMI)
		entry_broken(check, field, "blocking by SMI (bit 2) must be 0 outside SMM");
	if ((state & ENCLAVE_INTERRUPTION) && (state & BLOCKING_BY_MOV_SS))
		entry_broken(check, field,
			     "enclave interruption (bit 4) and blocking by MOV SS exclude each "
			     "other");
}

static void pending_debug(struct entry_check *check, uint64_t interruptibility)
{
	const uint32_t field = VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS;
	uint64_t pending = entry_field(check, field);
	bool single_step = (entry_field(check, VMCS_GUEST_RFLAGS) & RFLAGS_TF) &&
			   !(entry_field(check, VMCS_GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF);
	bool held = (interruptibility & (BLOCKING_BY_STI | BLOCKING_BY_MOV_SS)) ||
		    entry_field(check, VMCS_GUEST_ACTIVITY_STATE) == ACTIVITY_STATE_HLT;

	if (pending & PENDING_RESERVED)
		entry_broken(check, field,
			     "bits 63:17, 15, 13 and 10:4 are reserved and must be 0");
	/* Between instructions a single step is never pending but where something holds it back. */
	if (held && single_step && !(pending & PENDING_DEBUG_BS))
		entry_broken(check, field,
			     "BS (bit 14) must be 1: RFLAGS.TF is 1, DEBUGCTL.BTF 0, and the guest "
			     "is in HLT or blocked by STI or MOV SS");
	if (held && !single_step && (pending & PENDING_DEBUG_BS))
		entry_broken(check, field,
			     "BS (bit 14) must be 0: no single step is on, and the guest is in HLT "
			     "or blocked by STI or MOV SS");
	if (pending & PENDING_DEBUG_RTM) {
		if ((pending & 0xfff) || (pending & PENDING_DEBUG_BS) ||
		    !(pending & PENDING_DEBUG_ENABLED_BREAKPOINT))
			entry_broken(check, field,
				     "with RTM (bit 16) bit 12 must be 1 and all others 0");
		if (interruptibility & BLOCKING_BY_MOV_SS)
			entry_broken(check, field,
				     "RTM (bit 16) and blocking by MOV SS exclude each other");
	}
}

static void non_register_state(struct entry_check *check)
{
	uint64_t interruptibility = entry_field(check, VMCS_GUEST_INTERRUPTIBILITY_STATE);

	check->section = "Checks on Guest Non-Register State";
	activity(check, interruptibility);
	interruptibility_state(check, interruptibility);
	pending_debug(check, interruptibility);
	if (entry_field(check, VMCS_VMCS_LINK_POINTER) != VMCS_LINK_POINTER_NONE)
		entry_rule_physical(check, VMCS_VMCS_LINK_POINTER, 12);
}

/* With EPT the four entries come from the VMCS; without, from memory, where this cannot look. */
static void page_directory_pointers(struct entry_check *check)
{
	uint64_t cr0 = entry_field(check, VMCS_GUEST_CR0);
	uint64_t cr4 = entry_field(check, VMCS_GUEST_CR4);
	unsigned int i;

	check->section = "Checks on Guest Page-Directory-Pointer-Table Entries";
	if (!(cr0 & CR0_PG) || !(cr4 & CR4_PAE) || check->ia32e_guest ||
	    !(check->secondary & SECONDARY_ENABLE_EPT))
		return;
	for (i = 0; i < 4; i++) {
		uint32_t field = VMCS_GUEST_PDPTE0 + 2 * i;
		uint64_t entry = entry_field(check, field);

		if (!(entry & PDPTE_PRESENT))
			continue;
		if (entry & PDPTE_RESERVED_LOW)
			entry_broken(check, field, "bits 8:5 and 2:1 are reserved and must be 0");
		if (entry & entry_beyond_width(check))
			entry_broken(check, field, "the CPU has only %u physical-address bits",
				     check->capability->physical_address_bits);
	}
}

void entry_rules_guest(struct entry_check *check)
{
	registers(check);
	segments(check);
	descriptor_tables(check);
	flow(check);
	non_register_state(check);
	page_directory_pointers(check);
}
