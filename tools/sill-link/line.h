/* SPDX-License-Identifier: MIT */
/* The line to Sill: a device or a socket that may vanish, and is looked for until it is back. */
#ifndef SILL_TOOLS_LINK_LINE_H
#define SILL_TOOLS_LINK_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/sill-link/options.h"

/* Understands LINE, and opens it if it is there. An exit status if that is no use, else -1. */
int line_begin(const struct options *options);

/* Looks for the line if it is away. true: it was joined just now. */
bool line_look(uint64_t now);

bool line_is_joined(void);
/* It was joined once, and is away now. */
bool line_is_lost(void);

/* The bytes that have arrived, at most size; 0: none now. */
size_t line_read(uint8_t *to, size_t size, uint64_t now);

/* Where bytes for the line go, and how many; 0 while older ones wait for the line. */
uint8_t *line_space(size_t *size);
void line_filled(size_t size);
/* It takes nothing now; it wakes us when it does. */
bool line_is_full(void);
/* Sends what is there. true: it went, and there is room again. */
bool line_send(void);

/* When line_look() is to be called though nothing arrives. */
uint64_t line_due(void);

void line_end(void);

#endif
