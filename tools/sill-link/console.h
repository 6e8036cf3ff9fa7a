/* SPDX-License-Identifier: MIT */
/*
 * Sill's console: stream 0, and plain text that comes over the line outside of frames, goes to
 * standard output; what is typed goes to Sill.
 */
#ifndef SILL_TOOLS_LINK_CONSOLE_H
#define SILL_TOOLS_LINK_CONSOLE_H

#include "link/link.h"
#include "tools/sill-link/options.h"

void console_begin(struct link *link, const struct options *options);

/* Each byte of the line, with what the link says of it. */
void console_line_byte(uint8_t byte, enum frame_event event, uint64_t now);

/* The line is gone: there will be no more of what has begun. */
void console_line_lost(void);

/* false: standard output is gone, which it has said. */
bool console_work(uint64_t now);
uint64_t console_due(void);

/* Ctrl-] was typed. */
bool console_wants_to_leave(void);

/* Writes what it still has, and gives the terminal back as it was. */
void console_end(void);

#endif
