/* SPDX-License-Identifier: MIT */
/*
 * Bytes that wait: a ring of a power of 2 of them. head and tail count bytes since the start and
 * wrap at 2^32. One owner at a time; pure.
 */
#ifndef SILL_LINK_QUEUE_H
#define SILL_LINK_QUEUE_H

#include <stddef.h>
#include <stdint.h>

struct queue {
	uint8_t *memory;
	uint32_t size; /* bytes, a power of 2; 0: nothing can wait */
	uint32_t head; /* bytes ever put in */
	uint32_t tail; /* bytes ever taken out */
};

static inline uint32_t queue_used(const struct queue *queue)
{
	return queue->head - queue->tail;
}

static inline uint32_t queue_room(const struct queue *queue)
{
	return queue->size - queue_used(queue);
}

/* Where the next bytes go, and in *size how many of them there is room for without a break. */
static inline uint8_t *queue_space(const struct queue *queue, uint32_t *size)
{
	uint32_t at = queue->head & (queue->size - 1);
	uint32_t unbroken = queue->size - at;

	*size = queue_room(queue) < unbroken ? queue_room(queue) : unbroken;
	return queue->memory + at;
}

/* They are there now: size is at most what queue_space() said. */
static inline void queue_filled(struct queue *queue, uint32_t size)
{
	queue->head += size;
}

/* The bytes from position `from` on (tail to head), and in *size how many without a break. */
static inline const uint8_t *queue_bytes_from(const struct queue *queue, uint32_t from,
					      uint32_t *size)
{
	uint32_t at = from & (queue->size - 1);
	uint32_t unbroken = queue->size - at;
	uint32_t rest = queue->head - from;

	*size = rest < unbroken ? rest : unbroken;
	return queue->memory + at;
}

/* The next bytes to be taken, and in *size how many without a break. */
static inline const uint8_t *queue_bytes(const struct queue *queue, uint32_t *size)
{
	return queue_bytes_from(queue, queue->tail, size);
}

/* They have been taken: size is at most queue_used(). */
static inline void queue_taken(struct queue *queue, uint32_t size)
{
	queue->tail += size;
}

/* As many of size bytes as there is room for; answers how many. */
uint32_t queue_put(struct queue *queue, const void *from, uint32_t size);

/* As many bytes as there are, up to size; answers how many. */
uint32_t queue_get(struct queue *queue, void *to, uint32_t size);

#endif
