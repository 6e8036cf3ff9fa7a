/* SPDX-License-Identifier: MIT */
/* UNIT: core/address_space.c */
/* The core's page tables, with a small array as physical memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/address_space.h"
#include "sill/errno.h"

#define PAGE	  ADDRESS_SPACE_PAGE
#define BASE	  0x7f000000ull /* what the array claims as its physical address */
#define ALL_PAGES 64u

struct pool {
	_Alignas(4096) uint64_t pages[ALL_PAGES][512];
	unsigned int used, limit;
};

static uint64_t allocate(void *context)
{
	struct pool *pool = context;

	return pool->used < pool->limit ? BASE + PAGE * (uint64_t)pool->used++ : 0;
}

static uint64_t *table(void *context, uint64_t physical)
{
	struct pool *pool = context;

	assert_true(physical >= BASE && physical % PAGE == 0);
	assert_true((physical - BASE) / PAGE < pool->used);
	return pool->pages[(physical - BASE) / PAGE];
}

struct fixture {
	struct pool pool;
	struct address_space space;
};

static int set_up(void **state)
{
	struct fixture *f = aligned_alloc(4096, (sizeof(*f) + 4095) & ~(size_t)4095);
	struct address_space_memory memory = {.context = &f->pool, allocate, table};

	/* Memory comes with whatever was in it: all ones would look present everywhere. */
	memset(f, 0xff, sizeof(*f));
	f->pool.used = 0;
	f->pool.limit = ALL_PAGES;
	*state = f;
	return address_space_create(&f->space, &memory);
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static int count_page(void *context, uint64_t virtual, uint64_t physical, uint32_t flags)
{
	(void)virtual;
	(void)physical;
	(void)flags;
	++*(unsigned int *)context;
	return 0;
}

static unsigned int mapped_pages(const struct address_space *space)
{
	unsigned int count = 0;

	assert_int_equal(address_space_walk(space, count_page, &count), 0);
	return count;
}

static void empty(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->space.root, BASE);
	assert_int_equal(mapped_pages(&f->space), 0);
	assert_false(address_space_translate(&f->space, 0, NULL, NULL));
	assert_false(address_space_translate(&f->space, CORE_VIRTUAL, NULL, NULL));
	assert_null(address_space_entry(&f->space, CORE_VIRTUAL));
	assert_int_equal(f->pool.used, 1);
}

static void no_page_for_the_root(void **state)
{
	struct fixture *f = *state;
	struct address_space other;

	f->pool.limit = f->pool.used;
	assert_int_equal(address_space_create(&other, &f->space.memory), -SILL_ENOMEM);
}

static void maps_and_translates(void **state)
{
	struct fixture *f = *state;
	uint64_t physical;
	uint32_t flags;

	assert_int_equal(
		address_space_map(&f->space, CORE_VIRTUAL, 0x1000, 3 * PAGE, ADDRESS_SPACE_EXECUTE),
		0);
	assert_int_equal(address_space_map(&f->space, CORE_VIRTUAL + 3 * PAGE, 0x4000, PAGE, 0), 0);
	assert_int_equal(address_space_map(&f->space, CORE_VIRTUAL + 4 * PAGE, 0x5000, 2 * PAGE,
					   ADDRESS_SPACE_WRITE),
			 0);
	assert_int_equal(mapped_pages(&f->space), 6);
	assert_int_equal(f->pool.used, 4);

	assert_true(
		address_space_translate(&f->space, CORE_VIRTUAL + 2 * PAGE + 5, &physical, &flags));
	assert_int_equal(physical, 0x3005);
	assert_int_equal(flags, ADDRESS_SPACE_EXECUTE);
	assert_true(address_space_translate(&f->space, CORE_VIRTUAL + 3 * PAGE, &physical, &flags));
	assert_int_equal(physical, 0x4000);
	assert_int_equal(flags, 0);
	assert_true(
		address_space_translate(&f->space, CORE_VIRTUAL + 6 * PAGE - 1, &physical, &flags));
	assert_int_equal(physical, 0x6fff);
	assert_int_equal(flags, ADDRESS_SPACE_WRITE);
	assert_false(address_space_translate(&f->space, CORE_VIRTUAL + 6 * PAGE, NULL, NULL));
	assert_false(address_space_translate(&f->space, CORE_VIRTUAL - 1, NULL, NULL));
}

/* SDM, "Paging": what the processor would do, walked here by hand from CR3. */
static void entries_are_what_the_processor_reads(void **state)
{
	struct fixture *f = *state;
	const uint64_t virtual = 0xffffffffc0201000ull;
	const unsigned int index[] = {511, 511, 1, 1};
	uint64_t next = f->space.root;

	assert_int_equal(
		address_space_map(&f->space, virtual, 0x123456789000ull, PAGE, ADDRESS_SPACE_WRITE),
		0);
	assert_int_equal(
		address_space_map(&f->space, virtual + PAGE, 0x2000, PAGE, ADDRESS_SPACE_EXECUTE),
		0);
	for (int level = 0; level < 3; level++) {
		uint64_t entry = table(&f->pool, next)[index[level]];

		assert_int_equal(entry & 0xfff & ~PAGE_ACCESSED, PAGE_PRESENT | PAGE_WRITE);
		assert_false(entry & PAGE_NOT_EXECUTABLE);
		next = entry & PAGE_ADDRESS;
	}
	assert_int_equal(table(&f->pool, next)[1], 0x123456789000ull | PAGE_PRESENT | PAGE_WRITE |
							   PAGE_ACCESSED | PAGE_DIRTY |
							   PAGE_NOT_EXECUTABLE);
	assert_int_equal(table(&f->pool, next)[2], 0x2000 | PAGE_PRESENT | PAGE_ACCESSED);
	assert_ptr_equal(address_space_entry(&f->space, virtual), &table(&f->pool, next)[1]);
}

static void memory_types(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 8; i++) {
		uint64_t virtual = MMIO_VIRTUAL + i * PAGE;
		uint32_t flags;

		assert_int_equal(address_space_map(&f->space, virtual, 0xe0000000, PAGE,
						   ADDRESS_SPACE_WRITE | ADDRESS_SPACE_PAT(i)),
				 0);
		assert_true(address_space_translate(&f->space, virtual, NULL, &flags));
		assert_int_equal(flags, ADDRESS_SPACE_WRITE | ADDRESS_SPACE_PAT(i));

		uint64_t entry = *address_space_entry(&f->space, virtual);

		/* SDM, "Selecting a Memory Type from the PAT" */
		assert_int_equal((entry & PAGE_PWT ? 1 : 0) + (entry & PAGE_PCD ? 2 : 0) +
					 (entry & PAGE_PAT ? 4 : 0),
				 i);
	}
}

static void refuses_write_and_execute(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(address_space_map(&f->space, CORE_VIRTUAL, 0x1000, PAGE,
					   ADDRESS_SPACE_WRITE | ADDRESS_SPACE_EXECUTE),
			 -SILL_EINVAL);
	assert_int_equal(mapped_pages(&f->space), 0);
}

static void refuses_bad_ranges(void **state)
{
	struct fixture *f = *state;
	static const struct {
		uint64_t virtual, physical, size;
		uint32_t flags;
	} bad[] = {
		{CORE_VIRTUAL + 1, 0x1000, PAGE, 0},
		{CORE_VIRTUAL, 0x1001, PAGE, 0},
		{CORE_VIRTUAL, 0x1000, PAGE + 1, 0},
		{CORE_VIRTUAL, 0x1000, PAGE, 1u << 2},
		{CORE_VIRTUAL, 0x1000, PAGE, 1u << 31},
		{0x0000800000000000ull, 0x1000, PAGE, 0},	    /* non-canonical */
		{0xffff7ffffffff000ull, 0x1000, PAGE, 0},	    /* non-canonical */
		{0x00007ffffffff000ull, 0x1000, 2 * PAGE, 0},	    /* runs out of the lower half */
		{0x00007ffffffff000ull, 0x1000, 1ull << 63, 0},	    /* ends in the upper half */
		{0xfffffffffffff000ull, 0x1000, 2 * PAGE, 0},	    /* wraps to 0 */
		{CORE_VIRTUAL, 0x1000, UINT64_MAX - PAGE + 1, 0},   /* wraps */
		{CORE_VIRTUAL, 1ull << 52, PAGE, 0},		    /* too high for an entry */
		{CORE_VIRTUAL, (1ull << 52) - PAGE, 2 * PAGE, 0},   /* its end is */
		{CORE_VIRTUAL, UINT64_MAX - PAGE + 1, 2 * PAGE, 0}, /* physical wraps */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(address_space_map(&f->space, bad[i].virtual, bad[i].physical,
						   bad[i].size, bad[i].flags),
				 -SILL_EINVAL);
	}
	assert_int_equal(mapped_pages(&f->space), 0);
	assert_int_equal(address_space_unmap(&f->space, 1, PAGE), -SILL_EINVAL);
	assert_int_equal(address_space_prepare(&f->space, 0x0000800000000000ull, PAGE),
			 -SILL_EINVAL);
	assert_false(address_space_translate(&f->space, 0x0000800000000000ull, NULL, NULL));
}

static void edges_of_the_halves(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		address_space_map(&f->space, 0x00007ffffffff000ull, (1ull << 52) - PAGE, PAGE, 0),
		0);
	assert_int_equal(address_space_map(&f->space, 0xffff800000000000ull, 0, PAGE, 0), 0);
	assert_int_equal(address_space_map(&f->space, 0xfffffffffffff000ull, 0x1000, PAGE, 0), 0);
	assert_int_equal(address_space_map(&f->space, 0, 0, 0, 0), 0);
	assert_int_equal(mapped_pages(&f->space), 3);
}

static void existing_mappings_stay(void **state)
{
	struct fixture *f = *state;
	uint64_t physical;

	assert_int_equal(address_space_map(&f->space, ARENA_VIRTUAL + 2 * PAGE, 0x9000, PAGE, 0),
			 0);
	assert_int_equal(
		address_space_map(&f->space, ARENA_VIRTUAL, 0x20000, 4 * PAGE, ADDRESS_SPACE_WRITE),
		-SILL_EEXIST);
	assert_int_equal(mapped_pages(&f->space), 1);
	assert_true(address_space_translate(&f->space, ARENA_VIRTUAL + 2 * PAGE, &physical, NULL));
	assert_int_equal(physical, 0x9000);
}

static void out_of_memory_maps_nothing(void **state)
{
	struct fixture *f = *state;

	/* The range needs two page tables, and there is a page for only one of them. */
	f->pool.limit = f->pool.used + 3;
	assert_int_equal(address_space_map(&f->space, ARENA_VIRTUAL + 0x1ff000, 0x20000, 2 * PAGE,
					   ADDRESS_SPACE_WRITE),
			 -SILL_ENOMEM);
	assert_int_equal(mapped_pages(&f->space), 0);
	f->pool.limit++;
	assert_int_equal(address_space_map(&f->space, ARENA_VIRTUAL + 0x1ff000, 0x20000, 2 * PAGE,
					   ADDRESS_SPACE_WRITE),
			 0);
	assert_int_equal(mapped_pages(&f->space), 2);
}

static void window(void **state)
{
	struct fixture *f = *state;
	uint64_t physical;
	uint32_t flags;

	assert_int_equal(
		address_space_prepare(&f->space, WINDOW_VIRTUAL, (uint64_t)WINDOW_PAGES * PAGE), 0);
	assert_int_equal(mapped_pages(&f->space), 0);
	assert_int_equal(f->pool.used, 4);

	uint64_t *entry = address_space_entry(&f->space, WINDOW_VIRTUAL);

	/* One table holds them all, so that entry n is the window's page n. */
	assert_ptr_equal(address_space_entry(&f->space, WINDOW_VIRTUAL + 511 * PAGE), &entry[511]);
	entry[7] = address_space_make_entry(0xabc000, ADDRESS_SPACE_WRITE);
	assert_true(
		address_space_translate(&f->space, WINDOW_VIRTUAL + 7 * PAGE, &physical, &flags));
	assert_int_equal(physical, 0xabc000);
	assert_int_equal(flags, ADDRESS_SPACE_WRITE);
}

static void unmaps(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(address_space_map(&f->space, CORE_VIRTUAL, 0x1000, 4 * PAGE, 0), 0);
	assert_int_equal(address_space_unmap(&f->space, CORE_VIRTUAL + PAGE, 2 * PAGE), 0);
	assert_int_equal(mapped_pages(&f->space), 2);
	assert_false(address_space_translate(&f->space, CORE_VIRTUAL + PAGE, NULL, NULL));
	assert_true(address_space_translate(&f->space, CORE_VIRTUAL + 3 * PAGE, NULL, NULL));
	/* What was never there may be taken away too, and needs no table. */
	assert_int_equal(address_space_unmap(&f->space, MMIO_VIRTUAL, PAGE), 0);
	assert_null(address_space_entry(&f->space, MMIO_VIRTUAL));
	assert_int_equal(address_space_map(&f->space, CORE_VIRTUAL + PAGE, 0x8000, PAGE, 0), 0);
}

struct seen {
	unsigned int count;
	uint64_t virtual[8], physical[8];
	uint32_t flags[8];
};

static int see(void *context, uint64_t virtual, uint64_t physical, uint32_t flags)
{
	struct seen *seen = context;

	if (seen->count == 4)
		return 42;
	seen->virtual[seen->count] = virtual;
	seen->physical[seen->count] = physical;
	seen->flags[seen->count++] = flags;
	return 0;
}

static void walks_in_order(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};

	assert_int_equal(
		address_space_map(&f->space, ARENA_VIRTUAL, 0x30000, PAGE, ADDRESS_SPACE_WRITE), 0);
	assert_int_equal(
		address_space_map(&f->space, 0x7e000000, 0x7e000000, PAGE, ADDRESS_SPACE_EXECUTE),
		0);
	assert_int_equal(address_space_map(&f->space, 0xfffffffffffff000ull, 0x50000, PAGE, 0), 0);
	assert_int_equal(address_space_map(&f->space, CORE_VIRTUAL, 0x40000, PAGE, 0), 0);
	assert_int_equal(address_space_walk(&f->space, see, &seen), 0);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.virtual[0], 0x7e000000);
	assert_int_equal(seen.flags[0], ADDRESS_SPACE_EXECUTE);
	assert_int_equal(seen.virtual[1], CORE_VIRTUAL);
	assert_int_equal(seen.virtual[2], ARENA_VIRTUAL);
	assert_int_equal(seen.physical[2], 0x30000);
	assert_int_equal(seen.flags[2], ADDRESS_SPACE_WRITE);
	assert_int_equal(seen.virtual[3], 0xfffffffffffff000ull);

	assert_int_equal(address_space_map(&f->space, ARENA_VIRTUAL + PAGE, 0x31000, PAGE, 0), 0);
	seen.count = 0;
	assert_int_equal(address_space_walk(&f->space, see, &seen), 42);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(empty),
		TEST(no_page_for_the_root),
		TEST(maps_and_translates),
		TEST(entries_are_what_the_processor_reads),
		TEST(memory_types),
		TEST(refuses_write_and_execute),
		TEST(refuses_bad_ranges),
		TEST(edges_of_the_halves),
		TEST(existing_mappings_stay),
		TEST(out_of_memory_maps_nothing),
		TEST(window),
		TEST(unmaps),
		TEST(walks_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
