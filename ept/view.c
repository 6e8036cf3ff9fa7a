/* SPDX-License-Identifier: MIT */
/* A second view of a guest's memory; see ept/view.h. */
#include "ept/view.h"

#include <sill/errno.h>

#include "ept/entry.h"

static uint64_t new_table(const struct ept *ept)
{
	return ept->memory.allocate(ept->memory.context);
}

static void release(const struct ept *ept, uint64_t table)
{
	if (table != 0)
		ept->memory.release(ept->memory.context, table);
}

/* Copies all entries of a table but one; without a table: none is there. */
static void copy_but(uint64_t *to, const uint64_t *from, unsigned int but)
{
	for (unsigned int i = 0; i < ENTRIES; i++) {
		if (i != but)
			store(&to[i], from != NULL ? load(&from[i]) : 0);
	}
}

void ept_view_follow(struct ept_view *view)
{
	const struct ept *base = view->base;
	const uint64_t *root = table_at(base, base->root);
	unsigned int slot = table_index(view->gpa, ROOT_LEVEL);
	uint64_t beneath = load(&root[slot]);

	copy_but(table_at(base, view->root), root, slot);
	copy_but(table_at(base, view->upper), is_present(beneath) ? table_at(base, beneath) : NULL,
		 table_index(view->gpa, 3));
	view->seen = base->upper_changes;
}

/* Whether anything is in this GiB: there are no empty tables. */
static bool is_used(const struct ept *base, uint64_t gpa)
{
	uint64_t beneath = load(&table_at(base, base->root)[table_index(gpa, ROOT_LEVEL)]);

	return is_present(beneath) &&
	       is_present(load(&table_at(base, beneath)[table_index(gpa, 3)]));
}

int ept_view_create(struct ept_view *view, struct ept *base, uint64_t gpa)
{
	*view = (struct ept_view){.base = base, .gpa = gpa};
	if (gpa % EPT_SIZE_1G != 0)
		return -SILL_EINVAL;
	if (gpa >= EPT_GPA_END || gpa >> base->mtrr->physical_bits != 0)
		return -SILL_ERANGE;
	if (is_used(base, gpa))
		return -SILL_EEXIST;
	view->root = new_table(base);
	view->upper = new_table(base);
	view->directory = new_table(base);
	view->table = new_table(base);
	if (view->root == 0 || view->upper == 0 || view->directory == 0 || view->table == 0) {
		ept_view_destroy(view);
		return -SILL_ENOMEM;
	}
	store(&table_at(base, view->root)[table_index(gpa, 4)], view->upper | EPT_ALL);
	store(&table_at(base, view->upper)[table_index(gpa, 3)], view->directory | EPT_ALL);
	store(&table_at(base, view->directory)[table_index(gpa, 2)], view->table | EPT_ALL);
	ept_view_follow(view);
	return 0;
}

void ept_view_destroy(struct ept_view *view)
{
	release(view->base, view->root);
	release(view->base, view->upper);
	release(view->base, view->directory);
	release(view->base, view->table);
	view->root = view->upper = view->directory = view->table = 0;
}

int ept_view_map(struct ept_view *view, uint64_t gpa, uint64_t hpa, uint32_t permissions)
{
	const struct ept *base = view->base;
	uint64_t bytes;

	if (gpa % EPT_SIZE_4K != 0 || hpa % EPT_SIZE_4K != 0 ||
	    !permissions_are_legal(base, permissions))
		return -SILL_EINVAL;
	if (gpa - view->gpa >= EPT_SIZE_2M || hpa >> base->mtrr->physical_bits != 0)
		return -SILL_ERANGE;
	store(&table_at(base, view->table)[table_index(gpa, 1)],
	      hpa | (uint64_t)memory_type_at(base->mtrr, hpa, &bytes) << ENTRY_TYPE_SHIFT |
		      permissions);
	return 0;
}

/* SDM, "Extended-Page-Table Pointer (EPTP)": as the EPT beneath in all but the root. */
uint64_t ept_view_pointer(const struct ept_view *view)
{
	return (ept_pointer(view->base, false) & ~ENTRY_ADDRESS) | view->root;
}
