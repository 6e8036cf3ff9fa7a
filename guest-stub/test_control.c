/* SPDX-License-Identifier: MIT */
/* Control registers, XCR0 and the instructions of the cache. */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "paging.h"
#include "ring3.h"
#include <sill/call.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

static void cr0(void)
{
	const uint64_t old = read_cr0();
	uint64_t smsw;

	tap_equal(try_write_cr0(old & ~CR0_NE), NO_EXCEPTION, "CR0.NE can be cleared");
	tap_equal(read_cr0() & CR0_NE, 0, "CR0.NE reads as 0 then");
	tap_equal(try_write_cr0(old | CR0_NE), NO_EXCEPTION, "CR0.NE can be set");
	tap_equal(read_cr0() & CR0_NE, CR0_NE, "CR0.NE reads as 1 then");
	tap_equal(try_write_cr0(old | CR0_CD), NO_EXCEPTION, "CR0.CD can be set");
	tap_equal(read_cr0() & (CR0_CD | CR0_NW), CR0_CD, "CR0.CD reads as 1 then");
	tap_equal(try_write_cr0(old | CR0_CD | CR0_NW), NO_EXCEPTION, "CR0.CD and NW can be set");
	tap_equal(read_cr0() & (CR0_CD | CR0_NW), CR0_CD | CR0_NW, "CR0.NW reads as 1 then");
	tap_equal(try_write_cr0((old & ~CR0_CD) | CR0_NW), VECTOR_GP, "CR0.NW without CD: #GP");
	write_cr0(old);
	tap_equal(read_cr0() & (CR0_CD | CR0_NW), old & (CR0_CD | CR0_NW), "CR0 has the old value");
	tap_equal(try_write_cr0(old & ~CR0_PG), VECTOR_GP, "CR0.PG cleared in 64-bit mode: #GP");
	tap_equal(try_write_cr0(old & ~1ull), VECTOR_GP, "CR0.PE cleared under PG: #GP");
	tap_equal(try_write_cr0(old | 1ull << 32), VECTOR_GP, "CR0 with bit 32: #GP");
	tap_equal(try_write_cr0(old | 1ull << 63), VECTOR_GP, "CR0 with bit 63: #GP");
	tap_equal(read_cr0(), old, "CR0 is unchanged by it");

	/* The short ways to bits of CR0. */
	write_cr0(old | CR0_TS);
	tap_equal(TRY("movaps %%xmm0, %%xmm0"), VECTOR_NM, "CR0.TS: SSE raises #NM");
	__asm__ volatile("clts" : : : "memory");
	tap_equal(read_cr0() & CR0_TS, 0, "CLTS clears TS");
	tap_equal(TRY("movaps %%xmm0, %%xmm0"), NO_EXCEPTION, "and SSE works again");
	__asm__ volatile("lmsw %w0" : : "r"((uint16_t)(old | CR0_TS)) : "memory");
	tap_equal(read_cr0(), old | CR0_TS, "LMSW sets TS");
	__asm__ volatile("lmsw %w0" : : "r"((uint16_t)(old & ~CR0_TS & ~1ull)) : "memory");
	tap_equal(read_cr0(), old & ~CR0_TS, "LMSW clears TS and not PE");
	__asm__ volatile("smsw %0" : "=r"(smsw));
	tap_equal(smsw & 0xffff, old & 0xffff, "SMSW reads the same");
	/* LMSW with a memory operand, and CLTS while nothing of NE is the CPU's. */
	write_cr0(old & ~CR0_NE);
	__asm__ volatile("clts" : : : "memory");
	tap_equal(read_cr0() & CR0_NE, 0, "CLTS leaves NE as it was written");
	__asm__ volatile("smsw %0" : "=r"(smsw));
	tap_equal(smsw & CR0_NE, 0, "SMSW reads NE as it was written");
	write_cr0(old);
}

static void cr4(void)
{
	const uint64_t old = read_cr4();

	tap_equal(old & CR4_VMXE, 0, "CR4.VMXE reads as 0");
	tap_equal(try_write_cr4(old | CR4_VMXE), VECTOR_GP, "CR4.VMXE set: #GP");
	tap_equal(try_write_cr4(old | CR4_SMXE), VECTOR_GP, "CR4.SMXE set: #GP");
	tap_equal(try_write_cr4(old | 1ull << 15), VECTOR_GP, "CR4 with bit 15: #GP");
	tap_equal(try_write_cr4(old | 1ull << 31), VECTOR_GP, "CR4 with bit 31: #GP");
	tap_equal(try_write_cr4(old | 1ull << 32), VECTOR_GP, "CR4 with bit 32: #GP");
	tap_equal(try_write_cr4(old | 1ull << 63), VECTOR_GP, "CR4 with bit 63: #GP");
	tap_equal(try_write_cr4(old & ~(1ull << 5)), VECTOR_GP,
		  "CR4.PAE cleared in 64-bit mode: #GP");
	tap_equal(read_cr4(), old, "CR4 is unchanged by it");
	tap_equal(try_write_cr4(old | CR4_PGE), NO_EXCEPTION, "CR4.PGE can be set");
	tap_equal(read_cr4(), old | CR4_PGE, "and reads so");
	tap_equal(try_write_cr4(old | CR4_TSD), NO_EXCEPTION, "CR4.TSD can be set");
	write_cr4(old);
	if (!CPUID_1_ECX(26))
		tap_equal(try_write_cr4(old | CR4_OSXSAVE), VECTOR_GP,
			  "CR4.OSXSAVE set without XSAVE: #GP");
	if (!CPUID_7_ECX(7) && !CPUID_7_EDX(20))
		tap_equal(try_write_cr4(old | CR4_CET), VECTOR_GP, "CR4.CET set without CET: #GP");
	if (!CPUID_7_ECX(31))
		tap_equal(try_write_cr4(old | CR4_PKS), VECTOR_GP, "CR4.PKS set without PKS: #GP");
	tap_equal(read_cr4(), old, "CR4 is unchanged by that, too");
	if (CPUID_7_EBX(0)) {
		tap_equal(try_write_cr4(old | CR4_FSGSBASE), NO_EXCEPTION,
			  "CR4.FSGSBASE can be set");
		write_cr4(old);
	}
	if (CPUID_7_ECX(2)) {
		tap_equal(try_write_cr4(old | CR4_UMIP), NO_EXCEPTION, "CR4.UMIP can be set");
		write_cr4(old);
	} else {
		tap_equal(try_write_cr4(old | CR4_UMIP), VECTOR_GP,
			  "CR4.UMIP set without UMIP: #GP");
	}
}

static void cr3_cr8(void)
{
	const uint64_t old = read_cr3();

	tap_equal(read_cr8(), 0, "CR8 starts at 0");
	if (physical_bits() < 52)
		tap_equal(try_write_cr3(old | 1ull << 51), VECTOR_GP, "CR3 with bit 51: #GP");
	tap_equal(read_cr3(), old, "CR3 is unchanged by it");
	tap_equal(try_write_cr8(0x10), VECTOR_GP, "CR8 with bit 4: #GP");
	tap_equal(try_write_cr8(5), NO_EXCEPTION, "CR8 can be written");
	tap_equal(read_cr8(), 5, "CR8 keeps 5");
	write_cr8(0);
	tap_equal(read_cr8(), 0, "CR8 keeps 0");
	write_cr8(9); /* the next guest must not find it */
}

/*
 * An instruction that exits, as the last one before the addresses end: there is nothing behind it,
 * so it ends in #GP.
 */
static void last_instruction(void)
{
	static __attribute__((aligned(4096))) uint8_t code[4096];
	static const struct {
		const char *name;
		uint32_t eax;
		unsigned length;
		uint8_t bytes[3];
	} list[] = {
		{"CPUID", 0, 2, {0x0f, 0xa2}},
		{"VMCALL", SILL_CALL_PING, 3, {0x0f, 0x01, 0xc1}},
	};
	const uint64_t all = PTE_P | PTE_W;

	/* The last page below 2^47, by way of the tables of the test area. */
	boot_pml4[255] = (uint64_t)test_pdpt | all;
	test_pdpt[511] = (uint64_t)test_pd | all;
	test_pd[511] = (uint64_t)test_pt | all;
	test_map(511, (uint64_t)code, all);
	flush_tlb();
	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		unsigned at = sizeof(code) - list[i].length;

		memcpy(code + at, list[i].bytes, list[i].length);
		code[at - 5] = 0xb8; /* MOV EAX, */
		memcpy(code + at - 4, &list[i].eax, 4);
		expect();
		catch_jump((1ull << 47) - list[i].length - 5);
		tap_equal(caught.vector, VECTOR_GP,
			  "%s as the last instruction of the lower half: #GP", list[i].name);
		tap_equal(caught.error, 0, "its error code is 0");
		tap_ok(caught.rip == 1ull << 47, "its RIP is beyond the lower half");
	}
	test_map(511, 0, 0);
	test_pd[511] = 0;
	test_pdpt[511] = 0;
	boot_pml4[255] = 0;
	flush_tlb();
}

USER_CODE static uint64_t user_xsetbv(uint64_t unused)
{
	(void)unused;
	__asm__ volatile(MAY_FAULT("xsetbv") : : "c"(0), "a"(3), "d"(0) : "memory");
	return 0;
}

static void xcr0(void)
{
	uint64_t old;

	if (!CPUID_1_ECX(26)) {
		tap_equal(try_xsetbv(0, 1), VECTOR_UD, "XSETBV without XSAVE: #UD");
		return;
	}
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
	tap_equal(try_xsetbv(0, 1), VECTOR_UD, "XSETBV without CR4.OSXSAVE: #UD");
	write_cr4(read_cr4() | CR4_OSXSAVE);
	old = xgetbv(0);
	tap_equal(old & 1, 1, "XCR0: x87 is set");
	tap_equal(try_xsetbv(0, 0), VECTOR_GP, "XSETBV without x87: #GP");
	tap_equal(try_xsetbv(0, 2), VECTOR_GP, "XSETBV with SSE alone: #GP");
	tap_equal(try_xsetbv(0, 5), VECTOR_GP, "XSETBV with AVX without SSE: #GP");
	tap_equal(try_xsetbv(0, 0x23), VECTOR_GP, "XSETBV with a third of AVX-512: #GP");
	tap_equal(try_xsetbv(0, 0x0b), VECTOR_GP, "XSETBV with half of MPX: #GP");
	tap_equal(try_xsetbv(0, 1ull << 62 | 3), VECTOR_GP, "XSETBV with bit 62: #GP");
	tap_equal(try_xsetbv(0, 1ull << 63 | 3), VECTOR_GP, "XSETBV with bit 63: #GP");
	tap_equal(try_xsetbv(0, 0x103), VECTOR_GP, "XSETBV with a supervisor component: #GP");
	tap_equal(try_xsetbv(1, 3), VECTOR_GP, "XSETBV of XCR1: #GP");
	tap_equal(try_xsetbv(0xffffffff, 3), VECTOR_GP, "XSETBV of XCR FFFFFFFFh: #GP");
	tap_equal(xgetbv(0), old, "XCR0 is unchanged by it");
	tap_equal(try_xsetbv(0, 3), NO_EXCEPTION, "XSETBV with x87 and SSE works");
	tap_equal(xgetbv(0), 3, "and XGETBV reads it");
	if (cpuid(0xd, 0).eax & 4) {
		tap_equal(try_xsetbv(0, 7), NO_EXCEPTION, "XSETBV with AVX works");
		tap_equal(xgetbv(0), 7, "and XGETBV reads it");
		if ((cpuid(0xd, 0).eax & 0xe0) == 0xe0)
			tap_equal(try_xsetbv(0, 0xe7), NO_EXCEPTION, "XSETBV with AVX-512 works");
		tap_equal(try_xsetbv(0, 0xe3), VECTOR_GP, "XSETBV with AVX-512 without AVX: #GP");
	} else {
		tap_equal(try_xsetbv(0, 7), VECTOR_GP, "XSETBV with AVX that the CPU lacks: #GP");
	}
	xsetbv(0, 3);
	expect();
	ring3_run(user_xsetbv, 0, 0);
	tap_equal(caught.vector, VECTOR_GP, "XSETBV in ring 3: #GP");
	tap_equal(caught.cs & 3, 3, "raised in ring 3");
}

static void caches(void)
{
	static volatile uint64_t dirty[8];

	for (unsigned i = 0; i < 8; i++)
		dirty[i] = 0x123456789abcdef0 + i;
	__asm__ volatile("invd" : : : "memory");
	tap_ok(dirty[0] == 0x123456789abcdef0 && dirty[7] == 0x123456789abcdef7,
	       "INVD works and loses nothing");
	__asm__ volatile("wbinvd" : : : "memory");
	tap_ok(dirty[7] == 0x123456789abcdef7, "WBINVD works");
}

/* Instructions that leave the guest on processors where they aren't enabled for it. */
static void enabled_instructions(void)
{
	if (cpuid_or_zero(0x80000001, 0).edx >> 27 & 1) {
		uint32_t low, high, aux;

		wrmsr(IA32_TSC_AUX, 0x77);
		__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(aux));
		tap_equal(aux, 0x77, "RDTSCP works, with IA32_TSC_AUX");
	} else {
		tap_equal(TRY("rdtscp"), VECTOR_UD, "RDTSCP that CPUID hides: #UD");
	}
	if (CPUID_7_EBX(10)) {
		const uint64_t descriptor[2] = {0, 0};

		expect();
		__asm__ volatile(MAY_FAULT("invpcid %0, %1")
				 :
				 : "m"(descriptor), "r"(2ull)
				 : "memory");
		tap_equal(caught.vector, NO_EXCEPTION, "INVPCID works");
	}
	if (CPUID_1_ECX(30)) {
		uint64_t value;

		expect();
		__asm__ volatile(MAY_FAULT("rdrand %0") : "=r"(value) : : "cc");
		tap_equal(caught.vector, NO_EXCEPTION, "RDRAND works");
	}
	if (CPUID_7_EBX(18)) {
		uint64_t value;

		expect();
		__asm__ volatile(MAY_FAULT("rdseed %0") : "=r"(value) : : "cc");
		tap_equal(caught.vector, NO_EXCEPTION, "RDSEED works");
	}
	if (CPUID_1_ECX(26) && cpuid(0xd, 1).eax >> 3 & 1) {
		static __attribute__((aligned(64))) uint8_t area[4096];

		write_cr4(read_cr4() | CR4_OSXSAVE);
		expect();
		__asm__ volatile(MAY_FAULT("xsaves64 %0") : "+m"(area) : "a"(3), "d"(0) : "memory");
		tap_equal(caught.vector, NO_EXCEPTION, "XSAVES works");
	}
	if (CPUID_7_ECX(5)) {
		expect();
		__asm__ volatile(MAY_FAULT(".byte 0x66, 0x0f, 0xae, 0xf1")
				 :
				 : "a"(0), "d"(0), "c"(1)
				 : "cc", "memory"); /* TPAUSE ECX, deadline in the past */
		tap_equal(caught.vector, NO_EXCEPTION, "TPAUSE works");
	}
	tap_equal(TRY("pause"), NO_EXCEPTION, "PAUSE works");
	expect();
	__asm__ volatile(MAY_FAULT("monitor") : : "a"(TEST_BASE), "c"(0), "d"(0) : "memory");
	tap_equal(caught.vector, VECTOR_UD, "MONITOR, which CPUID hides: #UD");
	expect();
	__asm__ volatile(MAY_FAULT("mwait") : : "a"(0), "c"(0) : "memory");
	tap_equal(caught.vector, VECTOR_UD, "MWAIT, which CPUID hides: #UD");
	expect();
	__asm__ volatile(MAY_FAULT("rdpmc") : : "c"(0) : "eax", "edx", "memory");
	tap_equal(caught.vector, VECTOR_GP, "RDPMC without performance counters: #GP");
	expect();
	__asm__ volatile(MAY_FAULT(".byte 0x0f, 0x37") : : "a"(0) : "memory"); /* GETSEC */
	tap_equal(caught.vector, VECTOR_UD, "GETSEC: #UD");
	tap_equal(TRY("rsm"), VECTOR_UD, "RSM: #UD");
}

void test_control(void)
{
	cr0();
	cr4();
	cr3_cr8();
	last_instruction();
	xcr0();
	caches();
	enabled_instructions();
}
