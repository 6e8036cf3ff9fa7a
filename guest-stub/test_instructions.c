/* SPDX-License-Identifier: MIT */
/*
 * Instructions that an emulator is known to get wrong. A machine that fails here is not worth
 * testing anything else on, so the suite ends.
 */
#include "cpu.h"
#include "suite.h"
#include "tap.h"

struct division {
	int64_t high, low, divisor;
	int64_t quotient, remainder; /* 0: only checked by multiplying back */
};

static const struct division divisions[] = {
	{0, 100, 7, 14, 2},
	{-1, -100, 7, -14, -2},
	{0, 100, -7, -14, 2},
	{-1, -100, -7, 14, -2},
	{0, 0x7fffffffffffffff, 3, 0x2aaaaaaaaaaaaaaa, 1},
	{1, 0, 0x4000000000000000, 4, 0},
	{0x12, 0x3456789abcdef012, 0x7654321, 0, 0},
	{-0x100, 0x1122334455667788, 0x10000000000, 0, 0},
};

static void divide_64(void)
{
	bool good = true;

	for (unsigned i = 0; i < sizeof(divisions) / sizeof(divisions[0]); i++) {
		struct division d = divisions[i];
		int64_t quotient = d.low, remainder = d.high;
		unsigned __int128 back;

		__asm__ volatile("idivq %2"
				 : "+a"(quotient), "+d"(remainder)
				 : "r"(d.divisor)
				 : "cc");
		/* By multiplication, which is another path through the emulator. */
		back = (unsigned __int128)((__int128)quotient * d.divisor + remainder);
		if ((uint64_t)back != (uint64_t)d.low || (uint64_t)(back >> 64) != (uint64_t)d.high)
			good = false;
		if (d.quotient && (quotient != d.quotient || remainder != d.remainder))
			good = false;
	}
	if (!tap_ok(good, "IDIV divides 64-bit numbers"))
		tap_bail_out(
			"IDIV is broken on this machine, a known defect of one build of the Bochs "
			"emulator: start Bochs with scripts/emulator, which repairs it, or use "
			"another build");
}

void test_instructions(void)
{
	volatile uint64_t factor = 0xfedcba9876543210;
	uint64_t high, low, quotient = 0x123456789, remainder = 5;
	unsigned __int128 wide, expected;

	divide_64();

	__asm__ volatile("mulq %3"
			 : "=a"(low), "=d"(high)
			 : "a"(factor), "r"(0x1000000010ull)
			 : "cc");
	wide = (unsigned __int128)high << 64 | low;
	expected = ((unsigned __int128)factor << 36) + ((unsigned __int128)factor << 4);
	tap_ok(wide == expected, "MUL multiplies 64-bit numbers");

	wide = (unsigned __int128)remainder << 64 | quotient;
	__asm__ volatile("divq %2" : "+a"(quotient), "+d"(remainder) : "r"(0x100000ull) : "cc");
	tap_ok(quotient == (uint64_t)(wide >> 20) && remainder == (uint64_t)(wide & 0xfffff),
	       "DIV divides 64-bit numbers");
}
