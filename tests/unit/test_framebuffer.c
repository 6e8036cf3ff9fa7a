/* SPDX-License-Identifier: MIT */
/* UNIT: core/framebuffer.c */
/* Text on a framebuffer of exactly the size it says, so that any pixel outside is seen by ASan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/framebuffer.h"
#include "core/memory.h"

/* A font whose glyphs can be told apart: each line of a glyph is its character's code. */
uint8_t font_glyphs[94][16];
static uint32_t *pixels;
static uint64_t mapped_size;
static uint32_t mapped_pat;

void *memory_map_device(uint64_t physical, uint64_t size, uint32_t pat_index)
{
	assert_int_equal(physical, 0xc0000000);
	mapped_size = size;
	mapped_pat = pat_index;
	free(pixels);
	pixels = malloc(size);
	memset(pixels, 0xa5, size);
	return pixels;
}

static void fill_font(void)
{
	for (unsigned int c = '!'; c <= '~'; c++)
		memset(font_glyphs[c - '!'], (int)c, 16);
}

/* What stands in a cell: the character, ' ', or 0 if the pixels make no sense. */
static char cell(const struct sill_framebuffer *f, unsigned int row, unsigned int column)
{
	int shown = -1;

	for (unsigned int y = 0; y < 16; y++) {
		const uint32_t *line = pixels + (row * 16 + y) * (f->pitch / 4) + column * 8;
		int bits = 0;

		for (unsigned int x = 0; x < 8; x++) {
			if (line[x] != 0 && line[x] != 0x00c0c0c0)
				return 0;
			bits = bits << 1 | (line[x] != 0);
		}
		if (shown >= 0 && bits != shown)
			return 0;
		shown = bits;
	}
	return shown == 0 ? ' ' : (char)shown;
}

static void assert_row(const struct sill_framebuffer *f, unsigned int row, const char *text)
{
	for (unsigned int i = 0; i < f->width / 8; i++) {
		char expected = i < strlen(text) ? text[i] : ' ';

		if (cell(f, row, i) != expected)
			fail_msg("row %u, column %u: '%c' (%d), not '%c'", row, i, cell(f, row, i),
				 cell(f, row, i), expected);
	}
}

static void put(const char *text)
{
	while (*text != '\0')
		framebuffer_put(*text++);
}

static struct sill_framebuffer small(void)
{
	return (struct sill_framebuffer){
		.range = {0xc0000000, 100 * 4 * 70},
		.format = SILL_PIXEL_BGR,
		.width = 84,  /* ten columns, and four pixels that belong to none */
		.height = 70, /* four rows, and six lines */
		.pitch = 400,
	};
}

static void shows_text(void **state)
{
	struct sill_framebuffer f = small();

	(void)state;
	framebuffer_start(&f);
	assert_true(framebuffer_present());
	assert_int_equal(mapped_size, 400 * 70);
	assert_int_equal(mapped_pat, 1); /* write-combining */
	for (unsigned int row = 0; row < 4; row++)
		assert_row(&f, row, "");

	put("Hi\nSill\x80\x01");
	assert_row(&f, 0, "Hi");
	assert_row(&f, 1, "Sill??");
	put("\rX\b\bY\n");
	assert_row(&f, 1, "Yill??");
	put("a\tb");
	assert_row(&f, 2, "a       b");
	put("\r0123456789AB");
	assert_row(&f, 2, "0123456789");
	assert_row(&f, 3, "AB");
}

static void moves_up_when_full(void **state)
{
	struct sill_framebuffer f = small();

	(void)state;
	framebuffer_start(&f);
	put("\n\n\n\n\n\n\n\n"); /* whatever another test left */
	put("one\ntwo\nthree\nfour\nfive");
	/* By a third of the screen and one more: what is left ends with the newest line. */
	for (unsigned int row = 0; row < 4; row++) {
		if (cell(&f, row, 0) == 'f' && cell(&f, row, 2) == 'v') {
			assert_true(row > 0);
			assert_row(&f, row - 1, "four");
			return;
		}
	}
	fail_msg("the newest line is not shown");
}

static void margins_are_never_drawn(void **state)
{
	struct sill_framebuffer f = small();

	(void)state;
	framebuffer_start(&f);
	for (unsigned int i = 0; i < 1000; i++)
		framebuffer_put((char)('!' + i % 94));
	for (unsigned int y = 0; y < f.height; y++) {
		for (unsigned int x = 80; x < 100; x++)
			assert_int_equal(pixels[y * 100 + x], 0xa5a5a5a5);
	}
	for (unsigned int y = 64; y < f.height; y++)
		assert_int_equal(pixels[y * 100], 0xa5a5a5a5);
}

/* Runs first: none of these becomes the screen. */
static void leaves_senseless_ones_alone(void **state)
{
	struct sill_framebuffer f;

	(void)state;
#define REFUSED(change)                              \
	do {                                         \
		f = small();                         \
		change;                              \
		framebuffer_start(&f);               \
		framebuffer_put('x');                \
		assert_false(framebuffer_present()); \
	} while (0)
	REFUSED(f.format = SILL_PIXEL_NONE);
	REFUSED(f.width = 7);
	REFUSED(f.width = 101);
	REFUSED(f.width = 16385);
	REFUSED(f.height = 63);
	REFUSED(f.height = 16385);
	REFUSED(f.height = 71);
	REFUSED(f.pitch = 402);
	REFUSED(f.pitch = 0);
	REFUSED(f.pitch = 0xfffffffc);
	REFUSED(f.range.size--);
#undef REFUSED
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_senseless_ones_alone),
		cmocka_unit_test(shows_text),
		cmocka_unit_test(moves_up_when_full),
		cmocka_unit_test(margins_are_never_drawn),
	};

	fill_font();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
