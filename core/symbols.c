/* SPDX-License-Identifier: MIT */
/* Names for code addresses; see core/symbols.h. */
#include "core/symbols.h"

#include "core/format.h"
#include "core/string.h"

#include <stdbool.h>
#include <stddef.h>

extern const char text_begin[], text_end[]; /* linker.ld */

/*
 * Made by scripts/symbols, empty in the first of the two links: in ascending order, how far each
 * function begins behind the one before it (the first: behind text_begin), and the names one after
 * another: a byte that says how much the name shares with the one before it, the rest, a NUL.
 * Small rather than fast: only a panic looks here.
 */
extern const uint32_t symbol_count;
extern const uint16_t symbol_distances[];
extern const char symbol_names[];

const char *symbol_find(uint64_t address, uint64_t *offset)
{
	uint64_t start = (uintptr_t)text_begin;
	static char name[64];
	const char *next = symbol_names;
	bool found = false;

	if (address < (uintptr_t)text_begin || address >= (uintptr_t)text_end)
		return NULL;
	for (uint32_t i = 0; i < symbol_count; i++) {
		start += symbol_distances[i];
		if (start > address)
			break;
		*offset = address - start;
		found = true;
		format(name + *next, sizeof(name) - (size_t)*next, "%s", next + 1);
		next += 1 + strlen(next + 1) + 1;
	}
	return found ? name : NULL;
}
