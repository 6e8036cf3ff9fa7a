/* SPDX-License-Identifier: MIT */
/* What lies in the landing; see vmx/landing.h. */
#include "vmx/landing.h"

#include <stddef.h>

#define SELECTOR_INDEX(selector) ((unsigned int)(selector) >> 3)
#define SELECTOR_TI		 (1u << 2)
#define CORE_CODE_INDEX		 1 /* SELECTOR_CODE of core/percpu.h */

/* "Segment Descriptors": flat 64-bit code at CPL 0. */
#define DESCRIPTOR_CODE 0x00af9b000000ffffull
/* "System Descriptor Types" in IA-32e mode, present. */
#define TYPE_LDT	   0x82u
#define TYPE_TSS_AVAILABLE 0x89u
#define GATE_INTERRUPT	   0x8e00u
#define ACCESS_UNUSABLE	   (1u << 16)

/*
 * The slots of the upper half first, from its lowest on: there Linux leaves a hole that its
 * documentation reserves for hypervisors. Programs of the guest live in the lower half.
 */
unsigned int landing_slot(unsigned int n)
{
	return n < 255 ? 256 + n : n - 254;
}

uint64_t landing_address(unsigned int slot, bool five_levels)
{
	unsigned int shift = five_levels ? 48 : 39, unused = five_levels ? 7 : 16;

	return (uint64_t)((int64_t)((uint64_t)slot << (shift + unused)) >> unused);
}

/*
 * "TSS Descriptor in 64-bit Mode"; that of an LDT looks the same. Where the guest's own GDT has it.
 * LTR wants the TSS not to be busy, which in the guest's own GDT it is.
 */
static bool put_system_descriptor(uint64_t *gdt, uint16_t selector,
				  const struct sill_segment *segment, uint64_t type)
{
	unsigned int index = SELECTOR_INDEX(selector);
	uint64_t base = segment->base, limit = segment->limit, granular = 0;

	if ((selector & SELECTOR_TI) != 0 || index == 0 || index + 1 >= LANDING_GDT_ENTRIES ||
	    gdt[index] != 0 || gdt[index + 1] != 0)
		return false;
	if (limit > 0xfffff) {
		limit >>= 12;
		granular = 1;
	}
	gdt[index] = (limit & 0xffff) | (base & 0xffffff) << 16 | type << 40 | (limit >> 16) << 48 |
		     granular << 55 | (base >> 24 & 0xff) << 56;
	gdt[index + 1] = base >> 32;
	return true;
}

/*
 * LTR refuses the null selector that a CPU has after a reset, and which firmware may never have
 * replaced. Then TR is loaded with what it had, through another selector: one beyond the end of the
 * guest's own GDT. That says as clearly as null that there is no descriptor (EDK II, which brings
 * back the TR of its other CPUs each time it calls them, leaves it alone then). 0: none is free.
 */
static uint16_t selector_for_null(const uint64_t *gdt, uint32_t guest_limit)
{
	for (unsigned int index = guest_limit / 8 + 1; index + 1 < LANDING_GDT_ENTRIES; index++) {
		if (gdt[index] == 0 && gdt[index + 1] == 0)
			return (uint16_t)(index << 3);
	}
	return 0;
}

static bool fill_gdt(struct landing *landing, const struct sill_launch *state)
{
	const struct sill_segment *ldtr = &state->segments[SILL_SEGMENT_LDTR];
	const struct sill_segment *tr = &state->segments[SILL_SEGMENT_TR];
	unsigned int code = SELECTOR_INDEX(landing->code);

	for (unsigned int i = 0; i < LANDING_GDT_ENTRIES; i++)
		landing->gdt[i] = 0;
	landing->gdt[CORE_CODE_INDEX] = DESCRIPTOR_CODE;
	landing->gdt[code] = DESCRIPTOR_CODE;

	landing->ldtr = 0;
	if (SELECTOR_INDEX(ldtr->selector) != 0 && (ldtr->access_rights & ACCESS_UNUSABLE) == 0) {
		landing->ldtr = ldtr->selector;
		if (!put_system_descriptor(landing->gdt, landing->ldtr, ldtr, TYPE_LDT))
			return false;
	}
	landing->tr = tr->selector;
	if (SELECTOR_INDEX(tr->selector) == 0)
		landing->tr = selector_for_null(landing->gdt, state->gdtr.limit);
	return put_system_descriptor(landing->gdt, landing->tr, tr, TYPE_TSS_AVAILABLE);
}

static struct landing_table table_of(const struct sill_table_register *r)
{
	return (struct landing_table){.limit = (uint16_t)r->limit, .base = r->base};
}

bool landing_fill(struct landing *landing, const struct sill_launch *state, uint16_t nmi_selector)
{
	unsigned int code = SELECTOR_INDEX(nmi_selector);

	landing->rip = state->rip;
	landing->cs = state->segments[SILL_SEGMENT_CS].selector;
	landing->rflags = state->rflags;
	landing->rsp = state->rsp;
	landing->ss = state->segments[SILL_SEGMENT_SS].selector;
	landing->cr3 = state->cr3;
	landing->cr4 = state->cr4;
	landing->dr7 = state->dr7;
	landing->efer = state->ia32_efer;
	landing->fs_base = state->segments[SILL_SEGMENT_FS].base;
	landing->gs_base = state->segments[SILL_SEGMENT_GS].base;
	landing->gdtr = table_of(&state->gdtr);
	landing->idtr = table_of(&state->idtr);
	landing->ds = state->segments[SILL_SEGMENT_DS].selector;
	landing->es = state->segments[SILL_SEGMENT_ES].selector;
	landing->fs = state->segments[SILL_SEGMENT_FS].selector;
	landing->gs = state->segments[SILL_SEGMENT_GS].selector;
	landing->nmi = 0;

	/* A guest without an NMI gate could not take one anyhow: then any selector will do. */
	if (code == 0)
		code = CORE_CODE_INDEX;
	if ((nmi_selector & SELECTOR_TI) != 0 || code >= LANDING_GDT_ENTRIES)
		return false;
	landing->code = (uint16_t)(code << 3);
	return fill_gdt(landing, state);
}

void landing_set_addresses(struct landing *landing, uint64_t base, uint64_t nmi_handler)
{
	for (unsigned int i = 0; i < LANDING_GATES; i++)
		landing->gates[i] = (struct landing_gate){0};
	landing->gates[2] = (struct landing_gate){
		.offset_low = (uint16_t)nmi_handler,
		.selector = landing->code,
		.type = GATE_INTERRUPT,
		.offset_middle = (uint16_t)(nmi_handler >> 16),
		.offset_high = (uint32_t)(nmi_handler >> 32),
	};
	landing->own_gdtr = (struct landing_table){
		.limit = sizeof(landing->gdt) - 1,
		.base = base + offsetof(struct landing, gdt),
	};
	landing->own_idtr = (struct landing_table){
		.limit = sizeof(landing->gates) - 1,
		.base = base + offsetof(struct landing, gates),
	};
}
