/* SPDX-License-Identifier: MIT */
/* How far a transfer has come: a bar on a terminal. And numbers of bytes for people. */
#ifndef SILL_TOOLS_PROGRESS_H
#define SILL_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool wanted;	   /* standard error is a terminal, and nobody asked for quiet */
	uint64_t total;	   /* bytes; 0: not known */
	uint64_t begin_us; /* when the first bytes moved */
	uint64_t shown_us; /* when it was shown last; 0: it was not */
};

/* Shows it if it has taken longer than a second and was not shown just now. */
void progress_show(struct progress *progress, uint64_t bytes, uint64_t now);

/* Wipes it from the terminal. */
void progress_end(struct progress *progress);

#define AMOUNT_TEXT_SIZE 32u
/* "812 bytes", "11.2 KiB", …: text holds AMOUNT_TEXT_SIZE bytes, and is the answer. */
const char *amount_text(char *text, uint64_t bytes);

/* Bytes a second; 0 if no time has passed. */
uint64_t rate_of(uint64_t bytes, uint64_t us);

#endif
