/* SPDX-License-Identifier: MIT */
/* Text that is kept for who asks later; see core/text_ring.h. */
#include "core/text_ring.h"

#include "core/output_lock.h"

void text_ring_append(struct text_ring *ring, const char *text, size_t length)
{
	if (ring->size == 0)
		return;
	output_lock(&ring->lock);
	for (size_t i = 0; i < length; i++)
		ring->memory[ring->end++ % ring->size] = text[i];
	output_unlock(&ring->lock);
}

size_t text_ring_read(struct text_ring *ring, uint64_t *from, char *to, size_t room)
{
	uint64_t oldest, length;

	output_lock(&ring->lock);
	oldest = ring->end > ring->size ? ring->end - ring->size : 0;
	if (*from < oldest)
		*from = oldest;
	if (*from > ring->end)
		*from = ring->end;
	length = ring->end - *from;
	if (length > room)
		length = room;
	for (uint64_t i = 0; i < length; i++)
		to[i] = ring->memory[(*from + i) % ring->size];
	output_unlock(&ring->lock);
	return length;
}
