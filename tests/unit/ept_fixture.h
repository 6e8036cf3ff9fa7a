/* SPDX-License-Identifier: MIT */
/* Extended page tables in ordinary memory, for the tests of ept/ept.c. */
#ifndef SILL_TESTS_UNIT_EPT_FIXTURE_H
#define SILL_TESTS_UNIT_EPT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/msr.h"
#include "ept/ept.h"

#define KIB(n)		((uint64_t)(n) << 10)
#define MIB(n)		((uint64_t)(n) << 20)
#define GIB(n)		((uint64_t)(n) << 30)
#define PAGE		4096ull

#define CAPABILITIES_4K (EPT_CAP_WALK_LENGTH_4 | EPT_CAP_UC | EPT_CAP_WB | EPT_CAP_EXECUTE_ONLY)
#define CAPABILITIES_2M (CAPABILITIES_4K | EPT_CAP_2MB_PAGES)
#define CAPABILITIES_1G (CAPABILITIES_2M | EPT_CAP_1GB_PAGES)

#define R		EPT_READ
#define W		EPT_WRITE
#define X		EPT_EXECUTE
#define RW		(R | W)
#define RX		(R | X)

/* The physical addresses that tables get. Not where the host has them, so a mix-up shows. */
#define TABLES_PHYSICAL 0x000f00000000ull
#define TABLES_MAX	4096u

static struct {
	uint64_t *page[TABLES_MAX]; /* NULL: free */
	unsigned int used;
	unsigned int next;	/* where the search for a free one starts */
	unsigned int allowance; /* how many allocations will succeed */
	unsigned int released;	/* how many were ever given back */
	void (*watcher)(void);	/* called whenever the tables are about to be touched */
} tables;

static uint64_t tables_allocate(void *context)
{
	assert_ptr_equal(context, &tables);
	if (tables.watcher)
		tables.watcher();
	if (!tables.allowance)
		return 0;
	tables.allowance--;
	for (unsigned int i = 0; i < TABLES_MAX; i++) {
		unsigned int slot = (tables.next + i) % TABLES_MAX;

		if (tables.page[slot])
			continue;
		tables.page[slot] = aligned_alloc(PAGE, PAGE);
		assert_non_null(tables.page[slot]);
		memset(tables.page[slot], 0, PAGE);
		tables.used++;
		tables.next = slot + 1;
		return TABLES_PHYSICAL + slot * PAGE;
	}
	return 0;
}

static unsigned int tables_slot(uint64_t physical)
{
	assert_true(physical >= TABLES_PHYSICAL && physical % PAGE == 0);
	assert_true(physical < TABLES_PHYSICAL + TABLES_MAX * PAGE);
	return (unsigned int)((physical - TABLES_PHYSICAL) / PAGE);
}

static void tables_release(void *context, uint64_t physical)
{
	unsigned int slot = tables_slot(physical);

	assert_ptr_equal(context, &tables);
	assert_non_null(tables.page[slot]);
	if (tables.watcher)
		tables.watcher();
	free(tables.page[slot]);
	tables.page[slot] = NULL;
	tables.used--;
	tables.released++;
}

static void *tables_at_unwatched(uint64_t physical)
{
	unsigned int slot = tables_slot(physical);

	assert_non_null(tables.page[slot]);
	return tables.page[slot];
}

static void *tables_at(void *context, uint64_t physical)
{
	assert_ptr_equal(context, &tables);
	if (tables.watcher)
		tables.watcher();
	return tables_at_unwatched(physical);
}

static const struct ept_memory memory = {tables_allocate, tables_release, tables_at, &tables};

static struct ept ept;
static struct mtrr_state mtrr;

/* All memory WB, no MTRR in the way. */
static void all_write_back(unsigned int bits)
{
	memset(&mtrr, 0, sizeof(mtrr));
	mtrr.default_type = MTRR_DEF_TYPE_ENABLE | MEMORY_TYPE_WB;
	mtrr.physical_bits = bits;
}

static void add_type(uint64_t base, uint64_t size, unsigned int type)
{
	uint64_t width = (1ull << mtrr.physical_bits) - 1;

	assert_true(mtrr.variable_count < MTRR_VARIABLE_MAX);
	mtrr.variable[mtrr.variable_count].base = base | type;
	mtrr.variable[mtrr.variable_count].mask = (width & ~(size - 1)) | MTRR_PHYSMASK_VALID;
	mtrr.variable_count++;
}

static void start(uint64_t capabilities)
{
	assert_int_equal(tables.used, 0);
	tables.allowance = TABLES_MAX;
	tables.watcher = NULL;
	assert_int_equal(ept_init(&ept, capabilities, &mtrr, &memory), 0);
}

static int set_up(void **unused)
{
	(void)unused;
	all_write_back(46);
	start(CAPABILITIES_1G);
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	tables.watcher = NULL;
	if (ept.root)
		ept_destroy(&ept);
	assert_int_equal(ept.tables, 0);
	return tables.used ? -1 : 0;
}

static void restart(uint64_t capabilities)
{
	(void)tear_down(NULL);
	start(capabilities);
}

static uint64_t seed;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t below(uint64_t limit)
{
	return random64() % limit;
}

#endif
