/* SPDX-License-Identifier: MIT */
/*
 * Inside of the VM-entry failure explainer: what the three sets of rules share. Each set follows
 * the SDM's text from top to bottom, one test a sentence.
 */
#ifndef DEBUG_ENTRY_RULES_H
#define DEBUG_ENTRY_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "debug/entry_failure.h"

#define CR0_PE	   (1ull << 0)
#define CR0_WP	   (1ull << 16)
#define CR0_NW	   (1ull << 29)
#define CR0_CD	   (1ull << 30)
#define CR0_PG	   (1ull << 31)
#define CR4_PAE	   (1ull << 5)
#define CR4_PCIDE  (1ull << 17)
#define CR4_CET	   (1ull << 23)
#define UPPER_HALF 0xffffffff00000000ull

struct entry_check {
	const struct entry_failure *failure;
	const struct vmx_capability *capability;
	const char *section; /* title of the SDM's section that is being applied */
	unsigned int broken;
	/* The controls as they are in the VMCS; a word that is not activated counts as 0. */
	uint32_t pin, primary, secondary, exit, entry;
	uint64_t tertiary;
	uint32_t injection; /* VM-entry interruption information; 0 if it is not valid */
	bool ia32e_guest, unrestricted;
};

/* The field's value; 0 if the CPU does not have the field. */
uint64_t entry_field(const struct entry_check *check, uint32_t field);

/* Reports a broken rule of the current section; nothing if the CPU does not have the field. */
__attribute__((format(printf, 3, 4))) void entry_broken(struct entry_check *check, uint32_t field,
							const char *fmt, ...);

/* Rules that many fields share. */
void entry_rule_canonical(struct entry_check *check, uint32_t field);
void entry_rule_physical(struct entry_check *check, uint32_t field, unsigned int alignment_bits);
void entry_rule_pat(struct entry_check *check, uint32_t field);
void entry_rule_upper_half_zero(struct entry_check *check, uint32_t field);
void entry_rule_fixed(struct entry_check *check, uint32_t field, const char *name, uint64_t fixed0,
		      uint64_t fixed1);
void entry_rule_s_cet(struct entry_check *check, uint32_t field);

/* Bits of a physical address that the CPU does not have, bit 63 downwards. */
uint64_t entry_beyond_width(const struct entry_check *check);

void entry_rules_controls(struct entry_check *check);
void entry_rules_host(struct entry_check *check);
void entry_rules_guest(struct entry_check *check);

#endif
