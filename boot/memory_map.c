/* SPDX-License-Identifier: MIT */
/* Memory-map translation; see boot/memory_map.h. */
#include "boot/memory_map.h"

#include <stdbool.h>
#include <stddef.h>

#include "sill/errno.h"

/* How little a kind promises; of two kinds in one range the larger number holds for both. */
static unsigned int restriction(uint32_t kind)
{
	static const unsigned char of[] = {
		[SILL_MEMORY_FREE] = 0,	    [SILL_MEMORY_BOOT_SERVICES] = 1,
		[SILL_MEMORY_LOADER] = 2,   [SILL_MEMORY_ACPI] = 3,
		[SILL_MEMORY_RUNTIME] = 4,  [SILL_MEMORY_MMIO] = 5,
		[SILL_MEMORY_RESERVED] = 6,
	};

	return kind < sizeof(of) ? of[kind] : of[SILL_MEMORY_RESERVED];
}

static uint64_t end_of(const struct sill_memory_range *range)
{
	return range->range.base + range->range.size;
}

static bool same(const struct sill_memory_range *a, const struct sill_memory_range *b)
{
	return a->kind == b->kind && a->executable == b->executable;
}

/* a takes b, which begins inside a or where it ends. */
static void join(struct sill_memory_range *a, const struct sill_memory_range *b)
{
	uint64_t end = end_of(a) > end_of(b) ? end_of(a) : end_of(b);

	a->range.size = end - a->range.base;
	if (restriction(b->kind) > restriction(a->kind))
		a->kind = b->kind;
	a->executable |= b->executable;
}

static void sort(struct sill_memory_range *ranges, uint32_t count)
{
	/* Firmware mostly sorts its map already, and there are some hundreds of ranges at most. */
	for (uint32_t i = 1; i < count; i++) {
		struct sill_memory_range range = ranges[i];
		uint32_t at = i;

		for (; at > 0 && ranges[at - 1].range.base > range.range.base; at--)
			ranges[at] = ranges[at - 1];
		ranges[at] = range;
	}
}

int memory_map_normalise(struct sill_memory_range *ranges, uint32_t *count, uint32_t limit)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < *count; i++) {
		uint64_t end;

		if (ranges[i].range.size == 0)
			continue;
		if (__builtin_add_overflow(ranges[i].range.base, ranges[i].range.size, &end))
			return -SILL_EINVAL;
		ranges[used++] = ranges[i];
	}
	*count = used;
	sort(ranges, used);

	used = 0;
	for (uint32_t i = 0; i < *count; i++) {
		struct sill_memory_range *last = used > 0 ? &ranges[used - 1] : NULL;

		if (last != NULL &&
		    (end_of(last) > ranges[i].range.base ||
		     (end_of(last) == ranges[i].range.base && same(last, &ranges[i]))))
			join(last, &ranges[i]);
		else
			ranges[used++] = ranges[i];
	}

	while (used > limit) {
		uint32_t best = used;
		uint64_t best_size = UINT64_MAX;

		/* The pair of neighbours that says something false about the fewest bytes. */
		for (uint32_t i = 0; i + 1 < used; i++) {
			bool first_changes =
				restriction(ranges[i].kind) < restriction(ranges[i + 1].kind);
			uint64_t size = ranges[first_changes ? i : i + 1].range.size;

			if (end_of(&ranges[i]) == ranges[i + 1].range.base && size < best_size) {
				best = i;
				best_size = size;
			}
		}
		if (best == used)
			return -SILL_ENOSPC;
		join(&ranges[best], &ranges[best + 1]);
		for (uint32_t i = best + 1; i + 1 < used; i++)
			ranges[i] = ranges[i + 1];
		used--;
	}
	*count = used;
	return 0;
}
