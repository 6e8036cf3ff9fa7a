/* SPDX-License-Identifier: MIT */
/*
 * The entries of EPT tables: their bits, how to access them, and what they mean. Only for ept/.
 *
 * SDM, "EPT Translation Mechanism" has the formats. Level 4 is the EPT PML4 table, 3 the
 * page-directory-pointer table, 2 the page directory, 1 the page table.
 */
#ifndef SILL_EPT_ENTRY_H
#define SILL_EPT_ENTRY_H

#include "ept/ept.h"

#define ENTRIES		  512u
#define ROOT_LEVEL	  4u

#define ENTRY_PERMISSIONS 7ull
#define ENTRY_TYPE_SHIFT  3
#define ENTRY_TYPE_MASK	  (7ull << ENTRY_TYPE_SHIFT)
#define ENTRY_IPAT	  (1ull << 6)
#define ENTRY_PAGE	  (1ull << 7) /* in a PDPTE and a PDE: maps a page; in a PTE ignored */
#define ENTRY_ACCESSED	  (1ull << 8)
#define ENTRY_DIRTY	  (1ull << 9)
#define ENTRY_ADDRESS	  0x000ffffffffff000ull

/* The processor sets these two by itself when they are in use: never compared. */
#define ENTRY_BY_CPU (ENTRY_ACCESSED | ENTRY_DIRTY)

static inline unsigned int level_shift(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static inline uint64_t level_size(unsigned int level)
{
	return 1ull << level_shift(level);
}

static inline unsigned int table_index(uint64_t gpa, unsigned int level)
{
	return gpa >> level_shift(level) & (ENTRIES - 1);
}

static inline bool level_can_map(const struct ept *ept, unsigned int level)
{
	switch (level) {
	case 1:
		return true;
	case 2:
		return ept->capabilities & EPT_CAP_2MB_PAGES;
	case 3:
		/* Splitting such a page makes those of the size below. */
		return (ept->capabilities & EPT_CAP_1GB_PAGES) &&
		       (ept->capabilities & EPT_CAP_2MB_PAGES);
	default:
		return false;
	}
}

/* The processor reads and updates entries while these run, so each is one access of 8 bytes. */
static inline uint64_t load(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

static inline void store(uint64_t *entry, uint64_t value)
{
	/* Release: what the entry points at is seen complete by whoever sees the entry. */
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

static inline uint64_t *table_at(const struct ept *ept, uint64_t entry)
{
	return ept->memory.at(ept->memory.context, entry & ENTRY_ADDRESS);
}

/*
 * SDM, e.g. "Format of an EPT Page-Directory Entry (PDE)" (tables): an entry is present if any of
 * bits 2:0 is set; if bit 7 of a PDPTE or PDE is clear, it references a table.
 */
static inline bool is_present(uint64_t entry)
{
	return entry & ENTRY_PERMISSIONS;
}

static inline bool is_table(uint64_t entry, unsigned int level)
{
	return level > 1 && is_present(entry) && !(entry & ENTRY_PAGE);
}

static inline bool is_page(uint64_t entry, unsigned int level)
{
	return is_present(entry) && !is_table(entry, level);
}

/* Bits that differ between an entry that maps a page at one level and at another. */
static inline uint64_t page_flag(unsigned int level)
{
	return level > 1 ? ENTRY_PAGE : 0;
}

static inline bool permissions_are_legal(const struct ept *ept, uint32_t permissions)
{
	return permissions <= EPT_ALL && (ept->legal_permissions >> permissions & 1);
}

static inline struct ept_leaf leaf_of(uint64_t entry, unsigned int level, uint64_t gpa)
{
	return (struct ept_leaf){
		.gpa = gpa & ~(level_size(level) - 1),
		.hpa = entry & ENTRY_ADDRESS & ~(level_size(level) - 1),
		.size = level_size(level),
		.permissions = (uint32_t)(entry & ENTRY_PERMISSIONS),
		.type = (enum memory_type)((entry & ENTRY_TYPE_MASK) >> ENTRY_TYPE_SHIFT),
	};
}

#endif
