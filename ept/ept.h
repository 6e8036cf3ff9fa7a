/* SPDX-License-Identifier: MIT */
/*
 * Builds, changes and reads extended page tables: what guest-physical memory is to one guest.
 *
 * Pure: tables come from whoever calls, through struct ept_memory, so the same code runs in the
 * core and in tests on a host. Nothing here executes INVEPT; `stale` says when the caller has to.
 *
 * After every call, whether it succeeded or failed:
 *  - the pages are as large as they can be: no table exists whose 512 entries one larger page
 *    could replace, and no empty table other than the root. (ept_replace_page() and ept_retype()
 *    leave that to the next call that changes the same range.)
 *  - each entry has the memory type that the MTRRs give to the memory it maps, and no page spans
 *    two types. IPAT ("ignore PAT memory type") is never set, so the guest's PAT works as usual;
 *  - no reserved or ignored bit of any entry is set, and entries that map nothing are 0. Tables are
 *    referenced with all rights, so that those of the last entry are what counts.
 * A call that returns an error has not changed what any address translates to.
 *
 * One caller at a time for each struct ept. A CPU may run the guest meanwhile: tables are complete
 * before they are linked, each by one 8-byte store, so it never sees a hole where there was a page.
 * If several CPUs do, a table that was taken away must not be used for something else before all of
 * them have executed INVEPT; the calls that take none away say so. For ept_translate() what holds
 * for a CPU is enough: it needs no lock against callers that take no tables away.
 */
#ifndef SILL_EPT_EPT_H
#define SILL_EPT_EPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ept/capability.h"
#include "ept/memory_type.h"

/* Permissions: bits 2:0 of an EPT entry. */
#define EPT_READ    1u
#define EPT_WRITE   2u
#define EPT_EXECUTE 4u
#define EPT_ALL	    (EPT_READ | EPT_WRITE | EPT_EXECUTE)

#define EPT_SIZE_4K 0x1000ull
#define EPT_SIZE_2M 0x200000ull
#define EPT_SIZE_1G 0x40000000ull

/* Guest-physical addresses end here: walk length 4 translates 48 bits. */
#define EPT_GPA_END (1ull << 48)

/* Where tables live. */
struct ept_memory {
	/* Physical address of a zeroed, 4 KiB-aligned page, or 0 if there is none left. */
	uint64_t (*allocate)(void *context);
	/*
	 * Takes back what allocate() gave. CPUs may still walk the table by what they have
	 * cached: it may be used for something else only once `stale` has been acted on
	 * everywhere (on one CPU that is so if INVEPT comes before the next VM entry).
	 */
	void (*release)(void *context, uint64_t physical);
	/* Where the core can reach it. */
	void *(*at)(void *context, uint64_t physical);
	void *context;
};

struct ept {
	/*
	 * Set when a translation or a table that a CPU may have cached was changed or taken away:
	 * INVEPT before the next VM entry with these tables, then clear it. Never cleared here.
	 */
	bool stale;
	/*
	 * Several CPUs run with these tables, and can't be made to execute INVEPT: a change that
	 * fails leaves the tables that it has made, empty or split, for the next one. Set by the
	 * caller after ept_init().
	 */
	bool shared;
	uint64_t root;	       /* physical address of the EPT PML4 table */
	uint64_t tables;       /* how many tables there are, the root included */
	uint64_t capabilities; /* IA32_VMX_EPT_VPID_CAP: EPT_CAP_* */
	const struct mtrr_state *mtrr;
	struct ept_memory memory;
	/* Counts the stores into the root and the tables right below it: for ept/view.h. */
	uint64_t upper_changes;

	/* The rest is ept.c's own. */
	uint32_t legal_permissions; /* bit p is set if permissions p are allowed */
	uint64_t recent_region;	    /* the 2 MiB of guest-physical memory that recent_table maps */
	uint64_t *recent_table;
	uint64_t run_base; /* physical memory of one type around the last address looked up */
	uint64_t run_size;
	uint64_t run_type;
};

/* One page as the processor would find it. */
struct ept_leaf {
	uint64_t gpa; /* of its first byte */
	uint64_t hpa;
	uint64_t size; /* EPT_SIZE_4K, _2M or _1G; of a range (ept_visit_ranges) any multiple */
	uint32_t permissions;
	enum memory_type type;
};

/*
 * Makes empty tables, `stale` from the start: what CPUs have cached is known by the root's address,
 * and that may have been another guest's root before. `capabilities` is IA32_VMX_EPT_VPID_CAP;
 * *mtrr must stay for as long as the tables are in use. If it changes, but for the physical-address
 * width, ept_retype() is the next call.
 *
 * 0; -SILL_ENODEV if the CPU lacks walk length 4 or both memory types for the tables;
 * -SILL_EINVAL if the physical-address width in *mtrr is not in 32 to 52; -SILL_ENOMEM.
 */
__attribute__((warn_unused_result)) int ept_init(struct ept *ept, uint64_t capabilities,
						 const struct mtrr_state *mtrr,
						 const struct ept_memory *memory);

/* Gives back all tables. No CPU may use them any more. */
void ept_destroy(struct ept *ept);

/*
 * The EPT pointer for the VMCS and for INVEPT. Accessed and dirty flags are switched on if asked
 * for and available. With them on and CPUs running the guest meanwhile, a flag that a CPU sets
 * while a page is being split or joined may be lost.
 */
uint64_t ept_pointer(const struct ept *ept, bool accessed_dirty);

/*
 * Maps [gpa, gpa + size) to [hpa, hpa + size), in place of whatever was there. All three are
 * multiples of 4 KiB, size is not 0. `permissions`: any of EPT_READ, _WRITE, _EXECUTE, but never
 * write without read, and execute alone only where the CPU has it.
 *
 * 0, -SILL_EINVAL (alignment, permissions), -SILL_ERANGE (beyond EPT_GPA_END or the
 * physical-address width, or wraps), -SILL_ENOMEM.
 */
__attribute__((warn_unused_result)) int ept_map(struct ept *ept, uint64_t gpa, uint64_t hpa,
						uint64_t size, uint32_t permissions);

/*
 * Maps every 4 KiB page of [gpa, gpa + size) to the one at hpa, in place of whatever was there.
 * Errors as of ept_map().
 */
__attribute__((warn_unused_result)) int
ept_map_repeated(struct ept *ept, uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t permissions);

/*
 * Lets what is one 4 KiB page of the guest's show other memory, with other permissions. Neither
 * splits nor joins pages; takes no table away. -SILL_EFAULT if no page of 4 KiB is mapped there;
 * the other errors are those of ept_map() but for -SILL_ENOMEM.
 */
__attribute__((warn_unused_result)) int ept_replace_page(struct ept *ept, uint64_t gpa,
							 uint64_t hpa, uint32_t permissions);

/*
 * Gives all pages the memory types of *mtrr, which has changed. Splits pages where types differ,
 * joins none, takes no table away. If there is no memory for a table, a page that would have to be
 * split gets UC, which is right for all memory but slow, and the answer is -SILL_ENOMEM; a later
 * call tries again.
 */
__attribute__((warn_unused_result)) int ept_retype(struct ept *ept);

/*
 * Maps one 4 KiB page where there is nothing, as ept_map() does, along a short path: for memory
 * that is granted at first touch. -SILL_EEXIST if something is mapped there already; the other
 * errors are those of ept_map().
 */
__attribute__((warn_unused_result)) int ept_grant_page(struct ept *ept, uint64_t gpa, uint64_t hpa,
						       uint32_t permissions);

/*
 * Takes away whatever [gpa, gpa + size) maps. Errors as of ept_map(): it may need to split pages.
 */
__attribute__((warn_unused_result)) int ept_unmap(struct ept *ept, uint64_t gpa, uint64_t size);

/*
 * Gives the pages that are mapped in [gpa, gpa + size) these permissions; holes stay holes.
 * Errors as of ept_map(): it may need to split pages.
 */
__attribute__((warn_unused_result)) int ept_protect(struct ept *ept, uint64_t gpa, uint64_t size,
						    uint32_t permissions);

/*
 * What the processor would find for `gpa`: its host-physical address in *hpa and the page it lies
 * in in *leaf; either may be NULL. 0, or -SILL_EFAULT if nothing is mapped there.
 */
__attribute__((warn_unused_result)) int ept_translate(const struct ept *ept, uint64_t gpa,
						      uint64_t *hpa, struct ept_leaf *leaf);

/* Called with each page in ascending order; anything but 0 ends the visit. Must not change *ept. */
typedef int ept_visitor(void *context, const struct ept_leaf *leaf);

/* Visits all pages. 0, or what the visitor returned. (This and the rest: ept_audit.c.) */
int ept_visit(const struct ept *ept, ept_visitor *visitor, void *context);

/*
 * The same with pages that go on where the last one ended, alike in all else, shown as one range.
 */
int ept_visit_ranges(const struct ept *ept, ept_visitor *visitor, void *context);

struct ept_audit {
	uint64_t reachable; /* bytes of guest-physical memory that are mapped */
	uint64_t outside;   /* of these, bytes that are not in the allowed host-physical range */
	uint64_t mistyped;  /* of these, bytes with another memory type than the MTRRs give */
	uint64_t malformed; /* entries that would cause an EPT misconfiguration */
	uint64_t pages_4k, pages_2m, pages_1g;
	uint64_t tables;	       /* the root included */
	struct ept_leaf first_outside; /* the first such page; size 0 if there is none */
};

/*
 * Reads the tables afresh, as the processor would, believing nothing that the functions above
 * assume, and counts what a guest can reach. [base, base + size) is the host-physical memory that
 * it may reach.
 */
void ept_audit(const struct ept *ept, uint64_t base, uint64_t size, struct ept_audit *audit);

#endif
