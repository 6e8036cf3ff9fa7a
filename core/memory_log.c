/* SPDX-License-Identifier: MIT */
/* Sill's lines in memory; see core/memory_log.h. */
#include "core/memory_log.h"

#include "core/text_ring.h"

static char memory[MEMORY_LOG_SIZE];
static struct text_ring memory_log = {.memory = memory, .size = sizeof(memory)};

void memory_log_append(const char *text, size_t length)
{
	text_ring_append(&memory_log, text, length);
}

size_t memory_log_read(uint64_t *from, char *to, size_t room)
{
	return text_ring_read(&memory_log, from, to, room);
}
