/* SPDX-License-Identifier: MIT */
/*
 * The core's own memory: pages of the arena that the loader reserved, and the core's address
 * space. Everything else in the machine is out of reach, except one page at a time through
 * core/window.h.
 */
#ifndef SILL_CORE_MEMORY_H
#define SILL_CORE_MEMORY_H

#include <sill/handoff.h>

#include "core/address_space.h"

#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096u

/* Takes over the arena and the page tables. */
void memory_start(const struct sill_handoff *handoff);

/* Takes the page away that the loader came through, when no other CPU will. */
void memory_forget_trampoline(void);

/* A zeroed page, or NULL if the arena has none left. */
__attribute__((warn_unused_result)) void *page_allocate(void);
void page_release(void *page);

/*
 * Zeroed pages next to each other, or NULL; for what lives as long as the core does (they can't be
 * given back).
 */
__attribute__((warn_unused_result)) void *pages_allocate(size_t count);

/*
 * A stack (its lowest address) with an unmapped page below it, so that an overflow faults instead
 * of overwriting a neighbour. Lives as long as the core. One CPU at a time. It is no address that
 * physical_of() knows.
 */
__attribute__((warn_unused_result)) void *stack_allocate(size_t page_count);

/* Between the addresses of arena memory (only that: not of the core's image). */
uint64_t physical_of(const void *address);
void *virtual_of(uint64_t physical);

/* Maps device memory, with the memory type at this index of IA32_PAT; NULL if it cannot be. */
__attribute__((warn_unused_result)) void *memory_map_device(uint64_t physical, uint64_t size,
							    uint32_t pat_index);

/*
 * Maps one of the loader's files for reading, always at the same place: one at a time. NULL if
 * there is no memory for the page tables.
 */
__attribute__((warn_unused_result)) const void *memory_map_file(const struct sill_range *file);
void memory_unmap_file(const struct sill_range *file);

/*
 * A second look at foreign RAM for an instruction that wants to read it by itself, in one piece:
 * page after page, of any addresses, from MEMORY_SHOWN_VIRTUAL on, for this CPU. Not beside a
 * mapped file, and by one CPU at a time: callers have a lock for that. -SILL_ENOMEM if there is no
 * memory for the page tables.
 */
#define MEMORY_SHOWN_VIRTUAL (MMIO_VIRTUAL + MMIO_VIRTUAL_SIZE / 2)
__attribute__((warn_unused_result)) int memory_show_page(size_t index, uint64_t physical);
/* Takes those with indices below count away. */
void memory_hide_pages(size_t count);

/* The core's address space, for those who audit it. */
const struct address_space *memory_address_space(void);

struct memory_usage {
	uint64_t reserved; /* bytes of the arena */
	uint64_t used;
	uint64_t most_used;
};
struct memory_usage memory_usage(void);

#endif
