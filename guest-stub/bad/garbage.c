/* SPDX-License-Identifier: MIT */
/*
 * Makes VMCALLs without end, with registers from a pseudo-random sequence: numbers near the real
 * ones and far from them, pointers into memory, to its borders and to nothing. Only the time limit
 * ends it, or an EXIT among the calls: those are made with bad statuses only.
 */
#include <sill/errno.h>
#include <sill/hypercall.h>
#include "small.h"

static uint32_t state = 0x2545f491;

static uint32_t next(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

/* Where no call writes over this program: 4 MiB and up. */
static uint32_t argument(void)
{
	static const uint32_t edges[] = {0x000bfff8, 0x000ffff0, 0x80000000, 0xfffffff8,
					 0xffffffff, 0x00000007, 0x00000008, 0x7fffffff};
	uint32_t n = next();

	switch (n & 3) {
	case 0:
		return edges[n >> 2 & 7];
	case 1:
		return 0x400000 + (n >> 12); /* within 1 MiB from 4 MiB on */
	case 2:
		return 0x2000000 - (n >> 26); /* around the end of 32 MiB */
	default:
		return n | 0x80000000;
	}
}

void main(const char *command_line)
{
	uint32_t calls = 0, refused = 0;

	(void)command_line;
	say("garbage: calling without end\n");
	for (;;) {
		uint32_t number = next(), a = argument(), b = argument(), eax, ecx = b;
		uint32_t edx = argument(), esi = next(), edi = next();

		if (number & 3)
			number = number >> 8 & 7;
		if (number == SILL_CALL_CONSOLE_WRITE && (calls & 0xfff))
			continue; /* the console would be full of it */
		if (number == SILL_CALL_EXIT && a < 256)
			a += 256;
		__asm__ volatile("push %%ebp\n\t"
				 "mov %%edx, %%ebp\n\t"
				 "vmcall\n\t"
				 "pop %%ebp"
				 : "=a"(eax), "+c"(ecx), "+d"(edx), "+S"(esi), "+D"(edi)
				 : "a"(number), "b"(a)
				 : "memory");
		if (eax >= (uint32_t)-SILL_MAX_ERRNO)
			refused++;
		if (!(++calls & 0xffff)) {
			say("garbage: ");
			say_hex(calls);
			say(" calls, refused ");
			say_hex(refused);
			say("\n");
		}
	}
}
