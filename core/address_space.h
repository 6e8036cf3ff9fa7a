/* SPDX-License-Identifier: MIT */
/*
 * The core's address space: where everything lies in it, and the page tables that say so. The
 * loader builds the first tables with this, the core goes on with the same code. Pure.
 *
 * Only what is named here is ever mapped. Nothing is both writable and executable, nothing is
 * reachable from ring 3, and memory that the core's text lies in has no second, writable address.
 *
 * 4-level paging, 4 KiB pages only: the core's memory is small, and W^X wants the granularity.
 */
#ifndef SILL_CORE_ADDRESS_SPACE_H
#define SILL_CORE_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_SPACE_PAGE 4096u

/*
 * The layout. The core's image lies where it was linked. The rest of the arena (all that follows
 * the image and the trampoline's page) appears at ARENA_VIRTUAL + its offset from the arena's
 * start, writable and not executable. The window is one page table's worth of addresses whose
 * table exists from the start: temporary mappings are one store into it. In MMIO_VIRTUAL the core
 * maps device memory and firmware tables that it has to read, from STACK_VIRTUAL on its stacks,
 * with holes between them.
 *
 * In the lower half lies a single executable page, mapped at its own physical address: the
 * trampoline that the loader leaves the firmware's page tables through. The core needs it no
 * more once it runs and should clear the root table's entry 0.
 */
#define CORE_VIRTUAL	   0xffffffff80000000ull
#define ARENA_VIRTUAL	   0xffffffffa0000000ull
#define WINDOW_VIRTUAL	   0xffffffffc0000000ull
#define MMIO_VIRTUAL	   0xffffffffd0000000ull
#define STACK_VIRTUAL	   0xfffffffff0000000ull

#define CORE_VIRTUAL_SIZE  (ARENA_VIRTUAL - CORE_VIRTUAL)
#define ARENA_VIRTUAL_SIZE (WINDOW_VIRTUAL - ARENA_VIRTUAL)
#define WINDOW_PAGES	   512u
#define MMIO_VIRTUAL_SIZE  0x20000000ull

/* What a mapping allows beyond reading. WRITE and EXECUTE exclude each other. */
#define ADDRESS_SPACE_WRITE   (1u << 0)
#define ADDRESS_SPACE_EXECUTE (1u << 1)
/*
 * The memory type, as an index (0 to 7) into IA32_PAT. 0 is write-back unless someone changed it.
 */
#define ADDRESS_SPACE_PAT(index)   ((uint32_t)(index) << 4)
#define ADDRESS_SPACE_UNCACHEABLE  ADDRESS_SPACE_PAT(3)
#define ADDRESS_SPACE_PAT_INDEX(f) (((f) >> 4) & 7u)

/*
 * Bits of an entry. SDM, "Format of a Page-Table Entry that Maps a 4-KByte Page"; the PAT bit
 * lies elsewhere in entries that map large pages, which are not used here.
 */
#define PAGE_PRESENT	    (1ull << 0)
#define PAGE_WRITE	    (1ull << 1)
#define PAGE_USER	    (1ull << 2)
#define PAGE_PWT	    (1ull << 3)
#define PAGE_PCD	    (1ull << 4)
#define PAGE_ACCESSED	    (1ull << 5)
#define PAGE_DIRTY	    (1ull << 6)
#define PAGE_LARGE	    (1ull << 7)
#define PAGE_PAT	    (1ull << 7)
#define PAGE_NOT_EXECUTABLE (1ull << 63)
#define PAGE_ADDRESS	    0x000ffffffffff000ull

/* Where the tables' memory comes from and how it is reached. Tables are never given back. */
struct address_space_memory {
	void *context;
	/*
	 * A new page's physical address, page-aligned, or 0 if there is none. Need not be zeroed.
	 */
	uint64_t (*allocate)(void *context);
	/* Where a page that allocate() once returned can be read and written. */
	uint64_t *(*table)(void *context, uint64_t physical);
};

struct address_space {
	uint64_t root; /* the PML4's physical address */
	struct address_space_memory memory;
};

/* An address space with nothing in it. -SILL_ENOMEM if there is no page for its root. */
__attribute__((warn_unused_result)) int
address_space_create(struct address_space *space, const struct address_space_memory *memory);

/*
 * Maps size bytes. All three must be multiples of 4 KiB; a size of 0 maps nothing. Either all is
 * mapped or nothing. The caller has nothing to flush: no entry that was present changes.
 *
 * -SILL_EINVAL: not aligned, WRITE and EXECUTE together, an unknown flag, a non-canonical or
 *		 wrapping range, a physical address that does not fit into an entry
 * -SILL_EEXIST: part of the range is mapped already
 * -SILL_ENOMEM: no page for a table
 */
__attribute__((warn_unused_result)) int address_space_map(struct address_space *space,
							  uint64_t virtual, uint64_t physical,
							  uint64_t size, uint32_t flags);

/* Takes what is mapped in the range away; the caller flushes the TLB. -SILL_EINVAL as above. */
__attribute__((warn_unused_result)) int address_space_unmap(struct address_space *space,
							    uint64_t virtual, uint64_t size);

/* Makes the tables that the range needs, and leaves the range itself unmapped. */
__attribute__((warn_unused_result)) int address_space_prepare(struct address_space *space,
							      uint64_t virtual, uint64_t size);

/* The page-table entry that belongs to an address, or NULL if there is no table for it yet. */
uint64_t *address_space_entry(const struct address_space *space, uint64_t virtual);

/* The entry for a page with these flags, as address_space_map() would write it. */
uint64_t address_space_make_entry(uint64_t physical, uint32_t flags);

/* Whether the address is mapped; if so, to what and how. The two pointers may be NULL. */
bool address_space_translate(const struct address_space *space, uint64_t virtual,
			     uint64_t *physical, uint32_t *flags);

/*
 * Walks all of the tables and calls visit() for each mapped page, in ascending order of address.
 * For a proof of what is not mapped. Stops early, and returns what visit() said, if not 0.
 */
int address_space_walk(const struct address_space *space,
		       int (*visit)(void *context, uint64_t virtual, uint64_t physical,
				    uint32_t flags),
		       void *context);

#endif
