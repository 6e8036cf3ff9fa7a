/* SPDX-License-Identifier: MIT */
/* UNIT: ept/memory_type.c */
/*
 * MTRR values to memory types: set-ups with known answers, and any set-up against a naive reading
 * of the manual's rules, page by page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/msr.h"
#include "ept/memory_type.h"

#define UC     MEMORY_TYPE_UC
#define WC     MEMORY_TYPE_WC
#define WT     MEMORY_TYPE_WT
#define WP     MEMORY_TYPE_WP
#define WB     MEMORY_TYPE_WB

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)
#define PAGE   4096ull

#define E      MTRR_DEF_TYPE_ENABLE
#define FE     MTRR_DEF_TYPE_FIXED_ENABLE
#define VALID  MTRR_PHYSMASK_VALID

static uint64_t seed;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static uint64_t width_mask(unsigned int bits)
{
	return (1ull << bits) - 1;
}

static struct mtrr_state make_state(uint64_t default_type, unsigned int bits)
{
	struct mtrr_state state;

	memset(&state, 0, sizeof(state));
	state.capability = MTRRCAP_FIX | MTRRCAP_WC;
	state.default_type = default_type;
	state.physical_bits = bits;
	return state;
}

static void add_raw(struct mtrr_state *state, uint64_t base, uint64_t mask)
{
	assert_true(state->variable_count < MTRR_VARIABLE_MAX);
	state->variable[state->variable_count].base = base;
	state->variable[state->variable_count].mask = mask;
	state->variable_count++;
	state->capability++;
}

/* A power of two, as firmware sets it. */
static void add(struct mtrr_state *state, uint64_t base, uint64_t size, unsigned int type)
{
	add_raw(state, base | type, (width_mask(state->physical_bits) & ~(size - 1)) | VALID);
}

/* The rules as the manual words them, for one page, with nothing clever. */
static unsigned int naive_type(const struct mtrr_state *state, uint64_t address)
{
	bool found_uc = false, found_wt = false, found_wb = false, found_wc = false;
	bool found_wp = false, found_reserved = false;
	unsigned int found = 0;
	uint64_t type = state->default_type & 0xff;

	if (address >> state->physical_bits)
		return UC;
	if (!(state->default_type >> 11 & 1))
		return UC;
	if (address < MIB(1) && (state->default_type >> 10 & 1) && (state->capability >> 8 & 1)) {
		uint64_t start = 0;

		for (unsigned int i = 0; i < 88; i++) {
			uint64_t size = i < 8 ? KIB(64) : i < 24 ? KIB(16) : KIB(4);

			if (address >= start && address < start + size) {
				type = state->fixed[i / 8] >> (8 * (i % 8)) & 0xff;
				return memory_type_valid(type) ? (unsigned int)type : UC;
			}
			start += size;
		}
		fail();
	}
	for (unsigned int i = 0; i < state->variable_count; i++) {
		uint64_t mask =
			state->variable[i].mask & ~0xfffull & width_mask(state->physical_bits);

		if (!(state->variable[i].mask >> 11 & 1))
			continue;
		if ((address & mask) != (state->variable[i].base & mask))
			continue;
		found++;
		type = state->variable[i].base & 0xff;
		found_uc |= type == 0;
		found_wc |= type == 1;
		found_wt |= type == 4;
		found_wp |= type == 5;
		found_wb |= type == 6;
		found_reserved |= !memory_type_valid(type);
	}
	if (found_uc || found_reserved)
		return UC;
	if (found && !found_wc && !found_wp)
		return found_wt ? WT : WB;
	if (found_wc + found_wp + found_wt + found_wb > 1)
		return UC; /* undefined: Sill's choice */
	return memory_type_valid(type) ? (unsigned int)type : UC;
}

/* The answer at `address`, checked against the naive one over the whole length that it claims. */
static uint64_t check_at(const struct mtrr_state *state, uint64_t address)
{
	uint64_t bytes = 0;
	unsigned int type = memory_type_at(state, address, &bytes);
	uint64_t pages;

	assert_int_equal(type, naive_type(state, address));
	assert_true(bytes > 0);
	assert_true(bytes <= (1ull << state->physical_bits) - address);
	assert_int_equal((address + bytes) % PAGE, 0);
	pages = (bytes + PAGE - 1) / PAGE;
	for (unsigned int i = 0; i < 64; i++) {
		uint64_t page = i < 16 ? i : i < 32 ? pages - 1 - (i - 16) : random64() % pages;

		if (page >= pages)
			continue;
		/* Powers of two from here are where masks change their mind. */
		if (i >= 48)
			page = (1ull << (random64() % 40)) % pages;
		assert_int_equal(naive_type(state, (address & ~(PAGE - 1)) + page * PAGE), type);
	}
	return bytes;
}

/* Walks all of the address space, or as much as `steps` calls reach. How many it took. */
static unsigned int check_all(const struct mtrr_state *state, unsigned int steps)
{
	uint64_t address = 0;
	unsigned int step = 0;

	while (step < steps && !(address >> state->physical_bits)) {
		address += check_at(state, address);
		step++;
	}
	return step;
}

static void assert_type(const struct mtrr_state *state, uint64_t address, unsigned int type)
{
	uint64_t bytes;

	assert_int_equal(memory_type_at(state, address, &bytes), type);
	check_at(state, address);
}

static void disabled_is_uc(void **unused)
{
	struct mtrr_state state = make_state(WB | FE, 39);
	uint64_t bytes;

	(void)unused;
	memset(state.fixed, WB, sizeof(state.fixed));
	add(&state, 0, GIB(4), WB);
	assert_int_equal(memory_type_at(&state, 0, &bytes), UC);
	assert_int_equal(bytes, 1ull << 39);
	assert_int_equal(memory_type_at(&state, MIB(5) + 7, &bytes), UC);
	assert_int_equal(bytes, (1ull << 39) - MIB(5) - 7);
}

static void default_type_alone(void **unused)
{
	static const unsigned int types[] = {UC, WC, WT, WP, WB};

	(void)unused;
	for (unsigned int bits = 32; bits <= 52; bits++) {
		for (unsigned int i = 0; i < 5; i++) {
			struct mtrr_state state = make_state(types[i] | E, bits);
			uint64_t bytes;

			assert_int_equal(memory_type_at(&state, 0, &bytes), types[i]);
			assert_int_equal(bytes, 1ull << bits);
			assert_int_equal(memory_type_at(&state, (1ull << bits) - 1, &bytes),
					 types[i]);
			assert_int_equal(bytes, 1);
		}
	}
}

static void beyond_the_width_is_uc(void **unused)
{
	(void)unused;
	for (unsigned int bits = 32; bits <= 52; bits++) {
		struct mtrr_state state = make_state(WB | E, bits);
		uint64_t bytes;

		assert_int_equal(memory_type_at(&state, 1ull << bits, &bytes), UC);
		assert_int_equal(bytes, 0 - (1ull << bits));
		assert_int_equal(memory_type_at(&state, ~0ull, &bytes), UC);
		assert_int_equal(bytes, 1);
	}
}

/* Each of the 88 sub-ranges in turn is different from all others. */
static void fixed_sub_ranges(void **unused)
{
	uint64_t start = 0;

	(void)unused;
	for (unsigned int i = 0; i < 88; i++) {
		uint64_t size = i < 8 ? KIB(64) : i < 24 ? KIB(16) : KIB(4);
		struct mtrr_state state = make_state(UC | E | FE, 36);
		uint64_t bytes;

		/* A UC range over everything: fixed ranges come first, even before UC. */
		add(&state, 0, GIB(4), UC);
		memset(state.fixed, WB, sizeof(state.fixed));
		state.fixed[i / 8] &= ~(0xffull << (8 * (i % 8)));
		state.fixed[i / 8] |= (uint64_t)WP << (8 * (i % 8));

		assert_int_equal(memory_type_at(&state, start, &bytes), WP);
		assert_int_equal(bytes, size);
		assert_int_equal(memory_type_at(&state, start + size - 1, &bytes), WP);
		assert_int_equal(bytes, 1);
		assert_int_equal(memory_type_at(&state, start + size / 2 + 3, &bytes), WP);
		assert_int_equal(bytes, size / 2 - 3);
		if (start)
			assert_type(&state, start - 1, WB);
		assert_type(&state, start + size, start + size < MIB(1) ? WB : UC);
		check_all(&state, 1000);
		start += size;
	}
	assert_int_equal(start, MIB(1));
}

static void fixed_ranges_off(void **unused)
{
	struct mtrr_state state = make_state(WB | E, 36); /* FE clear */

	(void)unused;
	memset(state.fixed, WP, sizeof(state.fixed));
	add(&state, KIB(640), KIB(128), UC);
	assert_type(&state, 0, WB);
	assert_type(&state, KIB(640), UC);
	assert_type(&state, KIB(768), WB);

	state.default_type |= FE;
	assert_type(&state, 0, WP);
	assert_type(&state, KIB(640), WP);
	assert_type(&state, MIB(1), WB);

	state.capability &= ~MTRRCAP_FIX;
	assert_type(&state, 0, WB);
	assert_type(&state, KIB(640), UC);
}

/* What two overlapping ranges of types a and b give, in either order. */
static void overlaps(void **unused)
{
	static const unsigned int types[] = {UC, WC, WT, WP, WB};
	/* Undefined combinations are UC by Sill's choice. */
	static const unsigned int expected[5][5] = {
		{UC, UC, UC, UC, UC}, {UC, WC, UC, UC, UC}, {UC, UC, WT, UC, WT},
		{UC, UC, UC, WP, UC}, {UC, UC, WT, UC, WB},
	};

	(void)unused;
	for (unsigned int a = 0; a < 5; a++) {
		for (unsigned int b = 0; b < 5; b++) {
			struct mtrr_state state = make_state(WB | E, 40);

			add(&state, GIB(1), GIB(1), types[a]);
			add(&state, GIB(1) + MIB(256), MIB(256), types[b]);
			assert_type(&state, GIB(1) - 1, WB);
			assert_type(&state, GIB(1), types[a]);
			assert_type(&state, GIB(1) + MIB(256), expected[a][b]);
			assert_type(&state, GIB(1) + MIB(512) - 1, expected[a][b]);
			assert_type(&state, GIB(1) + MIB(512), types[a]);
			assert_type(&state, GIB(2), WB);
			/* Ranges with V clear do not count. */
			add_raw(&state, GIB(1) | UC, ~(GIB(1) - 1) & width_mask(40));
			assert_type(&state, GIB(1) + MIB(256), expected[a][b]);
			check_all(&state, 100);
		}
	}
}

static void three_overlap(void **unused)
{
	struct mtrr_state state = make_state(UC | E, 36);

	(void)unused;
	add(&state, 0, GIB(4), WB);
	add(&state, 0, GIB(2), WT);
	add(&state, 0, GIB(1), WB);
	assert_type(&state, 0, WT);
	assert_type(&state, GIB(1), WT);
	assert_type(&state, GIB(2), WB);
	add(&state, 0, MIB(1), WC);
	assert_type(&state, 0, UC);
	assert_type(&state, MIB(1), WT);
	add(&state, MIB(2), MIB(2), UC);
	assert_type(&state, MIB(2), UC);
	assert_type(&state, MIB(4), WT);
}

/* A PC with 8 GiB as firmware often sets it: default UC, WB over RAM, UC holes in it. */
static void a_usual_pc(void **unused)
{
	struct mtrr_state state = make_state(UC | E | FE, 39);

	(void)unused;
	memset(state.fixed, WB, sizeof(state.fixed));
	state.fixed[2] = 0;			/* A0000h to BFFFFh */
	state.fixed[3] = 0x0505050505050505ull; /* C0000h to C7FFFh */
	add(&state, 0, GIB(8), WB);
	add(&state, GIB(8), GIB(1), WB);
	add(&state, GIB(8) + MIB(512), MIB(512), UC);
	add(&state, GIB(3), GIB(1), UC);
	add(&state, GIB(3) - MIB(16), MIB(16), UC);
	add(&state, GIB(2), MIB(256), WC);
	assert_type(&state, 0, WB);
	assert_type(&state, 0x9ffff, WB);
	assert_type(&state, 0xa0000, UC);
	assert_type(&state, 0xc0000, WP);
	assert_type(&state, 0xc8000, WB);
	assert_type(&state, MIB(1), WB);
	assert_type(&state, GIB(3) - MIB(16) - 1, WB);
	assert_type(&state, GIB(3) - MIB(16), UC);
	assert_type(&state, 0xfee00000, UC);
	assert_type(&state, GIB(4) - 1, UC);
	assert_type(&state, GIB(4), WB);
	assert_type(&state, GIB(8) + MIB(512) - 1, WB);
	assert_type(&state, GIB(8) + MIB(512), UC);
	assert_type(&state, GIB(9), UC);
	/* 88 sub-ranges and a few steps for six ranges, not one step for each page. */
	assert_in_range(check_all(&state, 1000), 88, 110);
}

/* Default WB with UC below 4 GiB, as newer firmware has it. */
static void border_at_4_gib(void **unused)
{
	uint64_t bytes;

	(void)unused;
	for (unsigned int bits = 36; bits <= 52; bits++) {
		struct mtrr_state state = make_state(WB | E, bits);

		add(&state, GIB(4) - MIB(512), MIB(512), UC);
		assert_type(&state, GIB(4) - MIB(512) - 1, WB);
		assert_int_equal(memory_type_at(&state, MIB(1), &bytes), WB);
		assert_int_equal(bytes, GIB(4) - MIB(512) - MIB(1));
		assert_int_equal(memory_type_at(&state, GIB(4) - MIB(512), &bytes), UC);
		assert_int_equal(bytes, MIB(512));
		assert_int_equal(memory_type_at(&state, GIB(4), &bytes), WB);
		assert_int_equal(bytes, (1ull << bits) - GIB(4));
		assert_int_equal(check_all(&state, 100), 3);
	}
}

/* A mask made for 36 bits on a wider CPU is in force again every 64 GiB: that is what it says. */
static void mask_without_upper_bits(void **unused)
{
	struct mtrr_state state = make_state(WB | E, 40);
	uint64_t bytes;

	(void)unused;
	add_raw(&state, (GIB(4) - MIB(512)) | UC, (width_mask(36) & ~(MIB(512) - 1)) | VALID);
	assert_type(&state, GIB(4) - 1, UC);
	assert_type(&state, GIB(64) + GIB(4) - 1, UC);
	assert_type(&state, GIB(64) + GIB(4), WB);
	assert_int_equal(memory_type_at(&state, GIB(4), &bytes), WB);
	assert_int_equal(bytes, GIB(64) - MIB(512));
	assert_int_equal(check_all(&state, 1000), 16 * 2 + 1);
}

/* Bits of base and mask above the CPU's width are nothing. */
static void bits_above_the_width_ignored(void **unused)
{
	struct mtrr_state state = make_state(WB | E, 36);

	(void)unused;
	add_raw(&state, (1ull << 40) | GIB(1) | UC, ~(GIB(1) - 1) | VALID);
	assert_type(&state, GIB(1), UC);
	assert_type(&state, GIB(2), WB);
}

static void mask_with_holes(void **unused)
{
	struct mtrr_state state = make_state(WB | E, 36);
	uint64_t bytes;

	(void)unused;
	/* Every other MiB of the GiB at 2 GiB: bit 20 decides, bits 21 to 29 are free. */
	add_raw(&state, GIB(2) | MIB(1) | UC, (width_mask(36) & ~(GIB(1) - 1)) | MIB(1) | VALID);
	assert_type(&state, GIB(2), WB);
	assert_type(&state, GIB(2) + MIB(1), UC);
	assert_type(&state, GIB(2) + MIB(2), WB);
	assert_type(&state, GIB(3) - 1, UC);
	assert_type(&state, GIB(3) + MIB(1), WB);
	assert_int_equal(memory_type_at(&state, 0, &bytes), WB);
	assert_int_equal(bytes, GIB(2) + MIB(1));
	assert_int_equal(memory_type_at(&state, GIB(3), &bytes), WB);
	assert_int_equal(bytes, GIB(64) - GIB(3));
	assert_int_equal(check_all(&state, 2000), 2 * 512 + 1);
}

static void mask_of_nothing_is_everything(void **unused)
{
	struct mtrr_state state = make_state(WB | E, 36);
	uint64_t bytes;

	(void)unused;
	add_raw(&state, GIB(5) | WT, VALID);
	assert_int_equal(memory_type_at(&state, 0, &bytes), WT);
	assert_int_equal(bytes, GIB(64));
}

static void single_page_range(void **unused)
{
	struct mtrr_state state = make_state(WB | E, 52);
	uint64_t bytes;

	(void)unused;
	add(&state, (1ull << 52) - PAGE, PAGE, UC);
	assert_int_equal(memory_type_at(&state, 0, &bytes), WB);
	assert_int_equal(bytes, (1ull << 52) - PAGE);
	assert_int_equal(memory_type_at(&state, (1ull << 52) - PAGE, &bytes), UC);
	assert_int_equal(bytes, PAGE);
}

static void reserved_types_become_uc(void **unused)
{
	struct mtrr_state state = make_state(2 | E | FE, 36);

	(void)unused;
	memset(state.fixed, 7, sizeof(state.fixed));
	assert_type(&state, 0, UC);
	assert_type(&state, GIB(1), UC);
	state.default_type = WB | E;
	add(&state, GIB(1), GIB(1), 3);
	assert_type(&state, GIB(1), UC);
	add(&state, GIB(1), GIB(1), WB);
	assert_type(&state, GIB(1), UC);
}

static uint64_t random_mask(unsigned int bits)
{
	uint64_t mask = width_mask(bits) & ~(PAGE - 1);

	switch (random64() % 4) {
	case 0: /* contiguous */
		return mask & ~((1ull << (12 + random64() % (bits - 12))) - 1);
	case 1: /* a few holes */
		return mask & ~(1ull << random64() % bits) & ~(1ull << random64() % bits);
	case 2: /* sparse */
		return mask & random64() & random64();
	default:
		return mask & random64();
	}
}

static struct mtrr_state random_state(void)
{
	static const unsigned int types[] = {UC, WC, WT, WP, WB, WB, WT, 2};
	struct mtrr_state state =
		make_state(types[random64() % 8] | E, 32 + (unsigned int)(random64() % 21));
	unsigned int count = (unsigned int)(random64() % 11);

	if (random64() % 2)
		state.default_type |= FE;
	if (random64() % 8 == 0)
		state.capability &= ~MTRRCAP_FIX;
	for (unsigned int i = 0; i < MTRR_FIXED_COUNT; i++) {
		for (unsigned int byte = 0; byte < 8; byte++)
			state.fixed[i] = state.fixed[i] << 8 | types[random64() % 8];
	}
	for (unsigned int i = 0; i < count; i++)
		add_raw(&state,
			(random64() & width_mask(state.physical_bits) & ~(PAGE - 1)) |
				types[random64() % 8],
			random_mask(state.physical_bits) | (random64() % 8 ? VALID : 0));
	return state;
}

static void random_states_against_naive(void **unused)
{
	(void)unused;
	seed = 0x5117;
	for (unsigned int round = 0; round < 3000; round++) {
		struct mtrr_state state = random_state();

		check_all(&state, 20);
		for (unsigned int i = 0; i < 20; i++)
			check_at(&state, random64() & width_mask(state.physical_bits));
	}
}

/* All pages of a 32-bit space, so that no length can overclaim between samples. */
static void every_page_of_a_small_space(void **unused)
{
	(void)unused;
	seed = 0x1117;
	for (unsigned int round = 0; round < 12; round++) {
		struct mtrr_state state = random_state();
		uint64_t address = 0;

		state.physical_bits = 32;
		while (address < GIB(4)) {
			uint64_t bytes;
			unsigned int type = memory_type_at(&state, address, &bytes);
			uint64_t end = address + bytes;

			assert_true(bytes > 0 && end <= GIB(4));
			for (; address < end; address += PAGE) {
				if (naive_type(&state, address) != type)
					fail_msg("type at %llx", (unsigned long long)address);
			}
		}
	}
}

static void check_accepts_sound_states(void **unused)
{
	struct mtrr_state state = make_state(UC | E | FE, 36);
	uint32_t msr = 1;

	(void)unused;
	memset(state.fixed, WB, sizeof(state.fixed));
	add(&state, 0, GIB(4), WB);
	add(&state, GIB(3), GIB(1), UC);
	add(&state, GIB(1), GIB(1), WT);
	add(&state, GIB(4), GIB(1), WC);
	assert_null(mtrr_state_check(&state, &msr));
	assert_int_equal(msr, 0);

	/* Values that are not in force don't matter. */
	add_raw(&state, 0xff, 0);
	assert_null(mtrr_state_check(&state, &msr));
	state.default_type = UC | E;
	state.fixed[4] = 0x77;
	assert_null(mtrr_state_check(&state, &msr));
	state.default_type = 0xff;
	assert_null(mtrr_state_check(&state, &msr));
}

static void check_names_what_is_wrong(void **unused)
{
	const struct mtrr_state sound = make_state(WB | E | FE, 36);
	struct mtrr_state state;
	uint32_t msr;

	(void)unused;
#define EXPECT(words, number)                                         \
	do {                                                          \
		const char *problem = mtrr_state_check(&state, &msr); \
                                                                      \
		assert_non_null(problem);                             \
		assert_non_null(strstr(problem, words));              \
		assert_int_equal(msr, number);                        \
	} while (0)

	state = sound;
	state.physical_bits = 53;
	EXPECT("width", 0);
	state = sound;
	state.physical_bits = 31;
	EXPECT("width", 0);
	state = sound;
	state.variable_count = MTRR_VARIABLE_MAX + 1;
	EXPECT("more variable ranges", 0);
	state = sound;
	state.variable_count = 1;
	EXPECT("number of variable ranges", 0);
	state = sound;
	state.default_type = 2 | E;
	EXPECT("reserved memory type", 0x2ff);
	state = sound;
	state.default_type |= 1 << 8;
	EXPECT("reserved bits", 0x2ff);
	state = sound;
	state.default_type = WC | E;
	state.capability &= ~MTRRCAP_WC;
	EXPECT("write-combining", 0x2ff);

	static const uint32_t fixed_msrs[] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26a,
					      0x26b, 0x26c, 0x26d, 0x26e, 0x26f};

	for (unsigned int i = 0; i < MTRR_FIXED_COUNT; i++) {
		for (unsigned int byte = 0; byte < 8; byte++) {
			state = sound;
			state.fixed[i] = 3ull << (8 * byte);
			EXPECT("reserved memory type", fixed_msrs[i]);
		}
	}

	state = sound;
	add(&state, 0, GIB(1), WB);
	add(&state, GIB(1), GIB(1), 7);
	EXPECT("reserved memory type", 0x202);
	state = sound;
	add_raw(&state, 0x100 | WB, VALID);
	EXPECT("reserved bits", 0x200);
	state = sound;
	add_raw(&state, (1ull << 36) | WB, VALID);
	EXPECT("reserved bits", 0x200);
	state = sound;
	add_raw(&state, WB, (1ull << 36) | VALID);
	EXPECT("reserved bits", 0x201);
	state = sound;
	add(&state, 0, GIB(1), WC);
	add(&state, GIB(2), GIB(1), WB);
	add(&state, 0, GIB(4), WT);
	EXPECT("undefined", 0x205);
#undef EXPECT
}

static void names(void **unused)
{
	(void)unused;
	assert_string_equal(memory_type_name(0), "UC");
	assert_string_equal(memory_type_name(1), "WC");
	assert_string_equal(memory_type_name(2), "reserved");
	assert_string_equal(memory_type_name(3), "reserved");
	assert_string_equal(memory_type_name(4), "WT");
	assert_string_equal(memory_type_name(5), "WP");
	assert_string_equal(memory_type_name(6), "WB");
	assert_string_equal(memory_type_name(7), "reserved");
	assert_string_equal(memory_type_name(0x106), "reserved");
	for (uint64_t type = 0; type < 300; type++)
		assert_int_equal(memory_type_valid(type),
				 strcmp(memory_type_name(type), "reserved") != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(disabled_is_uc),
		cmocka_unit_test(default_type_alone),
		cmocka_unit_test(beyond_the_width_is_uc),
		cmocka_unit_test(fixed_sub_ranges),
		cmocka_unit_test(fixed_ranges_off),
		cmocka_unit_test(overlaps),
		cmocka_unit_test(three_overlap),
		cmocka_unit_test(a_usual_pc),
		cmocka_unit_test(border_at_4_gib),
		cmocka_unit_test(mask_without_upper_bits),
		cmocka_unit_test(bits_above_the_width_ignored),
		cmocka_unit_test(mask_with_holes),
		cmocka_unit_test(mask_of_nothing_is_everything),
		cmocka_unit_test(single_page_range),
		cmocka_unit_test(reserved_types_become_uc),
		cmocka_unit_test(random_states_against_naive),
		cmocka_unit_test(every_page_of_a_small_space),
		cmocka_unit_test(check_accepts_sound_states),
		cmocka_unit_test(check_names_what_is_wrong),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests_name("memory_type", tests, NULL, NULL);
}
