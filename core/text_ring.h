/* SPDX-License-Identifier: MIT */
/*
 * Text that is kept for who asks later: the last so many bytes of it, at positions that count from
 * the first byte ever. Written and read on any CPU.
 */
#ifndef SILL_CORE_TEXT_RING_H
#define SILL_CORE_TEXT_RING_H

#include "core/spinlock.h"

#include <stddef.h>
#include <stdint.h>

struct text_ring {
	struct spinlock lock; /* of core/output_lock.h */
	char *memory;
	size_t size;  /* bytes that are kept; 0: none */
	uint64_t end; /* the position after the last byte */
};

void text_ring_append(struct text_ring *ring, const char *text, size_t length);

/*
 * As many bytes as there are from position *from on, at most room of them; answers how many. *from
 * is moved to where they begin: later if older ones are gone, and not beyond the end.
 */
size_t text_ring_read(struct text_ring *ring, uint64_t *from, char *to, size_t room);

#endif
