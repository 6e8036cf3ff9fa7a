/* SPDX-License-Identifier: MIT */
/* UNIT: boot/hide_sleep.c */
/* Sleep states renamed in ACPI tables, good and broken ones; and named again as before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "boot/hide_sleep.h"

/* All tables of a test lie here, below 4 GiB, since half of ACPI's addresses have 32 bits. */
#define MEMORY_SIZE 65536u

static uint8_t *memory, before[MEMORY_SIZE];
static uint32_t used;
static uint64_t rsdp;

static bool is_memory(void *context, uint64_t address, uint64_t size)
{
	const uint64_t base = (uintptr_t)memory;

	(void)context;
	return address >= base && size <= MEMORY_SIZE && address - base <= MEMORY_SIZE - size;
}

static const struct sleep_memory access = {.is_memory = is_memory};

static int set_up(void **state)
{
	(void)state;
	if (!memory)
		memory = mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	memset(memory, 0, MEMORY_SIZE);
	used = 16;
	return memory == MAP_FAILED;
}

static uint8_t sum(const uint8_t *bytes, uint32_t size)
{
	uint8_t total = 0;

	while (size--)
		total = (uint8_t)(total + *bytes++);
	return total;
}

static uint64_t table(const char *signature, const void *body, uint32_t size)
{
	uint8_t *at = memory + used;
	uint32_t length = 36 + size;

	memcpy(at, signature, 4);
	memcpy(at + 4, &length, 4);
	memcpy(at + 36, body, size);
	at[9] = (uint8_t)-sum(at, length);
	used += (length + 3) & ~1u; /* odd addresses of what follows are fine too */
	return (uintptr_t)at;
}

static uint64_t fadt(uint64_t dsdt, uint64_t x_dsdt)
{
	uint8_t body[112] = {0};

	memcpy(body + 4, &dsdt, 4);
	memcpy(body + 104, &x_dsdt, 8);
	return table("FACP", body, sizeof(body));
}

static void root(uint64_t rsdt, uint64_t xsdt)
{
	uint8_t *at = memory + used;

	memcpy(at, "RSD PTR ", 8);
	at[15] = xsdt ? 2 : 0;
	memcpy(at + 16, &rsdt, 4);
	at[20] = 36;
	memcpy(at + 24, &xsdt, 8);
	used += 36;
	rsdp = (uintptr_t)at;
}

static struct sleep_result hide(bool yes)
{
	return sleep_hide(rsdp, &access, yes);
}

#define STATES                 \
	"\x08_S0_\x12\x06\x04" \
	"\x08_S1_\x12\x06\x04" \
	"\x08_S2_\x12\x06\x04" \
	"\x08_S3_\x12\x06\x04" \
	"\x08_S4_\x12\x06\x04"
#define HIDDEN                 \
	"\x08_S0_\x12\x06\x04" \
	"\x08_S1_\x12\x06\x04" \
	"\x08XS2_\x12\x06\x04" \
	"\x08XS3_\x12\x06\x04" \
	"\x08_S4_\x12\x06\x04"
/* With a root character, at the very end; and what only looks alike: a method, a reference. */
#define MORE "\x14\x09_S3_\x00_S3_\x08_S3_\x13\x08\\_S3_\x12"

static uint8_t *body_of(uint64_t address)
{
	return (uint8_t *)(uintptr_t)address + 36;
}

static void check_sum(uint64_t address, uint32_t size)
{
	assert_int_equal(sum((uint8_t *)(uintptr_t)address, 36 + size), 0);
}

static void found_and_undone(void **state)
{
	uint64_t dsdt = table("DSDT", STATES, sizeof(STATES) - 1);
	uint64_t ssdt = table("SSDT", MORE, sizeof(MORE) - 1);
	uint64_t other = table("OEM1", STATES, sizeof(STATES) - 1);
	uint64_t f = fadt(dsdt, dsdt), old[] = {f, ssdt, other};
	uint32_t old32[] = {(uint32_t)f, (uint32_t)ssdt, (uint32_t)other};
	struct sleep_result result;

	(void)state;
	root(table("RSDT", old32, sizeof(old32)), table("XSDT", old, sizeof(old)));
	memcpy(before, memory, MEMORY_SIZE);
	result = hide(true);
	assert_int_equal(result.renamed, 3);
	assert_int_equal(result.stubborn, 0);
	assert_false(result.unreadable);
	assert_memory_equal(body_of(dsdt), HIDDEN, sizeof(HIDDEN) - 1);
	assert_memory_equal(body_of(other), STATES, sizeof(STATES) - 1);
	assert_memory_equal(body_of(ssdt), MORE, sizeof(MORE) - 7);
	assert_memory_equal(body_of(ssdt) + sizeof(MORE) - 7, "\\XS3_\x12", 6);
	check_sum(dsdt, sizeof(STATES) - 1);
	check_sum(ssdt, sizeof(MORE) - 1);
	assert_int_equal(hide(true).renamed, 0);

	assert_int_equal(hide(false).renamed, 3);
	assert_memory_equal(memory, before, MEMORY_SIZE);
}

/* Each way that leads to the DSDT alone: FADT's two fields, the two roots. */
static void all_ways(void **state)
{
	for (unsigned way = 0; way < 4; way++) {
		(void)set_up(state);

		uint64_t dsdt = table("DSDT", STATES, sizeof(STATES) - 1);
		uint64_t f = way & 1 ? fadt(dsdt, 0) : fadt(0, dsdt);
		uint64_t r = table(way & 2 ? "RSDT" : "XSDT", &f, way & 2 ? 4 : 8);

		root(way & 2 ? r : 0, way & 2 ? 0 : r);
		assert_int_equal(hide(true).renamed, 2);
	}
}

static void absent(void **state)
{
	(void)state;
	rsdp = 0;
	assert_false(hide(true).unreadable);
	rsdp = (uintptr_t)memory;
	assert_true(hide(true).unreadable); /* no signature */
	rsdp = (uintptr_t)memory + MEMORY_SIZE - 10;
	assert_true(hide(true).unreadable); /* not all of it is memory */
	root(0, 0);
	assert_int_equal(hide(true).renamed, 0);
}

static void nowhere(void **state)
{
	uint64_t entries[] = {0, (uintptr_t)memory + MEMORY_SIZE, 8, UINT64_MAX, 0};
	struct sleep_result result;

	(void)state;
	entries[4] = fadt(0, UINT64_MAX - 20);
	root(0, table("XSDT", entries, sizeof(entries)));
	result = hide(true);
	assert_true(result.unreadable);
	assert_int_equal(result.renamed, 0);
	root(0x1000, 0);
	assert_true(hide(true).unreadable);
}

/* Any length in any of the tables: nothing outside the memory is touched, no table is half done. */
static void any_length(void **state)
{
	static const uint32_t lengths[] = {0,	      35,	 36,	    37,	    39,
					   44,	      100,	 36 + 7,    36 + 8, MEMORY_SIZE,
					   0x1000000, 0x1000001, UINT32_MAX};
	const unsigned count = sizeof(lengths) / sizeof(lengths[0]);

	for (unsigned i = 0; i < 3 * count; i++) {
		(void)set_up(state);

		uint64_t dsdt = table("DSDT", STATES, sizeof(STATES) - 1);
		uint64_t f = fadt(dsdt, dsdt);
		uint64_t x = table("XSDT", &f, sizeof(f));
		uint64_t victims[] = {dsdt, f, x};

		root(0, x);
		memcpy((uint8_t *)(uintptr_t)victims[i / count] + 4, &lengths[i % count], 4);
		assert_int_equal(hide(true).stubborn, 0);
	}
}

/* Every cut through a table: the name must lie in it with what follows. */
static void truncated(void **state)
{
	static const char body[] = "\x08\\_S3_\x12";

	for (uint32_t size = 0; size < sizeof(body); size++) {
		(void)set_up(state);

		uint64_t ssdt = table("SSDT", body, size);

		/* The rest is there, but not the table's. */
		memcpy(body_of(ssdt), body, sizeof(body) - 1);
		root(0, table("XSDT", &ssdt, sizeof(ssdt)));
		memcpy(body_of(ssdt), body, sizeof(body) - 1);
		assert_int_equal(hide(true).renamed, size == sizeof(body) - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(found_and_undone, set_up),
		cmocka_unit_test_setup(all_ways, set_up),
		cmocka_unit_test_setup(absent, set_up),
		cmocka_unit_test_setup(nowhere, set_up),
		cmocka_unit_test_setup(any_length, set_up),
		cmocka_unit_test_setup(truncated, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
