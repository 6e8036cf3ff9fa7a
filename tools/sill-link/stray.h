/* SPDX-License-Identifier: MIT */
/*
 * Text on the line that is in no frame: firmware, Sill before there is a session, a panic.
 *
 * A frame begins with bytes that no text has: a HELLO's or an ACK's first one is at most 3, as its
 * header holds 0 early on, and a DATA frame's second one is its kind. Without a session there are
 * no others. With one, bytes that look like text could be what noise has left of a frame, which
 * will come again: so only whole pieces of text count then.
 */
#ifndef SILL_TOOLS_LINK_STRAY_H
#define SILL_TOOLS_LINK_STRAY_H

#include <stdbool.h>

#include "link/frame.h"

/* Shows bytes as the console's text. */
typedef void stray_show(const uint8_t *bytes, size_t size);

/* A byte of the line and what the link says of it; up: there is a session. */
void stray_byte(uint8_t byte, enum frame_event event, bool up, uint64_t now, stray_show *show);

/* Shows what has stood there for a while without a delimiter. */
void stray_look(bool up, uint64_t now, stray_show *show);

/* When to call it next. */
uint64_t stray_due(bool up);

/* The line is gone, and with it a delimiter that could come. */
void stray_flush(bool up, stray_show *show);

#endif
