/* SPDX-License-Identifier: MIT */
/* UNIT: vmx/landing.c */
/* What lies in the landing of a CPU that leaves, and where it may lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmx/landing.h"

#define CODE	     0x00af9b000000ffffull
#define UNUSABLE_LDT 0x10082u

static void slots_are_all_tried_once(void **unused)
{
	bool seen[512] = {false};

	(void)unused;
	assert_int_equal(landing_slot(0), 256);
	for (unsigned int n = 0; n < LANDING_SLOTS; n++) {
		unsigned int slot = landing_slot(n);

		assert_in_range(slot, 1, 510);
		assert_false(seen[slot]);
		seen[slot] = true;
		/* The upper half, where no program of the guest lives, comes first. */
		assert_int_equal(slot >= 256, n < 255);
	}
}

static void addresses_are_canonical(void **unused)
{
	(void)unused;
	assert_int_equal(landing_address(256, false), 0xffff800000000000);
	assert_int_equal(landing_address(510, false), 0xffffff0000000000);
	assert_int_equal(landing_address(255, false), 0x00007f8000000000);
	assert_int_equal(landing_address(256, true), 0xff00000000000000);
	assert_int_equal(landing_address(1, true), 0x0001000000000000);
}

/* A CPU as Linux has it. */
static struct sill_launch linux_state(void)
{
	struct sill_launch state = {
		.rip = 0xffffffff81000123,
		.rsp = 0xffffc90000003f00,
		.rflags = 0x246,
		.cr3 = 0x1234000,
		.cr4 = 0x3506a0,
		.dr7 = 0x400,
		.ia32_efer = 0xd01,
		.gdtr = {.base = 0xfffffe0000001000, .limit = 0x7f},
		.idtr = {.base = 0xfffffe0000000000, .limit = 0xfff},
	};

	state.segments[SILL_SEGMENT_CS].selector = 0x10;
	state.segments[SILL_SEGMENT_SS].selector = 0x18;
	state.segments[SILL_SEGMENT_DS].selector = 0x2b;
	state.segments[SILL_SEGMENT_GS].base = 0xffff88803ec00000;
	state.segments[SILL_SEGMENT_LDTR] = (struct sill_segment){.access_rights = UNUSABLE_LDT};
	state.segments[SILL_SEGMENT_TR] = (struct sill_segment){
		.selector = 0x40,
		.base = 0xfffffe0012345678,
		.limit = 0x4087,
		.access_rights = 0x8b,
	};
	return state;
}

static void state_is_taken_over(void **unused)
{
	struct sill_launch state = linux_state();
	struct landing landing;

	(void)unused;
	memset(&landing, 0xa5, sizeof(landing));
	assert_true(landing_fill(&landing, &state, 0x10));
	assert_int_equal(landing.rip, 0xffffffff81000123);
	assert_int_equal(landing.cs, 0x10);
	assert_int_equal(landing.rflags, 0x246);
	assert_int_equal(landing.rsp, 0xffffc90000003f00);
	assert_int_equal(landing.ss, 0x18);
	assert_int_equal(landing.cr3, 0x1234000);
	assert_int_equal(landing.cr4, 0x3506a0);
	assert_int_equal(landing.efer, 0xd01);
	assert_int_equal(landing.dr7, 0x400);
	assert_int_equal(landing.ds, 0x2b);
	assert_int_equal(landing.es, 0);
	assert_int_equal(landing.gs_base, 0xffff88803ec00000);
	assert_int_equal(landing.gdtr.base, 0xfffffe0000001000);
	assert_int_equal(landing.gdtr.limit, 0x7f);
	assert_int_equal(landing.idtr.base, 0xfffffe0000000000);
	assert_int_equal(landing.idtr.limit, 0xfff);
	assert_int_equal(landing.nmi, 0);
	assert_int_equal(landing.ldtr, 0);
	assert_int_equal(landing.tr, 0x40);
}

static void gdt_has_what_is_loaded_from_it(void **unused)
{
	struct sill_launch state = linux_state();
	struct landing landing;

	(void)unused;
	memset(&landing, 0xa5, sizeof(landing));
	assert_true(landing_fill(&landing, &state, 0x10));
	for (unsigned int i = 0; i < LANDING_GDT_ENTRIES; i++) {
		switch (i) {
		case 1: /* the core's own code segment: its NMI handler returns to it */
		case 2:
			assert_int_equal(landing.gdt[i], CODE);
			break;
		case 8: /* available, not busy */
			assert_int_equal(landing.gdt[i], 0x1200893456784087);
			break;
		case 9:
			assert_int_equal(landing.gdt[i], 0xfffffe00);
			break;
		default:
			assert_int_equal(landing.gdt[i], 0);
		}
	}
	assert_int_equal(landing.code, 0x10);
}

static void ldt_has_its_descriptor(void **unused)
{
	struct sill_launch state = linux_state();
	struct landing landing;

	(void)unused;
	state.segments[SILL_SEGMENT_LDTR] = (struct sill_segment){
		.selector = 0x50,
		.base = 0xffff880000001000,
		.limit = 0x1fffff,
		.access_rights = 0x82,
	};
	assert_true(landing_fill(&landing, &state, 0x10));
	assert_int_equal(landing.ldtr, 0x50);
	/* A limit of more than 20 bits counts pages. */
	assert_int_equal(landing.gdt[10], 0x00808200100001ff);
	assert_int_equal(landing.gdt[11], 0xffff8800);
}

/* As firmware leaves TR: never loaded. */
static void null_tr_gets_a_selector(void **unused)
{
	struct sill_launch state = linux_state();
	struct landing landing;

	(void)unused;
	state.segments[SILL_SEGMENT_TR] =
		(struct sill_segment){.limit = 0xffff, .access_rights = 0x8b};
	state.gdtr.limit = 0x47;
	assert_true(landing_fill(&landing, &state, 0x38));
	assert_int_equal(landing.tr, 0x48);
	assert_int_equal(landing.gdt[9], 0x000089000000ffff);
	assert_int_equal(landing.gdt[10], 0);

	/* Around what is there already. */
	assert_true(landing_fill(&landing, &state, 0x50));
	assert_int_equal(landing.tr, 0x58);
	assert_int_equal(landing.gdt[10], CODE);

	state.gdtr.limit = 8 * LANDING_GDT_ENTRIES - 17;
	assert_true(landing_fill(&landing, &state, 0x38));
	assert_int_equal(landing.tr, 8 * LANDING_GDT_ENTRIES - 16);
	state.gdtr.limit = 0xffff;
	assert_false(landing_fill(&landing, &state, 0x38));
}

static void odd_selectors_are_refused(void **unused)
{
	struct sill_launch state = linux_state();
	struct landing landing;

	(void)unused;
	assert_true(landing_fill(&landing, &state, 0));
	assert_int_equal(landing.code, 8);
	assert_false(landing_fill(&landing, &state, 0x14)); /* in the LDT */
	assert_false(landing_fill(&landing, &state, 8 * LANDING_GDT_ENTRIES));
	assert_true(landing_fill(&landing, &state, 8 * (LANDING_GDT_ENTRIES - 1)));
	assert_false(landing_fill(&landing, &state, 0x48)); /* inside the TSS descriptor */
	state.segments[SILL_SEGMENT_TR].selector = 8 * (LANDING_GDT_ENTRIES - 1);
	assert_false(landing_fill(&landing, &state, 0x10)); /* half of it is beyond the end */
	state.segments[SILL_SEGMENT_TR].selector = 8;
	assert_false(landing_fill(&landing, &state, 0x10)); /* where the core's code is */
	state.segments[SILL_SEGMENT_TR].selector = 0x44;
	assert_false(landing_fill(&landing, &state, 0x10));
}

static void tables_lie_where_the_landing_does(void **unused)
{
	struct sill_launch state = linux_state();
	struct landing landing;
	const uint64_t base = 0xffff800000003800;

	(void)unused;
	memset(&landing, 0xa5, sizeof(landing));
	assert_true(landing_fill(&landing, &state, 0x10));
	landing_set_addresses(&landing, base, 0xffff8000000012cf);
	assert_int_equal(landing.own_gdtr.base, base + offsetof(struct landing, gdt));
	assert_int_equal(landing.own_gdtr.limit, 8 * LANDING_GDT_ENTRIES - 1);
	assert_int_equal(landing.own_idtr.base, base + offsetof(struct landing, gates));
	assert_int_equal(landing.own_idtr.limit, 3 * 16 - 1);
	assert_memory_equal(&landing.gates[2],
			    "\xcf\x12\x10\x00\x00\x8e\x00\x00\x00\x80\xff\xff\x00\x00\x00\x00", 16);
	/* Not present. */
	assert_int_equal(landing.gates[0].type, 0);
	assert_int_equal(landing.gates[1].type, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_all_tried_once),
		cmocka_unit_test(addresses_are_canonical),
		cmocka_unit_test(state_is_taken_over),
		cmocka_unit_test(gdt_has_what_is_loaded_from_it),
		cmocka_unit_test(ldt_has_its_descriptor),
		cmocka_unit_test(null_tr_gets_a_selector),
		cmocka_unit_test(odd_selectors_are_refused),
		cmocka_unit_test(tables_lie_where_the_landing_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
