/* SPDX-License-Identifier: MIT */
/* x87, SSE, AVX and AVX-512 registers, which an exit must leave alone. */
#include "cpu.h"
#include "helpers.h"
#include <sill/call.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

#define XCR0_X87_SSE 0x3u
#define XCR0_AVX     0x4u
#define XCR0_AVX512  0xe0u
#define AREA_SIZE    4096u
#define FXSAVE_FCW   0
#define FXSAVE_FTW   4
#define FXSAVE_MXCSR 24
#define FXSAVE_ST    32
#define FXSAVE_XMM   160
#define XSAVE_HEADER 512
#define TEST_FCW     0x0b7fu
#define TEST_MXCSR   0xffc0u /* flush to zero, round to zero, all masked, denormals are zero */

static __attribute__((aligned(64))) uint8_t given[AREA_SIZE], got[AREA_SIZE];

static void do_vmcall(void)
{
	struct registers r;

	fill_pattern(&r);
	r.rax = SILL_CALL_PING;
	exit_vmcall((uint64_t)&r);
}

static void do_console_write(void)
{
	sill_console_write("vectors\n", 8);
}

static void do_time(void)
{
	struct sill_time time;

	sill_time(&time, sizeof(time));
}

static void do_cpuid(void)
{
	cpuid(0, 0);
}

static void do_rdmsr(void)
{
	rdmsr(IA32_FEATURE_CONTROL);
}

static void do_out(void)
{
	out8(0x3ff, 1);
}

static void do_first_touch(void)
{
	*(volatile uint8_t *)fresh_page();
}

static const struct {
	const char *name;
	void (*leave)(void);
} ways[] = {
	{"VMCALL", do_vmcall},
	{"console_write", do_console_write},
	{"time", do_time},
	{"CPUID", do_cpuid},
	{"RDMSR", do_rdmsr},
	{"OUT", do_out},
	{"a first touch", do_first_touch},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void pattern(uint8_t *at, unsigned size, unsigned seed)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(seed + i * 7 + (i >> 3) * 13);
}

static void legacy_pattern(unsigned seed)
{
	const uint16_t fcw = TEST_FCW;
	const uint32_t mxcsr = TEST_MXCSR;

	memset(given, 0, sizeof(given));
	memcpy(given + FXSAVE_FCW, &fcw, 2);
	given[FXSAVE_FTW] = 0xff;
	memcpy(given + FXSAVE_MXCSR, &mxcsr, 4);
	for (unsigned i = 0; i < 8; i++)
		pattern(given + FXSAVE_ST + 16 * i, 10, seed + i);
	pattern(given + FXSAVE_XMM, 256, seed + 31);
}

static void compare_legacy(const char *way)
{
	bool same = true;

	tap_ok(!memcmp(given + FXSAVE_FCW, got + FXSAVE_FCW, 2) &&
		       got[FXSAVE_FTW] == given[FXSAVE_FTW],
	       "%s preserves the x87 control and tag words", way);
	for (unsigned i = 0; i < 8; i++)
		same &= !memcmp(given + FXSAVE_ST + 16 * i, got + FXSAVE_ST + 16 * i, 10);
	tap_ok(same, "%s preserves the x87 registers", way);
	tap_ok(!memcmp(given + FXSAVE_MXCSR, got + FXSAVE_MXCSR, 4), "%s preserves MXCSR", way);
	tap_ok(!memcmp(given + FXSAVE_XMM, got + FXSAVE_XMM, 256), "%s preserves XMM0 to XMM15",
	       way);
}

static void with_fxsave(void)
{
	for (unsigned i = 0; i < WAYS; i++) {
		legacy_pattern(i);
		memset(got, 0, sizeof(got));
		__asm__ volatile("fxrstor64 %0" : : "m"(given));
		ways[i].leave();
		__asm__ volatile("fxsave64 %0" : "=m"(got));
		compare_legacy(ways[i].name);
	}
}

/* One state component above SSE, at the place that CPUID names. */
static void component(unsigned number, const char *name, const char *way, bool compare)
{
	struct cpuid_result r = cpuid(0xd, number);

	if (!compare)
		pattern(given + r.ebx, r.eax, number * 11);
	else
		tap_ok(!memcmp(given + r.ebx, got + r.ebx, r.eax), "%s preserves %s", way, name);
}

static void with_xsave(void)
{
	static const struct {
		unsigned number;
		const char *name;
	} components[] = {
		{2, "the upper halves of YMM0 to YMM15"},
		{5, "the opmask registers"},
		{6, "the upper halves of ZMM0 to ZMM15"},
		{7, "ZMM16 to ZMM31"},
	};
	const uint64_t supported = cpuid(0xd, 0).eax;
	uint64_t mask = XCR0_X87_SSE | (supported & XCR0_AVX);

	if (!(mask & XCR0_AVX)) {
		tap_skip("YMM registers", "this CPU has no AVX");
		return;
	}
	if ((supported & XCR0_AVX512) == XCR0_AVX512)
		mask |= XCR0_AVX512;
	xsetbv(0, mask);
	if (!tap_ok(cpuid(0xd, 0).ebx <= AREA_SIZE, "the XSAVE area is of a size we know"))
		return;
	for (unsigned i = 0; i < WAYS; i++) {
		legacy_pattern(i + 100);
		memcpy(given + XSAVE_HEADER, &mask, 8);
		for (unsigned c = 0; c < sizeof(components) / sizeof(components[0]); c++)
			if (mask >> components[c].number & 1)
				component(components[c].number, NULL, NULL, false);
		memset(got, 0, sizeof(got));
		__asm__ volatile("xrstor64 %0"
				 :
				 : "m"(given), "a"((uint32_t)mask), "d"(0)
				 : "memory");
		ways[i].leave();
		__asm__ volatile("xsave64 %0" : "+m"(got) : "a"((uint32_t)mask), "d"(0) : "memory");
		for (unsigned c = 0; c < sizeof(components) / sizeof(components[0]); c++)
			if (mask >> components[c].number & 1)
				component(components[c].number, components[c].name, ways[i].name,
					  true);
		tap_ok(!memcmp(given + FXSAVE_XMM, got + FXSAVE_XMM, 256),
		       "%s preserves XMM0 to XMM15 under XSAVE", ways[i].name);
	}
	tap_equal(xgetbv(0), mask, "XCR0 is preserved");
	/* An AVX instruction itself. */
	memset(got, 0, 64);
	pattern(given, 32, 77);
	__asm__ volatile("vmovdqu (%1), %%ymm5\n\t"
			 "xor %%ecx, %%ecx\n\t"
			 "mov $0, %%eax\n\t"
			 "cpuid\n\t"
			 "vmovdqu %%ymm5, (%0)"
			 :
			 : "D"(got), "S"(given)
			 : "eax", "ebx", "ecx", "edx", "memory");
	tap_ok(!memcmp(given, got, 32),
	       "AVX: a YMM register loaded before CPUID is stored after it");
	xsetbv(0, XCR0_X87_SSE);
}

void test_vectors(void)
{
	with_fxsave();
	if (!CPUID_1_ECX(26)) {
		tap_skip("XSAVE", "this CPU has none");
	} else {
		write_cr4(read_cr4() | CR4_OSXSAVE);
		with_xsave();
	}
	__asm__ volatile("fninit");
}
