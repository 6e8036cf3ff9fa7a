/* SPDX-License-Identifier: MIT */
/* The suite's own tools: exceptions, page tables and ring 3 work as the other tests assume. */
#include "cpu.h"
#include "exceptions.h"
#include "paging.h"
#include "ring3.h"
#include "suite.h"
#include "tap.h"

static __attribute__((aligned(4096))) uint8_t page[4096];

USER_DATA static uint64_t user_word = 0x55;

USER_CODE static uint64_t add_user_word(uint64_t n)
{
	return n + user_word;
}

USER_CODE static uint64_t read_cs(uint64_t unused)
{
	uint64_t cs;

	(void)unused;
	__asm__ volatile("mov %%cs, %0" : "=r"(cs));
	return cs;
}

USER_CODE static uint64_t touch(uint64_t address)
{
	__asm__ volatile(MAY_FAULT("movb (%0), %%al") : : "r"(address) : "al", "memory");
	return 0;
}

void test_runtime(void)
{
	const uint64_t address = (uint64_t)page;

	tap_equal(TRY("ud2"), VECTOR_UD, "runtime: UD2 raises #UD");
	tap_equal(TRY("nop"), NO_EXCEPTION, "runtime: NOP raises nothing");

	tap_equal(try_read8(TEST_4K(0)), VECTOR_PF, "runtime: an unmapped page raises #PF");
	tap_equal(caught.cr2, (uint64_t)TEST_4K(0), "runtime: CR2 has its address");
	tap_equal(caught.error, 0, "runtime: the error code says read, not present");
	test_map(0, address, PTE_P);
	tap_equal(try_read8(TEST_4K(0)), NO_EXCEPTION, "runtime: a read-only page can be read");
	tap_equal(try_write8(TEST_4K(0), 1), VECTOR_PF, "runtime: and not written");
	tap_equal(caught.error, PF_PRESENT | PF_WRITE, "runtime: the error code says so");
	test_map(0, address, PTE_P | PTE_W | PTE_NX);
	page[0] = 0xc3;
	expect();
	catch_jump((uint64_t)TEST_4K(0));
	tap_ok(caught.vector == VECTOR_PF && caught.error == (PF_PRESENT | PF_FETCH),
	       "runtime: a no-execute page is not executed");

	tap_equal(ring3_run(add_user_word, 3, 0), 0x58, "runtime: a function runs in ring 3");
	tap_equal(ring3_run(read_cs, 0, 0) & 3, 3, "runtime: at CPL 3");
	expect();
	ring3_run(touch, (uint64_t)TEST_4K(0), 0);
	tap_ok(caught.vector == VECTOR_PF && caught.error == (PF_PRESENT | PF_USER),
	       "runtime: where it cannot read a supervisor's page");
	test_map(0, 0, 0);
}
