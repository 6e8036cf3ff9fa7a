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
#include "measure.h"
#include "modes.h"
#include "rings.h"
#include <sill/call.h>

#define TOUCHED_PAGES 256

/* From bench_code.asm. */
measuring_function measure_vmcall_ping, measure_vmcall_unknown, measure_vmcall_info,
	measure_vmcall_time, measure_cpuid_0, measure_cpuid_40000000, measure_rdmsr_feature_control,
	measure_wrmsr_bios_sign_id, measure_out_uart_scratch, measure_out_uart_thr,
	measure_in_uart_lsr, measure_rtc_read, measure_xsetbv, measure_first_touch_4k,
	measure_vmcall_channel_kick;

struct operation {
	const char *name;
	measuring_function *measure;
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
	column("net", measure_net(least, setup));
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
		sum += measure_net(ticks, 0);
	}
	print("bench: name=%22s", "first_touch_4k");
	column("net", measure_net(least, 0));
	column("min", least);
	print(" setup=0 tries=%u average=%lu\n", TOUCHED_PAGES, sum / TOUCHED_PAGES);
}

#define MESSAGE	 4096u
#define MESSAGES 16u

static uint64_t handle;

/*
 * The rings are full, one way, and empty, the other: a batch of messages for the next call. Sill
 * would begin with what it sees when it looks by itself: so it sees all of it at once, and after it
 * has gone to sleep, when it looks only every 10 ms.
 */
static void *put_batch(void)
{
	static uint8_t batch[MESSAGES * MESSAGE];

	while (rings_get(batch, sizeof(batch)) > 0)
		;
	while (!rings_asleep())
		__builtin_ia32_pause();
	rings_put(batch, sizeof(batch));
	return (void *)handle;
}

/* Messages by way of a channel's rings, there and back: what Sill executes for a batch. */
static void channel_rings(void)
{
	uint64_t least;

	handle = (uint64_t)sill_channel_open("echo", 4, 0);
	if (sill_channel_rings(handle, rings_prepare(MESSAGES, 0)) != 0) {
		print("bench: skip=channel_64k (no channels are allowed)\n");
		return;
	}
	least = measure_smallest(measure_vmcall_channel_kick, put_batch);
	report("channel_64k", least, 1, MEASURE_TRIES);
	sill_channel_close(handle, SILL_CHANNEL_ALL, 0, 0);
}

void bench(void)
{
	struct measure_unit unit;
	uint64_t least;

	if (!sill_present()) {
		print("bench: Sill is not here: there are no exits to measure\n");
		return;
	}
	unit = measure_start();
	print("bench: unit=%s empty=%lu (%u instructions take %lu ticks)\n",
	      unit.instructions ? "instructions" : "cycles", unit.empty, MEASURE_INSTRUCTIONS,
	      unit.proof);

	print("bench: what each exit costs in %s: net is the exit alone\n",
	      unit.instructions ? "instructions, VM exit and entry counting none"
				: "cycles of the TSC");

	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		report(operations[i].name, measure_smallest(operations[i].measure, NULL),
		       operations[i].setup, MEASURE_TRIES);

	/* These appear on the console: a line of their own. */
	print("# ");
	least = measure_smallest(measure_out_uart_thr, NULL);
	print("\n");
	report("out_uart_thr", least, 2, MEASURE_TRIES);

	if (CPUID_1_ECX(26)) {
		write_cr4(read_cr4() | CR4_OSXSAVE);
		report("xsetbv", measure_smallest(measure_xsetbv, NULL), 2, MEASURE_TRIES);
	} else {
		print("bench: skip=xsetbv (this CPU has no XSAVE)\n");
	}
	first_touch();
	channel_rings();
	print("bench: end\n");
}
