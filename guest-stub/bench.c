/* SPDX-License-Identifier: MIT */
/*
 * What each kind of exit costs, measured in the guest with RDTSC. One line for each, to be read by
 * scripts/bench-table:
 *
 *	bench: unit=instructions                 or cycles: what a tick of this TSC is
 *	bench: name=N net=n min=m setup=s tries=t [average=a]
 *
 * net is the smallest difference of two RDTSC around the operation (min), less the same with
 * nothing between, less the set-up instructions between them. average is a net average. An
 * operation that this machine does not have is left out, with a "bench: skip=N" line.
 */
#include <stddef.h>
#include "console.h"
#include "cpu.h"
#include "helpers.h"
#include "modes.h"
#include <sill/call.h>

#define TRIES		     64
#define TOUCHED_PAGES	     256
#define COUNTED_INSTRUCTIONS 40

/* From bench_code.asm. */
uint64_t measure_empty(void *buffer);
uint64_t measure_forty_instructions(void *buffer);
uint64_t measure_vmcall_ping(void *buffer);
uint64_t measure_vmcall_unknown(void *buffer);
uint64_t measure_vmcall_info(void *buffer);
uint64_t measure_vmcall_time(void *buffer);
uint64_t measure_cpuid_0(void *buffer);
uint64_t measure_cpuid_40000000(void *buffer);
uint64_t measure_rdmsr_feature_control(void *buffer);
uint64_t measure_wrmsr_bios_sign_id(void *buffer);
uint64_t measure_out_uart_scratch(void *buffer);
uint64_t measure_out_uart_thr(void *buffer);
uint64_t measure_in_uart_lsr(void *buffer);
uint64_t measure_rtc_read(void *buffer);
uint64_t measure_xsetbv(void *buffer);
uint64_t measure_first_touch_4k(void *page);

struct operation {
	const char *name;
	uint64_t (*measure)(void *buffer);
	unsigned setup; /* instructions between the RDTSC that are not the operation */
};

static const struct operation operations[] = {
	{"vmcall_ping", measure_vmcall_ping, 1},
	{"vmcall_unknown", measure_vmcall_unknown, 1},
	{"vmcall_info", measure_vmcall_info, 1},
	{"vmcall_time", measure_vmcall_time, 1},
	{"cpuid_0", measure_cpuid_0, 1},
	{"cpuid_40000000", measure_cpuid_40000000, 1},
	{"rdmsr_feature_control", measure_rdmsr_feature_control, 0},
	{"wrmsr_bios_sign_id", measure_wrmsr_bios_sign_id, 2},
	{"out_uart_scratch", measure_out_uart_scratch, 2},
	{"in_uart_lsr", measure_in_uart_lsr, 1},
	{"rtc_read", measure_rtc_read, 1},
};

static uint64_t smallest(uint64_t (*measure)(void *buffer))
{
	static uint64_t buffer[16];
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t ticks = measure(buffer);

		if (ticks < least)
			least = ticks;
	}
	return least;
}

static uint64_t empty;

static uint64_t net_of(uint64_t ticks, unsigned setup)
{
	return ticks > empty + setup ? ticks - empty - setup : 0;
}

/* key=value, and blanks up to a width: the lines form a table for people, too. */
static void column(const char *key, uint64_t value)
{
	uint64_t rest = value;

	print(" %s=%lu", key, value);
	for (int digits = 1; digits < 6; digits++) {
		rest /= 10;
		if (!rest)
			print(" ");
	}
}

static void report(const char *name, uint64_t least, unsigned setup, unsigned tries)
{
	print("bench: name=%22s", name);
	column("net", net_of(least, setup));
	column("min", least);
	print(" setup=%u tries=%u\n", setup, tries);
}

/* Every try needs a page of its own. */
static void first_touch(void)
{
	uint64_t least = UINT64_MAX, sum = 0;

	for (int i = 0; i < TOUCHED_PAGES; i++) {
		uint64_t ticks = measure_first_touch_4k(fresh_page());

		if (ticks < least)
			least = ticks;
		sum += net_of(ticks, 0);
	}
	print("bench: name=%22s", "first_touch_4k");
	column("net", net_of(least, 0));
	column("min", least);
	print(" setup=0 tries=%u average=%lu\n", TOUCHED_PAGES, sum / TOUCHED_PAGES);
}

void bench(void)
{
	uint64_t least, forty;
	bool counting;

	if (!sill_present()) {
		print("bench: Sill is not here: there are no exits to measure\n");
		return;
	}
	empty = smallest(measure_empty);
	forty = smallest(measure_forty_instructions) - empty;
	counting = forty == COUNTED_INSTRUCTIONS;
	print("bench: unit=%s empty=%lu (%u instructions take %lu ticks)\n",
	      counting ? "instructions" : "cycles", empty, COUNTED_INSTRUCTIONS, forty);

	print("bench: what each exit costs in %s: net is the exit alone\n",
	      counting ? "instructions, VM exit and entry counting none" : "cycles of the TSC");

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		report(operations[i].name, smallest(operations[i].measure), operations[i].setup,
		       TRIES);

	/* These appear on the console: a line of their own. */
	print("# ");
	least = smallest(measure_out_uart_thr);
	print("\n");
	report("out_uart_thr", least, 2, TRIES);

	if (CPUID_1_ECX(26)) {
		write_cr4(read_cr4() | CR4_OSXSAVE);
		report("xsetbv", smallest(measure_xsetbv), 2, TRIES);
	} else {
		print("bench: skip=xsetbv (this CPU has no XSAVE)\n");
	}
	first_touch();
	print("bench: end\n");
}
