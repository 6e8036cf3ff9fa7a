/* SPDX-License-Identifier: MIT */
/* The bits of control registers that change what a caller may read and write. */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "paging.h"
#include <sill/call.h>
#include "suite.h"
#include "tap.h"

#define BAD ((uint64_t)-SILL_EFAULT)

static __attribute__((aligned(4096))) char buffer[4096];
static const uint64_t whole = sizeof(struct sill_info);

static uint64_t write_there(void)
{
	return (uint64_t)sill_info((struct sill_info *)TEST_4K(1), whole);
}

static uint64_t read_there(void)
{
	return (uint64_t)write_text(TEST_4K(1), 1);
}

static void write_protect(void)
{
	const uint64_t cr0 = read_cr0();

	test_map(1, (uint64_t)buffer, PTE_P | PTE_U);
	write_cr0(cr0 & ~CR0_WP);
	tap_equal(write_there(), whole, "CR0.WP = 0: ring 0 writes a read-only page");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_INFO, (uint64_t)TEST_4K(1), whole, 0), BAD,
		  "CR0.WP = 0: ring 3 doesn't");
	write_cr0(cr0 | CR0_WP);
	tap_equal(write_there(), BAD, "CR0.WP = 1: nor does ring 0");
	write_cr0(cr0);
}

/* With AC set or clear while the call is made. */
static uint64_t call_with_flags(uint64_t number, uint64_t a, uint64_t b, uint64_t rflags)
{
	struct registers r;

	fill_pattern(&r);
	r.rax = number;
	r.rdi = a;
	r.rsi = b;
	r.rflags |= rflags;
	exit_vmcall((uint64_t)&r);
	return r.rax;
}

static void access_prevention(void)
{
	const uint64_t p = (uint64_t)TEST_4K(1);

	if (!CPUID_7_EBX(20)) {
		tap_skip("SMAP", "this CPU has none");
		return;
	}
	test_map(1, (uint64_t)buffer, PTE_P | PTE_W | PTE_U);
	buffer[0] = '.';
	/* The functions of exits.asm are user pages: SMEP stays off. */
	write_cr4(read_cr4() | CR4_SMAP);
	tap_equal(try_read8(TEST_4K(1)), VECTOR_PF, "SMAP works in the guest");
	tap_equal(read_there(), BAD, "SMAP: ring 0 with AC = 0 doesn't read a user page");
	tap_equal(write_there(), BAD, "SMAP: nor writes it");
	buffer[0] = '\n';
	tap_equal(call_with_flags(SILL_CALL_CONSOLE_WRITE, p, 1, RFLAGS_AC), 1,
		  "SMAP: with AC = 1 it reads it");
	tap_equal(call_with_flags(SILL_CALL_INFO, p, whole, RFLAGS_AC), whole,
		  "SMAP: with AC = 1 it writes it");
	test_map(1, (uint64_t)buffer, PTE_P | PTE_W);
	tap_equal(write_there(), whole, "SMAP: a supervisor's page stays writable");
	write_cr4(read_cr4() & ~CR4_SMAP);
}

/* Ring 3 with SMAP on and AC clear: its own pages are its own. The stack page holds user data. */
static void access_prevention_ring3(void)
{
	if (!CPUID_7_EBX(20)) {
		tap_skip("SMAP at ring 3", "this CPU has none");
		return;
	}
	test_map(1, (uint64_t)buffer, PTE_P | PTE_W | PTE_U);
	/* ring3_run() itself touches the user stack from ring 0: with AC set. */
	write_cr4(read_cr4() | CR4_SMAP);
	__asm__ volatile("stac" : : : "memory", "cc");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_INFO, (uint64_t)TEST_4K(1), whole, 0), whole,
		  "SMAP: ring 3 writes its own page");
	__asm__ volatile("clac" : : : "memory", "cc");
	write_cr4(read_cr4() & ~CR4_SMAP);
}

static void execution_prevention(void)
{
	if (!CPUID_7_EBX(7)) {
		tap_skip("SMEP", "this CPU has none");
		return;
	}
	test_map(1, (uint64_t)buffer, PTE_P | PTE_W | PTE_U);
	write_cr4(read_cr4() | CR4_SMEP);
	expect();
	catch_jump((uint64_t)TEST_4K(1));
	tap_equal(caught.vector, VECTOR_PF, "SMEP works in the guest");
	tap_equal(write_there(), whole, "SMEP: data of user pages stays reachable");
	write_cr4(read_cr4() & ~CR4_SMEP);
}

static void write_pkru(uint32_t value)
{
	__asm__ volatile("wrpkru" : : "a"(value), "c"(0), "d"(0) : "memory");
}

static void protection_keys(void)
{
	const uint64_t all = PTE_P | PTE_W | PTE_U;
	const uint32_t deny_access_1 = 1u << 2, deny_write_1 = 1u << 3;

	if (!CPUID_7_ECX(3)) {
		tap_skip("protection keys", "this CPU has none");
		return;
	}
	write_cr4(read_cr4() | CR4_PKE);
	test_map(1, (uint64_t)buffer, all | PTE_PKEY(1));
	write_pkru(0);
	tap_equal(write_there(), whole, "PKRU = 0: a user page is written");
	write_pkru(deny_write_1);
	tap_equal(try_write8(TEST_4K(1), '.'), VECTOR_PF, "PKRU.WD works in the guest");
	tap_equal(write_there(), BAD, "PKRU.WD: it is not written");
	tap_equal(read_there(), 1, "PKRU.WD: it is read");
	write_pkru(deny_access_1);
	tap_equal(read_there(), BAD, "PKRU.AD: it is not read");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_INFO, (uint64_t)TEST_4K(1), whole, 0), BAD,
		  "PKRU.AD: nor written from ring 3");
	test_map(1, (uint64_t)buffer, PTE_P | PTE_W | PTE_PKEY(1));
	tap_equal(write_there(), whole, "PKRU.AD: says nothing about a supervisor's page");
	write_pkru(0);
	write_cr4(read_cr4() & ~CR4_PKE);
}

void test_rights(void)
{
	buffer[0] = '.';
	write_protect();
	access_prevention();
	access_prevention_ring3();
	execution_prevention();
	protection_keys();
	test_map(1, 0, 0);
}
