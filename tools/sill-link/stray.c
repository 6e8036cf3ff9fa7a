/* SPDX-License-Identifier: MIT */
/* Text on the line that is in no frame. */
#include <stdbool.h>
#include <string.h>

#include "tools/sill-link/stray.h"

/* Microseconds of silence after which text is text, though its line or its frame has no end. */
#define SILENCE 300000u

/* Bytes of text that no piece of a frame is likely to begin with by chance. */
#define PIECE 16u

static uint8_t bytes[FRAME_ENCODED_MAX];
static size_t size;	   /* since the last delimiter */
static size_t odd;	   /* of these: no text */
static size_t shown;	   /* of these: shown already */
static bool longer;	   /* there were more since the last delimiter than any frame has */
static uint64_t last_time; /* of the last byte */

static bool is_text(uint8_t byte)
{
	/* Escape, too: firmware likes to colour its text. */
	return (byte >= ' ' && byte <= '~') || (byte >= '\b' && byte <= '\r') || byte == 0x1b;
}

static void show_up_to(size_t end, stray_show *show)
{
	if (end > shown)
		show(bytes + shown, end - shown);
	shown = end > shown ? end : shown;
}

static void forget(void)
{
	size = odd = shown = 0;
}

/*
 * Without a session a few bytes may be wrong. With one they are more likely to be what noise has
 * left of a frame, which will come again: a piece of it can look like text if it is short.
 */
static bool looks_like_text(bool up, size_t least)
{
	if (up)
		return size >= least && odd == 0;
	return size > 0 && odd <= size / 16 && (longer || is_text(bytes[0]));
}

void stray_byte(uint8_t byte, enum frame_event event, bool up, uint64_t now, stray_show *show)
{
	last_time = now;
	if (byte == 0) {
		if (event == FRAME_BAD && looks_like_text(up, PIECE))
			show_up_to(size, show);
		forget();
		longer = false;
		return;
	}
	if (size == sizeof(bytes)) {
		if (looks_like_text(up, PIECE))
			show_up_to(size, show);
		forget();
		longer = true;
	}
	bytes[size++] = byte;
	if (!is_text(byte))
		odd++;
	if (!up && byte == '\n' && looks_like_text(up, 1))
		show_up_to(size, show);
}

/* Whether there is something that is shown if nothing follows it for a while. */
static bool waits(bool up)
{
	/* With a session only whole lines: another end that is alive goes on by itself. */
	return size > shown && looks_like_text(up, 1) && (!up || memchr(bytes, '\n', size) != NULL);
}

void stray_look(bool up, uint64_t now, stray_show *show)
{
	if (waits(up) && now - last_time >= SILENCE)
		show_up_to(size, show);
}

uint64_t stray_due(bool up)
{
	return waits(up) ? last_time + SILENCE : UINT64_MAX;
}

void stray_flush(bool up, stray_show *show)
{
	if (looks_like_text(up, PIECE))
		show_up_to(size, show);
	forget();
	longer = false;
}
