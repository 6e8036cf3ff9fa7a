/* SPDX-License-Identifier: MIT */
/* Ports where no device is, the doorbell, and string I/O. */
#include "console.h"
#include "cpu.h"
#include "exceptions.h"
#include "paging.h"
#include <sill/call.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

static __attribute__((aligned(4096))) char buffer[4096];

/* Where a REP OUTSB or INSB stood when it ended or faulted. */
struct string_io {
	uint64_t address, count;
};

static struct string_io rep_outsb(uint16_t port, const char *from, uint64_t count, bool backward)
{
	struct string_io s = {(uint64_t)from, count};

	expect();
	if (backward)
		__asm__ volatile("std\n" MAY_FAULT("rep outsb") "cld"
				 : "+S"(s.address), "+c"(s.count)
				 : "d"(port)
				 : "memory", "cc");
	else
		__asm__ volatile(MAY_FAULT("rep outsb")
				 : "+S"(s.address), "+c"(s.count)
				 : "d"(port)
				 : "memory");
	return s;
}

static struct string_io rep_insb(uint16_t port, char *to, uint64_t count)
{
	struct string_io s = {(uint64_t)to, count};

	expect();
	__asm__ volatile(MAY_FAULT("rep insb")
			 : "+D"(s.address), "+c"(s.count)
			 : "d"(port)
			 : "memory");
	return s;
}

static void empty_ports(void)
{
	static const uint16_t empty[] = {0x20, 0x21,  0x40,  0x60,  0x64,   0x80,
					 0xa1, 0x2f8, 0xcf8, 0xcfc, 0x1000, 0xfffc};

	for (unsigned i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		uint64_t rax = 0x1122334455667788;

		tap_ok(in8(empty[i]) == 0xff && in16(empty[i]) == 0xffff &&
			       in32(empty[i]) == 0xffffffff,
		       "port %x reads all ones in every width", empty[i]);
		__asm__ volatile("inw %%dx, %%ax" : "+a"(rax) : "d"(empty[i]));
		tap_equal(rax, 0x112233445566ffff, "port %x: a 16-bit IN leaves the rest of RAX",
			  empty[i]);
		out8(empty[i], 0);
	}
	tap_equal(in8(0xffff), 0xff, "port ffff reads FFh");
	/* A 32-bit access at the last port wraps or not: it must just not end the guest. */
	in32(0xffff);
	out8(SILL_DOORBELL_PORT, 0x55);
	tap_equal(in8(SILL_DOORBELL_PORT), 0xff, "the doorbell port does nothing and reads FFh");
}

static void string_output(void)
{
	static const char text[] = "# written by REP OUTSB\n";
	struct string_io s = rep_outsb(UART_DATA, text, sizeof(text) - 1, false);

	tap_ok(caught.vector == NO_EXCEPTION && s.count == 0 &&
		       s.address == (uint64_t)text + sizeof(text) - 1,
	       "REP OUTSB: RSI and RCX as it ends");
	s = rep_outsb(UART_SCR, text, 0, false);
	tap_ok(s.count == 0 && s.address == (uint64_t)text, "REP OUTSB of nothing moves nothing");
	memset(buffer, '1', 16);
	buffer[7] = '2';
	s = rep_outsb(UART_SCR, buffer + 10, 4, true);
	tap_ok(s.count == 0 && s.address == (uint64_t)buffer + 6 && in8(UART_SCR) == '2',
	       "REP OUTSB with DF goes down");

	s = rep_outsb(UART_SCR, TEST_4K(1), 3, false);
	tap_equal(caught.vector, VECTOR_PF, "REP OUTSB from an unmapped page: #PF");
	tap_equal(caught.cr2, (uint64_t)TEST_4K(1), "its CR2");
	tap_equal(caught.error, 0, "its error code: a read, not present");
	tap_equal(s.count, 3, "its RCX is untouched");

	memset(buffer, '3', sizeof(buffer));
	test_map(1, (uint64_t)buffer, PTE_P | PTE_W);
	s = rep_outsb(UART_SCR, TEST_4K(2) - 5, 8, false);
	tap_equal(caught.vector, VECTOR_PF, "REP OUTSB into an unmapped page: #PF");
	tap_equal(caught.cr2, (uint64_t)TEST_4K(2), "its CR2");
	tap_ok(s.count == 3 && s.address == (uint64_t)TEST_4K(2),
	       "its RSI and RCX stand at the byte that is missing");
	test_map(1, 0, 0);
}

static void string_input(void)
{
	struct string_io s;

	out8(UART_SCR, 0x77);
	memset(buffer, 0, sizeof(buffer));
	s = rep_insb(UART_SCR, buffer + 8, 16);
	tap_ok(caught.vector == NO_EXCEPTION && s.count == 0 && s.address == (uint64_t)buffer + 24,
	       "REP INSB: RDI and RCX as it ends");
	tap_ok(filled_with(buffer + 8, 0x77, 16) && !buffer[7] && !buffer[24],
	       "REP INSB: each byte in its place");

	s = rep_insb(UART_SCR, TEST_4K(1), 3);
	tap_ok(caught.vector == VECTOR_PF && caught.cr2 == (uint64_t)TEST_4K(1),
	       "REP INSB to an unmapped page: #PF");
	tap_equal(caught.error, PF_WRITE, "its error code: a write, not present");
	test_map(1, (uint64_t)buffer, PTE_P);
	s = rep_insb(UART_SCR, TEST_4K(1), 3);
	tap_ok(caught.vector == VECTOR_PF && caught.error == (PF_PRESENT | PF_WRITE),
	       "REP INSB to a read-only page: #PF");
	tap_equal(s.count, 3, "its RCX is untouched");
	test_map(1, 0, 0);
	expect();
	s = rep_outsb(UART_SCR, (const char *)0x0000900000000000, 1, false);
	tap_equal(caught.vector, VECTOR_GP, "REP OUTSB from a non-canonical address: #GP");
}

/* Segment overrides and 32-bit addresses reach the right memory. */
static void string_forms(void)
{
	const uint64_t old = rdmsr(IA32_FS_BASE);
	uint64_t rsi = 16, rcx = 1;

	memset(buffer, 0, 64);
	buffer[16] = 0x61;
	wrmsr(IA32_FS_BASE, (uint64_t)buffer);
	/* REP OUTSB with an FS prefix, which not every assembler takes. */
	__asm__ volatile(".byte 0x64, 0xf3, 0x6e"
			 : "+S"(rsi), "+c"(rcx)
			 : "d"((uint16_t)UART_SCR)
			 : "memory");
	tap_equal(in8(UART_SCR), 0x61, "REP OUTSB with an FS override reads from there");
	wrmsr(IA32_FS_BASE, old);

	buffer[17] = 0x62;
	rsi = 0xdeadbeef00000000 | (uint64_t)(buffer + 17);
	rcx = 0xdeadbeef00000001;
	__asm__ volatile("addr32 rep outsb"
			 : "+S"(rsi), "+c"(rcx)
			 : "d"((uint16_t)UART_SCR)
			 : "memory");
	tap_equal(in8(UART_SCR), 0x62, "REP OUTSB with 32-bit addresses reads from there");

	buffer[18] = 0x63;
	rsi = (uint64_t)(buffer + 18);
	__asm__ volatile("outsb" : "+S"(rsi) : "d"((uint16_t)UART_SCR) : "memory");
	tap_ok(in8(UART_SCR) == 0x63 && rsi == (uint64_t)(buffer + 19), "OUTSB without REP");
}

/* What REP OUTSB sends to the UART comes back in, so that each byte can be looked at. */
static struct string_io looped_back(uint64_t rsi, uint64_t rcx, char *received, unsigned most)
{
	struct string_io s = {rsi, rcx};
	uint8_t mcr;
	unsigned n = 0;

	for (int i = 0; i < 100000 && !(in8(UART_LSR) & UART_LSR_TEMT); i++)
		;
	mcr = in8(UART_MCR);
	out8(UART_MCR, mcr | 0x10);
	while (in8(UART_LSR) & UART_LSR_DR)
		in8(UART_DATA);
	expect();
	__asm__ volatile(MAY_FAULT("addr32 rep outsb")
			 : "+S"(s.address), "+c"(s.count)
			 : "d"((uint16_t)UART_DATA)
			 : "memory");
	memset(received, 0, most);
	while (n < most && in8(UART_LSR) & UART_LSR_DR)
		received[n++] = (char)in8(UART_DATA);
	out8(UART_MCR, mcr);
	return s;
}

/* 32-bit addresses go on at 0, and what counts nothing touches nothing. */
static void string_ends(void)
{
	const uint64_t old = boot_pd[4 * 512 - 1];
	char received[8], old_zero[2];
	char *zero = TEST_4K(2); /* a pointer to 0 is no object's */
	struct string_io s;

	test_map(2, 0, PTE_P | PTE_W);
	memcpy(old_zero, zero, 2);
	memcpy(zero, "CD", 2);
	memcpy(buffer + 4094, "AB", 2);
	boot_pd[4 * 512 - 1] = (uint64_t)test_pt | PTE_P | PTE_W;
	test_map(511, (uint64_t)buffer, PTE_P | PTE_W);
	flush_tlb();
	s = looped_back(0xfffffffe, 4, received, sizeof(received));
	test_map(511, 0, 0);
	boot_pd[4 * 512 - 1] = old;
	flush_tlb();
	memcpy(zero, old_zero, 2);
	test_map(2, 0, 0);
	tap_equal(caught.vector, NO_EXCEPTION,
		  "REP OUTSB with 32-bit addresses: no fault at 4 GiB");
	tap_ok(!memcmp(received, "ABCD", 5), "it goes on at 0");
	tap_ok(s.address == 2 && s.count == 0, "its RSI and RCX as it ends");

	out8(UART_SCR, 0x11);
	s = rep_outsb(UART_SCR, TEST_4K(1), 0, false);
	tap_ok(caught.vector == NO_EXCEPTION && s.address == (uint64_t)TEST_4K(1) &&
		       in8(UART_SCR) == 0x11,
	       "REP OUTSB of nothing from where nothing is: nothing happens");
	s = rep_insb(UART_SCR, TEST_4K(1), 0);
	tap_ok(caught.vector == NO_EXCEPTION && s.address == (uint64_t)TEST_4K(1) && s.count == 0,
	       "REP INSB of nothing to where nothing is: nothing happens");
	s = looped_back((uint64_t)buffer, 0x100000000, received, sizeof(received));
	tap_ok(caught.vector == NO_EXCEPTION && !received[0],
	       "REP OUTSB with 32-bit addresses counts in ECX");
}

void test_ports(void)
{
	empty_ports();
	string_output();
	string_input();
	string_forms();
	string_ends();
}
