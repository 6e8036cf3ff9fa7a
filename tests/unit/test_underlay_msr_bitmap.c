/* SPDX-License-Identifier: MIT */
/* UNIT: underlay/msr_bitmap.c */
/* The MSR bitmap under an OS, bit by bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "underlay/msr_bitmap.h"

static bool exits(const uint8_t *bitmap, bool write, uint32_t msr)
{
	uint32_t start = (write ? 2048 : 0) + (msr >= 0xc0000000 ? 1024 : 0);

	return (bitmap[start + (msr & 0x1fff) / 8] >> (msr % 8) & 1) != 0;
}

/* Written here once more, from the manual's list of MSRs. */
static bool exits_both_ways(uint32_t msr)
{
	bool trace = msr == 0x560 || msr == 0x561 || (msr >= 0x570 && msr <= 0x572) ||
		     (msr >= 0x580 && msr <= 0x587);

	return msr == 0x1c || msr == 0x3a || msr == 0x9b || (msr >= 0x1cc && msr <= 0x1d4) ||
	       (msr >= 0x480 && msr <= 0x493) || trace;
}

static bool exits_when_written(uint32_t msr)
{
	bool mtrr = (msr >= 0x200 && msr <= 0x23f) || msr == 0x250 || msr == 0x258 ||
		    msr == 0x259 || (msr >= 0x268 && msr <= 0x26f) || msr == 0x2ff;

	return msr == 0x1b || msr == 0x79 || msr == 0x17d0 || mtrr;
}

static void test_each_bit(void **state)
{
	uint8_t bitmap[4096 + 1];

	(void)state;
	bitmap[4096] = 0x5a;
	underlay_msr_bitmap_fill(bitmap);
	for (uint32_t i = 0; i < 0x4000; i++) {
		uint32_t msr = i < 0x2000 ? i : 0xc0000000 + i - 0x2000;
		bool both = exits_both_ways(msr);

		assert_int_equal(exits(bitmap, false, msr), both);
		assert_int_equal(exits(bitmap, true, msr), both || exits_when_written(msr));
	}
	assert_int_equal(bitmap[4096], 0x5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_bit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
