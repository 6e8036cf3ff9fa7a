/* SPDX-License-Identifier: MIT */
/* The TIME call, and the TSC that the guest may set for itself. */
#include "cpu.h"
#include "exceptions.h"
#include "ring3.h"
#include <sill/call.h>
#include "suite.h"
#include "tap.h"

#define NS_PER_S  1000000000ull
#define YEAR_2020 (1577836800 * NS_PER_S)
#define YEAR_2100 (4102444800 * NS_PER_S)

static struct sill_time now(void)
{
	struct sill_time time = {0};

	sill_time(&time, sizeof(time));
	return time;
}

/*
 * Whether from a to b as much time has passed by UTC as by the TSC, to a microsecond. The spans
 * are of a few seconds: nothing overflows.
 */
static bool consistent(const struct sill_time *a, const struct sill_time *b)
{
	uint64_t ticks = b->tsc - a->tsc, hz = a->tsc_hz;
	uint64_t expected =
		ticks / hz * NS_PER_S + ticks % hz * (NS_PER_S / 1000) / (hz / 1000 + 1);
	uint64_t elapsed = b->utc_ns - a->utc_ns;

	if (elapsed + expected / 100 + 2000 >= expected &&
	    elapsed <= expected + expected / 100 + 2000)
		return true;
	tap_note("UTC went on by %lu ns, the TSC by %lu ticks at %lu Hz", elapsed, ticks, hz);
	return false;
}

static void wait(uint64_t ticks)
{
	uint64_t start = rdtsc();

	while (rdtsc() - start < ticks)
		__asm__ volatile("pause");
}

USER_CODE static uint64_t user_rdtsc(uint64_t unused)
{
	(void)unused;
	__asm__ volatile(MAY_FAULT("rdtsc") : : : "eax", "edx", "memory");
	return 0;
}

/* Sets the TSC and looks whether everything follows. */
static void set_tsc(uint64_t value)
{
	struct sill_time before = now(), after;
	uint64_t start, end, msr, spent = rdtsc();

	wrmsr(IA32_TSC, value);
	start = rdtsc();
	after = now();
	end = rdtsc();
	msr = rdmsr(IA32_TSC);
	spent = end - start;
	tap_ok(start - value < after.tsc_hz / 10, "TSC set to %lx: RDTSC goes on from there",
	       value);
	tap_ok(msr - end < after.tsc_hz / 10, "TSC set to %lx: RDMSR reads the same", value);
	tap_ok(after.tsc - start <= spent, "TSC set to %lx: time's tsc is the guest's", value);
	tap_ok(after.utc_ns >= before.utc_ns && after.utc_ns - before.utc_ns < NS_PER_S,
	       "TSC set to %lx: UTC doesn't jump", value);
	tap_equal(after.tsc_hz, before.tsc_hz, "TSC set to %lx: its frequency stays", value);
}

void test_time(void)
{
	struct sill_time a, b;
	uint64_t start, end;
	bool monotonic = true;

	if (!(cpuid(SILL_CPUID_FEATURES, 0).ebx & SILL_FEATURE_TIME)) {
		tap_skip("time", "the time is not known on this machine");
		return;
	}
	start = rdtsc();
	a = now();
	end = rdtsc();
	tap_ok(a.utc_ns > YEAR_2020 && a.utc_ns < YEAR_2100, "time: between 2020 and 2100");
	tap_ok(a.tsc_hz >= 1000000 && a.tsc_hz <= 10000000000, "time: 1 MHz <= TSC <= 10 GHz");
	tap_ok(a.tsc >= start && a.tsc <= end, "time: tsc lies between two RDTSC around the call");
	for (int i = 0; i < 1000; i++) {
		b = now();
		monotonic &= b.utc_ns >= a.utc_ns && b.tsc > a.tsc;
		a = b;
	}
	tap_ok(monotonic, "time: never goes back, over 1000 calls");
	a = now();
	wait(a.tsc_hz / 100);
	b = now();
	tap_ok(consistent(&a, &b), "time: UTC and TSC agree over 10 ms");
	wait(a.tsc_hz / 2);
	b = now();
	tap_ok(consistent(&a, &b), "time: UTC and TSC agree over half a second");

	end = rdtsc();
	set_tsc(0);
	set_tsc(0x0000100000000000);
	set_tsc(0x7fffffffffffffff);
	set_tsc(0xfedcba9876543210);
	wrmsr(IA32_TSC, end);

	/* RDTSC is the kernel's alone when it says so. */
	write_cr4(read_cr4() | CR4_TSD);
	expect();
	__asm__ volatile(MAY_FAULT("rdtsc") : : : "eax", "edx", "memory");
	tap_equal(caught.vector, NO_EXCEPTION, "CR4.TSD: RDTSC works in ring 0");
	expect();
	ring3_run(user_rdtsc, 0, 0);
	tap_equal(caught.vector, VECTOR_GP, "CR4.TSD: RDTSC raises #GP in ring 3");
	write_cr4(read_cr4() & ~CR4_TSD);
}
