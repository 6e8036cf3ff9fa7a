/* SPDX-License-Identifier: MIT */
/* How much memory Sill takes, and where: the policy, apart from the firmware calls. Pure. */
#ifndef SILL_BOOT_RESERVE_H
#define SILL_BOOT_RESERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "sill/handoff.h"

#define RESERVE_BOOT_STACK (16u * 1024u)
#define RESERVE_GUARD	   4096u
/*
 * What does not depend on the configuration: the handoff (60 KiB), the first page tables (40 KiB),
 * and on one CPU the core's own needs: stacks, descriptor tables, VMCS and VMX bitmaps, the
 * console's and the trace's buffers, and the upper levels of the EPT.
 */
#define RESERVE_FIXED (640u * 1024u)

/* What underlay mode needs for each CPU: stacks, descriptor tables, VMCS, the trace's buffer. */
#define RESERVE_CPU (64u * 1024u)
/*
 * And for the doors beyond those that need no memory (sill/doors.h): on each CPU what they keep,
 * and once the pages that the OS finds, with the tables of a second view.
 */
#define RESERVE_CPU_DOORS (40u * 1024u)
#define RESERVE_DOORS	  (48u * 1024u)
/* Once, if there may be channels, beside their buffers: the table of them, and the link's state. */
#define RESERVE_CHANNELS (48u * 1024u)
/*
 * Tables: for devices above RAM, which are mapped when they are first touched, and for the places
 * where a large page has to be split: the arena itself, the first MiB, and MTRRs' borders.
 */
#define RESERVE_EPT_SPARE (24u * 4096u)

#define RESERVE_2M	  (1ull << 21)
#define RESERVE_1G	  (1ull << 30)
#define RESERVE_4G	  (1ull << 32)

/*
 * The arena's size in bytes, a multiple of 4 KiB: the core's image (core_size bytes),
 * RESERVE_FIXED, the boot stack and its guard page, and for the guest that needs most of it 8 bytes
 * of EPT for each 2 MiB of memory and 8 for each 4 KiB of lazy memory, both rounded up to whole
 * tables. Guests run one after another, so the largest decides. 0 if a sum does not fit into 64
 * bits.
 */
uint64_t reserve_arena_size(uint64_t core_size, const uint64_t *memory, const uint64_t *lazy_memory,
			    uint32_t guest_count);

/*
 * What channels add to the core's size in either mode: RESERVE_CHANNELS, and two buffers for each
 * channel. Never more than some 8 MiB.
 */
uint64_t reserve_channels_size(const struct sill_channel_settings *settings);

/*
 * The arena's size in underlay mode: the core's image, RESERVE_FIXED, the boot stack and its guard
 * page, RESERVE_CPU for each CPU (and with doors what these need), and the tables of an EPT that
 * maps everything up to ram_end (the end of the highest RAM) at its own address: with 1 GiB pages
 * or, without, with 2 MiB pages; and RESERVE_EPT_SPARE more for what lies above it and for large
 * pages that must be split. 0 if a sum does not fit into 64 bits.
 */
uint64_t reserve_underlay_size(uint64_t core_size, uint32_t cpu_count, uint64_t ram_end,
			       bool pages_1g, bool doors);

/* The end of the highest range that is RAM, whoever uses it. */
uint64_t reserve_ram_end(const struct sill_memory_range *ranges, uint32_t count);

/*
 * The highest base in a range of kind SILL_MEMORY_FREE at which size bytes fit between low and
 * high, at a multiple of alignment (a power of two). Never 0. false: there is none.
 */
bool reserve_choose(const struct sill_memory_range *ranges, uint32_t count, uint64_t size,
		    uint64_t alignment, uint64_t low, uint64_t high, uint64_t *base);

/*
 * Where size bytes of guest memory go. 1 GiB-aligned if there is that much of it, so that the EPT
 * may use 1 GiB pages; else, or if that fits nowhere, 2 MiB-aligned. Above 4 GiB if it fits there.
 */
bool reserve_choose_guest_memory(const struct sill_memory_range *ranges, uint32_t count,
				 uint64_t size, uint64_t *base);

/* Bytes of the largest range of kind SILL_MEMORY_FREE that lies below high. */
uint64_t reserve_largest_free(const struct sill_memory_range *ranges, uint32_t count,
			      uint64_t high);

#endif
