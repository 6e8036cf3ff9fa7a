/* SPDX-License-Identifier: MIT */
/* Names for code addresses; see core/symbols.h. */
#include "core/symbols.h"

#include <stddef.h>

extern const char text_begin[], text_end[]; /* linker.ld */

/* Made by scripts/symbols; empty in the first of the two links. In ascending order of offset. */
struct symbol {
	uint32_t offset; /* from text_begin */
	uint32_t name;	 /* offset in symbol_names */
};
extern const uint32_t symbol_count;
extern const struct symbol symbol_table[];
extern const char symbol_names[];

const char *symbol_find(uint64_t address, uint64_t *offset)
{
	uint64_t from_text = address - (uintptr_t)text_begin;
	uint32_t low = 0, high = symbol_count;

	if (address < (uintptr_t)text_begin || address >= (uintptr_t)text_end)
		return NULL;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbol_table[middle].offset <= from_text)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	*offset = from_text - symbol_table[low - 1].offset;
	return symbol_names + symbol_table[low - 1].name;
}
