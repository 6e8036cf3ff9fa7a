/* SPDX-License-Identifier: MIT */
/*
 * Reads extended page tables as the processor would: visits, and the audit of what a guest can
 * reach. Apart from ept.c because it must not depend on what that makes sure of.
 */
#include "ept/ept.h"

#include "ept/entry.h"

static int visit_table(const struct ept *ept, uint64_t table_entry, unsigned int level,
		       uint64_t table_gpa, ept_visitor *visitor, void *context)
{
	const uint64_t *table = table_at(ept, table_entry);

	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint64_t entry = load(&table[i]);
		uint64_t gpa = table_gpa + i * level_size(level);
		int result = 0;

		if (is_table(entry, level)) {
			result = visit_table(ept, entry, level - 1, gpa, visitor, context);
		} else if (is_present(entry)) {
			struct ept_leaf leaf = leaf_of(entry, level, gpa);

			result = visitor(context, &leaf);
		}
		if (result)
			return result;
	}
	return 0;
}

int ept_visit(const struct ept *ept, ept_visitor *visitor, void *context)
{
	return visit_table(ept, ept->root, ROOT_LEVEL, 0, visitor, context);
}

struct range_visit {
	struct ept_leaf range; /* size 0: none yet */
	ept_visitor *visitor;
	void *context;
};

static int extend_range(void *context, const struct ept_leaf *leaf)
{
	struct range_visit *visit = context;
	struct ept_leaf *range = &visit->range;
	int result = 0;

	if (range->size && leaf->gpa == range->gpa + range->size &&
	    leaf->hpa == range->hpa + range->size && leaf->permissions == range->permissions &&
	    leaf->type == range->type) {
		range->size += leaf->size;
		return 0;
	}
	if (range->size)
		result = visit->visitor(visit->context, range);
	*range = *leaf;
	return result;
}

int ept_visit_ranges(const struct ept *ept, ept_visitor *visitor, void *context)
{
	struct range_visit visit = {.visitor = visitor, .context = context};
	int result = ept_visit(ept, extend_range, &visit);

	if (!result && visit.range.size)
		result = visitor(context, &visit.range);
	return result;
}

/*
 * Whether the processor would take this present entry. SDM, "EPT Misconfigurations": permissions
 * (see ept_init()), reserved bits, "a bit in the range 51:12 that is beyond the logical
 * processor's physical-address width", and a reserved memory type in an entry that maps a page.
 */
static bool is_well_formed(const struct ept *ept, uint64_t entry, unsigned int level)
{
	uint64_t beyond = ENTRY_ADDRESS & ~((1ull << ept->mtrr->physical_bits) - 1);

	if (!permissions_are_legal(ept, (uint32_t)(entry & ENTRY_PERMISSIONS)) || (entry & beyond))
		return false;
	if (is_table(entry, level))
		return !(entry & (ENTRY_TYPE_MASK | ENTRY_IPAT));
	return level_can_map(ept, level) && !(entry & ENTRY_ADDRESS & (level_size(level) - 1)) &&
	       memory_type_valid((entry & ENTRY_TYPE_MASK) >> ENTRY_TYPE_SHIFT);
}

/* How many bytes [a, a + a_size) and [b, b + b_size) have in common; neither wraps. */
static uint64_t common(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	uint64_t first = a > b ? a : b;
	uint64_t end = a + a_size < b + b_size ? a + a_size : b + b_size;

	return end > first ? end - first : 0;
}

static uint64_t mistyped_bytes(const struct ept *ept, const struct ept_leaf *leaf)
{
	uint64_t end = leaf->hpa + leaf->size;
	uint64_t wrong = 0;
	uint64_t bytes;

	for (uint64_t hpa = leaf->hpa; hpa < end; hpa += bytes) {
		bool right = memory_type_at(ept->mtrr, hpa, &bytes) == leaf->type;

		if (bytes > end - hpa)
			bytes = end - hpa;
		if (!right)
			wrong += bytes;
	}
	return wrong;
}

static void audit_page(const struct ept *ept, const struct ept_leaf *leaf, uint64_t base,
		       uint64_t size, struct ept_audit *audit)
{
	uint64_t inside = common(leaf->hpa, leaf->size, base, size);

	if (leaf->size == EPT_SIZE_1G)
		audit->pages_1g++;
	else if (leaf->size == EPT_SIZE_2M)
		audit->pages_2m++;
	else
		audit->pages_4k++;
	audit->reachable += leaf->size;
	audit->outside += leaf->size - inside;
	audit->mistyped += mistyped_bytes(ept, leaf);
	if (inside != leaf->size && !audit->first_outside.size)
		audit->first_outside = *leaf;
}

static void audit_table(const struct ept *ept, uint64_t table_entry, unsigned int level,
			uint64_t table_gpa, uint64_t base, uint64_t size, struct ept_audit *audit)
{
	const uint64_t *table = table_at(ept, table_entry);

	audit->tables++;
	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint64_t entry = load(&table[i]);
		uint64_t gpa = table_gpa + i * level_size(level);

		if (!is_present(entry))
			continue;
		if (!is_well_formed(ept, entry, level)) {
			audit->malformed++;
		} else if (is_table(entry, level)) {
			audit_table(ept, entry, level - 1, gpa, base, size, audit);
		} else {
			struct ept_leaf leaf = leaf_of(entry, level, gpa);

			audit_page(ept, &leaf, base, size, audit);
		}
	}
}

void ept_audit(const struct ept *ept, uint64_t base, uint64_t size, struct ept_audit *audit)
{
	uint64_t end;

	*audit = (struct ept_audit){0};
	if (__builtin_add_overflow(base, size, &end))
		size = ~0ull - base;
	audit_table(ept, ept->root, ROOT_LEVEL, 0, base, size, audit);
}
