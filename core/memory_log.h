/* SPDX-License-Identifier: MIT */
/*
 * Sill's lines in memory: the last 16 KiB of them, for those who ask later and for machines without
 * a console. Bytes have positions, counted from the first line since start; they never wrap. Pure.
 */
#ifndef SILL_CORE_MEMORY_LOG_H
#define SILL_CORE_MEMORY_LOG_H

#include <stddef.h>
#include <stdint.h>

#define MEMORY_LOG_SIZE 16384u

/* Adds text, all of it or, of more than MEMORY_LOG_SIZE bytes, the end. On any CPU. */
void memory_log_append(const char *text, size_t length);

/*
 * Copies up to room bytes, from position *from on, and returns how many it copied; *from is then
 * the position of the first one: the oldest byte that is left if the wanted one is not, the log's
 * end (and nothing is copied) if there is none yet. On any CPU, while others write.
 */
size_t memory_log_read(uint64_t *from, char *to, size_t room);

#endif
