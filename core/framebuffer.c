/* SPDX-License-Identifier: MIT */
/* Text on the framebuffer; see core/framebuffer.h. */
#include "core/framebuffer.h"

#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/string.h"

#include <stdint.h>

#define GLYPH_WIDTH  8u
#define GLYPH_HEIGHT 16u

/* The printable ASCII characters from '!' on, 16 bytes each: the Spleen font (core/font.asm). */
extern const uint8_t font_glyphs[94][GLYPH_HEIGHT];

#define MAX_COLUMNS 240u
#define MAX_ROWS    135u

#define FOREGROUND  0x00c0c0c0u /* the same grey in both pixel formats */
#define BACKGROUND  0x00000000u

static struct {
	volatile uint32_t *pixels; /* NULL: there is none */
	uint32_t pitch;		   /* in pixels */
	uint32_t columns, rows;
	uint32_t column, row; /* where the next character goes */
} screen;

/* What each cell shows. Reading it back from the framebuffer would be very slow. */
static char cells[MAX_ROWS][MAX_COLUMNS];

bool framebuffer_present(void)
{
	return screen.pixels != NULL;
}

static void draw(uint32_t row, uint32_t column, char character)
{
	static const uint8_t blank[GLYPH_HEIGHT];
	const uint8_t *glyph = character > ' ' ? font_glyphs[character - '!'] : blank;
	volatile uint32_t *line =
		screen.pixels + (size_t)row * GLYPH_HEIGHT * screen.pitch + column * GLYPH_WIDTH;

	if (cells[row][column] == character)
		return;
	cells[row][column] = character;
	for (uint32_t y = 0; y < GLYPH_HEIGHT; y++, line += screen.pitch) {
		for (uint32_t x = 0; x < GLYPH_WIDTH; x++)
			line[x] = (glyph[y] & (0x80u >> x)) != 0 ? FOREGROUND : BACKGROUND;
	}
}

/*
 * Moves the text up by a third of the screen when it is full: redrawing is slow, and doing it for
 * each line would make a fast guest wait for the screen.
 */
static void scroll(void)
{
	uint32_t by = screen.rows / 3 + 1;

	for (uint32_t row = 0; row < screen.rows; row++) {
		for (uint32_t column = 0; column < screen.columns; column++)
			draw(row, column, row + by < screen.rows ? cells[row + by][column] : ' ');
	}
	screen.row = screen.rows - by;
}

static void new_line(void)
{
	screen.column = 0;
	if (++screen.row == screen.rows)
		scroll();
}

void framebuffer_put(char character)
{
	if (screen.pixels == NULL)
		return;
	switch (character) {
	case '\n':
		new_line();
		return;
	case '\r':
		screen.column = 0;
		return;
	case '\b':
		if (screen.column > 0)
			screen.column--;
		return;
	case '\t':
		do {
			framebuffer_put(' ');
		} while (screen.column % 8 != 0);
		return;
	default:
		break;
	}
	if (character < ' ' || character > '~')
		character = '?';
	draw(screen.row, screen.column, character);
	if (++screen.column == screen.columns)
		new_line();
}

void framebuffer_start(const struct sill_framebuffer *framebuffer)
{
	uint64_t needed = (uint64_t)framebuffer->pitch * framebuffer->height;

	if (framebuffer->format == SILL_PIXEL_NONE || framebuffer->width < GLYPH_WIDTH ||
	    framebuffer->height < 4 * GLYPH_HEIGHT || framebuffer->width > 16384 ||
	    framebuffer->height > 16384 || framebuffer->pitch % 4 != 0 ||
	    framebuffer->pitch / 4 < framebuffer->width || framebuffer->range.size < needed)
		return;

	screen.pitch = framebuffer->pitch / 4;
	screen.columns = framebuffer->width / GLYPH_WIDTH;
	screen.rows = framebuffer->height / GLYPH_HEIGHT;
	if (screen.columns > MAX_COLUMNS)
		screen.columns = MAX_COLUMNS;
	if (screen.rows > MAX_ROWS)
		screen.rows = MAX_ROWS;
	screen.pixels =
		memory_map_device(framebuffer->range.base, needed, PAT_INDEX_WRITE_COMBINING);
	if (screen.pixels == NULL)
		return;

	/* The cells start out as NUL, which no cell ever shows: so this draws every blank. */
	for (uint32_t row = 0; row < screen.rows; row++) {
		for (uint32_t column = 0; column < screen.columns; column++)
			draw(row, column, ' ');
	}
}
