/* SPDX-License-Identifier: MIT */
/* What the door VIEW needs of a guest's memory, whatever the number of its CPUs. */
#ifndef SILL_DOORS_VIEW_H
#define SILL_DOORS_VIEW_H

#include "ept/view.h"

#include <stdint.h>

struct door_view {
	struct ept_view ept;
	uint64_t gpa;	/* of the code's page; the data's follows */
	uint64_t *list; /* the EPTP list, a page */
	void *code;	/* pages of the arena: the services as the guest runs them */
	struct view_data *data;
};

/*
 * Makes the view, with its two pages at the start of the GiB at gpa. 0, or the errors of
 * ept_view_create(); then *view is all zero.
 */
__attribute__((warn_unused_result)) int door_view_create(struct door_view *view, struct ept *base,
							 uint64_t gpa);
/* Takes it away; also if there is none. No CPU may use it any more. */
void door_view_destroy(struct door_view *view);

/* After a change of the EPT beneath: lets the view show it. */
static inline void door_view_follow(struct door_view *view)
{
	if (view->list != NULL && view->ept.seen != view->ept.base->upper_changes)
		ept_view_follow(&view->ept);
}

#endif
