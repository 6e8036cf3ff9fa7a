/* SPDX-License-Identifier: MIT */
/* UNIT: boot/segment.c */
/* What a CPU has loaded for a selector: the descriptors that firmware uses, and broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/segment.h"
#include "sill/errno.h"

static const uint64_t gdt[] = {
	0xffffffffffffffff, /* 00: never looked at */
	0x00cf92000000ffff, /* 08: data, 4 GiB, not yet accessed */
	0x00af9b000000ffff, /* 10: 64-bit code */
	0x1240f31234561111, /* 18: data, DPL 3, byte granularity, base 12123456h */
	0x00af1b000000ffff, /* 20: not present */
	0x56008b3400002067, /* 28: TSS, busy, base 9abcdef0_56340000h */
	0x000000009abcdef0, 0x56008934000020ff, /* 38: TSS, available */
	0x0000000000000001, 0x000082001000000f, /* 48: LDT */
	0x0000000000000000, 0x008f92000000ffff, /* 58: 16-bit data, limit 4 GiB */
	0x0000890000000067,			/* 60: a TSS whose upper half is not in the table */
};

/* From a block of exactly that size, so that any overread is seen. */
static int describe(uint16_t selector, uint32_t limit, struct sill_segment *segment)
{
	void *copy = malloc(limit + 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, gdt, limit + 1);
	memset(segment, 0xa5, sizeof(*segment));
	error = segment_describe(copy, limit, selector, segment);
	free(copy);
	if (error != 0) {
		assert_int_equal(error, -SILL_EINVAL);
		assert_int_equal(segment->access_rights, SEGMENT_UNUSABLE);
	}
	return error;
}

static void check(uint16_t selector, uint64_t base, uint32_t limit, uint32_t access_rights)
{
	struct sill_segment segment;

	assert_int_equal(describe(selector, sizeof(gdt) - 1, &segment), 0);
	assert_int_equal(segment.selector, selector);
	assert_int_equal(segment.base, base);
	assert_int_equal(segment.limit, limit);
	assert_int_equal(segment.access_rights, access_rights);
	assert_int_equal(segment.reserved, 0);
	assert_int_equal(segment.reserved2, 0);
}

static void code_and_data(void **state)
{
	(void)state;
	/* Loading sets the accessed bit. */
	check(0x08, 0, 0xffffffff, 0xc093);
	check(0x10, 0, 0xffffffff, 0xa09b);
	check(0x1b, 0x12123456, 0x1111, 0x40f3);
	check(0x58, 0, 0xffffffff, 0x8093);
}

static void system_segments(void **state)
{
	(void)state;
	check(0x28, 0x9abcdef056340000, 0x2067, 0x8b);
	check(0x38, 0x156340000, 0x20ff, 0x8b);
	check(0x48, 0x1000, 0xf, 0x82);
}

static void null_selectors(void **state)
{
	(void)state;
	for (uint16_t selector = 0; selector < 4; selector++)
		check(selector, 0, 0, SEGMENT_UNUSABLE);
}

static void broken(void **state)
{
	struct sill_segment segment;

	(void)state;
	assert_int_not_equal(describe(0x20, sizeof(gdt) - 1, &segment), 0);
	assert_int_not_equal(describe(0x0c, sizeof(gdt) - 1, &segment), 0);
	assert_int_not_equal(describe(0x60, sizeof(gdt) - 1, &segment), 0);
	assert_int_not_equal(describe(sizeof(gdt), sizeof(gdt) - 1, &segment), 0);
	assert_int_not_equal(describe(0xfff8, sizeof(gdt) - 1, &segment), 0);
	assert_int_not_equal(describe(0x08, 0xe, &segment), 0);
	assert_int_equal(describe(0x08, 0xf, &segment), 0);
	assert_int_not_equal(describe(0x28, 0x36, &segment), 0);
	assert_int_equal(describe(0x28, 0x37, &segment), 0);
	assert_int_not_equal(describe(0x08, 0, &segment), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_and_data),
		cmocka_unit_test(system_segments),
		cmocka_unit_test(null_selectors),
		cmocka_unit_test(broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
