/* SPDX-License-Identifier: MIT */
/* Sill's lines in memory; see core/memory_log.h. */
#include "core/memory_log.h"

#include "core/output_lock.h"
#include "core/string.h"

static struct {
	struct spinlock lock;
	uint64_t end; /* the position after the last byte */
	char ring[MEMORY_LOG_SIZE];
} memory_log;

void memory_log_append(const char *text, size_t length)
{
	output_lock(&memory_log.lock);
	for (size_t i = 0; i < length; i++)
		memory_log.ring[memory_log.end++ % MEMORY_LOG_SIZE] = text[i];
	output_unlock(&memory_log.lock);
}

size_t memory_log_read(uint64_t *from, char *to, size_t room)
{
	uint64_t oldest, length;

	output_lock(&memory_log.lock);
	oldest = memory_log.end > MEMORY_LOG_SIZE ? memory_log.end - MEMORY_LOG_SIZE : 0;
	if (*from < oldest)
		*from = oldest;
	if (*from > memory_log.end)
		*from = memory_log.end;
	length = memory_log.end - *from;
	if (length > room)
		length = room;
	for (uint64_t i = 0; i < length; i++)
		to[i] = memory_log.ring[(*from + i) % MEMORY_LOG_SIZE];
	output_unlock(&memory_log.lock);
	return length;
}
