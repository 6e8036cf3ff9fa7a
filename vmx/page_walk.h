/* SPDX-License-Identifier: MIT */
/*
 * A guest's page tables, walked as the CPU would walk them for an access by the guest itself:
 * what a guest may not reach with an instruction of its own, it does not reach through Sill. Pure:
 * nothing is mapped or changed here, guest memory is seen only through a callback.
 *
 * Not known here, because guests are not shown them: supervisor protection keys (CR4.PKS), linear
 * address masking, user interrupts and shadow-stack accesses.
 */
#ifndef SILL_VMX_PAGE_WALK_H
#define SILL_VMX_PAGE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_WALK_MAX_LEVELS 5

/* What an access does. SDM, "Determination of Access Rights". */
enum page_access {
	PAGE_ACCESS_READ,
	PAGE_ACCESS_WRITE,
	PAGE_ACCESS_FETCH,
};

/* The error code of a page fault. SDM, "Page-Fault Exceptions". */
#define PAGE_FAULT_PRESENT    (1u << 0) /* not for want of a present entry */
#define PAGE_FAULT_WRITE      (1u << 1)
#define PAGE_FAULT_USER	      (1u << 2)
#define PAGE_FAULT_RESERVED   (1u << 3)
#define PAGE_FAULT_FETCH      (1u << 4)
#define PAGE_FAULT_PROTECTION (1u << 5) /* by a protection key */

/* The state of a virtual CPU that decides about a translation and its rights. */
struct paging {
	uint64_t cr0, cr3, cr4, efer, rflags;
	uint64_t pdpte[4]; /* PAE paging only: the PDPTE registers (with EPT, fields of the VMCS) */
	uint32_t pkru;	   /* looked at only if CR4.PKE is 1 */
	bool user;	   /* CPL is 3 */
	uint8_t physical_bits; /* MAXPHYADDR, 32 to 52 */
	bool pages_1g;	       /* the CPU has 1-GByte pages */
};

/*
 * Reads size bytes (4 or 8, naturally aligned: please in one access, other CPUs of the guest may
 * be writing) of guest-physical memory. 0, or a negative errno where there is no guest RAM.
 */
typedef int page_walk_read(void *context, uint64_t gpa, void *to, size_t size);

/* An entry that the walk used. */
struct page_walk_entry {
	uint64_t gpa, value;
	uint8_t size; /* 4 or 8 bytes */
};

struct page_walk_result {
	/* After success: where the byte lies, and how many bytes from it on the page has. */
	uint64_t gpa, size;
	/* After -SILL_EFAULT: */
	bool not_canonical;  /* #GP(0), or #SS(0) for an access through SS */
	bool table_missing;  /* a page table lies where there is no guest RAM; no exception fits */
	uint32_t error_code; /* unless one of the above: #PF with this code and CR2 = linear */
	/* The entries used, root first; the last one maps the page. None without paging. */
	unsigned int levels;
	struct page_walk_entry entries[PAGE_WALK_MAX_LEVELS];
};

/*
 * Translates one linear address and checks the right to access the byte there (and with it the
 * whole rest of its page). Outside of IA-32e mode only bits 31:0 of linear count; in
 * compatibility mode it is for the caller to cut the address to 32 bits. 0, or -SILL_EFAULT.
 */
__attribute__((warn_unused_result)) int page_walk(const struct paging *paging, uint64_t linear,
						  enum page_access access, page_walk_read *read,
						  void *context, struct page_walk_result *result);

/* An entry to be changed from value to (value | set), by a locked compare-and-exchange. */
struct page_walk_mark {
	uint64_t gpa, value, set;
	uint8_t size; /* 4 or 8 bytes */
};

/*
 * The accessed and dirty flags that the CPU would have set for the access that a successful walk
 * allowed; entries that have theirs already are left out. Returns how many, at most one a level,
 * root first, so that no entry is ever marked below one that is not. If an entry no longer has
 * its value, the guest has changed its tables: walk again.
 *
 * Why this is apart from the walk: reading without setting A costs the guest nothing but the
 * knowledge that the page is in use. Writing without setting D corrupts: an OS that finds a page
 * clean may drop it instead of saving it. So who writes, marks (before writing, as the CPU does);
 * who reads, need not. SDM, "Accessed and Dirty Flags".
 */
unsigned int page_walk_entries_to_mark(const struct page_walk_result *result,
				       enum page_access access,
				       struct page_walk_mark marks[PAGE_WALK_MAX_LEVELS]);

#endif
