/* SPDX-License-Identifier: MIT */
/* What CPUID shows the guest, and what it hides. */
#include "cpu.h"
#include "helpers.h"
#include "suite.h"
#include "tap.h"

struct feature {
	const char *name;
	unsigned bit;
};

static const struct feature hidden_1_ecx[] = {
	{"MONITOR", 3}, {"VMX", 5}, {"SMX", 6}, {"PDCM", 15}, {"x2APIC", 21}, {"TSC-deadline", 24},
};

static const struct feature hidden_1_edx[] = {
	{"MCE", 7}, {"APIC", 9}, {"MTRR", 12}, {"MCA", 14}, {"DS", 21}, {"ACPI thermal", 22},
};

static const struct feature hidden_7_ebx[] = {{"SGX", 2}, {"PQM", 12}, {"PQE", 15}, {"PT", 25}};
static const struct feature hidden_7_ecx[] = {{"CET shadow stacks", 7}};
static const struct feature hidden_7_edx[] = {{"CET indirect branch tracking", 20}};

static void hidden(const struct feature *list, unsigned count, uint32_t value)
{
	for (unsigned i = 0; i < count; i++)
		tap_ok(!(value >> list[i].bit & 1), "CPUID hides %s", list[i].name);
}
#define HIDDEN(list, value) hidden(list, sizeof(list) / sizeof(list[0]), value)

static void xsave_leaf(void)
{
	struct cpuid_result r;
	uint64_t old;

	if (!CPUID_1_ECX(26)) {
		tap_ok(!CPUID_1_ECX(27), "CPUID: without XSAVE no OSXSAVE");
		tap_ok(!CPUID_1_ECX(28), "CPUID: without XSAVE no AVX");
		tap_skip("CPUID leaf 0Dh", "this CPU has no XSAVE");
		return;
	}
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
	tap_ok(!CPUID_1_ECX(27), "CPUID: OSXSAVE is 0 while CR4.OSXSAVE is");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	tap_ok(CPUID_1_ECX(27), "CPUID: OSXSAVE is 1 while CR4.OSXSAVE is");

	old = xgetbv(0);
	xsetbv(0, 1);
	tap_equal(cpuid(0xd, 0).ebx, 576, "CPUID leaf 0Dh: 576 bytes for x87 alone");
	xsetbv(0, 3);
	tap_equal(cpuid(0xd, 0).ebx, 576, "CPUID leaf 0Dh: 576 bytes for x87 and SSE");
	r = cpuid(0xd, 0);
	tap_equal(r.eax & 3, 3, "CPUID leaf 0Dh: x87 and SSE are supported");
	if (r.eax & 4) {
		struct cpuid_result avx = cpuid(0xd, 2);

		xsetbv(0, 7);
		tap_equal(cpuid(0xd, 0).ebx, avx.eax + avx.ebx, "CPUID leaf 0Dh: with AVX more");
		tap_ok(cpuid(0xd, 0).ecx >= cpuid(0xd, 0).ebx,
		       "CPUID leaf 0Dh: never more than the largest");
	}
	tap_equal(cpuid(0xd, 0).ecx, r.ecx, "CPUID leaf 0Dh: the largest size stays");
	xsetbv(0, old);
}

void test_cpuid(void)
{
	struct cpuid_result r;
	uint32_t last = cpuid(0, 0).eax;

	tap_ok(last >= 1, "CPUID: leaf 0 names a highest leaf");
	tap_ok(CPUID_1_ECX(31), "CPUID: hypervisor present");
	HIDDEN(hidden_1_ecx, cpuid(1, 0).ecx);
	HIDDEN(hidden_1_edx, cpuid(1, 0).edx);
	HIDDEN(hidden_7_ebx, cpuid_or_zero(7, 0).ebx);
	HIDDEN(hidden_7_ecx, cpuid_or_zero(7, 0).ecx);
	HIDDEN(hidden_7_edx, cpuid_or_zero(7, 0).edx);
	r = cpuid_or_zero(0xa, 0);
	tap_equal(r.eax & 0xff, 0, "CPUID leaf 0Ah: no performance monitoring");
	if (last >= 0x14) {
		r = cpuid(0x14, 0);
		tap_ok(!r.ebx && !r.ecx, "CPUID leaf 14h: no processor trace");
	}
	tap_ok(cpuid(0x80000000, 0).eax >= 0x80000001, "CPUID: extended leaves are there");
	tap_ok(cpuid(0x80000001, 0).edx >> 29 & 1, "CPUID: 64-bit mode");
	tap_ok(cpuid(0x80000001, 0).edx >> 11 & 1, "CPUID: SYSCALL, asked in 64-bit mode");
	tap_ok(!(cpuid_or_zero(0x80000001, 0).ecx >> 2 & 1), "CPUID hides SVM");
	xsave_leaf();
}
