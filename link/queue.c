/* SPDX-License-Identifier: MIT */
/* Bytes that wait; see link/queue.h. */
#include "link/queue.h"

#include "core/string.h"

uint32_t queue_put(struct queue *queue, const void *from, uint32_t size)
{
	uint32_t done = 0, room;

	while (done < size) {
		uint8_t *to = queue_space(queue, &room);

		if (room == 0)
			break;
		if (room > size - done)
			room = size - done;
		memcpy(to, (const uint8_t *)from + done, room);
		queue_filled(queue, room);
		done += room;
	}
	return done;
}

uint32_t queue_get(struct queue *queue, void *to, uint32_t size)
{
	uint32_t done = 0, used;

	while (done < size) {
		const uint8_t *from = queue_bytes(queue, &used);

		if (used == 0)
			break;
		if (used > size - done)
			used = size - done;
		memcpy((uint8_t *)to + done, from, used);
		queue_taken(queue, used);
		done += used;
	}
	return done;
}
