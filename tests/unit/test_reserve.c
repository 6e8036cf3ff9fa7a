/* SPDX-License-Identifier: MIT */
/* UNIT: boot/reserve.c */
/* How much memory Sill reserves, and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boot/reserve.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* The versions of clang-format differ about braces in macros. */
/* clang-format off */
#define FREE(start, bytes) {.range = {.base = (start), .size = (bytes)}, .kind = SILL_MEMORY_FREE}
#define TAKEN(start, bytes) \
	{.range = {.base = (start), .size = (bytes)}, .kind = SILL_MEMORY_RUNTIME}
/* clang-format on */

static uint64_t size_for(uint64_t core, uint64_t memory, uint64_t lazy)
{
	return reserve_arena_size(core, &memory, &lazy, 1);
}

static void arena_size(void **state)
{
	const uint64_t fixed = RESERVE_FIXED + RESERVE_BOOT_STACK + RESERVE_GUARD;

	(void)state;
	assert_int_equal(size_for(0, 0, 0), fixed);
	assert_int_equal(size_for(1, 0, 0), fixed + 4 * KIB);
	assert_int_equal(size_for(96 * KIB, 0, 0), fixed + 96 * KIB);
	/* One table for each begun GiB, and for each begun 2 MiB of lazy memory. */
	assert_int_equal(size_for(0, 2 * MIB, 0), fixed + 4 * KIB);
	assert_int_equal(size_for(0, GIB, 0), fixed + 4 * KIB);
	assert_int_equal(size_for(0, GIB + 2 * MIB, 0), fixed + 8 * KIB);
	assert_int_equal(size_for(0, 64 * MIB, 32 * MIB), fixed + (1 + 16) * 4 * KIB);
	/* The promise for an ordinary guest on one CPU. */
	assert_true(size_for(256 * KIB, 64 * MIB, 4 * MIB) <= MIB);
	assert_int_equal(size_for(UINT64_MAX, 0, 0), 0);
	assert_int_equal(size_for(UINT64_MAX - 8191, 0, 0), 0);
	assert_true(size_for(0, UINT64_MAX, UINT64_MAX) != 0);
}

static void channels_size(void **state)
{
	struct sill_channel_settings settings = {.count = 4, .buffer = 65536};

	(void)state;
	assert_int_equal(reserve_channels_size(&settings), RESERVE_CHANNELS + 512 * KIB);
	settings = (struct sill_channel_settings){.count = 16, .buffer = 256 * KIB};
	assert_int_equal(reserve_channels_size(&settings), RESERVE_CHANNELS + 8 * MIB);
	settings.count = 0;
	assert_int_equal(reserve_channels_size(&settings), 0);
}

static void underlay_size(void **state)
{
	const uint64_t fixed =
		RESERVE_FIXED + RESERVE_BOOT_STACK + RESERVE_GUARD + RESERVE_EPT_SPARE;
	const uint64_t page = 4 * KIB;

	(void)state;
	/* The root and one table of 512 GiB; one more for each GiB without 1 GiB pages. */
	assert_int_equal(reserve_underlay_size(0, 0, 2 * GIB, true, false), fixed + 2 * page);
	assert_int_equal(reserve_underlay_size(0, 0, 512 * GIB, true, false), fixed + 2 * page);
	assert_int_equal(reserve_underlay_size(0, 0, 512 * GIB + 1, true, false), fixed + 3 * page);
	assert_int_equal(reserve_underlay_size(0, 0, 2 * GIB, false, false),
			 fixed + (2 + 4) * page);
	assert_int_equal(reserve_underlay_size(0, 0, 5 * GIB, false, false),
			 fixed + (2 + 5) * page);
	assert_int_equal(reserve_underlay_size(1, 3, 5 * GIB + 1, false, false),
			 fixed + (3 + 6) * page + 3 * RESERVE_CPU);
	/* The promise, for a desktop's and a server's memory. */
	assert_true(reserve_underlay_size(256 * KIB, 1, 128 * GIB, false, false) <=
		    2 * MIB + 64 * KIB);
	assert_true(reserve_underlay_size(256 * KIB, 16, 4096 * GIB, true, false) <= 3 * MIB);
	assert_int_equal(reserve_underlay_size(0, 2, 2 * GIB, true, true),
			 reserve_underlay_size(0, 2, 2 * GIB, true, false) + RESERVE_DOORS +
				 2 * RESERVE_CPU_DOORS);
	assert_int_equal(reserve_underlay_size(UINT64_MAX, 1, GIB, true, false), 0);
	assert_int_equal(reserve_underlay_size(UINT64_MAX - MIB, 1, GIB, true, false), 0);
	assert_true(reserve_underlay_size(0, SILL_MAX_CPUS, UINT64_MAX, false, false) != 0);
}

static void ram_end(void **state)
{
	const struct sill_memory_range map[] = {
		FREE(4 * GIB, GIB),
		TAKEN(6 * GIB, MIB),
		{.range = {.base = 64 * GIB, .size = MIB}, .kind = SILL_MEMORY_MMIO},
		{.range = {.base = 65 * GIB, .size = MIB}, .kind = SILL_MEMORY_RESERVED},
		FREE(0, MIB),
		FREE(UINT64_MAX - MIB, UINT64_MAX),
	};

	(void)state;
	assert_int_equal(reserve_ram_end(map, 0), 0);
	assert_int_equal(reserve_ram_end(map, 1), 5 * GIB);
	assert_int_equal(reserve_ram_end(map, 5), 6 * GIB + MIB);
	assert_int_equal(reserve_ram_end(map, 6), UINT64_MAX);
}

static void neediest_guest_decides(void **state)
{
	const uint64_t memory[] = {64 * MIB, 8 * GIB, 4 * MIB};
	const uint64_t lazy[] = {0, 0, 2 * MIB};

	(void)state;
	assert_int_equal(reserve_arena_size(0, memory, lazy, 3), size_for(0, 8 * GIB, 0));
	assert_int_equal(reserve_arena_size(0, memory, lazy, 1), size_for(0, 64 * MIB, 0));
}

static void small_guest(void **state)
{
	const struct sill_memory_range map[] = {
		FREE(0, 640 * KIB),
		FREE(MIB, 100 * MIB + 4 * KIB),
		TAKEN(101 * MIB + 4 * KIB, MIB),
		FREE(102 * MIB + 4 * KIB, 33 * MIB),
	};
	uint64_t base;

	(void)state;
	/* The last range has 33 MiB, but not 32 of them from an even MiB on. */
	assert_true(reserve_choose_guest_memory(map, 4, 32 * MIB, &base));
	assert_int_equal(base, 68 * MIB);
	assert_true(reserve_choose_guest_memory(map, 4, 30 * MIB, &base));
	assert_int_equal(base, 104 * MIB);
	assert_true(reserve_choose_guest_memory(map, 4, 98 * MIB, &base));
	assert_int_equal(base, 2 * MIB);
	assert_false(reserve_choose_guest_memory(map, 4, 100 * MIB, &base));
}

static void big_guest(void **state)
{
	struct sill_memory_range map[] = {
		FREE(MIB, 3 * GIB - MIB),
		FREE(4 * GIB, 2 * GIB - 2 * MIB),
	};
	uint64_t base;

	(void)state;
	assert_true(reserve_choose_guest_memory(map, 2, GIB, &base));
	assert_int_equal(base, 4 * GIB);
	/* Not 1 GiB-aligned above 4 GiB: rather that below than 2 MiB-aligned above. */
	map[1].range.base += 2 * MIB;
	map[1].range.size -= 2 * MIB;
	assert_true(reserve_choose_guest_memory(map, 2, GIB, &base));
	assert_int_equal(base, 2 * GIB);
	map[0].range.size = GIB - 2 * MIB;
	assert_true(reserve_choose_guest_memory(map, 2, GIB, &base));
	assert_int_equal(base, 5 * GIB - 2 * MIB);
	map[1].kind = SILL_MEMORY_RESERVED;
	assert_false(reserve_choose_guest_memory(map, 2, GIB, &base));
	assert_true(reserve_choose_guest_memory(map, 2, GIB - 4 * MIB, &base));
	assert_int_equal(base, 2 * MIB);
}

/* Memory for a small guest above 4 GiB spares what devices can reach; 4 GiB itself is a border. */
static void above_and_across_4g(void **state)
{
	const struct sill_memory_range map[] = {
		FREE(4 * GIB - 64 * MIB, 96 * MIB),
	};
	uint64_t base;

	(void)state;
	assert_true(reserve_choose_guest_memory(map, 1, 32 * MIB, &base));
	assert_int_equal(base, 4 * GIB);
	assert_true(reserve_choose_guest_memory(map, 1, 64 * MIB, &base));
	assert_int_equal(base, 4 * GIB - 64 * MIB);
	assert_false(reserve_choose_guest_memory(map, 1, 66 * MIB, &base));
}

static void never_address_zero(void **state)
{
	const struct sill_memory_range map[] = {FREE(0, 4 * MIB)};
	uint64_t base;

	(void)state;
	assert_false(reserve_choose(map, 1, 4 * MIB, RESERVE_2M, 0, UINT64_MAX, &base));
	assert_true(reserve_choose(map, 1, 2 * MIB, RESERVE_2M, 0, UINT64_MAX, &base));
	assert_int_equal(base, 2 * MIB);
}

static void hostile_map(void **state)
{
	const struct sill_memory_range map[] = {
		FREE(UINT64_MAX - 4 * MIB, UINT64_MAX),
		FREE(8 * MIB, 0),
	};
	uint64_t base;

	(void)state;
	assert_true(reserve_choose(map, 1, 2 * MIB, RESERVE_2M, 0, UINT64_MAX, &base));
	assert_true(base >= UINT64_MAX - 4 * MIB && base <= UINT64_MAX - 2 * MIB);
	assert_false(reserve_choose(map, 2, UINT64_MAX, RESERVE_2M, 0, UINT64_MAX, &base));
	assert_false(reserve_choose(map + 1, 1, 2 * MIB, RESERVE_2M, 0, UINT64_MAX, &base));
	assert_false(reserve_choose(map, 0, 2 * MIB, RESERVE_2M, 0, UINT64_MAX, &base));
}

static void largest_free(void **state)
{
	const struct sill_memory_range map[] = {
		FREE(MIB, 3 * MIB),
		TAKEN(16 * MIB, 64 * MIB),
		FREE(4 * GIB - MIB, 8 * MIB),
		FREE(5 * GIB, 6 * MIB),
	};

	(void)state;
	assert_int_equal(reserve_largest_free(map, 4, UINT64_MAX), 8 * MIB);
	assert_int_equal(reserve_largest_free(map, 4, 4 * GIB), 3 * MIB);
	assert_int_equal(reserve_largest_free(map, 4, MIB), 0);
	assert_int_equal(reserve_largest_free(map, 0, UINT64_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_size),
		cmocka_unit_test(channels_size),
		cmocka_unit_test(neediest_guest_decides),
		cmocka_unit_test(small_guest),
		cmocka_unit_test(big_guest),
		cmocka_unit_test(above_and_across_4g),
		cmocka_unit_test(never_address_zero),
		cmocka_unit_test(hostile_map),
		cmocka_unit_test(largest_free),
		cmocka_unit_test(underlay_size),
		cmocka_unit_test(ram_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
