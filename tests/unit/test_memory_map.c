/* SPDX-License-Identifier: MIT */
/* UNIT: boot/memory_map.c */
/* The firmware's memory map on its way into the handoff. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boot/memory_map.h"
#include "sill/errno.h"

#define COUNT(array) (uint32_t)(sizeof(array) / sizeof((array)[0]))

static struct sill_memory_range range(uint64_t base, uint64_t size, uint32_t kind)
{
	return (struct sill_memory_range){.range = {.base = base, .size = size}, .kind = kind};
}

static struct sill_memory_range code(uint64_t base, uint64_t size, uint32_t kind)
{
	struct sill_memory_range result = range(base, size, kind);

	result.executable = 1;
	return result;
}

static void assert_range(const struct sill_memory_range *actual, struct sill_memory_range expected)
{
	assert_int_equal(actual->range.base, expected.range.base);
	assert_int_equal(actual->range.size, expected.range.size);
	assert_int_equal(actual->kind, expected.kind);
	assert_int_equal(actual->executable, expected.executable);
}

static void sorts_and_joins(void **state)
{
	struct sill_memory_range map[] = {
		range(0x5000, 0x1000, SILL_MEMORY_FREE), range(0x2000, 0x1000, SILL_MEMORY_FREE),
		range(0x9000, 0, SILL_MEMORY_RUNTIME),	 range(0x3000, 0x2000, SILL_MEMORY_FREE),
		range(0, 0x1000, SILL_MEMORY_FREE),
	};
	uint32_t count = COUNT(map);

	(void)state;
	assert_int_equal(memory_map_normalise(map, &count, 512), 0);
	assert_int_equal(count, 2);
	assert_range(&map[0], range(0, 0x1000, SILL_MEMORY_FREE));
	assert_range(&map[1], range(0x2000, 0x4000, SILL_MEMORY_FREE));
}

static void keeps_what_differs(void **state)
{
	struct sill_memory_range map[] = {
		range(0, 0x1000, SILL_MEMORY_RUNTIME),
		code(0x1000, 0x1000, SILL_MEMORY_RUNTIME),
		code(0x2000, 0x1000, SILL_MEMORY_BOOT_SERVICES),
		code(0x3000, 0x1000, SILL_MEMORY_BOOT_SERVICES),
	};
	uint32_t count = COUNT(map);

	(void)state;
	assert_int_equal(memory_map_normalise(map, &count, 3), 0);
	assert_int_equal(count, 3);
	assert_range(&map[0], range(0, 0x1000, SILL_MEMORY_RUNTIME));
	assert_range(&map[1], code(0x1000, 0x1000, SILL_MEMORY_RUNTIME));
	assert_range(&map[2], code(0x2000, 0x2000, SILL_MEMORY_BOOT_SERVICES));
}

static void overlap_promises_the_less(void **state)
{
	struct sill_memory_range map[] = {
		range(0x1000, 0x9000, SILL_MEMORY_FREE),
		range(0x3000, 0x1000, SILL_MEMORY_MMIO),
		range(0x9000, 0x4000, SILL_MEMORY_FREE),
		code(0x20000, 0x1000, SILL_MEMORY_RUNTIME),
		range(0x20000, 0x1000, SILL_MEMORY_FREE),
	};
	uint32_t count = COUNT(map);

	(void)state;
	assert_int_equal(memory_map_normalise(map, &count, 512), 0);
	assert_int_equal(count, 2);
	assert_range(&map[0], range(0x1000, 0xc000, SILL_MEMORY_MMIO));
	assert_range(&map[1], code(0x20000, 0x1000, SILL_MEMORY_RUNTIME));
}

static void too_many_ranges_lose_the_least(void **state)
{
	struct sill_memory_range map[] = {
		range(0x0000, 0x10000, SILL_MEMORY_FREE),
		range(0x10000, 0x8000, SILL_MEMORY_BOOT_SERVICES),
		range(0x18000, 0x1000, SILL_MEMORY_FREE),
		range(0x19000, 0x4000, SILL_MEMORY_RESERVED),
		range(0x30000, 0x1000, SILL_MEMORY_RUNTIME),
	};
	struct sill_memory_range again[COUNT(map)];
	uint32_t count = COUNT(map);

	(void)state;
	for (uint32_t i = 0; i < count; i++)
		again[i] = map[i];

	assert_int_equal(memory_map_normalise(map, &count, 4), 0);
	assert_int_equal(count, 4);
	assert_range(&map[0], range(0, 0x10000, SILL_MEMORY_FREE));
	assert_range(&map[1], range(0x10000, 0x9000, SILL_MEMORY_BOOT_SERVICES));
	assert_range(&map[2], range(0x19000, 0x4000, SILL_MEMORY_RESERVED));
	assert_range(&map[3], range(0x30000, 0x1000, SILL_MEMORY_RUNTIME));

	count = COUNT(again);
	assert_int_equal(memory_map_normalise(again, &count, 2), 0);
	assert_int_equal(count, 2);
	assert_range(&again[0], range(0, 0x1d000, SILL_MEMORY_RESERVED));
	assert_range(&again[1], range(0x30000, 0x1000, SILL_MEMORY_RUNTIME));
}

static void holes_are_not_filled(void **state)
{
	struct sill_memory_range map[] = {
		range(0, 0x1000, SILL_MEMORY_FREE),
		range(0x2000, 0x1000, SILL_MEMORY_FREE),
		range(0x4000, 0x1000, SILL_MEMORY_FREE),
	};
	uint32_t count = COUNT(map);

	(void)state;
	assert_int_equal(memory_map_normalise(map, &count, 2), -SILL_ENOSPC);
	assert_int_equal(memory_map_normalise(map, &count, 3), 0);
	assert_int_equal(count, 3);
}

static void refuses_wrapping_ranges(void **state)
{
	struct sill_memory_range map[] = {
		range(UINT64_MAX - 0xfff, 0x1000, SILL_MEMORY_MMIO),
	};
	uint32_t count = 1;

	(void)state;
	assert_int_equal(memory_map_normalise(map, &count, 512), -SILL_EINVAL);
	map[0].range.size = UINT64_MAX;
	assert_int_equal(memory_map_normalise(map, &count, 512), -SILL_EINVAL);
	map[0].range.size = 0xfff;
	assert_int_equal(memory_map_normalise(map, &count, 512), 0);
	assert_int_equal(count, 1);
}

static void unknown_kind_is_reserved(void **state)
{
	struct sill_memory_range map[] = {
		range(0, 0x2000, SILL_MEMORY_RUNTIME),
		range(0x1000, 0x2000, 99),
	};
	uint32_t count = COUNT(map);

	(void)state;
	assert_int_equal(memory_map_normalise(map, &count, 512), 0);
	assert_int_equal(count, 1);
	assert_int_equal(map[0].kind, 99);
	assert_int_equal(map[0].range.size, 0x3000);
}

static void empty_map(void **state)
{
	uint32_t count = 0;
	struct sill_memory_range none = {0};

	(void)state;
	assert_int_equal(memory_map_normalise(&none, &count, 512), 0);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_and_joins),
		cmocka_unit_test(keeps_what_differs),
		cmocka_unit_test(overlap_promises_the_less),
		cmocka_unit_test(too_many_ranges_lose_the_least),
		cmocka_unit_test(holes_are_not_filled),
		cmocka_unit_test(refuses_wrapping_ranges),
		cmocka_unit_test(unknown_kind_is_reserved),
		cmocka_unit_test(empty_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
