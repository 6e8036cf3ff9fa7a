/* SPDX-License-Identifier: MIT */
/*
 * A second view of a guest's memory: tables of its own that show all that an EPT shows, and a few
 * pages more. They are for EPTP switching (SDM, "EPTP Switching"): a guest goes from the one to the
 * other, and finds these pages, without a VM exit.
 *
 * Only the tables on the way to these pages are the view's own: root, one page-directory-pointer
 * table, one page directory and one page table. All else it shares with the EPT beneath, so what
 * changes there changes here. What changes in the two upper tables has to be copied: when the EPT's
 * upper_changes is not what the view has seen.
 *
 * Pure, as ept/ept.h.
 */
#ifndef SILL_EPT_VIEW_H
#define SILL_EPT_VIEW_H

#include "ept/ept.h"

struct ept_view {
	struct ept *base;
	uint64_t root, upper, directory, table; /* physical addresses of its tables, by level */
	uint64_t gpa;				/* of the GiB that is the view's own */
	uint64_t seen;				/* of base->upper_changes */
};

/*
 * Makes a view of *base, with the GiB at gpa (a multiple of that) for pages of its own; nothing
 * else of that GiB is to be found in it. 0; -SILL_EEXIST if something is mapped there in *base;
 * -SILL_EINVAL; -SILL_ERANGE (beyond EPT_GPA_END or the physical-address width); -SILL_ENOMEM.
 */
__attribute__((warn_unused_result)) int ept_view_create(struct ept_view *view, struct ept *base,
							uint64_t gpa);
/* Gives the tables back. No CPU may use them any more. */
void ept_view_destroy(struct ept_view *view);

/*
 * Shows a 4 KiB page of host-physical memory, in the first 2 MiB of the view's GiB. No write
 * without read. 0, -SILL_EINVAL, -SILL_ERANGE.
 */
__attribute__((warn_unused_result)) int ept_view_map(struct ept_view *view, uint64_t gpa,
						     uint64_t hpa, uint32_t permissions);

/* Copies what has changed in the upper tables of the EPT beneath. */
void ept_view_follow(struct ept_view *view);

/* The EPT pointer for the EPTP list and for INVEPT. */
uint64_t ept_view_pointer(const struct ept_view *view);

#endif
