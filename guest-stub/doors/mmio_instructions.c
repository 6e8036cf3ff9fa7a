/* SPDX-License-Identifier: MIT */
/*
 * The device in memory, by every instruction: what Sill has to find out from the guest's code, and
 * to execute for it.
 */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "mmio.h"
#include "ring3.h"
#include "string.h"
#include "tap.h"

/* Where else the pages of the test area are seen in narrow_code(): below 4 GiB. */
#define LOW_TABLE (4 * 512 - 1)
#define LOW_PAGE  (LOW_TABLE * 2 * MIB + TEST_PAGE_MMIO * PAGE_SIZE)

/* From moves.asm. */
struct move {
	uint64_t (*run)(void *at, uint64_t value);
	const char *name;
	uint64_t size;
};
extern const struct move moves_stores[], moves_loads[], moves_others[];
void moves_store32(uint64_t at, uint64_t value);
void moves_store16(uint64_t at, uint64_t value);
uint64_t moves_load32(uint64_t at);
uint64_t moves_load16(uint64_t at);
extern char moves_store16_code[], moves_load16_code[];
extern uint64_t gdt[];

static const uint64_t values[] = {0x8182838485868788, 0x0102030405060708};

static void stores(void)
{
	uint64_t memory = 0;

	for (const struct move *m = moves_stores; m->run; m++) {
		bool right = true;

		for (unsigned i = 0; i < 2; i++) {
			uint64_t arrived = 0;

			memory = 0;
			wrmsr(IA32_FS_BASE, (uint64_t)&memory);
			m->run(&memory, values[i]);
			mmio_select(SILL_SERVICE_ECHO);
			wrmsr(IA32_FS_BASE, (uint64_t)DATA);
			m->run(DATA, values[i]);
			right &= mmio_control() == m->size;
			for (unsigned j = 0; j < m->size; j++)
				arrived |= (uint64_t)read8(DATA) << 8 * j;
			right &= arrived == memory;
		}
		tap_ok(right, "mmio: %s", m->name);
	}
	wrmsr(IA32_FS_BASE, 0);
}

static void loads(void)
{
	const uint64_t old = 0xfedcba9876543210;
	uint64_t memory;

	for (const struct move *m = moves_loads; m->run; m++) {
		bool right = true;

		for (unsigned i = 0; i < 2; i++) {
			uint64_t expected;

			memory = values[i];
			wrmsr(IA32_FS_BASE, (uint64_t)&memory);
			expected = m->run(&memory, old);
			mmio_select(SILL_SERVICE_ECHO);
			store64(DATA, values[i]);
			wrmsr(IA32_FS_BASE, (uint64_t)DATA);
			right &= m->run(DATA, old) == expected;
			right &= mmio_control() == 8 - m->size;
		}
		tap_ok(right, "mmio: %s", m->name);
	}
	wrmsr(IA32_FS_BASE, 0);
}

/* Instructions made here: those whose address is in them, and others, at any place. */
static __attribute__((aligned(4096))) uint8_t code[2 * PAGE_SIZE];

#define OP_RET 0xc3

static uint64_t run_code(uint8_t *at, uint64_t rax)
{
	__asm__ volatile("call *%1" : "+a"(rax) : "r"(at), "D"(DATA) : "memory", "cc");
	return rax;
}

static void absolute_addresses(void)
{
	static const struct {
		const char *name;
		uint8_t prefix, opcode;
		unsigned size;
		uint64_t loaded; /* RAX then */
	} forms[] = {
		{"mov [abs64], al", 0, 0xa2, 1, 0},
		{"mov [abs64], ax", 0x66, 0xa3, 2, 0},
		{"mov [abs64], eax", 0, 0xa3, 4, 0},
		{"mov [abs64], rax", 0x48, 0xa3, 8, 0},
		{"mov al, [abs64]", 0, 0xa0, 1, 0x8182838485868708},
		{"mov ax, [abs64]", 0x66, 0xa1, 2, 0x8182838485860708},
		{"mov eax, [abs64]", 0, 0xa1, 4, 0x05060708},
		{"mov rax, [abs64]", 0x48, 0xa1, 8, 0x0102030405060708},
	};

	for (unsigned i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const uint64_t address = (uint64_t)DATA;
		uint8_t *at = code;
		uint64_t rax, arrived = 0;

		if (forms[i].prefix)
			*at++ = forms[i].prefix;
		*at++ = forms[i].opcode;
		memcpy(at, &address, 8);
		at[8] = OP_RET;
		mmio_select(SILL_SERVICE_ECHO);
		if (forms[i].loaded) {
			store64(DATA, values[1]);
			rax = run_code(code, values[0]);
			tap_ok(rax == forms[i].loaded && mmio_control() == 8 - forms[i].size,
			       "mmio: %s", forms[i].name);
			continue;
		}
		run_code(code, values[0]);
		tap_equal(mmio_control(), forms[i].size, "mmio: %s", forms[i].name);
		for (unsigned j = 0; j < forms[i].size; j++)
			arrived |= (uint64_t)read8(DATA) << 8 * j;
		tap_equal(arrived, values[0] & (UINT64_MAX >> (64 - 8 * forms[i].size)),
			  "mmio: %s: what arrives", forms[i].name);
	}
}

/*
 * Another instruction where Sill has seen one before: written over it, mapped over it, and cut in
 * two by a page's end.
 */
static void changing_code(void)
{
	static const uint8_t store_al[] = {0x88, 0x07, OP_RET}, store_eax[] = {0x89, 0x07, OP_RET},
			     store_rax[] = {0x48, 0x89, 0x07, OP_RET};
	uint8_t *place = (uint8_t *)TEST_4K(TEST_PAGE_CODE);
	uint8_t *edge = (uint8_t *)TEST_4K(TEST_PAGE_CODE + 1) - 1;
	bool right = true;

	for (unsigned i = 0; i < 10; i++) {
		memcpy(code, store_al, sizeof(store_al));
		mmio_select(SILL_SERVICE_ECHO);
		run_code(code, 1);
		right &= mmio_control() == 1;
		memcpy(code, store_rax, sizeof(store_rax));
		mmio_select(SILL_SERVICE_ECHO);
		run_code(code, 1);
		right &= mmio_control() == 8;
		code[1] = 0x8b; /* mov rax, [rdi] */
		store64(DATA, values[i & 1]);
		right &= run_code(code, 1) == values[i & 1];
	}
	tap_ok(right, "mmio: an instruction that is written over");

	right = true;
	memcpy(code, store_al, sizeof(store_al));
	memcpy(code + PAGE_SIZE, store_eax, sizeof(store_eax));
	for (unsigned i = 0; i < 10; i++) {
		test_map(TEST_PAGE_CODE, (uint64_t)code, PTE_P);
		mmio_select(SILL_SERVICE_ECHO);
		run_code(place, 1);
		right &= mmio_control() == 1;
		test_map(TEST_PAGE_CODE, (uint64_t)code + PAGE_SIZE, PTE_P);
		mmio_select(SILL_SERVICE_ECHO);
		run_code(place, 1);
		right &= mmio_control() == 4;
	}
	tap_ok(right, "mmio: an instruction that is mapped over");

	/* 48h at the end of the page, and what the next page begins with. */
	right = true;
	code[PAGE_SIZE - 1] = 0x48;
	test_map(TEST_PAGE_CODE, (uint64_t)code, PTE_P);
	for (unsigned i = 0; i < 10; i++) {
		/* mov [rdi], rax */
		test_map(TEST_PAGE_CODE + 1, (uint64_t)code + PAGE_SIZE, PTE_P);
		mmio_select(SILL_SERVICE_ECHO);
		run_code(edge, values[0]);
		right &= mmio_control() == 8;
		/* mov [rdi], al */
		test_map(TEST_PAGE_CODE + 1, (uint64_t)code, PTE_P);
		mmio_select(SILL_SERVICE_ECHO);
		run_code(edge, values[0]);
		right &= mmio_control() == 1;
	}
	tap_ok(right, "mmio: an instruction of which the second half is mapped over");
	test_map(TEST_PAGE_CODE, 0, 0);
	test_map(TEST_PAGE_CODE + 1, 0, 0);
}

/* mov [abs64], rax; ud2: with whatever comes of the first, the second brings it back. */
static uint8_t store_and_stop[] = {0x48, 0xa3, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f, 0x0b};
#define STORE_LENGTH 10

/* Behind the last byte of the instruction there is nothing: no more of it can be read. */
static void last_code(void)
{
	const uint64_t edge = (uint64_t)TEST_4K(TEST_PAGE_CODE + 1);

	memcpy(code + PAGE_SIZE - STORE_LENGTH, store_and_stop, STORE_LENGTH);
	test_map(TEST_PAGE_CODE, (uint64_t)code, PTE_P);
	mmio_select(SILL_SERVICE_ECHO);
	expect();
	catch_jump(edge - STORE_LENGTH);
	tap_equal(mmio_control(), 8, "mmio: a store with which all code ends");
	tap_ok(caught.vector == VECTOR_PF && caught.cr2 == edge && caught.rip == edge,
	       "mmio: what follows it is the guest's #PF");
	test_map(TEST_PAGE_CODE, 0, 0);
}

/*
 * Code that the CPU may fetch, though it may not be read: rights of data have no say in that, not
 * even when Sill looks what the instruction was.
 */
static void unreadable_code(void)
{
	const uint64_t at = (uint64_t)TEST_4K(TEST_PAGE_CODE), end = at + STORE_LENGTH;

	memcpy(code, store_and_stop, sizeof(store_and_stop));
	if (CPUID_7_EBX(20)) {
		test_map(TEST_PAGE_CODE, (uint64_t)code, PTE_P | PTE_U);
		write_cr4(read_cr4() | CR4_SMAP);
		mmio_select(SILL_SERVICE_ECHO);
		expect();
		catch_jump(at);
		write_cr4(read_cr4() & ~CR4_SMAP);
		tap_ok(caught.rip == end && mmio_control() == 8,
		       "mmio: a store by code that SMAP keeps from being read");

		/* What ring3_run() itself does on the way is allowed by AC. */
		mmio_map(PTE_P | PTE_W | PTE_U);
		write_cr4(read_cr4() | CR4_SMAP);
		__asm__ volatile("stac" : : : "memory", "cc");
		mmio_select(SILL_SERVICE_ECHO);
		expect();
		tap_equal(ring3_run(mmio_user_echo, values[0], 0), values[0],
			  "mmio: a store by code of ring 3, while SMAP is on");
		__asm__ volatile("clac" : : : "memory", "cc");
		write_cr4(read_cr4() & ~CR4_SMAP);
		mmio_map(PTE_P | PTE_W);
	}
	if (CPUID_7_ECX(3)) {
		test_map(TEST_PAGE_CODE, (uint64_t)code, PTE_P | PTE_U | PTE_PKEY(1));
		write_cr4(read_cr4() | CR4_PKE);
		__asm__ volatile("wrpkru" : : "a"(1u << 2), "c"(0), "d"(0) : "memory");
		mmio_select(SILL_SERVICE_ECHO);
		expect();
		catch_jump(at);
		__asm__ volatile("wrpkru" : : "a"(0), "c"(0), "d"(0) : "memory");
		write_cr4(read_cr4() & ~CR4_PKE);
		tap_ok(caught.rip == end && mmio_control() == 8,
		       "mmio: a store by code that its key keeps from being read");
	}
	test_map(TEST_PAGE_CODE, 0, 0);
}

static void set_base16(const char *start_of_code)
{
	uint64_t base = (uint64_t)start_of_code;

	gdt[KERNEL_CODE16 / 8] &= ~(0xffffffull << 16 | 0xffull << 56);
	gdt[KERNEL_CODE16 / 8] |= (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56;
}

static void narrow_code(void)
{
	const uint64_t old = boot_pd[LOW_TABLE];

	boot_pd[LOW_TABLE] = (uint64_t)test_pt | PTE_P | PTE_W;
	flush_tlb();
	mmio_select(SILL_SERVICE_ECHO);
	moves_store32(LOW_PAGE, 0xa1b2c3d4);
	tap_equal(mmio_control(), 4, "mmio: a store by 32-bit code");
	tap_equal(moves_load32(LOW_PAGE), 0xa1b2c3d4, "mmio: a load by 32-bit code");
	set_base16(moves_store16_code);
	moves_store16(LOW_PAGE, 0xa1b2c3d4);
	tap_equal(mmio_control(), 2, "mmio: a store by 16-bit code");
	set_base16(moves_load16_code);
	tap_equal(moves_load16(LOW_PAGE), 0xc3d4, "mmio: a load by 16-bit code");
	set_base16(NULL);
	boot_pd[LOW_TABLE] = old;
	flush_tlb();
}

static void refused_instructions(void)
{
	static uint64_t memory[4];

	for (const struct move *m = moves_others; m->run; m++) {
		uint64_t changed;

		memset(memory, 0xff, sizeof(memory));
		mmio_select(SILL_SERVICE_ECHO);
		store64(DATA, values[0]);
		read8(DATA);
		expect();
		changed = m->run(DATA, (uint64_t)memory);
		tap_equal(caught.vector, VECTOR_UD, "mmio: %s: #UD", m->name);
		tap_ok(!changed && filled_with(memory, 0xff, sizeof(memory)),
		       "mmio: %s: registers and memory are as they were", m->name);
		if (!tap_ok(mmio_control() == 7 && read8(DATA) == 0x87,
			    "mmio: %s: so is the device", m->name))
			tap_note("CONTROL reads %x", mmio_control());
	}
	/* With nothing to do, they do nothing. */
	mmio_select(SILL_SERVICE_ECHO);
	expect();
	__asm__ volatile("xor %%ecx, %%ecx\n" MAY_FAULT("rep stosb")
			 :
			 : "D"(DATA), "a"(1)
			 : "rcx", "memory", "cc");
	tap_equal(caught.vector, NO_EXCEPTION, "mmio: REP STOS of nothing");
	tap_equal(mmio_control(), 0, "mmio: stores nothing");
}

void mmio_test_instructions(void)
{
	stores();
	loads();
	absolute_addresses();
	changing_code();
	*(any64 *)(store_and_stop + 2) = (uint64_t)DATA;
	last_code();
	unreadable_code();
	narrow_code();
	refused_instructions();
}
