/* SPDX-License-Identifier: MIT */
/* UNIT: vmx/page_walk.c */
/* The walk of a guest's page tables: every rule by itself, then against a second, naive reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sill/errno.h"
#include "vmx/page_walk.h"

#define BIT(n) (1ull << (n))

#define WP     BIT(16)
#define PG     BIT(31)
#define PSE    BIT(4)
#define PAE    BIT(5)
#define LA57   BIT(12)
#define SMEP   BIT(20)
#define SMAP   BIT(21)
#define PKE    BIT(22)
#define LME    BIT(8)
#define LMA    BIT(10)
#define NXE    BIT(11)
#define AC     BIT(18)

#define P      BIT(0)
#define W      BIT(1)
#define U      BIT(2)
#define A      BIT(5)
#define D      BIT(6)
#define PS     BIT(7)
#define NX     BIT(63)
#define KEY(k) ((uint64_t)(k) << 59)

#define READ   PAGE_ACCESS_READ
#define WRITE  PAGE_ACCESS_WRITE
#define FETCH  PAGE_ACCESS_FETCH

/* The error code in letters of the SDM's names. */
#define E_P    1u
#define E_W    2u
#define E_U    4u
#define E_RSVD 8u
#define E_ID   16u
#define E_PK   32u

/* Guest memory as a list of entries; RAM elsewhere below RAM_END is zero. */
#define RAM_END 0x100000ull

struct memory {
	unsigned int count, reads;
	struct {
		uint64_t gpa, value;
	} entries[16];
};

static int memory_read(void *context, uint64_t gpa, void *to, size_t size)
{
	struct memory *memory = context;

	memory->reads++;
	assert_true(size == 4 || size == 8);
	assert_int_equal(gpa % size, 0);
	if (gpa >= RAM_END)
		return -SILL_EFAULT;
	memset(to, 0, size);
	for (unsigned int i = 0; i < memory->count; i++)
		if (memory->entries[i].gpa == gpa)
			memcpy(to, &memory->entries[i].value, size);
	return 0;
}

static uint64_t *put(struct memory *memory, uint64_t gpa, uint64_t value)
{
	memory->entries[memory->count].gpa = gpa;
	memory->entries[memory->count].value = value;
	return &memory->entries[memory->count++].value;
}

/*
 * A guest in each paging mode, the same linear address (but for its highest part), all rights.
 * Tables at 5000h (PML5), 4000h (PML4), 3000h (PDPT), 2000h (PD), 1000h (PT).
 */
#define OFFSET	   0x123ull
#define FRAME	   0x00abc000ull
#define LINEAR_32  ((0x201ull << 22) + (0x155ull << 12) + OFFSET)
#define LINEAR_PAE ((2ull << 30) + (0x101ull << 21) + (0x155ull << 12) + OFFSET)
#define LINEAR_4   ((3ull << 39) + (5ull << 30) + (0x101ull << 21) + (0x155ull << 12) + OFFSET)
#define LINEAR_5   ((7ull << 48) + LINEAR_4)

struct guest {
	struct paging paging;
	struct memory memory;
	uint64_t linear;
	uint64_t *entry[PAGE_WALK_MAX_LEVELS]; /* by depth: 0 is the page table's */
	struct page_walk_result result;
};

static void guest_long(struct guest *guest, bool la57)
{
	*guest = (struct guest){.linear = la57 ? LINEAR_5 : LINEAR_4};
	guest->paging = (struct paging){.cr0 = PG | WP,
					.cr3 = la57 ? 0x5000 : 0x4000,
					.cr4 = PAE | (la57 ? LA57 : 0),
					.efer = LME | LMA | NXE,
					.physical_bits = 39,
					.pages_1g = true};
	if (la57)
		guest->entry[4] = put(&guest->memory, 0x5000 + 7 * 8, 0x4000 | P | W | U);
	guest->entry[3] = put(&guest->memory, 0x4000 + 3 * 8, 0x3000 | P | W | U);
	guest->entry[2] = put(&guest->memory, 0x3000 + 5 * 8, 0x2000 | P | W | U);
	guest->entry[1] = put(&guest->memory, 0x2000 + 0x101 * 8, 0x1000 | P | W | U);
	guest->entry[0] = put(&guest->memory, 0x1000 + 0x155 * 8, FRAME | P | W | U);
}

static void guest_pae(struct guest *guest)
{
	*guest = (struct guest){.linear = LINEAR_PAE};
	guest->paging = (struct paging){.cr0 = PG | WP,
					.cr3 = 0x3000,
					.cr4 = PAE,
					.efer = NXE,
					.pdpte = {0, 0, 0x2000 | P, 0},
					.physical_bits = 39,
					.pages_1g = true};
	guest->entry[1] = put(&guest->memory, 0x2000 + 0x101 * 8, 0x1000 | P | W | U);
	guest->entry[0] = put(&guest->memory, 0x1000 + 0x155 * 8, FRAME | P | W | U);
}

static void guest_32(struct guest *guest)
{
	*guest = (struct guest){.linear = LINEAR_32};
	guest->paging = (struct paging){
		.cr0 = PG | WP, .cr3 = 0x2000, .cr4 = PSE, .physical_bits = 39, .pages_1g = true};
	guest->entry[1] = put(&guest->memory, 0x2000 + 0x201 * 4, 0x1000 | P | W | U);
	guest->entry[0] = put(&guest->memory, 0x1000 + 0x155 * 4, FRAME | P | W | U);
}

static int walk(struct guest *guest, enum page_access access)
{
	return page_walk(&guest->paging, guest->linear, access, memory_read, &guest->memory,
			 &guest->result);
}

static void allowed(struct guest *guest, enum page_access access, uint64_t gpa, uint64_t size)
{
	assert_int_equal(walk(guest, access), 0);
	assert_int_equal(guest->result.gpa, gpa);
	assert_int_equal(guest->result.size, size);
}

static void faults(struct guest *guest, enum page_access access, uint32_t code)
{
	assert_int_equal(walk(guest, access), -SILL_EFAULT);
	assert_false(guest->result.not_canonical);
	assert_false(guest->result.table_missing);
	assert_int_equal(guest->result.error_code, code);
}

static void test_no_paging(void **state)
{
	struct guest guest = {.paging = {.cr4 = PAE | SMAP | SMEP, .physical_bits = 39}};

	(void)state;
	guest.linear = 0x12345678;
	guest.paging.user = true;
	allowed(&guest, WRITE, 0x12345678, 0x988);
	assert_int_equal(guest.result.levels, 0);
	assert_int_equal(guest.memory.reads, 0);
	guest.linear = 0xabcd00000fffull;
	allowed(&guest, FETCH, 0xfff, 1);
}

static void test_translates(void **state)
{
	struct guest guest;

	(void)state;
	guest_32(&guest);
	allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
	assert_int_equal(guest.result.levels, 2);
	guest.linear |= 0xffffffff00000000ull; /* no bits above 31 in legacy mode */
	allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);

	guest_pae(&guest);
	allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
	assert_int_equal(guest.result.levels, 2);
	guest.linear |= 0xffffffff00000000ull;
	allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);
	*guest.entry[0] = BIT(38) | FRAME | P;
	allowed(&guest, READ, BIT(38) + FRAME + OFFSET, 0x1000 - OFFSET);

	guest_long(&guest, false);
	allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
	assert_int_equal(guest.result.levels, 4);
	assert_int_equal(guest.result.entries[0].gpa, 0x4000 + 3 * 8);
	assert_int_equal(guest.result.entries[3].gpa, 0x1000 + 0x155 * 8);
	assert_int_equal(guest.result.entries[3].value, FRAME | P | W | U);
	assert_int_equal(guest.result.entries[3].size, 8);

	guest_long(&guest, true);
	allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);
	assert_int_equal(guest.result.levels, 5);

	/* PCIDs and reserved bits of CR3 are no part of the address. */
	guest.paging.cr3 |= 0xfff | BIT(61) | BIT(63);
	allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
}

static void test_canonical(void **state)
{
	struct guest guest;

	(void)state;
	guest_long(&guest, false);
	guest.linear = BIT(47);
	assert_int_equal(walk(&guest, READ), -SILL_EFAULT);
	assert_true(guest.result.not_canonical);
	assert_int_equal(guest.memory.reads, 0);
	guest.linear = LINEAR_4 | BIT(63);
	assert_int_equal(walk(&guest, READ), -SILL_EFAULT);
	assert_true(guest.result.not_canonical);
	guest.linear = 0xffff800000000000ull;
	faults(&guest, READ, 0);

	guest_long(&guest, true);
	guest.linear = LINEAR_4 | BIT(47);
	faults(&guest, READ, 0);
	guest.linear = BIT(56);
	assert_int_equal(walk(&guest, READ), -SILL_EFAULT);
	assert_true(guest.result.not_canonical);
	guest.linear = 0xff00000000000000ull;
	faults(&guest, READ, 0);
}

/* A caller in compatibility mode: the 64-bit tables, addresses below 4 GiB. */
static void test_compatibility_mode(void **state)
{
	struct guest guest;

	(void)state;
	guest_long(&guest, false);
	put(&guest.memory, 0x4000, 0x3000 | P | W | U);
	put(&guest.memory, 0x3000 + 3 * 8, 0x2000 | P | W | U);
	guest.linear = (3ull << 30) + (0x101ull << 21) + (0x155ull << 12) + OFFSET;
	guest.paging.user = true;
	allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);
	assert_int_equal(guest.result.levels, 4);
}

static void test_not_present(void **state)
{
	struct guest guest;

	(void)state;
	for (unsigned int depth = 0; depth < 5; depth++) {
		guest_long(&guest, true);
		*guest.entry[depth] = ~P; /* nothing else counts then */
		faults(&guest, READ, 0);
		faults(&guest, WRITE, E_W);
		faults(&guest, FETCH, E_ID);
		guest.paging.user = true;
		faults(&guest, READ, E_U);
		assert_int_equal(guest.result.levels, 5 - depth);
	}
	guest_pae(&guest);
	guest.paging.pdpte[2] = ~P;
	faults(&guest, WRITE, E_W);
	assert_int_equal(guest.memory.reads, 0);
	guest_32(&guest);
	*guest.entry[0] = 0;
	faults(&guest, WRITE, E_W);
}

static void test_table_missing(void **state)
{
	struct guest guest;

	(void)state;
	guest_long(&guest, false);
	*guest.entry[1] = RAM_END | P | W | U;
	assert_int_equal(walk(&guest, READ), -SILL_EFAULT);
	assert_true(guest.result.table_missing);
	guest_long(&guest, false);
	guest.paging.cr3 = RAM_END;
	assert_int_equal(walk(&guest, READ), -SILL_EFAULT);
	assert_true(guest.result.table_missing);
	assert_int_equal(guest.result.levels, 0);
	/* The page itself may lie anywhere: that is for the caller to judge. */
	guest_long(&guest, false);
	*guest.entry[0] = BIT(38) | P;
	allowed(&guest, READ, BIT(38) + OFFSET, 0x1000 - OFFSET);
}

static void test_large_pages(void **state)
{
	struct guest guest;
	uint64_t offset_2m = (0x155ull << 12) + OFFSET, offset_1g = (0x101ull << 21) + offset_2m;

	(void)state;
	guest_long(&guest, false);
	*guest.entry[1] = 0x40000000 | BIT(12) | PS | P;
	allowed(&guest, READ, 0x40000000 + offset_2m, BIT(21) - offset_2m);
	assert_int_equal(guest.result.levels, 3);
	guest_long(&guest, true);
	*guest.entry[2] = 0x40000000 | BIT(12) | PS | P;
	allowed(&guest, READ, 0x40000000 + offset_1g, BIT(30) - offset_1g);
	guest.paging.pages_1g = false;
	faults(&guest, READ, E_P | E_RSVD);
	guest_pae(&guest);
	*guest.entry[1] = BIT(38) | PS | P | BIT(12);
	allowed(&guest, READ, BIT(38) + offset_2m, BIT(21) - offset_2m);

	/* In the last level that bit is PAT. */
	guest_long(&guest, false);
	*guest.entry[0] |= PS;
	allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
}

static void test_pse(void **state)
{
	struct guest guest;
	uint64_t offset = (0x155ull << 12) + OFFSET;
	static const struct {
		uint8_t physical_bits, highest;
	} widths[] = {{32, 0}, {33, 13}, {36, 16}, {39, 19}, {40, 20}, {46, 20}, {52, 20}};

	(void)state;
	guest_32(&guest);
	*guest.entry[1] = 0x01400000 | BIT(12) | PS | P;
	allowed(&guest, READ, 0x01400000 + offset, BIT(22) - offset);
	assert_int_equal(guest.result.levels, 1);
	assert_int_equal(guest.result.entries[0].size, 4);

	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		guest.paging.physical_bits = widths[i].physical_bits;
		for (unsigned int bit = 13; bit <= 21; bit++) {
			*guest.entry[1] = 0x01400000 | BIT(bit) | PS | P;
			if (bit <= widths[i].highest)
				allowed(&guest, READ, BIT(bit + 19) + 0x01400000 + offset,
					BIT(22) - offset);
			else
				faults(&guest, READ, E_P | E_RSVD);
		}
	}

	/* Without CR4.PSE the bit is ignored. */
	guest_32(&guest);
	guest.paging.cr4 = 0;
	*guest.entry[1] |= PS;
	allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
}

/* Every bit of every entry, one at a time: is it reserved or not? */
static void check_reserved(struct guest *guest, unsigned int depth, uint64_t reserved)
{
	uint64_t *entry = guest->entry[depth], value = *entry;

	for (unsigned int bit = 7; bit < 64; bit++) {
		int error;

		if (bit >= 12 && bit < guest->paging.physical_bits && !(reserved & BIT(bit)))
			continue; /* the address */
		*entry = value | BIT(bit);
		error = walk(guest, READ);
		if (reserved & BIT(bit)) {
			assert_int_equal(error, -SILL_EFAULT);
			assert_int_equal(guest->result.error_code, E_P | E_RSVD);
		} else if (!(bit == 7 && (depth == 1 || depth == 2))) {
			assert_int_equal(error, 0);
		}
	}
	*entry = value;
}

static void test_reserved_bits(void **state)
{
	static const uint8_t widths[] = {36, 39, 46, 51, 52};
	struct guest guest;

	(void)state;
	for (size_t i = 0; i < sizeof(widths); i++) {
		for (unsigned int nxe = 0; nxe < 2; nxe++) {
			uint64_t nx = nxe ? 0 : NX, above = 0, above_pae;

			for (unsigned int bit = widths[i]; bit < 52; bit++)
				above |= BIT(bit);
			above_pae = above | 0x7ff0000000000000ull;

			guest_long(&guest, true);
			guest.paging.physical_bits = widths[i];
			guest.paging.efer = LME | LMA | (nxe ? NXE : 0);
			check_reserved(&guest, 4, above | nx | PS);
			check_reserved(&guest, 3, above | nx | PS);
			check_reserved(&guest, 2, above | nx);
			check_reserved(&guest, 1, above | nx);
			check_reserved(&guest, 0, above | nx);
			guest.paging.pages_1g = false;
			check_reserved(&guest, 2, above | nx | PS);
			*guest.entry[1] = 0x40000000 | PS | P;
			check_reserved(&guest, 1, above | nx | 0x001fe000);
			guest.paging.pages_1g = true;
			*guest.entry[2] = 0x40000000 | PS | P;
			check_reserved(&guest, 2, above | nx | 0x3fffe000);

			guest_pae(&guest);
			guest.paging.physical_bits = widths[i];
			guest.paging.efer = nxe ? NXE : 0;
			check_reserved(&guest, 1, above_pae | nx);
			check_reserved(&guest, 0, above_pae | nx);
			*guest.entry[1] = 0x40000000 | PS | P;
			check_reserved(&guest, 1, above_pae | nx | 0x001fe000);
		}
	}

	/* Reserved bits are told of even if the access would not be allowed either. */
	guest_long(&guest, false);
	*guest.entry[0] = FRAME | BIT(51) | P;
	guest.paging.user = true;
	faults(&guest, WRITE, E_P | E_W | E_U | E_RSVD);
}

/*
 * SDM, "Determination of Access Rights", as a table. The entry bits are those of the last level;
 * all other levels allow all, and then the same once more with the restriction in each other level.
 */
#define OK ~0u

static const struct {
	const char *rule;
	bool user;
	enum page_access access;
	uint64_t wp, cr4, ac, rights;
	uint32_t code; /* OK, or the error code */
} rules[] = {
	{"supervisor reads supervisor page", false, READ, WP, 0, 0, 0, OK},
	{"the same with SMAP", false, READ, WP, SMAP, 0, W, OK},
	{"supervisor reads user page", false, READ, WP, 0, 0, U, OK},
	{"SMAP forbids", false, READ, WP, SMAP, 0, U, E_P},
	{"SMAP forbids without WP", false, READ, 0, SMAP, 0, U, E_P},
	{"AC suspends SMAP", false, READ, WP, SMAP, AC, U, OK},
	{"SMEP is for fetches only", false, READ, WP, SMEP, 0, U, OK},
	{"NX is for fetches only", false, READ, WP, 0, 0, NX, OK},
	{"supervisor writes read-only page with WP", false, WRITE, WP, 0, 0, 0, E_P | E_W},
	{"and without", false, WRITE, 0, 0, 0, 0, OK},
	{"supervisor writes writable page", false, WRITE, WP, 0, 0, W, OK},
	{"supervisor writes user's read-only page with WP", false, WRITE, WP, 0, 0, U, E_P | E_W},
	{"and without", false, WRITE, 0, 0, 0, U, OK},
	{"supervisor writes user's page", false, WRITE, WP, 0, 0, U | W, OK},
	{"SMAP forbids writes", false, WRITE, WP, SMAP, 0, U | W, E_P | E_W},
	{"SMAP forbids writes without WP", false, WRITE, 0, SMAP, 0, U | W, E_P | E_W},
	{"AC suspends it for writes", false, WRITE, WP, SMAP, AC, U | W, OK},
	{"AC does not override R/W", false, WRITE, WP, SMAP, AC, U, E_P | E_W},
	{"AC and no WP", false, WRITE, 0, SMAP, AC, U, OK},
	{"supervisor fetches", false, FETCH, WP, 0, 0, 0, OK},
	{"NX forbids", false, FETCH, WP, 0, 0, NX | W, E_P | E_ID},
	{"supervisor fetches from user page", false, FETCH, WP, SMAP, 0, U, OK},
	{"SMEP forbids", false, FETCH, WP, SMEP, 0, U, E_P | E_ID},
	{"AC is nothing to SMEP", false, FETCH, WP, SMEP, AC, U, E_P | E_ID},
	{"SMEP allows own pages", false, FETCH, WP, SMEP, 0, 0, OK},
	{"user reads user page", true, READ, WP, SMAP | SMEP, 0, U, OK},
	{"user reads supervisor page", true, READ, WP, 0, 0, W, E_P | E_U},
	{"AC is nothing to that", true, READ, 0, SMAP, AC, W, E_P | E_U},
	{"user writes user page", true, WRITE, WP, SMAP | SMEP, 0, U | W, OK},
	{"user writes read-only page", true, WRITE, WP, 0, 0, U, E_P | E_U | E_W},
	{"WP is not for users", true, WRITE, 0, 0, 0, U, E_P | E_U | E_W},
	{"user writes supervisor page", true, WRITE, 0, 0, 0, W, E_P | E_U | E_W},
	{"user fetches", true, FETCH, WP, SMAP | SMEP, 0, U, OK},
	{"NX forbids users", true, FETCH, WP, 0, 0, U | NX, E_P | E_U | E_ID},
	{"user fetches from supervisor page", true, FETCH, WP, 0, 0, 0, E_P | E_U | E_ID},
};

static void check_rule(struct guest *guest, size_t i, unsigned int levels, uint32_t code)
{
	for (unsigned int depth = 0; depth < levels; depth++) {
		uint64_t saved = *guest->entry[depth];
		int error;

		*guest->entry[depth] = (saved & ~(U | W)) | rules[i].rights;
		guest->paging.user = rules[i].user;
		guest->paging.cr0 = PG | rules[i].wp;
		guest->paging.cr4 |= rules[i].cr4;
		guest->paging.rflags = rules[i].ac;
		error = walk(guest, rules[i].access);
		if (error != (code == OK ? 0 : -SILL_EFAULT) ||
		    (code != OK && guest->result.error_code != code))
			fail_msg("%s: %d, error code %x (%u levels, depth %u)", rules[i].rule,
				 error, guest->result.error_code, levels, depth);
		*guest->entry[depth] = saved;
	}
}

static void test_rights(void **state)
{
	struct guest guest;

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		uint32_t code = rules[i].code;

		guest_long(&guest, false);
		check_rule(&guest, i, 4, code);
		guest_long(&guest, true);
		check_rule(&guest, i, 5, code);
		guest_pae(&guest);
		check_rule(&guest, i, 2, code);
		if (rules[i].rights & NX)
			continue;
		/* Without NX, the error code tells of a fetch only if SMEP is there. */
		guest_32(&guest);
		if (code != OK && !(rules[i].cr4 & SMEP))
			code &= ~E_ID;
		check_rule(&guest, i, 2, code);
		guest_pae(&guest);
		guest.paging.efer = 0;
		check_rule(&guest, i, 2, code);
	}

	/* Each page in one level of its own: R/W here, U/S there. */
	guest_long(&guest, false);
	*guest.entry[3] &= ~W;
	*guest.entry[1] &= ~U;
	guest.paging.cr4 |= SMAP;
	allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
	faults(&guest, WRITE, E_P | E_W);

	/* PDPTE registers have no rights to give or take: their bits 2:1 are reserved. */
	guest_pae(&guest);
	guest.paging.user = true;
	allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);

	/* EFER.NXE is nothing to 32-bit paging. */
	guest_32(&guest);
	guest.paging.efer = NXE;
	guest.paging.user = true;
	*guest.entry[0] = 0;
	faults(&guest, FETCH, E_U);
}

static void test_protection_keys(void **state)
{
	struct guest guest;
	uint32_t ad = 1u << (2 * 5), wd = 2u << (2 * 5);

	(void)state;
	for (unsigned int user = 0; user < 2; user++) {
		uint32_t u = user ? E_U : 0;

		guest_long(&guest, user);
		guest.paging.user = user;
		*guest.entry[0] |= KEY(5);

		guest.paging.pkru = ~(ad | wd);
		guest.paging.cr4 |= PKE;
		allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);
		guest.paging.pkru = wd;
		allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
		faults(&guest, WRITE, E_P | E_W | E_PK | u);
		guest.paging.pkru = ad;
		faults(&guest, READ, E_P | E_PK | u);
		faults(&guest, WRITE, E_P | E_W | E_PK | u);
		allowed(&guest, FETCH, FRAME + OFFSET, 0x1000 - OFFSET);

		/* CR0.WP: WD then binds no supervisor, AD does. */
		guest.paging.cr0 = PG;
		faults(&guest, WRITE, E_P | E_W | E_PK | u);
		guest.paging.pkru = wd;
		if (user)
			faults(&guest, WRITE, E_P | E_W | E_PK | E_U);
		else
			allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);
		guest.paging.cr0 = PG | WP;

		/* With two reasons to refuse, both are told. */
		guest.paging.pkru = ad;
		*guest.entry[2] &= ~W;
		faults(&guest, WRITE, E_P | E_W | E_PK | u);
		*guest.entry[2] |= W;
		if (!user) {
			guest.paging.cr4 |= SMAP;
			faults(&guest, READ, E_P | E_PK);
			guest.paging.rflags = AC;
			faults(&guest, READ, E_P | E_PK);
		}

		/* Keys of upper levels and of supervisor pages are none. */
		*guest.entry[0] &= ~KEY(15);
		*guest.entry[1] |= KEY(5);
		allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
		*guest.entry[0] |= KEY(5);
		*guest.entry[1] &= ~U;
		if (user)
			faults(&guest, READ, E_P | E_U);
		else
			allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
		*guest.entry[1] |= U;

		/* Large pages have keys as well. */
		*guest.entry[1] = 0x40000000 | KEY(5) | PS | P | U;
		faults(&guest, READ, E_P | E_PK | u);
		*guest.entry[2] = 0x40000000 | KEY(5) | PS | P | U;
		faults(&guest, READ, E_P | E_PK | u);

		guest.paging.cr4 &= ~(PKE | SMAP);
		assert_int_equal(walk(&guest, READ), 0);
	}

	/* The other paging modes have none. */
	guest_pae(&guest);
	guest.paging.cr4 |= PKE;
	guest.paging.pkru = ~0u;
	allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);
	guest_32(&guest);
	guest.paging.cr4 |= PKE;
	guest.paging.pkru = ~0u;
	allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);
}

static void test_marks(void **state)
{
	struct page_walk_mark marks[PAGE_WALK_MAX_LEVELS];
	struct guest guest;

	(void)state;
	guest_long(&guest, true);
	allowed(&guest, READ, FRAME + OFFSET, 0x1000 - OFFSET);
	assert_int_equal(page_walk_entries_to_mark(&guest.result, READ, marks), 5);
	for (unsigned int i = 0; i < 5; i++) {
		assert_int_equal(marks[i].gpa, guest.memory.entries[i].gpa);
		assert_int_equal(marks[i].value, guest.memory.entries[i].value);
		assert_int_equal(marks[i].set, A);
		assert_int_equal(marks[i].size, 8);
	}
	assert_int_equal(page_walk_entries_to_mark(&guest.result, FETCH, marks), 5);
	assert_int_equal(marks[4].set, A);
	assert_int_equal(page_walk_entries_to_mark(&guest.result, WRITE, marks), 5);
	assert_int_equal(marks[3].set, A);
	assert_int_equal(marks[4].set, A | D);

	*guest.entry[4] |= A;
	*guest.entry[3] |= A;
	*guest.entry[1] |= A | D;
	*guest.entry[0] |= A;
	allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);
	assert_int_equal(page_walk_entries_to_mark(&guest.result, READ, marks), 1);
	assert_int_equal(page_walk_entries_to_mark(&guest.result, WRITE, marks), 2);
	assert_int_equal(marks[0].gpa, 0x3000 + 5 * 8);
	assert_int_equal(marks[0].set, A);
	assert_int_equal(marks[1].gpa, 0x1000 + 0x155 * 8);
	assert_int_equal(marks[1].set, A | D);
	*guest.entry[2] |= A;
	*guest.entry[0] |= D;
	allowed(&guest, WRITE, FRAME + OFFSET, 0x1000 - OFFSET);
	assert_int_equal(page_walk_entries_to_mark(&guest.result, WRITE, marks), 0);

	guest_32(&guest);
	*guest.entry[1] = 0x01400000 | PS | P | W;
	assert_int_equal(walk(&guest, WRITE), 0);
	assert_int_equal(page_walk_entries_to_mark(&guest.result, WRITE, marks), 1);
	assert_int_equal(marks[0].set, A | D);
	assert_int_equal(marks[0].size, 4);
	assert_int_equal(marks[0].gpa, 0x2000 + 0x201 * 4);
}

/*
 * The second reading: one function a paging mode, bit by bit, from the tables and lists of the
 * SDM. Memory is made of random entries, as a function of seed and address.
 */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

struct random_memory {
	uint64_t seed, ram_end;
	bool narrow; /* entries of 4 bytes */
};

static uint64_t random_entry(const struct random_memory *memory, uint64_t gpa)
{
	uint64_t r = mix(memory->seed ^ mix(gpa)), s = mix(r), entry = 0;
	uint64_t end = r >> 56 & 31 ? memory->ram_end : 2 * memory->ram_end;

	entry |= r % 32 ? P : 0;
	entry |= r >> 8 & 7 ? W : 0;
	entry |= r >> 16 & 7 ? U : 0;
	entry |= s & (A | D);
	entry |= r >> 24 & 3 ? 0 : PS;
	if (memory->narrow) {
		entry |= s >> 8 & (end - 1) & 0xfffff000;
		if (r >> 32 & 3)
			entry &= ~0x003fe000ull; /* a large page without an odd bit, mostly */
		return entry;
	}
	entry |= s >> 8 & (end - 1) & ~0xfffull;
	if ((entry & PS) && (r >> 32 & 7))
		entry &= ~0x3fffe000ull;
	if (r >> 40 & 3)
		entry |= (r >> 43 & 15 ? 0 : BIT(12 + (s >> 48) % 52));
	if (r >> 44 & 1)
		entry |= s & KEY(15);
	entry |= r >> 50 & 15 ? 0 : NX;
	return entry;
}

static int random_read(void *context, uint64_t gpa, void *to, size_t size)
{
	const struct random_memory *memory = context;
	uint64_t entry = random_entry(memory, gpa);

	assert_int_equal(size, memory->narrow ? 4 : 8);
	assert_int_equal(gpa % size, 0);
	if (gpa >= memory->ram_end)
		return -SILL_EFAULT;
	memcpy(to, &entry, size);
	return 0;
}

enum outcome {
	MAPPED,
	FAULT,
	NOT_CANONICAL,
	MISSING,
	OUTCOMES
};

struct answer {
	enum outcome outcome;
	uint64_t gpa, page_size;
	uint32_t code;
};

static bool bit(uint64_t value, unsigned int n)
{
	return value >> n & 1;
}

static uint64_t field(uint64_t value, int high, int low)
{
	uint64_t result = 0;

	for (int n = high; n >= low; n--)
		result = result << 1 | bit(value, (unsigned int)n);
	return result;
}

/* What the access adds to every error code, SDM, "Page-Fault Exceptions". */
static struct answer model_fault(const struct paging *p, enum page_access access, uint32_t code)
{
	struct answer answer = {.outcome = FAULT, .code = code};

	if (access == WRITE)
		answer.code += E_W;
	if (p->user)
		answer.code += E_U;
	if (access == FETCH && (bit(p->cr4, 20) || (bit(p->cr4, 5) && bit(p->efer, 11))))
		answer.code += E_ID;
	return answer;
}

/* The lists of SDM, "Determination of Access Rights". key is -1 if there is none. */
static struct answer model_rights(const struct paging *p, enum page_access access, bool user_page,
				  bool writable, bool xd, int key, uint64_t gpa, uint64_t page_size)
{
	bool wp = bit(p->cr0, 16), smap = bit(p->cr4, 21), smep = bit(p->cr4, 20);
	bool ac = bit(p->rflags, 18), ok, key_ok = true;

	if (key >= 0 && user_page && access != FETCH) {
		bool ad = bit(p->pkru, 2 * (unsigned int)key);
		bool wd = bit(p->pkru, 2 * (unsigned int)key + 1);

		if (ad)
			key_ok = false;
		if (access == WRITE && wd && (p->user || wp))
			key_ok = false;
	}
	if (!p->user) {
		if (access == READ)
			ok = !user_page || !smap || ac;
		else if (access == FETCH)
			ok = user_page ? !smep && !xd : !xd;
		else if (!user_page)
			ok = wp ? writable : true;
		else if (!wp)
			ok = smap ? ac : true;
		else
			ok = smap ? ac && writable : writable;
	} else {
		if (access == READ)
			ok = user_page;
		else if (access == WRITE)
			ok = user_page && writable;
		else
			ok = user_page && !xd;
	}
	if (!key_ok)
		return model_fault(p, access, E_P | E_PK);
	if (!ok)
		return model_fault(p, access, E_P);
	return (struct answer){.outcome = MAPPED, .gpa = gpa, .page_size = page_size};
}

static struct answer model_32(const struct paging *p, uint64_t linear, enum page_access access,
			      const struct random_memory *memory)
{
	int m = p->physical_bits < 40 ? p->physical_bits : 40;
	uint64_t at = (field(p->cr3, 31, 12) << 12) + field(linear, 31, 22) * 4, pde, pte;

	if (at >= memory->ram_end)
		return (struct answer){.outcome = MISSING};
	pde = random_entry(memory, at);
	if (!bit(pde, 0))
		return model_fault(p, access, 0);
	if (bit(p->cr4, 4) && bit(pde, 7)) {
		for (int n = 21; n >= m - 19; n--)
			if (bit(pde, (unsigned int)n))
				return model_fault(p, access, E_P | E_RSVD);
		return model_rights(p, access, bit(pde, 2), bit(pde, 1), false, -1,
				    (field(pde, m - 20, 13) << 32) + (field(pde, 31, 22) << 22) +
					    field(linear, 21, 0),
				    4 << 20);
	}
	at = (field(pde, 31, 12) << 12) + field(linear, 21, 12) * 4;
	if (at >= memory->ram_end)
		return (struct answer){.outcome = MISSING};
	pte = random_entry(memory, at);
	if (!bit(pte, 0))
		return model_fault(p, access, 0);
	return model_rights(p, access, bit(pde, 2) && bit(pte, 2), bit(pde, 1) && bit(pte, 1),
			    false, -1, (field(pte, 31, 12) << 12) + field(linear, 11, 0), 4096);
}

/* PAE, 4-level and 5-level paging from a table on, whose entries divide linear at bit low. */
static struct answer model_64(const struct paging *p, uint64_t linear, enum page_access access,
			      const struct random_memory *memory, uint64_t table, int low,
			      bool long_mode, bool user_page, bool writable, bool xd)
{
	uint64_t at = table + field(linear, low + 8, low) * 8, entry, address;
	bool leaf = low == 12;

	if (at >= memory->ram_end)
		return (struct answer){.outcome = MISSING};
	entry = random_entry(memory, at);
	if (!bit(entry, 0))
		return model_fault(p, access, 0);
	for (int n = p->physical_bits; n <= (long_mode ? 51 : 62); n++)
		if (bit(entry, (unsigned int)n))
			return model_fault(p, access, E_P | E_RSVD);
	if (bit(entry, 63) && !bit(p->efer, 11))
		return model_fault(p, access, E_P | E_RSVD);
	if (bit(entry, 7)) {
		if (low == 48 || low == 39 || (low == 30 && !p->pages_1g))
			return model_fault(p, access, E_P | E_RSVD);
		if (low == 30 || low == 21) {
			leaf = true;
			if (field(entry, low - 1, 13))
				return model_fault(p, access, E_P | E_RSVD);
		}
	}
	user_page = user_page && bit(entry, 2);
	writable = writable && bit(entry, 1);
	xd = xd || bit(entry, 63);
	if (leaf) {
		address = field(entry, 51, low) << low;
		return model_rights(p, access, user_page, writable, xd,
				    long_mode && bit(p->cr4, 22) ? (int)field(entry, 62, 59) : -1,
				    address + field(linear, low - 1, 0), 1ull << low);
	}
	return model_64(p, linear, access, memory, field(entry, 51, 12) << 12, low - 9, long_mode,
			user_page, writable, xd);
}

static struct answer model(const struct paging *p, uint64_t linear, enum page_access access,
			   const struct random_memory *memory)
{
	int top;

	if (!bit(p->cr0, 31))
		return (struct answer){
			.outcome = MAPPED, .gpa = (uint32_t)linear, .page_size = 4096};
	if (!bit(p->cr4, 5))
		return model_32(p, (uint32_t)linear, access, memory);
	if (!bit(p->efer, 8)) {
		uint64_t pdpte = p->pdpte[field(linear, 31, 30)];

		if (!bit(pdpte, 0))
			return model_fault(p, access, 0);
		return model_64(p, (uint32_t)linear, access, memory,
				field(pdpte, p->physical_bits - 1, 12) << 12, 21, false, true, true,
				false);
	}
	top = bit(p->cr4, 12) ? 56 : 47;
	for (int n = top + 1; n < 64; n++)
		if (bit(linear, (unsigned int)n) != bit(linear, (unsigned int)top))
			return (struct answer){.outcome = NOT_CANONICAL};
	return model_64(p, linear, access, memory, field(p->cr3, p->physical_bits - 1, 12) << 12,
			top - 8, true, true, true, false);
}

#define TRIALS 300000u

static void test_against_model(void **state)
{
	unsigned int seen[OUTCOMES] = {0}, codes[64] = {0}, sizes[64] = {0};

	(void)state;
	for (uint64_t trial = 0; trial < TRIALS; trial++) {
		uint64_t r = mix(trial * 8), s = mix(trial * 8 + 1), t = mix(trial * 8 + 2);
		uint64_t linear = mix(trial * 8 + 3);
		unsigned int mode = r % 17; /* 0: no paging; four of each other mode */
		enum page_access access = (enum page_access)(r >> 8 & 0xff) % 3;
		struct paging paging = {.cr0 = (mode ? PG : 0) | (s & WP),
					.cr4 = s & (PSE | SMEP | SMAP | PKE),
					.efer = t & NXE,
					.rflags = t & AC,
					.pkru = (uint32_t)(t >> 32) & (uint32_t)mix(t),
					.user = r >> 20 & 1,
					.physical_bits = (uint8_t)(32 + (r >> 24) % 21),
					.pages_1g = r >> 32 & 1};
		struct random_memory memory = {.seed = t, .narrow = mode < 5};
		struct page_walk_result result;
		struct answer answer;
		int error;

		memory.ram_end = mode < 5 ? BIT(30) : BIT(paging.physical_bits - (r >> 36) % 2);
		paging.cr3 = mix(s) & (memory.ram_end - 1);
		paging.cr3 |= mix(s + 7) & ~(BIT(mode < 5 ? 32 : paging.physical_bits) - 1);
		if (mode >= 5)
			paging.cr4 |= PAE;
		if (mode >= 9)
			paging.efer |= LME | LMA;
		if (mode >= 13)
			paging.cr4 |= LA57;
		for (unsigned int i = 0; i < 4; i++)
			paging.pdpte[i] = (mix(s + i) & (memory.ram_end - 1) & ~0xfffull) |
					  (mix(t + i) & ~(BIT(paging.physical_bits) - 1)) |
					  (r >> (40 + 4 * i) & 15 ? P : 0);
		if (mode >= 9 && (r >> 60)) { /* mostly canonical */
			unsigned int shift = mode >= 13 ? 7 : 16;

			linear = (uint64_t)((int64_t)(linear << shift) >> shift);
		}

		answer = model(&paging, linear, access, &memory);
		error = page_walk(&paging, linear, access, random_read, &memory, &result);
		seen[answer.outcome]++;
		if (answer.outcome == MAPPED) {
			assert_int_equal(error, 0);
			assert_int_equal(result.gpa, answer.gpa);
			assert_int_equal(result.size,
					 answer.page_size - (linear & (answer.page_size - 1)));
			sizes[__builtin_ctzll(answer.page_size)]++;
		} else {
			assert_int_equal(error, -SILL_EFAULT);
			assert_int_equal(result.not_canonical, answer.outcome == NOT_CANONICAL);
			assert_int_equal(result.table_missing, answer.outcome == MISSING);
			if (answer.outcome == FAULT) {
				assert_int_equal(result.error_code, answer.code);
				codes[answer.code]++;
			}
		}
	}

	/* A comparison of nothing but refusals would prove little. */
	for (unsigned int i = 0; i < OUTCOMES; i++)
		assert_true(seen[i] >= 300);
	for (unsigned int i = 0; i < 64; i++) {
		bool possible = (i & (E_W | E_ID)) != (E_W | E_ID) && /* nothing does both */
				!((i & E_RSVD) && (!(i & E_P) || (i & E_PK))) &&
				!((i & E_PK) && (!(i & E_P) || (i & E_ID)));

		if (possible != (codes[i] > 0))
			fail_msg("error code %x: seen %u times", i, codes[i]);
	}
	assert_true(sizes[12] > 1000 && sizes[21] > 1000 && sizes[22] > 1000 && sizes[30] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_paging),	cmocka_unit_test(test_translates),
		cmocka_unit_test(test_canonical),	cmocka_unit_test(test_compatibility_mode),
		cmocka_unit_test(test_not_present),	cmocka_unit_test(test_table_missing),
		cmocka_unit_test(test_large_pages),	cmocka_unit_test(test_pse),
		cmocka_unit_test(test_reserved_bits),	cmocka_unit_test(test_rights),
		cmocka_unit_test(test_protection_keys), cmocka_unit_test(test_marks),
		cmocka_unit_test(test_against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
