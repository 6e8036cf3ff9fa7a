/* SPDX-License-Identifier: MIT */
/* How much memory Sill takes, and where; see boot/reserve.h. */
#include "boot/reserve.h"

#define PAGE 4096u

/* Whole tables of 512 entries for size bytes, at one entry per span. */
static uint64_t table_bytes(uint64_t size, uint64_t span)
{
	uint64_t per_table = span * 512;

	return (size / per_table + (size % per_table != 0)) * PAGE;
}

/* The image, what any core needs, and extra bytes; 0 if that does not fit into 64 bits. */
static uint64_t arena_size(uint64_t core_size, uint64_t extra)
{
	uint64_t size;

	if (__builtin_add_overflow(core_size, PAGE - 1, &size))
		return 0;
	size &= ~(uint64_t)(PAGE - 1);
	if (__builtin_add_overflow(size, extra, &size) ||
	    __builtin_add_overflow(size, RESERVE_FIXED + RESERVE_BOOT_STACK + RESERVE_GUARD, &size))
		return 0;
	/* A large arena needs page tables of its own to be mapped with. */
	if (__builtin_add_overflow(size, table_bytes(size, PAGE) - PAGE, &size))
		return 0;
	return size;
}

uint64_t reserve_arena_size(uint64_t core_size, const uint64_t *memory, const uint64_t *lazy_memory,
			    uint32_t guest_count)
{
	uint64_t tables = 0;

	for (uint32_t i = 0; i < guest_count; i++) {
		/* At most 2^64 / 512 twice: cannot wrap. */
		uint64_t bytes =
			table_bytes(memory[i], RESERVE_2M) + table_bytes(lazy_memory[i], PAGE);

		if (bytes > tables)
			tables = bytes;
	}
	return arena_size(core_size, tables);
}

uint64_t reserve_channels_size(const struct sill_channel_settings *settings)
{
	if (settings->count == 0)
		return 0;
	return RESERVE_CHANNELS + 2ull * settings->count * settings->buffer;
}

uint64_t reserve_underlay_size(uint64_t core_size, uint32_t cpu_count, uint64_t ram_end,
			       bool pages_1g, bool doors)
{
	uint64_t of_cpu = RESERVE_CPU + (doors ? RESERVE_CPU_DOORS : 0);
	/* The root, and a table for each 512 GiB. */
	uint64_t tables = PAGE + table_bytes(ram_end, RESERVE_1G);
	/* Devices lie below 4 GiB, whatever RAM there is. */
	uint64_t fine = ram_end > RESERVE_4G ? ram_end : RESERVE_4G;

	if (!pages_1g)
		tables += table_bytes(fine, RESERVE_2M);
	return arena_size(core_size, tables + RESERVE_EPT_SPARE + cpu_count * of_cpu +
					     (doors ? RESERVE_DOORS : 0));
}

uint64_t reserve_ram_end(const struct sill_memory_range *ranges, uint32_t count)
{
	uint64_t highest = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t end;

		if (ranges[i].kind == SILL_MEMORY_MMIO || ranges[i].kind == SILL_MEMORY_RESERVED)
			continue;
		if (__builtin_add_overflow(ranges[i].range.base, ranges[i].range.size, &end))
			end = UINT64_MAX;
		if (end > highest)
			highest = end;
	}
	return highest;
}

bool reserve_choose(const struct sill_memory_range *ranges, uint32_t count, uint64_t size,
		    uint64_t alignment, uint64_t low, uint64_t high, uint64_t *base)
{
	uint64_t best = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t start = ranges[i].range.base, end;

		if (ranges[i].kind != SILL_MEMORY_FREE)
			continue;
		if (__builtin_add_overflow(start, ranges[i].range.size, &end))
			end = UINT64_MAX;
		if (start < low)
			start = low;
		if (end > high)
			end = high;
		if (end < start || end - start < size)
			continue;

		uint64_t candidate = (end - size) & ~(alignment - 1);

		if (candidate >= start && candidate > best)
			best = candidate;
	}
	*base = best;
	return best != 0;
}

bool reserve_choose_guest_memory(const struct sill_memory_range *ranges, uint32_t count,
				 uint64_t size, uint64_t *base)
{
	if (size >= RESERVE_1G &&
	    (reserve_choose(ranges, count, size, RESERVE_1G, RESERVE_4G, UINT64_MAX, base) ||
	     reserve_choose(ranges, count, size, RESERVE_1G, 0, RESERVE_4G, base)))
		return true;
	return reserve_choose(ranges, count, size, RESERVE_2M, RESERVE_4G, UINT64_MAX, base) ||
	       reserve_choose(ranges, count, size, RESERVE_2M, 0, RESERVE_4G, base);
}

uint64_t reserve_largest_free(const struct sill_memory_range *ranges, uint32_t count, uint64_t high)
{
	uint64_t largest = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t size = ranges[i].range.size;

		if (ranges[i].kind != SILL_MEMORY_FREE || ranges[i].range.base >= high)
			continue;
		if (size > high - ranges[i].range.base)
			size = high - ranges[i].range.base;
		if (size > largest)
			largest = size;
	}
	return largest;
}
