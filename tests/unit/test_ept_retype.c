/* SPDX-License-Identifier: MIT */
/* UNIT: ept/ept.c ept/ept_audit.c ept/memory_type.c */
/*
 * Memory types that change while CPUs run: directed cases, and thousands of random MTRRs, each
 * result compared with them page by page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sill/errno.h>

#include "core/msr.h"
#include "ept/ept.h"
#include "tests/unit/ept_fixture.h"

#define WB MEMORY_TYPE_WB
#define UC MEMORY_TYPE_UC

/* As the underlay maps memory: all where it is, but one range that shows one page. */
#define HOLE	  (MIB(26) + 5 * PAGE)
#define HOLE_SIZE (MIB(3) + PAGE)
#define HOLE_PAGE (MIB(27))
#define MAPPED	  GIB(8)

/* All pages in here are looked at one by one. */
#define WINDOW MIB(64)

static uint64_t expected_hpa(uint64_t gpa)
{
	return gpa - HOLE < HOLE_SIZE ? HOLE_PAGE + gpa % PAGE : gpa;
}

static uint32_t expected_permissions(uint64_t gpa)
{
	return gpa - HOLE < HOLE_SIZE ? RX : EPT_ALL;
}

static void map_all(uint64_t capabilities)
{
	restart(capabilities);
	assert_int_equal(ept_map(&ept, 0, 0, MAPPED, EPT_ALL), 0);
	assert_int_equal(ept_map_repeated(&ept, HOLE, HOLE_PAGE, HOLE_SIZE, RX), 0);
	tables.released = 0;
}

/* UC may be there instead of the right type if there was no memory. Answers how often it was. */
static uint64_t check_page(uint64_t gpa, bool uc_allowed)
{
	struct ept_leaf leaf;
	uint64_t hpa, bytes;
	enum memory_type type;

	assert_int_equal(ept_translate(&ept, gpa, &hpa, &leaf), 0);
	assert_int_equal(hpa, expected_hpa(gpa));
	assert_int_equal(leaf.permissions, expected_permissions(gpa));
	type = memory_type_at(&mtrr, hpa & ~(PAGE - 1), &bytes);
	if (uc_allowed && leaf.type == UC)
		return type != UC;
	assert_int_equal(leaf.type, type);
	return 0;
}

static uint64_t check_pages(bool uc_allowed)
{
	struct ept_audit audit;
	uint64_t wrong = 0;

	for (uint64_t gpa = 0; gpa < WINDOW; gpa += PAGE)
		wrong += check_page(gpa, uc_allowed);
	for (uint64_t gpa = WINDOW; gpa < MAPPED; gpa += MIB(2))
		wrong += check_page(gpa + below(MIB(2)), uc_allowed);
	ept_audit(&ept, 0, MAPPED, &audit);
	assert_int_equal(audit.reachable, MAPPED);
	assert_int_equal(audit.malformed, 0);
	assert_int_equal(audit.outside, 0);
	assert_int_equal(audit.tables, ept.tables);
	assert_int_equal(ept.tables, tables.used);
	if (!uc_allowed)
		assert_int_equal(audit.mistyped, 0);
	/* A CPU may be using any of them. */
	assert_int_equal(tables.released, 0);
	return wrong;
}

static uint64_t pages_of(uint64_t size)
{
	struct ept_audit audit;

	ept_audit(&ept, 0, MAPPED, &audit);
	return size == GIB(1) ? audit.pages_1g : size == MIB(2) ? audit.pages_2m : audit.pages_4k;
}

/* The call finds memory for all that it needs. */
#define RETYPED(invept)                                  \
	do {                                             \
		ept.stale = false;                       \
		assert_int_equal(ept_retype(&ept), 0);   \
		assert_int_equal(ept.stale, invept);     \
		assert_int_equal(check_pages(false), 0); \
	} while (0)

static void nothing_changed(void **unused)
{
	(void)unused;
	map_all(CAPABILITIES_1G);
	tables.allowance = 0;
	RETYPED(false);
	assert_int_equal(pages_of(GIB(1)), 7);

	/* Nothing is mapped. */
	restart(CAPABILITIES_1G);
	assert_int_equal(ept_retype(&ept), 0);
	assert_int_equal(ept.tables, 1);
}

/* As software writes MTRRs: all off, changes, on again. */
static void off_and_on(void **unused)
{
	(void)unused;
	map_all(CAPABILITIES_1G);
	tables.allowance = 0;
	mtrr.default_type = WB;
	RETYPED(true);
	assert_int_equal(pages_of(GIB(1)), 7);
	RETYPED(false);

	mtrr.default_type = MTRR_DEF_TYPE_ENABLE | WB;
	add_type(GIB(2), GIB(2), UC);
	RETYPED(true);
	assert_int_equal(pages_of(GIB(1)), 7);
	/* The hole has the type of the page that it shows. */
	add_type(HOLE_PAGE, PAGE, MEMORY_TYPE_WT);
	RETYPED(true);
}

static void splits_where_types_differ(void **unused)
{
	(void)unused;
	map_all(CAPABILITIES_1G);
	add_type(GIB(3) + MIB(16), MIB(16), MEMORY_TYPE_WC);
	RETYPED(true);
	assert_int_equal(pages_of(GIB(1)), 6);
	assert_int_equal(pages_of(MIB(2)), 512 - 2 + 512);

	add_type(GIB(4) + MIB(16) + PAGE, PAGE, UC);
	RETYPED(true);
	assert_int_equal(pages_of(GIB(1)), 5);

	/* Nothing is joined, so the next change finds its tables there. */
	uint64_t before = ept.tables;
	mtrr.variable_count = 0;
	RETYPED(true);
	assert_int_equal(ept.tables, before);
	add_type(GIB(4) + MIB(16) + PAGE, PAGE, UC);
	tables.allowance = 0;
	RETYPED(true);

	/* Until somebody maps anew. */
	mtrr.variable_count = 0;
	RETYPED(true);
	tables.allowance = TABLES_MAX;
	assert_int_equal(ept_map(&ept, GIB(1), GIB(1), GIB(7), EPT_ALL), 0);
	assert_int_equal(pages_of(GIB(1)), 7);
}

static void fixed_ranges_come_and_go(void **unused)
{
	(void)unused;
	map_all(CAPABILITIES_2M);
	mtrr.capability |= MTRRCAP_FIX;
	memset(mtrr.fixed, MEMORY_TYPE_WB, sizeof(mtrr.fixed));
	mtrr.fixed[2] = 0;
	mtrr.fixed[7] = 0x0005040100000605ull;
	mtrr.default_type |= MTRR_DEF_TYPE_FIXED_ENABLE;
	RETYPED(true);
	assert_int_equal(pages_of(PAGE), 3 * 512);
	mtrr.default_type &= ~(uint64_t)MTRR_DEF_TYPE_FIXED_ENABLE;
	RETYPED(true);
	assert_int_equal(pages_of(PAGE), 3 * 512);
}

/* A type looked up before the change must not live on in what is mapped next. */
static void nothing_is_remembered(void **unused)
{
	(void)unused;
	restart(CAPABILITIES_1G);
	assert_int_equal(ept_grant_page(&ept, 0, 0, RW), 0);
	mtrr.default_type = MTRR_DEF_TYPE_ENABLE | MEMORY_TYPE_WT;
	assert_int_equal(ept_retype(&ept), 0);
	assert_int_equal(ept_grant_page(&ept, PAGE, PAGE, RW), 0);
	for (uint64_t gpa = 0; gpa < 2 * PAGE; gpa += PAGE) {
		struct ept_leaf leaf;

		assert_int_equal(ept_translate(&ept, gpa, NULL, &leaf), 0);
		assert_int_equal(leaf.type, MEMORY_TYPE_WT);
	}
}

/* Each allocation fails once: what could not be split is UC, and right once there is memory. */
static void exhaustion_at_each_allocation(void **unused)
{
	unsigned int allowance = 0;
	int result;

	(void)unused;
	do {
		uint64_t wrong;

		all_write_back(46);
		map_all(CAPABILITIES_1G);
		tables.allowance = allowance;
		add_type(MIB(4) + 3 * PAGE, PAGE, MEMORY_TYPE_WT);
		add_type(GIB(2) + MIB(6), MIB(2), MEMORY_TYPE_WC);
		add_type(GIB(5) + MIB(6) + PAGE, PAGE, MEMORY_TYPE_WC);
		result = ept_retype(&ept);
		wrong = check_pages(true);
		if (result == 0) {
			assert_int_equal(check_pages(false), 0);
			break;
		}
		assert_int_equal(result, -SILL_ENOMEM);
		assert_true(wrong > 0);
		assert_true(ept.stale);
		/* One more try with as little, and one with enough. */
		tables.allowance = 0;
		assert_int_equal(ept_retype(&ept), -SILL_ENOMEM);
		assert_int_equal(check_pages(true) > 0, true);
		tables.allowance = TABLES_MAX;
		RETYPED(true);
		allowance++;
	} while (allowance < 100);
	assert_int_equal(allowance, 4);
}

/* A CPU that runs meanwhile finds each page where it is, all the time, with a valid type. */
static uint64_t watched;

static void watch(void)
{
	static const uint64_t gpas[] = {0, MIB(4) + 3 * PAGE, HOLE - 1, HOLE, GIB(2), GIB(3) - 1};

	watched++;
	for (unsigned int i = 0; i < sizeof(gpas) / sizeof(gpas[0]); i++) {
		uint64_t physical = ept.root, entry;
		unsigned int level = 4, shift;

		for (;; level--) {
			const uint64_t *table = tables_at_unwatched(physical);

			shift = 12 + 9 * (level - 1);
			entry = table[gpas[i] >> shift & 511];
			assert_int_equal(entry & 7, level > 1 && !(entry & 0x80)
							    ? EPT_ALL
							    : expected_permissions(gpas[i]));
			physical = entry & 0x000ffffffffff000ull;
			if (level == 1 || (entry & 0x80))
				break;
		}
		assert_true(memory_type_valid(entry >> 3 & 7));
		assert_int_equal(physical + (gpas[i] & ((1ull << shift) - 1)),
				 expected_hpa(gpas[i]));
	}
}

static void no_hole_meanwhile(void **unused)
{
	(void)unused;
	map_all(CAPABILITIES_1G);
	tables.watcher = watch;
	add_type(MIB(4) + 3 * PAGE, PAGE, MEMORY_TYPE_WT);
	add_type(GIB(2), MIB(2), MEMORY_TYPE_WC);
	add_type(GIB(3) - PAGE, PAGE, MEMORY_TYPE_WC);
	watched = 0;
	assert_int_equal(ept_retype(&ept), 0);
	mtrr.default_type = 0;
	assert_int_equal(ept_retype(&ept), 0);
	assert_true(watched > 15);
	tables.watcher = NULL;
	assert_int_equal(check_pages(false), 0);
}

static void random_mtrrs(void)
{
	static const unsigned int types[] = {
		UC, MEMORY_TYPE_WC, MEMORY_TYPE_WT, MEMORY_TYPE_WP, WB, WB, UC, 7};

	all_write_back(46);
	mtrr.default_type = types[below(7)] | (below(8) ? MTRR_DEF_TYPE_ENABLE : 0);
	for (uint64_t count = below(6); count > 0; count--) {
		/* Mostly where every page is looked at. */
		uint64_t size = PAGE << below(below(3) ? 13 : 21);
		uint64_t base = below((below(3) ? WINDOW : MAPPED) / size + 1) * size;

		add_type(base, size, types[below(8)]);
		if (below(8) == 0) /* a hole in the mask */
			mtrr.variable[mtrr.variable_count - 1].mask &= ~(PAGE << below(20));
		if (below(8) == 0)
			mtrr.variable[mtrr.variable_count - 1].mask &=
				~(uint64_t)MTRR_PHYSMASK_VALID;
	}
	if (below(2)) {
		mtrr.capability |= MTRRCAP_FIX;
		mtrr.default_type |= MTRR_DEF_TYPE_FIXED_ENABLE;
		for (unsigned int i = 0; i < MTRR_FIXED_COUNT; i++)
			mtrr.fixed[i] = types[below(7)] * 0x0101010101010101ull;
		mtrr.fixed[below(MTRR_FIXED_COUNT)] ^= 0x06ull << 8 * below(8);
	}
}

static void random_run(uint64_t capabilities, uint64_t run, unsigned int rounds)
{
	unsigned int failures = 0, right = 0;

	seed = run;
	all_write_back(46);
	map_all(capabilities);
	for (unsigned int round = 0; round < rounds; round++) {
		int result;

		/* Fresh now and then, as few tables are left to make after a while. */
		if (round % 8 == 0) {
			all_write_back(46);
			map_all(capabilities);
		}
		random_mtrrs();
		tables.allowance = below(3) ? TABLES_MAX : (unsigned int)below(6);
		result = ept_retype(&ept);
		if (result != 0) {
			assert_int_equal(result, -SILL_ENOMEM);
			assert_int_equal(tables.allowance, 0);
			(void)check_pages(true);
			failures++;
		} else {
			(void)check_pages(false);
			right++;
		}
	}
	/* The dice did reach what is to be tested. */
	assert_true(failures > rounds / 20);
	assert_true(right > rounds / 2);
}

static void random_changes(void **unused)
{
	(void)unused;
	random_run(CAPABILITIES_1G, 0x51181, 400);
	random_run(CAPABILITIES_2M, 0x51182, 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_changed),		 TEST(off_and_on),
		TEST(splits_where_types_differ), TEST(fixed_ranges_come_and_go),
		TEST(nothing_is_remembered),	 TEST(exhaustion_at_each_allocation),
		TEST(no_hole_meanwhile),	 TEST(random_changes),
	};

	return cmocka_run_group_tests_name("ept_retype", tests, NULL, NULL);
}
