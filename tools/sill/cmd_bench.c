/* SPDX-License-Identifier: MIT */
/* sill bench: what it costs to go to Sill and back. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "tools/sill/tsc.h"

/* Enough that one of them is not interrupted. */
#define ROUNDS 20000

static void nothing(void)
{
}

static void ping(void)
{
	sill_ping(0);
}

static void leaf_0(void)
{
	uint32_t eax = 0, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
}

static void signature(void)
{
	(void)sill_present();
}

static uint64_t least_ticks(void (*work)(void))
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t start = read_tsc(), ticks;

		work();
		ticks = read_tsc() - start;
		if (ticks < least)
			least = ticks;
	}
	return least;
}

int cmd_bench(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*work)(void);
	} rows[] = {
		{"VMCALL, ping", ping},
		{"CPUID leaf 0", leaf_0},
		{"CPUID leaf 40000000h", signature},
	};
	uint64_t frame;
	int status;

	if (argc > 1)
		return usage_error(argv[0], argv[1]);
	status = calls_begin(false);
	if (status != STATUS_GOOD)
		return status;
	frame = least_ticks(nothing);
	printf("least ticks of the TSC in %d rounds, without the %" PRIu64 " of the measurement:\n",
	       ROUNDS, frame);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t ticks = least_ticks(rows[i].work);

		printf("%-24s %8" PRIu64 "\n", rows[i].name, ticks > frame ? ticks - frame : 0);
	}
	return STATUS_GOOD;
}
