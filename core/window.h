/* SPDX-License-Identifier: MIT */
/*
 * The window: the one way to reach memory that is not Sill's own (a guest's pages, the loader's
 * files, ACPI tables). A page is mapped, bytes are copied, the mapping is taken away; nothing of
 * it outlives the call, and nobody holds a pointer into foreign memory.
 */
#ifndef SILL_CORE_WINDOW_H
#define SILL_CORE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once, after memory_start(). Of use on a CPU that cpu_setup() has set up. */
void window_start(void);

/* The range must be RAM or readable device memory of this machine; callers check before. */
void physical_read(uint64_t physical, void *to, size_t size);
void physical_write(uint64_t physical, const void *from, size_t size);
void physical_zero(uint64_t physical, uint64_t size);
void physical_copy(uint64_t to, uint64_t from, uint64_t size);

/* One naturally aligned word of 4 or 8 bytes, in one access. */
uint64_t physical_load(uint64_t physical, size_t size);

/* Replaces such a word if it still has the expected value, atomically; false if it hasn't. */
bool physical_replace(uint64_t physical, size_t size, uint64_t expected, uint64_t value);

/* Stores 1, 2, 4 or 8 bytes that are not across a page's end, by one instruction. */
void physical_store(uint64_t physical, size_t size, uint64_t value);

/* 8 bytes of memory that are not across a page's end, and what was found there. */
struct physical_word {
	uint64_t physical, value;
};

/* Whether all of these words still have their values, each read in one access. */
bool physical_words_hold(const struct physical_word *words, size_t count);

/*
 * For work on more of a page than is worth copying: calls visit with the page at `physical` mapped,
 * writable. The guest may change it meanwhile, so visit reads each word once, and no pointer to it
 * outlives the call.
 */
uint64_t physical_visit(uint64_t physical, uint64_t (*visit)(void *context, void *page),
			void *context);

#endif
