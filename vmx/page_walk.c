/* SPDX-License-Identifier: MIT */
/* A guest's page tables as the CPU reads them; see vmx/page_walk.h. */
#include "vmx/page_walk.h"

#include <sill/errno.h>

#define CR0_WP		 (1ull << 16)
#define CR0_PG		 (1ull << 31)
#define CR4_PSE		 (1ull << 4)
#define CR4_PAE		 (1ull << 5)
#define CR4_LA57	 (1ull << 12)
#define CR4_SMEP	 (1ull << 20)
#define CR4_SMAP	 (1ull << 21)
#define CR4_PKE		 (1ull << 22)
#define EFER_LME	 (1ull << 8)
#define EFER_NXE	 (1ull << 11)
#define RFLAGS_AC	 (1ull << 18)

#define ENTRY_PRESENT	 (1ull << 0)
#define ENTRY_WRITE	 (1ull << 1)
#define ENTRY_USER	 (1ull << 2)
#define ENTRY_ACCESSED	 (1ull << 5)
#define ENTRY_DIRTY	 (1ull << 6)
#define ENTRY_PAGE_SIZE	 (1ull << 7)
#define ENTRY_NO_EXECUTE (1ull << 63)
#define ENTRY_KEY(entry) ((unsigned int)((entry) >> 59) & 0xf)

/* SDM, "Paging Modes and Control Bits". */
enum mode {
	MODE_NONE,
	MODE_32_BIT,
	MODE_PAE,
	MODE_4_LEVEL,
	MODE_5_LEVEL,
};

/* A mask of bits high to low, and 0 if low is the one above high. */
static uint64_t bits(unsigned int high, unsigned int low)
{
	return ((2ull << high) - 1) & ~((1ull << low) - 1);
}

static enum mode paging_mode(const struct paging *paging)
{
	if (!(paging->cr0 & CR0_PG))
		return MODE_NONE;
	if (!(paging->cr4 & CR4_PAE))
		return MODE_32_BIT;
	if (!(paging->efer & EFER_LME))
		return MODE_PAE;
	return paging->cr4 & CR4_LA57 ? MODE_5_LEVEL : MODE_4_LEVEL;
}

/* SDM, "Canonical Addressing": all bits above the highest that is translated equal that one. */
static bool is_canonical(enum mode mode, uint64_t linear)
{
	uint64_t upper = bits(63, mode == MODE_5_LEVEL ? 56 : 47);

	return (linear & upper) == 0 || (linear & upper) == upper;
}

/* Depth 0 is the page table, 1 the page directory, 2 the page-directory-pointer table. */
static bool maps_page(const struct paging *paging, enum mode mode, unsigned int depth,
		      uint64_t entry)
{
	if (depth == 0)
		return true;
	if (!(entry & ENTRY_PAGE_SIZE))
		return false;
	/* SDM, "32-Bit Paging": without CR4.PSE, bit 7 of a PDE is ignored. */
	return mode == MODE_32_BIT ? (paging->cr4 & CR4_PSE) != 0 : depth <= 2;
}

/* SDM, "32-Bit Paging": PSE-36 reaches no further than 40 bits. */
static unsigned int pse_physical_bits(const struct paging *paging)
{
	return paging->physical_bits < 40 ? paging->physical_bits : 40;
}

/*
 * Bits that must be 0 in a present entry. SDM, the tables "Format of a ..." of the sections
 * "32-Bit Paging", "PAE Paging" and "4-Level Paging and 5-Level Paging".
 */
static uint64_t reserved_bits(const struct paging *paging, enum mode mode, unsigned int depth,
			      bool page)
{
	uint64_t reserved;

	if (mode == MODE_32_BIT)
		return page && depth == 1 ? bits(21, pse_physical_bits(paging) - 19) : 0;

	/* Bits 62:52 are software's own in IA-32e mode, but reserved with PAE paging. */
	reserved = bits(mode == MODE_PAE ? 62 : 51, paging->physical_bits);
	if (!(paging->efer & EFER_NXE))
		reserved |= ENTRY_NO_EXECUTE;
	if (page && depth > 0)
		reserved |= bits(11 + 9 * depth, 13); /* bit 12 is PAT */
	if (depth > 2 || (depth == 2 && !paging->pages_1g))
		reserved |= ENTRY_PAGE_SIZE;
	return reserved;
}

/* Where the page or table lies that an entry names. */
static uint64_t entry_address(const struct paging *paging, enum mode mode, uint64_t entry,
			      unsigned int shift)
{
	if (mode != MODE_32_BIT)
		return entry & bits(paging->physical_bits - 1, shift);
	if (shift == 12)
		return entry & bits(31, 12);
	/* SDM, "32-Bit Paging": bits 39:32 of a 4-MByte page's address are in bits 20:13. */
	return (entry & bits(31, 22)) | (entry & bits(pse_physical_bits(paging) - 20, 13)) << 19;
}

/* SDM, "Page-Fault Exceptions": what the error code says of the access, whatever went wrong. */
static uint32_t access_code(const struct paging *paging, enum page_access access)
{
	bool tells_fetch =
		(paging->cr4 & CR4_SMEP) || ((paging->cr4 & CR4_PAE) && (paging->efer & EFER_NXE));

	return (access == PAGE_ACCESS_WRITE ? PAGE_FAULT_WRITE : 0) |
	       (paging->user ? PAGE_FAULT_USER : 0) |
	       (access == PAGE_ACCESS_FETCH && tells_fetch ? PAGE_FAULT_FETCH : 0);
}

/*
 * SDM, "Protection Keys": PKRU speaks of data accesses to user-mode addresses, by the kernel too.
 * WD binds the kernel only if CR0.WP is 1.
 */
static bool key_forbids(const struct paging *paging, enum mode mode, uint64_t entry,
			enum page_access access)
{
	unsigned int rights = paging->pkru >> (2 * ENTRY_KEY(entry));
	bool access_disable = rights & 1, write_disable = rights & 2;

	if (mode < MODE_4_LEVEL || !(paging->cr4 & CR4_PKE) || access == PAGE_ACCESS_FETCH)
		return false;
	return access_disable || (write_disable && access == PAGE_ACCESS_WRITE &&
				  (paging->user || (paging->cr0 & CR0_WP)));
}

/*
 * SDM, "Determination of Access Rights", without protection keys. rights has U/S and R/W if all
 * entries had them, and XD if any had it. A supervisor's access is an explicit one here: Sill
 * does on behalf of the guest's code what that code asked for in its own registers.
 */
static bool rights_forbid(const struct paging *paging, uint64_t rights, enum page_access access)
{
	bool user_page = rights & ENTRY_USER;

	if (paging->user && !user_page)
		return true;
	if (access == PAGE_ACCESS_FETCH)
		return (rights & ENTRY_NO_EXECUTE) ||
		       (!paging->user && user_page && (paging->cr4 & CR4_SMEP));
	if (!paging->user && user_page && (paging->cr4 & CR4_SMAP) && !(paging->rflags & RFLAGS_AC))
		return true;
	return access == PAGE_ACCESS_WRITE && !(rights & ENTRY_WRITE) &&
	       (paging->user || (paging->cr0 & CR0_WP));
}

static int fault(struct page_walk_result *result, uint32_t code)
{
	result->error_code = code;
	return -SILL_EFAULT;
}

static void found(struct page_walk_result *result, uint64_t page, uint64_t linear,
		  unsigned int shift)
{
	uint64_t offset = linear & ((1ull << shift) - 1);

	result->gpa = page + offset;
	result->size = (1ull << shift) - offset;
}

int page_walk(const struct paging *paging, uint64_t linear, enum page_access access,
	      page_walk_read *read, void *context, struct page_walk_result *result)
{
	static const uint8_t depths[] = {
		[MODE_32_BIT] = 2, [MODE_PAE] = 2, [MODE_4_LEVEL] = 4, [MODE_5_LEVEL] = 5};
	enum mode mode = paging_mode(paging);
	unsigned int index_bits = mode == MODE_32_BIT ? 10 : 9;
	uint8_t entry_size = mode == MODE_32_BIT ? 4 : 8;
	uint32_t code = access_code(paging, access);
	uint64_t rights = ENTRY_USER | ENTRY_WRITE, table, value = 0;
	unsigned int depth, shift;
	bool page;

	*result = (struct page_walk_result){0};

	if (mode >= MODE_4_LEVEL) {
		if (!is_canonical(mode, linear)) {
			result->not_canonical = true;
			return -SILL_EFAULT;
		}
	} else {
		linear &= bits(31, 0);
	}

	switch (mode) {
	case MODE_NONE:
		found(result, linear & ~0xfffull, linear, 12);
		return 0;
	case MODE_PAE:
		/*
		 * SDM, "PDPTE Registers": not read from memory, and their reserved bits were
		 * checked when they were loaded. They have no rights and no accessed flag.
		 */
		table = paging->pdpte[linear >> 30];
		if (!(table & ENTRY_PRESENT))
			return fault(result, code);
		table &= bits(paging->physical_bits - 1, 12);
		break;
	case MODE_32_BIT:
		table = paging->cr3 & bits(31, 12);
		break;
	default:
		table = paging->cr3 & bits(paging->physical_bits - 1, 12);
		break;
	}

	depth = depths[mode];
	do {
		struct page_walk_entry *entry = &result->entries[result->levels];
		uint32_t value_32 = 0;

		depth--;
		shift = 12 + index_bits * depth;
		entry->size = entry_size;
		entry->gpa = table + entry_size * (linear >> shift & ((1u << index_bits) - 1));
		if (read(context, entry->gpa, entry_size == 4 ? (void *)&value_32 : &value,
			 entry_size) != 0) {
			result->table_missing = true;
			return -SILL_EFAULT;
		}
		if (entry_size == 4)
			value = value_32;
		entry->value = value;
		result->levels++;

		if (!(value & ENTRY_PRESENT))
			return fault(result, code);
		page = maps_page(paging, mode, depth, value);
		if (value & reserved_bits(paging, mode, depth, page))
			return fault(result, code | PAGE_FAULT_PRESENT | PAGE_FAULT_RESERVED);
		rights |= value & ENTRY_NO_EXECUTE;
		rights &= value | ~(ENTRY_USER | ENTRY_WRITE);
		table = entry_address(paging, mode, value, page ? shift : 12);
	} while (!page);

	/* A key counts for user-mode addresses only, and is told of beside any other reason. */
	if ((rights & ENTRY_USER) && key_forbids(paging, mode, value, access))
		return fault(result, code | PAGE_FAULT_PRESENT | PAGE_FAULT_PROTECTION);
	if (rights_forbid(paging, rights, access))
		return fault(result, code | PAGE_FAULT_PRESENT);
	found(result, table, linear, shift);
	return 0;
}

unsigned int page_walk_entries_to_mark(const struct page_walk_result *result,
				       enum page_access access,
				       struct page_walk_mark marks[PAGE_WALK_MAX_LEVELS])
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < result->levels; i++) {
		const struct page_walk_entry *entry = &result->entries[i];
		uint64_t set = ENTRY_ACCESSED;

		if (access == PAGE_ACCESS_WRITE && i == result->levels - 1)
			set |= ENTRY_DIRTY;
		if ((entry->value & set) == set)
			continue;
		marks[count++] = (struct page_walk_mark){
			.gpa = entry->gpa, .value = entry->value, .set = set, .size = entry->size};
	}
	return count;
}
