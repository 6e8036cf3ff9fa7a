/* SPDX-License-Identifier: MIT */
/* UNIT: ept/ept.c ept/ept_audit.c ept/memory_type.c */
/*
 * Extended page tables, built in ordinary memory: directed cases, and thousands of random changes
 * compared with a model that knows nothing but an array of pages.
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

/*
 * What holds of the tables after every call, read straight from the bytes, sharing nothing with
 * the code under test. Accessed and dirty flags are masked by the caller's choice.
 */
static uint64_t by_cpu_bits;

static unsigned int check_table(uint64_t physical, unsigned int level)
{
	const uint64_t *table = tables_at_unwatched(physical);
	uint64_t size = 1ull << (12 + 9 * (level - 1));
	uint64_t address_bits = (1ull << mtrr.physical_bits) - PAGE;
	bool large = (level == 2 && (ept.capabilities >> 16 & 1)) ||
		     (level == 3 && (ept.capabilities >> 16 & 3) == 3);
	bool parent_large = (level + 1 == 2 && (ept.capabilities >> 16 & 1)) ||
			    (level + 1 == 3 && (ept.capabilities >> 16 & 3) == 3);
	bool joinable = parent_large;
	bool empty = true;
	unsigned int count = 1;

	for (unsigned int i = 0; i < 512; i++) {
		uint64_t entry = table[i] & ~by_cpu_bits;
		uint64_t leaf = level > 1 ? 1u << 7 : 0;

		if (entry != (table[0] & ~by_cpu_bits) + i * size || !entry)
			joinable = false;
		if (!entry)
			continue;
		empty = false;
		if (level > 1 && !(entry & 1u << 7)) {
			joinable = false;
			assert_int_equal(entry & ~address_bits, 7);
			count += check_table(entry & address_bits, level - 1);
			continue;
		}
		assert_true(level == 1 || large);
		assert_int_equal(entry & ~(address_bits | 0x3f | leaf), 0);
		assert_int_equal(entry & address_bits & (size - 1), 0);
		assert_int_equal(entry & leaf, leaf);
		assert_true((entry & 1) ||
			    ((entry & 7) == 4 && (ept.capabilities & EPT_CAP_EXECUTE_ONLY)));
		assert_true(memory_type_valid(entry >> 3 & 7));
	}
	if (joinable && (table[0] & address_bits & (size * 512 - 1)) == 0)
		fail_msg("a table of level %u could be one page", level);
	if (empty && level < 4)
		fail_msg("an empty table of level %u", level);
	return count;
}

static void check_invariants(void)
{
	void (*watcher)(void) = tables.watcher;
	struct ept_audit audit;

	tables.watcher = NULL;
	assert_int_equal(check_table(ept.root, 4), ept.tables);
	assert_int_equal(tables.used, ept.tables);
	ept_audit(&ept, 0, ~0ull, &audit);
	assert_int_equal(audit.malformed, 0);
	assert_int_equal(audit.mistyped, 0);
	assert_int_equal(audit.outside, 0);
	assert_int_equal(audit.tables, ept.tables);
	tables.watcher = watcher;
}

static void expect_leaf(uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t permissions,
			unsigned int type)
{
	struct ept_leaf leaf;
	uint64_t at = 0;

	assert_int_equal(ept_translate(&ept, gpa, &at, &leaf), 0);
	assert_int_equal(at, hpa);
	assert_int_equal(leaf.size, size);
	assert_int_equal(leaf.gpa, gpa & ~(size - 1));
	assert_int_equal(leaf.hpa, hpa & ~(size - 1));
	assert_int_equal(leaf.permissions, permissions);
	assert_int_equal(leaf.type, type);
}

static void expect_hole(uint64_t gpa)
{
	assert_int_equal(ept_translate(&ept, gpa, NULL, NULL), -SILL_EFAULT);
}

static void expect_pages(uint64_t pages_1g, uint64_t pages_2m, uint64_t pages_4k, uint64_t count)
{
	struct ept_audit audit;

	check_invariants();
	ept_audit(&ept, 0, ~0ull, &audit);
	assert_int_equal(audit.pages_1g, pages_1g);
	assert_int_equal(audit.pages_2m, pages_2m);
	assert_int_equal(audit.pages_4k, pages_4k);
	assert_int_equal(audit.tables, count);
	assert_int_equal(audit.reachable, pages_1g * GIB(1) + pages_2m * MIB(2) + pages_4k * PAGE);
}

#define WB MEMORY_TYPE_WB
#define UC MEMORY_TYPE_UC

/* The call succeeds, and INVEPT is due after it or is not, as said. */
#define OK(call, invept)                             \
	do {                                         \
		ept.stale = false;                   \
		assert_int_equal(call, 0);           \
		assert_int_equal(ept.stale, invept); \
		check_invariants();                  \
	} while (0)

/* The call fails in this way and has done nothing. */
#define FAILS(call, error)                                   \
	do {                                                 \
		uint64_t tables_before = ept.tables;         \
                                                             \
		ept.stale = false;                           \
		assert_int_equal(call, -(error));            \
		assert_int_equal(ept.tables, tables_before); \
		assert_false(ept.stale);                     \
		check_invariants();                          \
	} while (0)

static void needs_a_usable_cpu(void **unused)
{
	struct ept other;

	(void)unused;
	assert_int_equal(ept_init(&other, CAPABILITIES_1G & ~EPT_CAP_WALK_LENGTH_4, &mtrr, &memory),
			 -SILL_ENODEV);
	assert_int_equal(
		ept_init(&other, CAPABILITIES_1G & ~(EPT_CAP_UC | EPT_CAP_WB), &mtrr, &memory),
		-SILL_ENODEV);
	mtrr.physical_bits = 53;
	assert_int_equal(ept_init(&other, CAPABILITIES_1G, &mtrr, &memory), -SILL_EINVAL);
	mtrr.physical_bits = 31;
	assert_int_equal(ept_init(&other, CAPABILITIES_1G, &mtrr, &memory), -SILL_EINVAL);
	mtrr.physical_bits = 46;
	tables.allowance = 0;
	assert_int_equal(ept_init(&other, CAPABILITIES_1G, &mtrr, &memory), -SILL_ENOMEM);
}

static void pointer(void **unused)
{
	(void)unused;
	assert_int_equal(ept_pointer(&ept, false), ept.root | 0x1e);
	assert_int_equal(ept_pointer(&ept, true), ept.root | 0x1e);
	restart(CAPABILITIES_1G | EPT_CAP_ACCESSED_AND_DIRTY);
	assert_int_equal(ept_pointer(&ept, false), ept.root | 0x1e);
	assert_int_equal(ept_pointer(&ept, true), ept.root | 0x5e);
	restart(CAPABILITIES_1G & ~EPT_CAP_WB);
	assert_int_equal(ept_pointer(&ept, true), ept.root | 0x18);
}

static void empty_maps_nothing(void **unused)
{
	(void)unused;
	expect_pages(0, 0, 0, 1);
	expect_hole(0);
	expect_hole(EPT_GPA_END - 1);
	expect_hole(EPT_GPA_END);
	expect_hole(~0ull);
	/* Another guest's tables may have been in the same place. */
	assert_true(ept.stale);
}

static void largest_pages(void **unused)
{
	(void)unused;
	OK(ept_map(&ept, 0, GIB(4), GIB(3), EPT_ALL), false);
	expect_pages(3, 0, 0, 2);
	expect_leaf(GIB(1) + 5, GIB(5) + 5, GIB(1), EPT_ALL, WB);

	restart(CAPABILITIES_2M);
	OK(ept_map(&ept, 0, GIB(4), GIB(3), EPT_ALL), false);
	expect_pages(0, 3 * 512, 0, 5);
	expect_leaf(GIB(1) + 5, GIB(5) + 5, MIB(2), EPT_ALL, WB);

	restart(CAPABILITIES_4K);
	OK(ept_map(&ept, 0, GIB(4), MIB(6), EPT_ALL), false);
	expect_pages(0, 0, 3 * 512, 6);
	expect_leaf(MIB(3) + 5, GIB(4) + MIB(3) + 5, PAGE, EPT_ALL, WB);

	/* A CPU with 1 GiB pages alone could not split them. */
	restart(CAPABILITIES_4K | EPT_CAP_1GB_PAGES);
	OK(ept_map(&ept, 0, GIB(4), GIB(1), EPT_ALL), false);
	expect_pages(0, 0, 512 * 512, 3 + 512);
}

static void ragged_ends(void **unused)
{
	(void)unused;
	/* 3 x 4K, 1 x 2M, 1 x 1G, 2 x 2M, 5 x 4K. */
	OK(ept_map(&ept, GIB(1) - MIB(2) - 3 * PAGE, GIB(8) - MIB(2) - 3 * PAGE,
		   GIB(1) + MIB(6) + 8 * PAGE, RW),
	   false);
	expect_pages(1, 3, 8, 6);
	expect_hole(GIB(1) - MIB(2) - 3 * PAGE - 1);
	expect_leaf(GIB(1) - MIB(2) - 3 * PAGE, GIB(8) - MIB(2) - 3 * PAGE, PAGE, RW, WB);
	expect_leaf(GIB(1) - 1, GIB(8) - 1, MIB(2), RW, WB);
	expect_leaf(GIB(1), GIB(8), GIB(1), RW, WB);
	expect_leaf(GIB(2) + MIB(4) + 5 * PAGE - 1, GIB(9) + MIB(4) + 5 * PAGE - 1, PAGE, RW, WB);
	expect_hole(GIB(2) + MIB(4) + 5 * PAGE);
}

static void congruence_decides(void **unused)
{
	(void)unused;
	OK(ept_map(&ept, 0, GIB(4) + MIB(2), GIB(1), RW), false);
	expect_pages(0, 512, 0, 3);
	OK(ept_map(&ept, GIB(1), GIB(8) + PAGE, MIB(4), RW), false);
	expect_pages(0, 512, 1024, 6);
	/* Guest-physical address not aligned, host-physical one is. */
	OK(ept_map(&ept, GIB(2) + PAGE, GIB(9), MIB(4), RW), false);
	expect_pages(0, 512, 2048, 10);
	expect_leaf(GIB(2) + PAGE, GIB(9), PAGE, RW, WB);
}

static void no_page_spans_two_types(void **unused)
{
	(void)unused;
	/* Types change at 1 GiB + 2 MiB + 16 KiB, and a 1 GiB page elsewhere is in one of them. */
	add_type(GIB(1), MIB(2), UC);
	add_type(GIB(1) + MIB(2), KIB(16), UC);
	OK(ept_map(&ept, 0, 0, GIB(4), EPT_ALL), false);
	expect_pages(3, 1 + 510, 512, 4);
	expect_leaf(GIB(1) - 1, GIB(1) - 1, GIB(1), EPT_ALL, WB);
	expect_leaf(GIB(1), GIB(1), MIB(2), EPT_ALL, UC);
	expect_leaf(GIB(1) + MIB(2) + KIB(16) - 1, GIB(1) + MIB(2) + KIB(16) - 1, PAGE, EPT_ALL,
		    UC);
	expect_leaf(GIB(1) + MIB(2) + KIB(16), GIB(1) + MIB(2) + KIB(16), PAGE, EPT_ALL, WB);
	expect_leaf(GIB(1) + MIB(4), GIB(1) + MIB(4), MIB(2), EPT_ALL, WB);

	/* The type is that of host-physical memory. */
	OK(ept_unmap(&ept, 0, GIB(4)), true);
	OK(ept_map(&ept, GIB(1), GIB(2), GIB(1), EPT_ALL), false);
	expect_leaf(GIB(1), GIB(2), GIB(1), EPT_ALL, WB);
	OK(ept_map(&ept, GIB(5), GIB(1) + MIB(2), PAGE, EPT_ALL), false);
	expect_leaf(GIB(5), GIB(1) + MIB(2), PAGE, EPT_ALL, UC);
}

/* The smallest thing of another type that there can be, at either end of a large page. */
static void one_page_of_another_type(void **unused)
{
	static const uint64_t places[] = {GIB(1), GIB(1) + MIB(2) - PAGE, GIB(2) - PAGE};

	(void)unused;
	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		all_write_back(46);
		add_type(places[i], PAGE, UC);
		restart(CAPABILITIES_1G);
		OK(ept_map(&ept, 0, 0, GIB(3), EPT_ALL), false);
		expect_pages(2, 511, 512, 4);
		expect_leaf(places[i], places[i], PAGE, EPT_ALL, UC);
		if (places[i] > GIB(1))
			expect_leaf(places[i] - 1, places[i] - 1, PAGE, EPT_ALL, WB);
		expect_leaf(places[i] + PAGE, places[i] + PAGE,
			    places[i] + PAGE == GIB(2)		  ? GIB(1)
			    : places[i] + PAGE == GIB(1) + MIB(2) ? MIB(2)
								  : PAGE,
			    EPT_ALL, WB);
	}
}

static void types_of_the_first_mib(void **unused)
{
	(void)unused;
	mtrr.capability |= MTRRCAP_FIX;
	mtrr.default_type |= MTRR_DEF_TYPE_FIXED_ENABLE;
	memset(mtrr.fixed, MEMORY_TYPE_WB, sizeof(mtrr.fixed));
	mtrr.fixed[2] = 0;
	mtrr.fixed[3] = 0x0505050505050505ull;
	OK(ept_map(&ept, 0, 0, GIB(1), EPT_ALL), false);
	expect_pages(0, 511, 512, 4);
	expect_leaf(0x9f000, 0x9f000, PAGE, EPT_ALL, WB);
	expect_leaf(0xa0000, 0xa0000, PAGE, EPT_ALL, UC);
	expect_leaf(0xc0000, 0xc0000, PAGE, EPT_ALL, MEMORY_TYPE_WP);
	expect_leaf(0xc8000, 0xc8000, PAGE, EPT_ALL, WB);
	expect_leaf(MIB(2), MIB(2), MIB(2), EPT_ALL, WB);
}

/* Uniform memory over a border of MTRRs that say the same on both sides. */
static void equal_types_do_not_divide(void **unused)
{
	(void)unused;
	mtrr.default_type = MTRR_DEF_TYPE_ENABLE | UC;
	add_type(0, MIB(512), WB);
	add_type(MIB(512), MIB(256), WB);
	add_type(MIB(768), MIB(256), WB);
	OK(ept_map(&ept, 0, 0, GIB(2), EPT_ALL), false);
	expect_pages(2, 0, 0, 2);
	expect_leaf(0, 0, GIB(1), EPT_ALL, WB);
	expect_leaf(GIB(1), GIB(1), GIB(1), EPT_ALL, UC);
}

static void illegal_permissions(void **unused)
{
	static const bool legal[9] = {false, true, false, true, true, true, false, true, false};

	(void)unused;
	OK(ept_map(&ept, 0, 0, MIB(2), EPT_ALL), false);
	for (uint32_t permissions = 0; permissions <= 8; permissions++) {
		if (legal[permissions]) {
			OK(ept_map(&ept, GIB(1), 0, PAGE, permissions), false);
			OK(ept_protect(&ept, GIB(1), PAGE, permissions), false);
			OK(ept_unmap(&ept, GIB(1), PAGE), true);
			OK(ept_grant_page(&ept, GIB(1), 0, permissions), false);
			OK(ept_unmap(&ept, GIB(1), PAGE), true);
		} else {
			FAILS(ept_map(&ept, GIB(1), 0, PAGE, permissions), SILL_EINVAL);
			FAILS(ept_protect(&ept, 0, PAGE, permissions), SILL_EINVAL);
			FAILS(ept_grant_page(&ept, GIB(1), 0, permissions), SILL_EINVAL);
		}
	}
	FAILS(ept_map(&ept, GIB(1), 0, PAGE, 32 + R), SILL_EINVAL);
	FAILS(ept_map(&ept, GIB(1), 0, PAGE, ~0u), SILL_EINVAL);

	restart(CAPABILITIES_1G & ~EPT_CAP_EXECUTE_ONLY);
	FAILS(ept_map(&ept, 0, 0, PAGE, X), SILL_EINVAL);
	FAILS(ept_grant_page(&ept, 0, 0, X), SILL_EINVAL);
	OK(ept_map(&ept, 0, 0, PAGE, RX), false);
	FAILS(ept_protect(&ept, 0, PAGE, X), SILL_EINVAL);
}

static void addresses_and_limits(void **unused)
{
	(void)unused;
	FAILS(ept_map(&ept, 1, 0, PAGE, R), SILL_EINVAL);
	FAILS(ept_map(&ept, 0, 1, PAGE, R), SILL_EINVAL);
	FAILS(ept_map(&ept, 0, 0, PAGE + 1, R), SILL_EINVAL);
	FAILS(ept_map(&ept, 0, 0, 0, R), SILL_EINVAL);
	FAILS(ept_unmap(&ept, 0, 0), SILL_EINVAL);
	FAILS(ept_unmap(&ept, 0x800, PAGE), SILL_EINVAL);
	FAILS(ept_protect(&ept, 0, 0, R), SILL_EINVAL);
	FAILS(ept_protect(&ept, 0x800, PAGE, R), SILL_EINVAL);

	FAILS(ept_map(&ept, EPT_GPA_END, 0, PAGE, R), SILL_ERANGE);
	FAILS(ept_map(&ept, EPT_GPA_END - PAGE, 0, 2 * PAGE, R), SILL_ERANGE);
	FAILS(ept_map(&ept, PAGE, 0, EPT_GPA_END, R), SILL_ERANGE);
	FAILS(ept_map(&ept, ~0ull << 12, 0, 2 * PAGE, R), SILL_ERANGE);
	FAILS(ept_map(&ept, PAGE, PAGE, ~0ull << 12, R), SILL_ERANGE);
	FAILS(ept_map(&ept, 0, 1ull << 46, PAGE, R), SILL_ERANGE);
	FAILS(ept_map(&ept, 0, (1ull << 46) - PAGE, 2 * PAGE, R), SILL_ERANGE);
	FAILS(ept_map(&ept, 0, ~0ull << 12, 2 * PAGE, R), SILL_ERANGE);
	FAILS(ept_unmap(&ept, EPT_GPA_END - PAGE, 2 * PAGE), SILL_ERANGE);
	FAILS(ept_unmap(&ept, ~0ull << 12, 2 * PAGE), SILL_ERANGE);
	FAILS(ept_protect(&ept, EPT_GPA_END, PAGE, R), SILL_ERANGE);
	FAILS(ept_protect(&ept, ~0ull << 12, 2 * PAGE, R), SILL_ERANGE);
	FAILS(ept_grant_page(&ept, EPT_GPA_END, 0, R), SILL_ERANGE);
	FAILS(ept_grant_page(&ept, ~0ull << 12, 0, R), SILL_ERANGE);
	FAILS(ept_grant_page(&ept, 0, 1ull << 46, R), SILL_ERANGE);
	FAILS(ept_grant_page(&ept, 0x800, 0, R), SILL_EINVAL);
	FAILS(ept_grant_page(&ept, 0, 0x800, R), SILL_EINVAL);
	expect_pages(0, 0, 0, 1);

	/* The last page of everything. */
	OK(ept_map(&ept, EPT_GPA_END - PAGE, (1ull << 46) - PAGE, PAGE, R), false);
	expect_leaf(EPT_GPA_END - 1, (1ull << 46) - 1, PAGE, R, WB);
	OK(ept_unmap(&ept, 0, EPT_GPA_END), true);
	expect_pages(0, 0, 0, 1);

	/* All there is: 64 TiB of host in the last 64 TiB of the guest. */
	OK(ept_map(&ept, EPT_GPA_END - (1ull << 46), 0, 1ull << 46, R), false);
	expect_leaf(EPT_GPA_END - 1, (1ull << 46) - 1, GIB(1), R, WB);
	expect_pages(1ull << 16, 0, 0, 1 + 128);

	for (unsigned int bits = 36; bits <= 52; bits++) {
		(void)tear_down(NULL);
		all_write_back(bits);
		start(CAPABILITIES_1G);
		FAILS(ept_map(&ept, 0, 1ull << bits, PAGE, R), SILL_ERANGE);
		OK(ept_map(&ept, MIB(2) - PAGE, (1ull << bits) - PAGE, PAGE, R), false);
		expect_leaf(MIB(2) - PAGE, (1ull << bits) - PAGE, PAGE, R, WB);
		OK(ept_map(&ept, GIB(4), (1ull << bits) - GIB(1), GIB(1), R), false);
		expect_leaf(GIB(5) - 1, (1ull << bits) - 1, GIB(1), R, WB);
		OK(ept_grant_page(&ept, MIB(2) - 2 * PAGE, (1ull << bits) - 2 * PAGE, R), false);
		FAILS(ept_grant_page(&ept, MIB(2) - 3 * PAGE, 1ull << bits, R), SILL_ERANGE);
	}
}

static void split_and_rejoin(void **unused)
{
	(void)unused;
	OK(ept_map(&ept, 0, GIB(4), GIB(1), EPT_ALL), false);

	/* One 4 KiB page in the middle splits twice. */
	OK(ept_protect(&ept, MIB(512) + PAGE, PAGE, R), true);
	expect_pages(0, 511, 512, 4);
	expect_leaf(MIB(512), GIB(4) + MIB(512), PAGE, EPT_ALL, WB);
	expect_leaf(MIB(512) + PAGE, GIB(4) + MIB(512) + PAGE, PAGE, R, WB);
	expect_leaf(MIB(512) + 2 * PAGE, GIB(4) + MIB(512) + 2 * PAGE, PAGE, EPT_ALL, WB);
	expect_leaf(0, GIB(4), MIB(2), EPT_ALL, WB);

	/* A change to what is there already is none. */
	OK(ept_protect(&ept, MIB(512) + PAGE, PAGE, R), false);
	OK(ept_map(&ept, 0, GIB(4), PAGE, EPT_ALL), true); /* splits and joins again */
	expect_pages(0, 511, 512, 4);

	/* Given back, all is one page again. */
	OK(ept_protect(&ept, MIB(512) + PAGE, PAGE, EPT_ALL), true);
	expect_pages(1, 0, 0, 2);

	/* The same by a hole. */
	OK(ept_unmap(&ept, MIB(512) + PAGE, PAGE), true);
	expect_pages(0, 511, 511, 4);
	expect_hole(MIB(512) + PAGE);
	OK(ept_map(&ept, MIB(512) + PAGE, GIB(4) + MIB(512) + PAGE, PAGE, EPT_ALL), true);
	expect_pages(1, 0, 0, 2);

	/* The right permissions but the wrong page: no joining. */
	OK(ept_map(&ept, 0, GIB(8), PAGE, EPT_ALL), true);
	expect_pages(0, 511, 512, 4);
	OK(ept_map(&ept, 0, GIB(4), PAGE, EPT_ALL), true);
	expect_pages(1, 0, 0, 2);

	/* A large page over tables of small ones. */
	OK(ept_protect(&ept, 0, PAGE, R), true);
	OK(ept_map(&ept, 0, GIB(6), GIB(1), RW), true);
	expect_pages(1, 0, 0, 2);
	expect_leaf(0, GIB(6), GIB(1), RW, WB);
}

static void joins_over_calls(void **unused)
{
	(void)unused;
	/* Pieces that only together make up large pages, in an order that joins last of all. */
	OK(ept_map(&ept, MIB(1), GIB(3) + MIB(1), GIB(1) - MIB(2), RW), false);
	expect_pages(0, 510, 512, 5);
	OK(ept_map(&ept, GIB(1) - MIB(1), GIB(4) - MIB(1), MIB(1), RW), true);
	expect_pages(0, 511, 256, 4);
	OK(ept_map(&ept, 0, GIB(3), MIB(1), RW), true);
	expect_pages(1, 0, 0, 2);

	/* All of the protected range is looked at, not only its ends. */
	for (uint64_t gpa = 0; gpa < GIB(1); gpa += MIB(64))
		OK(ept_protect(&ept, gpa + MIB(2), PAGE, R), true);
	expect_pages(0, 512 - 16, 16 * 512, 2 + 1 + 16);
	OK(ept_protect(&ept, 0, GIB(1), RW), true);
	expect_pages(1, 0, 0, 2);
}

static void different_types_do_not_join(void **unused)
{
	(void)unused;
	add_type(GIB(1), MIB(2), UC);
	OK(ept_map(&ept, GIB(1), GIB(1), GIB(1), RW), false);
	expect_pages(0, 512, 0, 3);
	OK(ept_protect(&ept, GIB(1), GIB(1), R), true);
	expect_pages(0, 512, 0, 3);
	OK(ept_protect(&ept, GIB(1) + PAGE, PAGE, RW), true);
	OK(ept_protect(&ept, GIB(1) + PAGE, PAGE, R), true);
	expect_pages(0, 512, 0, 3);
	expect_leaf(GIB(1), GIB(1), MIB(2), R, UC);
}

static void protect_leaves_holes(void **unused)
{
	(void)unused;
	OK(ept_protect(&ept, 0, EPT_GPA_END, R), false);
	expect_pages(0, 0, 0, 1);
	OK(ept_map(&ept, MIB(2), MIB(2), PAGE, RW), false);
	OK(ept_map(&ept, GIB(5), GIB(5), MIB(2), RW), false);
	OK(ept_protect(&ept, 0, EPT_GPA_END, R), true);
	expect_pages(0, 1, 1, 5);
	expect_leaf(MIB(2), MIB(2), PAGE, R, WB);
	expect_leaf(GIB(5), GIB(5), MIB(2), R, WB);
	expect_hole(MIB(2) + PAGE);
}

static void unmap_takes_empty_tables_away(void **unused)
{
	(void)unused;
	OK(ept_map(&ept, GIB(700), 0, PAGE, RW), false);
	expect_pages(0, 0, 1, 4);
	OK(ept_unmap(&ept, GIB(700) + PAGE, PAGE), false);
	OK(ept_unmap(&ept, GIB(700), PAGE), true);
	expect_pages(0, 0, 0, 1);
	OK(ept_unmap(&ept, 0, EPT_GPA_END), false);

	OK(ept_map(&ept, 0, 0, GIB(2) + MIB(2) + PAGE, RW), false);
	OK(ept_unmap(&ept, PAGE, GIB(2) + MIB(2)), true);
	expect_pages(0, 0, 1, 4);
	expect_leaf(0, 0, PAGE, RW, WB);
}

static void when_invept_is_due(void **unused)
{
	(void)unused;
	/* Nothing was there: no. */
	OK(ept_map(&ept, 0, 0, 4 * PAGE, RW), false);
	OK(ept_map(&ept, 8 * PAGE, 8 * PAGE, PAGE, RW), false);
	/* The same again: no. */
	OK(ept_map(&ept, 0, 0, 4 * PAGE, RW), false);
	/* Less, more, elsewhere, nothing: yes. */
	OK(ept_protect(&ept, 0, PAGE, R), true);
	OK(ept_protect(&ept, 0, PAGE, RW), true);
	OK(ept_map(&ept, 0, GIB(1), PAGE, RW), true);
	OK(ept_unmap(&ept, 0, PAGE), true);
	/* A hole again: no. */
	OK(ept_map(&ept, 0, 0, PAGE, RW), false);
	/* It is never taken back. */
	ept.stale = true;
	assert_int_equal(ept_map(&ept, MIB(64), 0, PAGE, RW), 0);
	assert_true(ept.stale);
	assert_int_equal(ept_grant_page(&ept, MIB(65), 0, RW), 0);
	assert_true(ept.stale);
}

static void accessed_and_dirty_survive(void **unused)
{
	uint64_t *directory;
	uint64_t *table;

	(void)unused;
	by_cpu_bits = 0x300;
	OK(ept_map(&ept, 0, GIB(4), MIB(2), RW), false);
	directory = tables_at_unwatched(ept.root);
	directory = tables_at_unwatched(directory[0] & ~0xfffull);
	directory = tables_at_unwatched(directory[0] & ~0xfffull);
	assert_int_equal(directory[0], GIB(4) | 0x80 | WB << 3 | RW);

	/* As the CPU would set them: the split hands them to each part, as nobody knows which. */
	directory[0] |= 0x300;
	OK(ept_protect(&ept, PAGE, PAGE, R), true);
	directory[0] |= 0x100;
	table = tables_at_unwatched(directory[0] & ~0xfffull);
	assert_int_equal(table[0], GIB(4) | 0x300 | WB << 3 | RW);
	assert_int_equal(table[1], (GIB(4) + PAGE) | 0x300 | WB << 3 | R);

	/* Joining gathers them, though they differ. */
	for (unsigned int i = 0; i < 512; i++)
		table[i] &= ~0x300ull;
	table[7] |= 0x100;
	table[9] |= 0x200;
	OK(ept_protect(&ept, PAGE, PAGE, RW), true);
	assert_int_equal(directory[0], GIB(4) | 0x380 | WB << 3 | RW);

	/* A change to the same is still none. */
	OK(ept_map(&ept, 0, GIB(4), MIB(2), RW), false);
	assert_int_equal(directory[0], GIB(4) | 0x380 | WB << 3 | RW);
	by_cpu_bits = 0;
}

static void grant_one_by_one(void **unused)
{
	(void)unused;
	/* Ascending, descending, and in an order that hops about; the last one joins. */
	for (unsigned int order = 0; order < 3; order++) {
		for (uint64_t i = 0; i < 512; i++) {
			uint64_t page = order == 0 ? i : order == 1 ? 511 - i : i * 197 % 512;

			OK(ept_grant_page(&ept, GIB(3) + page * PAGE, GIB(7) + page * PAGE, RW),
			   i == 511);
			FAILS(ept_grant_page(&ept, GIB(3) + page * PAGE, GIB(7) + page * PAGE, RW),
			      SILL_EEXIST);
			if (i < 511)
				expect_leaf(GIB(3) + page * PAGE + 1, GIB(7) + page * PAGE + 1,
					    PAGE, RW, WB);
		}
		expect_pages(0, 1, 0, 3);
		FAILS(ept_grant_page(&ept, GIB(3), GIB(9), RW), SILL_EEXIST);
		OK(ept_unmap(&ept, GIB(3), MIB(2)), true);
	}

	/* From the end of a 2 MiB page on into the next, and back: the table last used changes. */
	for (uint64_t i = 0; i < 1024; i++) {
		uint64_t page = (i % 2) * 512 + i / 2;

		OK(ept_grant_page(&ept, page * PAGE, GIB(1) + page * PAGE, EPT_ALL), i >= 1022);
	}
	expect_pages(0, 2, 0, 3);
}

/* 1 GiB page by page, as a guest would touch it: in the end it is one page. */
static void grant_a_whole_gib(void **unused)
{
	unsigned int joins = 0;

	(void)unused;
	for (uint64_t offset = 0; offset < GIB(1); offset += PAGE) {
		ept.stale = false;
		assert_int_equal(ept_grant_page(&ept, offset, GIB(2) + offset, EPT_ALL), 0);
		joins += ept.stale;
	}
	assert_int_equal(joins, 512);
	expect_pages(1, 0, 0, 2);
}

static void grant_that_must_not_join(void **unused)
{
	(void)unused;
	/* Not congruent. */
	for (uint64_t i = 0; i < 512; i++)
		OK(ept_grant_page(&ept, i * PAGE, GIB(1) + PAGE + i * PAGE, RW), false);
	expect_pages(0, 0, 512, 4);
	/* One page of other permissions. */
	for (uint64_t i = 0; i < 512; i++)
		OK(ept_grant_page(&ept, GIB(1) + i * PAGE, GIB(1) + i * PAGE, i == 77 ? R : RW),
		   false);
	expect_pages(0, 0, 1024, 6);
	/* Two types. */
	add_type(GIB(8), MIB(1), UC);
	restart(CAPABILITIES_1G);
	for (uint64_t i = 0; i < 512; i++)
		OK(ept_grant_page(&ept, i * PAGE, GIB(8) + i * PAGE, RW), false);
	expect_pages(0, 0, 512, 4);
	expect_leaf(MIB(1) - PAGE, GIB(8) + MIB(1) - PAGE, PAGE, RW, UC);
	expect_leaf(MIB(1), GIB(8) + MIB(1), PAGE, RW, WB);
	/* No 2 MiB pages. */
	restart(CAPABILITIES_4K);
	for (uint64_t i = 0; i < 512; i++)
		OK(ept_grant_page(&ept, i * PAGE, i * PAGE, RW), false);
	expect_pages(0, 0, 512, 4);
}

/* The short path refuses what the long one does, with the table and the type at hand. */
static void grant_checks_its_arguments(void **unused)
{
	static const uint32_t illegal[] = {0, W, W | X, 8, 8 + R, 32 + R, ~0u};

	(void)unused;
	OK(ept_grant_page(&ept, 0, 0, RW), false);
	for (unsigned int i = 0; i < sizeof(illegal) / sizeof(illegal[0]); i++)
		FAILS(ept_grant_page(&ept, PAGE, PAGE, illegal[i]), SILL_EINVAL);
	FAILS(ept_grant_page(&ept, PAGE + 1, PAGE, RW), SILL_EINVAL);
	FAILS(ept_grant_page(&ept, PAGE, PAGE + 0x800, RW), SILL_EINVAL);
	FAILS(ept_grant_page(&ept, EPT_GPA_END + PAGE, PAGE, RW), SILL_ERANGE);
	FAILS(ept_grant_page(&ept, PAGE, 1ull << 46, RW), SILL_ERANGE);
	expect_hole(PAGE);
	OK(ept_grant_page(&ept, PAGE, PAGE, X), false);
	expect_leaf(PAGE, PAGE, PAGE, X, WB);
}

/* The table that was used last may be gone. */
static void grant_after_its_table_went(void **unused)
{
	(void)unused;
	OK(ept_grant_page(&ept, 0, 0, RW), false);
	OK(ept_unmap(&ept, 0, PAGE), true);
	OK(ept_grant_page(&ept, PAGE, PAGE, RW), false);
	expect_pages(0, 0, 1, 4);
	OK(ept_map(&ept, 0, GIB(1), GIB(1), RW), true);
	FAILS(ept_grant_page(&ept, 2 * PAGE, 0, RW), SILL_EEXIST);
	OK(ept_unmap(&ept, MIB(2), PAGE), true);
	OK(ept_grant_page(&ept, MIB(2), 0, RW), false);
	OK(ept_unmap(&ept, 0, GIB(1)), true);
	OK(ept_grant_page(&ept, MIB(2) + PAGE, 0, RW), false);
	expect_pages(0, 0, 1, 4);
}

struct visits {
	struct ept_leaf leaf[16];
	unsigned int count;
	unsigned int stop_after;
};

static int record(void *context, const struct ept_leaf *leaf)
{
	struct visits *visits = context;

	assert_true(visits->count < 16);
	visits->leaf[visits->count++] = *leaf;
	return visits->count == visits->stop_after ? 42 : 0;
}

static void expect_visit(const struct ept_leaf *leaf, uint64_t gpa, uint64_t hpa, uint64_t size,
			 uint32_t permissions, unsigned int type)
{
	assert_int_equal(leaf->gpa, gpa);
	assert_int_equal(leaf->hpa, hpa);
	assert_int_equal(leaf->size, size);
	assert_int_equal(leaf->permissions, permissions);
	assert_int_equal(leaf->type, type);
}

/* A range that shows one page again and again, in the middle of what is mapped by larger ones. */
static void one_page_many_times(void **unused)
{
	(void)unused;
	OK(ept_map(&ept, 0, 0, GIB(2), EPT_ALL), false);
	OK(ept_map_repeated(&ept, MIB(5) - PAGE, GIB(1) + PAGE, MIB(4) + 2 * PAGE, RX), true);
	expect_pages(1, 509, 3 * 512, 6);
	expect_leaf(MIB(5) - PAGE - 1, MIB(5) - PAGE - 1, PAGE, EPT_ALL, WB);
	for (uint64_t gpa = MIB(5) - PAGE; gpa < MIB(9) + PAGE; gpa += PAGE)
		expect_leaf(gpa + 7, GIB(1) + PAGE + 7, PAGE, RX, WB);
	expect_leaf(MIB(9) + PAGE, MIB(9) + PAGE, PAGE, EPT_ALL, WB);
	expect_leaf(MIB(10), MIB(10), MIB(2), EPT_ALL, WB);
	/* The same again is no change, and in its place comes what was there before. */
	OK(ept_map_repeated(&ept, MIB(5), GIB(1) + PAGE, MIB(4), RX), false);
	OK(ept_map(&ept, MIB(5) - PAGE, MIB(5) - PAGE, MIB(4) + 2 * PAGE, EPT_ALL), true);
	expect_pages(2, 0, 0, 2);
	/* Where nothing was, and of one page only. */
	OK(ept_map_repeated(&ept, GIB(3), 0, MIB(2), R), false);
	expect_pages(2, 0, 512, 4);
	OK(ept_map_repeated(&ept, GIB(5), GIB(6), PAGE, RW), false);
	expect_leaf(GIB(5), GIB(6), PAGE, RW, WB);

	FAILS(ept_map_repeated(&ept, 1, 0, PAGE, R), SILL_EINVAL);
	FAILS(ept_map_repeated(&ept, 0, 1, PAGE, R), SILL_EINVAL);
	FAILS(ept_map_repeated(&ept, 0, 0, 0, R), SILL_EINVAL);
	FAILS(ept_map_repeated(&ept, 0, 0, PAGE, W), SILL_EINVAL);
	FAILS(ept_map_repeated(&ept, EPT_GPA_END, 0, PAGE, R), SILL_ERANGE);
	FAILS(ept_map_repeated(&ept, 0, 1ull << 46, PAGE, R), SILL_ERANGE);
	/* The page has to be there only once: the range may be longer than what follows it. */
	OK(ept_map_repeated(&ept, GIB(8), (1ull << 46) - PAGE, MIB(2), R), false);
	expect_leaf(GIB(8) + MIB(2) - 1, (1ull << 46) - 1, PAGE, R, WB);
}

static void another_page_in_place(void **unused)
{
	(void)unused;
	add_type(GIB(4), PAGE, UC);
	OK(ept_map(&ept, 0, 0, GIB(1), EPT_ALL), false);
	FAILS(ept_replace_page(&ept, MIB(2), GIB(4), RX), SILL_EFAULT);
	FAILS(ept_replace_page(&ept, GIB(1), GIB(4), RX), SILL_EFAULT);
	OK(ept_map_repeated(&ept, MIB(2), GIB(2), MIB(2), RX), true);
	FAILS(ept_replace_page(&ept, MIB(2) + 1, GIB(4), RX), SILL_EINVAL);
	FAILS(ept_replace_page(&ept, MIB(2), GIB(4) + 1, RX), SILL_EINVAL);
	FAILS(ept_replace_page(&ept, MIB(2), GIB(4), W), SILL_EINVAL);
	FAILS(ept_replace_page(&ept, MIB(2), 1ull << 46, RX), SILL_ERANGE);
	FAILS(ept_replace_page(&ept, EPT_GPA_END, GIB(4), RX), SILL_ERANGE);

	tables.allowance = 0;
	OK(ept_replace_page(&ept, MIB(2) + PAGE, GIB(4), EPT_ALL), true);
	expect_leaf(MIB(2), GIB(2), PAGE, RX, WB);
	expect_leaf(MIB(2) + PAGE, GIB(4), PAGE, EPT_ALL, UC);
	expect_leaf(MIB(2) + 2 * PAGE, GIB(2), PAGE, RX, WB);
	OK(ept_replace_page(&ept, MIB(2) + PAGE, GIB(2), RX), true);
	expect_leaf(MIB(2) + PAGE, GIB(2), PAGE, RX, WB);
	OK(ept_replace_page(&ept, MIB(2) + PAGE, GIB(2), RX), false);
	expect_pages(0, 511, 512, 4);

	/* A hole in a table of pages is no page. */
	OK(ept_unmap(&ept, MIB(2), PAGE), true);
	FAILS(ept_replace_page(&ept, MIB(2), GIB(4), RX), SILL_EFAULT);
}

static void visits(void **unused)
{
	struct visits seen = {0};

	(void)unused;
	assert_int_equal(ept_visit(&ept, record, &seen), 0);
	assert_int_equal(ept_visit_ranges(&ept, record, &seen), 0);
	assert_int_equal(seen.count, 0);

	add_type(GIB(5), GIB(1), UC);
	restart(CAPABILITIES_1G);
	OK(ept_map(&ept, MIB(2) - 2 * PAGE, GIB(2) + MIB(2) - 2 * PAGE, MIB(2) + 2 * PAGE, RW),
	   false);
	OK(ept_map(&ept, MIB(4), GIB(2) + MIB(4), MIB(2), R), false);
	OK(ept_map(&ept, MIB(6), GIB(3) + MIB(6), MIB(2), R), false);
	OK(ept_map(&ept, GIB(600), GIB(4), GIB(2), EPT_ALL), false);

	assert_int_equal(ept_visit(&ept, record, &seen), 0);
	assert_int_equal(seen.count, 7);
	expect_visit(&seen.leaf[0], MIB(2) - 2 * PAGE, GIB(2) + MIB(2) - 2 * PAGE, PAGE, RW, WB);
	expect_visit(&seen.leaf[1], MIB(2) - PAGE, GIB(2) + MIB(2) - PAGE, PAGE, RW, WB);
	expect_visit(&seen.leaf[2], MIB(2), GIB(2) + MIB(2), MIB(2), RW, WB);
	expect_visit(&seen.leaf[3], MIB(4), GIB(2) + MIB(4), MIB(2), R, WB);
	expect_visit(&seen.leaf[4], MIB(6), GIB(3) + MIB(6), MIB(2), R, WB);
	expect_visit(&seen.leaf[5], GIB(600), GIB(4), GIB(1), EPT_ALL, WB);
	expect_visit(&seen.leaf[6], GIB(601), GIB(5), GIB(1), EPT_ALL, UC);

	seen = (struct visits){0};
	assert_int_equal(ept_visit_ranges(&ept, record, &seen), 0);
	assert_int_equal(seen.count, 5);
	expect_visit(&seen.leaf[0], MIB(2) - 2 * PAGE, GIB(2) + MIB(2) - 2 * PAGE,
		     MIB(2) + 2 * PAGE, RW, WB);
	expect_visit(&seen.leaf[1], MIB(4), GIB(2) + MIB(4), MIB(2), R, WB);
	expect_visit(&seen.leaf[2], MIB(6), GIB(3) + MIB(6), MIB(2), R, WB);
	expect_visit(&seen.leaf[3], GIB(600), GIB(4), GIB(1), EPT_ALL, WB);
	expect_visit(&seen.leaf[4], GIB(601), GIB(5), GIB(1), EPT_ALL, UC);

	for (unsigned int stop = 1; stop <= 5; stop++) {
		seen = (struct visits){.stop_after = stop};
		assert_int_equal(ept_visit(&ept, record, &seen), 42);
		assert_int_equal(seen.count, stop);
		seen = (struct visits){.stop_after = stop};
		assert_int_equal(ept_visit_ranges(&ept, record, &seen), 42);
		assert_int_equal(seen.count, stop);
	}
}

static void audit_finds_what_is_outside(void **unused)
{
	struct ept_audit audit;

	(void)unused;
	OK(ept_map(&ept, 0, GIB(4), GIB(2), EPT_ALL), false);
	ept_audit(&ept, GIB(4), GIB(2), &audit);
	assert_int_equal(audit.reachable, GIB(2));
	assert_int_equal(audit.outside, 0);
	assert_int_equal(audit.first_outside.size, 0);

	/* Too large by half a page, at either end, and nothing allowed at all. */
	ept_audit(&ept, GIB(4) + 2048, GIB(2) - 2048, &audit);
	assert_int_equal(audit.outside, 2048);
	assert_int_equal(audit.first_outside.gpa, 0);
	assert_int_equal(audit.first_outside.size, GIB(1));
	ept_audit(&ept, GIB(4), GIB(2) - 2048, &audit);
	assert_int_equal(audit.outside, 2048);
	assert_int_equal(audit.first_outside.gpa, GIB(1));
	ept_audit(&ept, GIB(4) + MIB(1), GIB(1), &audit);
	assert_int_equal(audit.outside, GIB(1));
	ept_audit(&ept, 0, 0, &audit);
	assert_int_equal(audit.outside, GIB(2));
	ept_audit(&ept, GIB(5), ~0ull, &audit);
	assert_int_equal(audit.outside, GIB(1));

	/* One stray page far away. */
	OK(ept_map(&ept, GIB(900), GIB(9), PAGE, R), false);
	ept_audit(&ept, GIB(4), GIB(2), &audit);
	assert_int_equal(audit.reachable, GIB(2) + PAGE);
	assert_int_equal(audit.outside, PAGE);
	expect_visit(&audit.first_outside, GIB(900), GIB(9), PAGE, R, WB);
}

/* Entries that no function here would have written. */
static void audit_believes_nothing(void **unused)
{
	static const struct {
		uint64_t flip; /* in the entry of a 1 GiB page, GIB(4) | 0x80 | WB << 3 | 7 */
		uint64_t malformed, outside, mistyped;
	} cases[] = {
		{0, 0, 0, 0},
		{1ull << 46, 1, 0, 0},	    /* beyond the CPU's width */
		{1ull << 51, 1, 0, 0},	    /* the same */
		{1ull << 29, 1, 0, 0},	    /* not 1 GiB-aligned */
		{1ull << 12, 1, 0, 0},	    /* the same */
		{1, 1, 0, 0},		    /* write and execute without read */
		{5, 1, 0, 0},		    /* write only */
		{4 << 3, 1, 0, 0},	    /* type 2 */
		{5 << 3, 1, 0, 0},	    /* type 3 */
		{1 << 3, 1, 0, 0},	    /* type 7 */
		{WB << 3, 0, 0, GIB(1)},    /* UC where it should be WB */
		{2 << 3, 0, 0, GIB(1)},	    /* WT */
		{GIB(2), 0, GIB(1), 0},	    /* other memory */
		{1ull << 45, 0, GIB(1), 0}, /* the same */
		{1ull << 6, 0, 0, 0},	    /* IPAT is allowed */
		{3ull << 8, 0, 0, 0},	    /* accessed and dirty */
		{1ull << 63, 0, 0, 0},	    /* ignored */
		{3, 0, 0, 0},		    /* execute only, which this CPU has */
	};
	struct ept_audit audit;
	uint64_t *root;
	uint64_t *table;

	(void)unused;
	OK(ept_map(&ept, 0, GIB(4), GIB(1), EPT_ALL), false);
	root = tables_at_unwatched(ept.root);
	table = tables_at_unwatched(root[0] & ~0xfffull);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t saved = table[0];

		table[0] ^= cases[i].flip;
		ept_audit(&ept, GIB(4), GIB(1), &audit);
		assert_int_equal(audit.malformed, cases[i].malformed);
		assert_int_equal(audit.outside, cases[i].outside);
		assert_int_equal(audit.mistyped, cases[i].mistyped);
		assert_int_equal(audit.reachable, cases[i].malformed ? 0 : GIB(1));
		table[0] = saved;
	}

	ept.capabilities &= ~EPT_CAP_1GB_PAGES;
	ept_audit(&ept, GIB(4), GIB(1), &audit);
	assert_int_equal(audit.malformed, 1);
	ept.capabilities |= EPT_CAP_1GB_PAGES;

	/* Reserved bits of an entry that references a table; bit 7 is one only in the root. */
	for (unsigned int bit = 3; bit <= 7; bit++) {
		root[0] ^= 1ull << bit;
		ept_audit(&ept, GIB(4), GIB(1), &audit);
		assert_int_equal(audit.malformed, 1);
		assert_int_equal(audit.reachable, 0);
		root[0] ^= 1ull << bit;
	}

	/* Not present: nothing else counts. */
	table[5] = ~7ull;
	ept_audit(&ept, GIB(4), GIB(1), &audit);
	assert_int_equal(audit.malformed, 0);
	table[5] = 0;
}

/*
 * A CPU that runs meanwhile: whenever the code under test is about to touch a table, the pages
 * that a change does not concern are where they were, and the others are as before or after.
 */
static uint64_t watched_splits;

static uint64_t raw_translate(uint64_t gpa, uint64_t *entry)
{
	uint64_t physical = ept.root;

	for (unsigned int level = 4;; level--) {
		unsigned int shift = 12 + 9 * (level - 1);
		const uint64_t *table = tables_at_unwatched(physical);

		*entry = table[gpa >> shift & 511];
		if (!(*entry & 7))
			return ~0ull;
		if (level == 1 || (*entry & 0x80))
			return (*entry & 0x000ffffffffff000ull & ~((1ull << shift) - 1)) +
			       (gpa & ((1ull << shift) - 1));
		physical = *entry & 0x000ffffffffff000ull;
	}
}

static void watch(void)
{
	static const uint64_t gpas[] = {0, PAGE, MIB(2) - 1, MIB(2), MIB(512), GIB(1) - 1};

	watched_splits++;
	for (unsigned int i = 0; i < sizeof(gpas) / sizeof(gpas[0]); i++) {
		uint64_t entry;

		assert_int_equal(raw_translate(gpas[i], &entry), GIB(4) + gpas[i]);
		assert_int_equal(entry & 1, 1);
		if (gpas[i] / PAGE != 1)
			assert_int_equal(entry & 7, 7);
	}
}

static void no_hole_meanwhile(void **unused)
{
	static const uint64_t capabilities[] = {CAPABILITIES_1G, CAPABILITIES_2M};

	(void)unused;
	for (unsigned int i = 0; i < 2; i++) {
		restart(capabilities[i]);
		OK(ept_map(&ept, 0, GIB(4), GIB(1), EPT_ALL), false);
		tables.watcher = watch;
		watched_splits = 0;
		OK(ept_protect(&ept, PAGE, PAGE, R), true);
		OK(ept_protect(&ept, PAGE, PAGE, RX), true);
		OK(ept_protect(&ept, PAGE, PAGE, EPT_ALL), true);
		OK(ept_map(&ept, MIB(512), GIB(4) + MIB(512), PAGE, EPT_ALL), true);
		OK(ept_unmap(&ept, MIB(3), PAGE), true);
		OK(ept_map(&ept, MIB(3), GIB(4) + MIB(3), PAGE, EPT_ALL), true);
		assert_true(watched_splits > 20);
		tables.watcher = NULL;
		expect_pages(i ? 0 : 1, i ? 512 : 0, 0, i ? 3 : 2);
	}
}

/* The model: what each page of a window maps to, and nothing else. */
#define MODEL_GPA   (GIB(511))
#define MODEL_PAGES (512 * (512 + 64ull)) /* 1 GiB, and 128 MiB over a border in the root */

struct model_page {
	uint64_t hpa;
	uint32_t permissions; /* 0: hole */
};

static struct model_page *model;
static void compare_page(uint64_t page)
{
	struct ept_leaf leaf;
	uint64_t gpa = MODEL_GPA + page * PAGE + below(PAGE);
	uint64_t hpa;
	uint64_t bytes;
	int result = ept_translate(&ept, gpa, &hpa, &leaf);

	if (!model[page].permissions) {
		assert_int_equal(result, -SILL_EFAULT);
		return;
	}
	assert_int_equal(result, 0);
	assert_int_equal(hpa, model[page].hpa + gpa % PAGE);
	assert_int_equal(leaf.permissions, model[page].permissions);
	assert_int_equal(leaf.type, memory_type_at(&mtrr, hpa, &bytes));
}

static int compare_leaf(void *context, const struct ept_leaf *leaf)
{
	uint64_t *pages = context;
	uint64_t first = (leaf->gpa - MODEL_GPA) / PAGE;
	uint64_t count = leaf->size / PAGE;

	assert_true(leaf->gpa >= MODEL_GPA && first + count <= MODEL_PAGES);
	for (uint64_t i = 0; i < count; i++) {
		if (model[first + i].permissions != leaf->permissions ||
		    model[first + i].hpa != leaf->hpa + i * PAGE)
			fail_msg("page %llx", (unsigned long long)(first + i));
	}
	*pages += count;
	return 0;
}

static void compare_everything(void)
{
	uint64_t pages = 0;
	uint64_t expected = 0;

	check_invariants();
	for (uint64_t i = 0; i < MODEL_PAGES; i++)
		expected += model[i].permissions != 0;
	assert_int_equal(ept_visit(&ept, compare_leaf, &pages), 0);
	assert_int_equal(pages, expected);
	pages = 0;
	assert_int_equal(ept_visit_ranges(&ept, compare_leaf, &pages), 0);
	assert_int_equal(pages, expected);
}

static void random_range(uint64_t largest, uint64_t *first, uint64_t *count)
{
	static const uint64_t units[] = {1, 1, 8, 512, 512, 512 * 512};
	uint64_t unit = units[below(6)];

	while (unit > largest)
		unit = units[below(6)];
	*first = below(MODEL_PAGES / unit) * unit;
	*count = (1 + below(unit == 1 ? 600 : unit == 512 * 512 ? 2 : 8)) * unit;
	if (below(4) == 0) { /* ragged */
		*first += below(4);
		*count -= below(*count < 4 ? *count : 4);
	}
	if (*first >= MODEL_PAGES)
		*first = MODEL_PAGES - 1;
	if (*count > MODEL_PAGES - *first)
		*count = MODEL_PAGES - *first;
	if (*count > largest)
		*count = largest;
}

/* Mostly from few places and congruent, so that pages meet that can be joined. */
static uint64_t random_hpa(uint64_t first)
{
	switch (below(8)) {
	case 0:
		return GIB(2) + below(GIB(3) / PAGE) * PAGE;
	case 1:
		return GIB(2) + below(GIB(3) / MIB(2)) * MIB(2) + first % 512 * PAGE;
	default:
		return GIB(1) + first * PAGE;
	}
}

static void random_run(uint64_t capabilities, uint64_t run, unsigned int operations)
{
	static const uint32_t permissions[] = {EPT_ALL, EPT_ALL, EPT_ALL, RW, R, RX, X};
	uint64_t largest = capabilities & EPT_CAP_1GB_PAGES   ? 512 * 512 * 2
			   : capabilities & EPT_CAP_2MB_PAGES ? 512 * 512
							      : 512 * 4;
	unsigned int failures = 0;
	unsigned int joined = 0;

	seed = run;
	restart(capabilities);
	memset(model, 0, MODEL_PAGES * sizeof(*model));
	for (unsigned int operation = 0; operation < operations; operation++) {
		uint32_t to = permissions[below(7)];
		uint64_t tables_before = ept.tables;
		uint64_t first, count, hpa;
		bool changed = false;
		int result;
		unsigned int kind = (unsigned int)below(10);

		random_range(largest, &first, &count);
		hpa = random_hpa(first);
		/* Now and then table memory runs out somewhere in the middle. */
		tables.allowance = below(6) ? TABLES_MAX : (unsigned int)below(4);
		ept.stale = false;

		if (kind >= 8) {
			count = 1;
			result = ept_grant_page(&ept, MODEL_GPA + first * PAGE, hpa, to);
			if (model[first].permissions)
				assert_int_equal(result, -SILL_EEXIST);
			else if (result == 0)
				model[first] = (struct model_page){hpa, to};
		} else if (kind == 7) {
			result = ept_map_repeated(&ept, MODEL_GPA + first * PAGE, hpa, count * PAGE,
						  to);
		} else if (kind >= 4) {
			result = ept_map(&ept, MODEL_GPA + first * PAGE, hpa, count * PAGE, to);
		} else if (kind >= 2) {
			result = ept_unmap(&ept, MODEL_GPA + first * PAGE, count * PAGE);
		} else {
			result = ept_protect(&ept, MODEL_GPA + first * PAGE, count * PAGE, to);
		}
		assert_true(result == 0 || (result == -SILL_EEXIST && kind >= 8) ||
			    (result == -SILL_ENOMEM && tables.allowance == 0));
		if (result == -SILL_ENOMEM) {
			failures++;
			assert_int_equal(ept.tables, tables_before);
		}
		for (uint64_t i = first; kind < 8 && result == 0 && i < first + count; i++) {
			struct model_page *page = &model[i];
			struct model_page now = *page;

			if (kind == 7)
				now = (struct model_page){hpa, to};
			else if (kind >= 4)
				now = (struct model_page){hpa + (i - first) * PAGE, to};
			else if (kind >= 2)
				now = (struct model_page){0, 0};
			else if (page->permissions)
				now.permissions = to;
			if (page->permissions &&
			    (page->hpa != now.hpa || page->permissions != now.permissions))
				changed = true;
			*page = now;
		}
		if (changed)
			assert_true(ept.stale);
		joined += ept.tables < tables_before;

		for (unsigned int i = 0; i < 24; i++) {
			uint64_t page = i < 4	 ? first + i - 2
					: i < 8	 ? first + count + i - 6
					: i < 16 ? first + below(count)
						 : below(MODEL_PAGES);

			if (page < MODEL_PAGES)
				compare_page(page);
		}
		if (operation % 128 == 127 || (result == -SILL_ENOMEM && failures % 16 == 0))
			compare_everything();
		else if (operation % 16 == 15)
			check_invariants();
	}
	compare_everything();
	/* The dice did reach what is to be tested. */
	assert_true(failures > operations / 200);
	assert_true(joined > operations / 200);
}

static void random_changes(void **unused)
{
	(void)unused;
	model = calloc(MODEL_PAGES, sizeof(*model));
	assert_non_null(model);
	random_run(CAPABILITIES_1G, 0x51171, 2000);
	random_run(CAPABILITIES_2M, 0x51172, 1000);
	random_run(CAPABILITIES_4K, 0x51173, 1000);

	/* The same among types that change in the middle of pages. */
	mtrr.default_type = MTRR_DEF_TYPE_ENABLE | UC;
	add_type(0, GIB(4), WB);
	add_type(GIB(3), MIB(256), UC);
	add_type(GIB(4), GIB(1), MEMORY_TYPE_WT);
	add_type(GIB(4) + KIB(64), KIB(64), UC);
	add_type(GIB(2) + MIB(2), MIB(2), MEMORY_TYPE_WC);
	/* With a hole in its mask: 8 KiB out of each 16 KiB in 2 MiB. */
	add_type(GIB(2) + MIB(8) + KIB(8), MIB(2), UC);
	mtrr.variable[mtrr.variable_count - 1].mask |= KIB(8);
	random_run(CAPABILITIES_1G, 0x51174, 1500);
	random_run(CAPABILITIES_2M, 0x51175, 1000);
	free(model);
}

/* Each call fails at each allocation that it makes, and works once there is enough. */
static void exhaustion_at_each_allocation(void **unused)
{
	enum {
		MAP_HOLE,
		MAP_OVER,
		REPEAT,
		UNMAP,
		PROTECT,
		GRANT,
		KINDS
	};

	(void)unused;
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		unsigned int allowance = 0;
		int result;

		do {
			uint64_t hpa;

			restart(CAPABILITIES_1G);
			OK(ept_map(&ept, GIB(511), GIB(8), GIB(2), RW), false);
			tables.allowance = allowance;
			switch (kind) {
			case MAP_HOLE:
				result = ept_map(&ept, GIB(1023) - PAGE, GIB(4) - PAGE,
						 GIB(2) + 2 * PAGE, R);
				break;
			case MAP_OVER:
				result = ept_map(&ept, GIB(512) - MIB(2) - PAGE,
						 GIB(4) - MIB(2) - PAGE, MIB(4) + 2 * PAGE, R);
				break;
			case REPEAT:
				result = ept_map_repeated(&ept, GIB(512) - MIB(2) - PAGE, GIB(4),
							  MIB(4) + 2 * PAGE, R);
				break;
			case UNMAP:
				result = ept_unmap(&ept, GIB(512) - MIB(2) - PAGE,
						   MIB(4) + 2 * PAGE);
				break;
			case PROTECT:
				result = ept_protect(&ept, GIB(512) - MIB(2) - PAGE,
						     MIB(4) + 2 * PAGE, R);
				break;
			default:
				result = ept_grant_page(&ept, GIB(1024), GIB(3), R);
				break;
			}
			check_invariants();
			if (!result)
				break;
			assert_int_equal(result, -SILL_ENOMEM);
			expect_pages(2, 0, 0, 3);
			assert_int_equal(ept_translate(&ept, GIB(512), &hpa, NULL), 0);
			assert_int_equal(hpa, GIB(9));
			allowance++;
		} while (allowance < 100);
		assert_int_equal(allowance, kind == GRANT      ? 3
					    : kind == MAP_HOLE ? 5
					    : kind == REPEAT   ? 6
							       : 4);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(needs_a_usable_cpu),
		TEST(pointer),
		TEST(empty_maps_nothing),
		TEST(largest_pages),
		TEST(ragged_ends),
		TEST(congruence_decides),
		TEST(no_page_spans_two_types),
		TEST(one_page_of_another_type),
		TEST(types_of_the_first_mib),
		TEST(equal_types_do_not_divide),
		TEST(illegal_permissions),
		TEST(addresses_and_limits),
		TEST(split_and_rejoin),
		TEST(joins_over_calls),
		TEST(different_types_do_not_join),
		TEST(protect_leaves_holes),
		TEST(unmap_takes_empty_tables_away),
		TEST(when_invept_is_due),
		TEST(accessed_and_dirty_survive),
		TEST(grant_one_by_one),
		TEST(grant_a_whole_gib),
		TEST(grant_that_must_not_join),
		TEST(grant_checks_its_arguments),
		TEST(grant_after_its_table_went),
		TEST(one_page_many_times),
		TEST(another_page_in_place),
		TEST(visits),
		TEST(audit_finds_what_is_outside),
		TEST(audit_believes_nothing),
		TEST(no_hole_meanwhile),
		TEST(random_changes),
		TEST(exhaustion_at_each_allocation),
	};

	return cmocka_run_group_tests_name("ept", tests, NULL, NULL);
}
