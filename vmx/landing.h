/* SPDX-License-Identifier: MIT */
/*
 * The landing: the few bytes of code and data over which a CPU steps from the core's page tables to
 * those of what it ran before. Both see it at one and the same address: through an entry, the same
 * in both, of a slot of the top-level table that is free in both. This file decides what lies in
 * it; pure. Who builds it and goes there: vmx/leave.c; the code in it: vmx/leave.asm.
 */
#ifndef SILL_VMX_LANDING_H
#define SILL_VMX_LANDING_H

#include <sill/handoff.h>

#include <stdbool.h>
#include <stdint.h>

/* How many slots of a top-level table may be asked for: neither the first nor the last. */
#define LANDING_SLOTS 510u

/* The n-th slot to try, n below LANDING_SLOTS. */
unsigned int landing_slot(unsigned int n);

/* The lowest address that a slot translates, with 4 or 5 levels of tables. */
uint64_t landing_address(unsigned int slot, bool five_levels);

/* What LGDT and LIDT read. */
struct __attribute__((packed)) landing_table {
	uint16_t limit;
	uint64_t base;
};

/* "64-Bit IDT Gate Descriptors" */
struct landing_gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t type; /* and the IST's number */
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

#define LANDING_GATES	    3 /* up to that of vector 2, the NMI */
#define LANDING_GDT_ENTRIES 128

/* The data of one CPU. vmx/leave.asm knows the offsets. */
struct landing {
	uint8_t stack[512];

	/* What the last instructions pop: the general registers, as struct vcpu_registers, and */
	uint64_t registers[15];
	/* what IRETQ pops. */
	uint64_t rip, cs, rflags, rsp, ss;

	uint64_t cr3, cr4, dr7, efer, fs_base, gs_base;
	uint64_t nmis_seen; /* how many NMIs of this CPU's count need no answer any more */

	struct landing_table gdtr;
	uint16_t ds;
	struct landing_table idtr;
	uint16_t es;
	struct landing_table own_gdtr;
	uint16_t fs;
	struct landing_table own_idtr;
	uint16_t gs;
	uint16_t ldtr, tr;
	uint16_t code;	   /* the selector of the landing's code */
	uint16_t nmi;	   /* 1: an NMI came which the guest is to get */
	uint64_t counters; /* IA32_PERF_GLOBAL_CTRL, or COUNTERS_NONE */

	struct landing_gate gates[LANDING_GATES];
	uint64_t gdt[LANDING_GDT_ENTRIES];
};

/*
 * Fills in what *state says; the rest is registers, nmis_seen, counters and what depends on where
 * the landing lies. nmi_selector is the code segment that the guest's own IDT has for NMIs (0 = it
 * has none): the landing's code runs in a segment of that name, so that an NMI handler of the guest
 * that comes in between returns to a valid CS. False: the guest's selectors don't go together, or
 * lie beyond LANDING_GDT_ENTRIES.
 */
__attribute__((warn_unused_result)) bool
landing_fill(struct landing *landing, const struct sill_launch *state, uint16_t nmi_selector);

/* Where it lies: the address of *landing in both worlds, and that of the code for NMIs. */
void landing_set_addresses(struct landing *landing, uint64_t base, uint64_t nmi_handler);

#endif
