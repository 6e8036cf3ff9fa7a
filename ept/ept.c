/* SPDX-License-Identifier: MIT */
/*
 * Extended page tables. See ept.h for what holds of them at all times.
 *
 * A change is made in three passes over the range. Preparing makes the tables that are needed, by
 * splitting pages or linking empty tables; that changes no translation, and it is all that can
 * fail. Applying stores the entries. Tidying joins what can be joined and takes away empty tables,
 * which again changes no translation; it also undoes a preparation that failed.
 *
 * ept_replace_page() and ept_retype() are not changes in this sense: they never take a table away.
 */
#include "ept/ept.h"

#include <sill/errno.h>

#include "ept/entry.h"

#define EPTP_WALK_LENGTH_4  (3ull << 3) /* "one less than the EPT page-walk length" */
#define EPTP_ACCESSED_DIRTY (1ull << 6)

#define NO_REGION	    (~0ull)

enum change_kind {
	CHANGE_MAP,
	CHANGE_REPEAT, /* maps every page to the same one */
	CHANGE_UNMAP,
	CHANGE_PROTECT,
};

struct change {
	enum change_kind kind;
	uint64_t first; /* guest-physical */
	uint64_t end;
	/*
	 * Host-physical less guest-physical address, modulo 2^64; of CHANGE_REPEAT the
	 * host-physical address.
	 */
	uint64_t offset;
	uint32_t permissions;
};

/* One entry of a table and the part of a change that falls on it. */
struct position {
	uint64_t *entry;
	uint64_t gpa; /* that the entry starts at */
	unsigned int level;
	bool whole; /* the change covers all of it */
};

/* A loop over the entries of a table, which starts at table_gpa, that [first, end) touches. */
struct walk {
	uint64_t *table;
	uint64_t table_gpa;
	uint64_t first, end;
	unsigned int level;
	unsigned int index;
};

static struct walk walk_start(uint64_t *table, unsigned int level, uint64_t table_gpa,
			      uint64_t first, uint64_t end)
{
	struct walk walk = {table, table_gpa, first, end, level, 0};

	if (first > table_gpa)
		walk.index = (unsigned int)((first - table_gpa) >> level_shift(level));
	return walk;
}

static bool walk_next(struct walk *walk, struct position *position)
{
	uint64_t size = level_size(walk->level);
	uint64_t gpa = walk->table_gpa + walk->index * size;

	if (walk->index >= ENTRIES || gpa >= walk->end)
		return false;
	position->entry = &walk->table[walk->index++];
	position->gpa = gpa;
	position->level = walk->level;
	position->whole = gpa >= walk->first && walk->end - gpa >= size;
	return true;
}

/*
 * Finds the memory of one type around `hpa`, at least to the next GiB or to where it ends. It
 * starts a little before `hpa` because lazily granted pages may come in descending order.
 */
static void find_run(struct ept *ept, uint64_t hpa)
{
	uint64_t limit = 1ull << ept->mtrr->physical_bits;
	uint64_t base = hpa & ~(EPT_SIZE_2M - 1);
	uint64_t bytes;
	enum memory_type type = memory_type_at(ept->mtrr, base, &bytes);
	uint64_t end = base + bytes;

	while (end < limit && (end <= hpa || end - hpa < EPT_SIZE_1G)) {
		enum memory_type next = memory_type_at(ept->mtrr, end, &bytes);

		if (next != type) {
			if (end > hpa)
				break;
			base = end;
			type = next;
		}
		end += bytes;
	}
	ept->run_base = base;
	ept->run_size = end - base;
	ept->run_type = (uint64_t)type << ENTRY_TYPE_SHIFT;
}

static bool in_run(const struct ept *ept, uint64_t hpa, uint64_t size)
{
	return hpa - ept->run_base < ept->run_size && size <= ept->run_size - (hpa - ept->run_base);
}

/* Whether [hpa, hpa + size) has one memory type; it is in ept->run_type then. */
static bool type_is_uniform(struct ept *ept, uint64_t hpa, uint64_t size)
{
	if (in_run(ept, hpa, size))
		return true;
	find_run(ept, hpa);
	return in_run(ept, hpa, size);
}

static bool is_mapping(const struct change *change)
{
	return change->kind == CHANGE_MAP || change->kind == CHANGE_REPEAT;
}

static uint64_t target(const struct change *change, const struct position *position)
{
	return change->kind == CHANGE_REPEAT ? change->offset : position->gpa + change->offset;
}

/*
 * Whether the change maps this entry's range by a page of its size. If so, its type is in run_type.
 */
static bool maps_here(struct ept *ept, const struct change *change, const struct position *position)
{
	uint64_t hpa = target(change, position);

	return position->whole && level_can_map(ept, position->level) &&
	       (position->level == 1 || change->kind == CHANGE_MAP) &&
	       !(hpa & (level_size(position->level) - 1)) &&
	       type_is_uniform(ept, hpa, level_size(position->level));
}

/*
 * After maps_here() said yes for the entry that the walk has just passed: how many entries of this
 * table, from that one on, it holds for, all with the same type. The walk skips the rest of them.
 */
static unsigned int skip_alike(const struct ept *ept, const struct change *change,
			       struct walk *walk, const struct position *position)
{
	uint64_t size = level_size(position->level);
	uint64_t hpa = target(change, position);
	uint64_t count = (change->end - position->gpa) / size;
	uint64_t alike = (ept->run_base + ept->run_size - hpa) / size;

	if (count > ENTRIES - (walk->index - 1))
		count = ENTRIES - (walk->index - 1);
	if (change->kind == CHANGE_MAP && count > alike)
		count = alike;
	walk->index += (unsigned int)count - 1;
	return (unsigned int)count;
}

static uint64_t new_table(struct ept *ept)
{
	uint64_t physical = ept->memory.allocate(ept->memory.context);

	if (physical)
		ept->tables++;
	return physical;
}

static void release_table(struct ept *ept, uint64_t entry)
{
	ept->tables--;
	ept->recent_region = NO_REGION;
	ept->memory.release(ept->memory.context, entry & ENTRY_ADDRESS);
}

static void release_tree(struct ept *ept, uint64_t entry, unsigned int level)
{
	const uint64_t *table = table_at(ept, entry);

	for (unsigned int i = 0; i < ENTRIES; i++) {
		if (is_table(load(&table[i]), level))
			release_tree(ept, load(&table[i]), level - 1);
	}
	release_table(ept, entry);
}

static void note_level(struct ept *ept, unsigned int level)
{
	if (level >= 3)
		ept->upper_changes++;
}

/*
 * Stores an entry. SDM, "Guidelines for Use of the INVEPT Instruction", on when INVEPT is due:
 * "Changing any of the privilege bits 2:0 from 1 to 0"; "Changing the physical address in bits
 * 51:12"; "changing bit 7"; "changing either bits 5:3 or bit 6". And on when not: "Because a
 * logical processor does not cache any information derived from EPT paging-structure entries that
 * are not present or misconfigured [...], it is not necessary to execute INVEPT following
 * modification of an EPT paging-structure entry that had been not present or misconfigured."
 *
 * Rights that only grow would need none either, at the price of an EPT violation for which there
 * is no reason any more when it is handled. Every change of a present entry counts here.
 */
static void replace(struct ept *ept, uint64_t *entry, uint64_t value, unsigned int level)
{
	uint64_t old = load(entry);

	if (!((old ^ value) & ~ENTRY_BY_CPU))
		return;
	store(entry, value);
	note_level(ept, level);
	if (is_present(old))
		ept->stale = true;
	if (is_table(old, level))
		release_tree(ept, old, level - 1);
}

/* Makes the entry, which maps a page or nothing, reference a table that maps the same. */
static int make_table(struct ept *ept, uint64_t *entry, unsigned int level)
{
	uint64_t old = load(entry);
	uint64_t physical = new_table(ept);

	if (!physical)
		return -SILL_ENOMEM;
	if (is_present(old)) {
		uint64_t *table = table_at(ept, physical);
		uint64_t part = (old & ~ENTRY_PAGE) | page_flag(level - 1);

		for (unsigned int i = 0; i < ENTRIES; i++)
			store(&table[i], part + i * level_size(level - 1));
		ept->stale = true;
	}
	store(entry, physical | EPT_ALL);
	note_level(ept, level);
	return 0;
}

/* The first pass. */
static int prepare(struct ept *ept, const struct change *change, uint64_t table_entry,
		   unsigned int level, uint64_t table_gpa)
{
	if (level == 1)
		return 0;

	struct walk walk = walk_start(table_at(ept, table_entry), level, table_gpa, change->first,
				      change->end);
	struct position at;

	while (walk_next(&walk, &at)) {
		uint64_t entry = load(at.entry);
		int error;

		if (is_mapping(change)) {
			if (maps_here(ept, change, &at)) {
				(void)skip_alike(ept, change, &walk, &at);
				continue;
			}
		} else if (!is_present(entry) ||
			   (at.whole && (change->kind == CHANGE_UNMAP || is_page(entry, level)))) {
			continue;
		}
		if (!is_table(entry, level)) {
			error = make_table(ept, at.entry, level);
			if (error)
				return error;
		}
		error = prepare(ept, change, load(at.entry), level - 1, at.gpa);
		if (error)
			return error;
	}
	return 0;
}

static void apply_pages(struct ept *ept, const struct change *change, struct walk *walk,
			const struct position *position)
{
	uint64_t page = target(change, position) | ept->run_type | page_flag(position->level) |
			change->permissions;
	uint64_t step = change->kind == CHANGE_MAP ? level_size(position->level) : 0;
	unsigned int count = skip_alike(ept, change, walk, position);

	for (unsigned int i = 0; i < count; i++)
		replace(ept, position->entry + i, page + i * step, position->level);
}

/* The second pass. It takes the same decisions as the first, so all tables are there. */
static void apply(struct ept *ept, const struct change *change, uint64_t table_entry,
		  unsigned int level, uint64_t table_gpa)
{
	struct walk walk = walk_start(table_at(ept, table_entry), level, table_gpa, change->first,
				      change->end);
	struct position at;

	while (walk_next(&walk, &at)) {
		uint64_t entry = load(at.entry);

		if (is_mapping(change) && maps_here(ept, change, &at))
			apply_pages(ept, change, &walk, &at);
		else if (change->kind == CHANGE_UNMAP && at.whole)
			replace(ept, at.entry, 0, level);
		else if (is_table(entry, level))
			apply(ept, change, entry, level - 1, at.gpa);
		else if (change->kind == CHANGE_PROTECT && is_present(entry))
			replace(ept, at.entry, (entry & ~ENTRY_PERMISSIONS) | change->permissions,
				level);
	}
}

static bool is_empty(const uint64_t *table)
{
	for (unsigned int i = 0; i < ENTRIES; i++) {
		if (load(&table[i]))
			return false;
	}
	return true;
}

/*
 * If one page of `level` can stand for this table of the level below, the entry that maps it, else
 * 0. All entries having one memory type, so has the larger page.
 */
static uint64_t joined(const struct ept *ept, const uint64_t *table, unsigned int level)
{
	uint64_t first = load(&table[0]) & ~ENTRY_BY_CPU;
	uint64_t by_cpu = 0;

	if (!level_can_map(ept, level) || !is_page(first, level - 1) ||
	    (first & ENTRY_ADDRESS & (level_size(level) - 1)))
		return 0;
	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint64_t entry = load(&table[i]);

		if ((entry & ~ENTRY_BY_CPU) != first + i * level_size(level - 1))
			return 0;
		by_cpu |= entry & ENTRY_BY_CPU;
	}
	return first | ENTRY_PAGE | by_cpu;
}

/* The third pass. */
static void tidy(struct ept *ept, uint64_t table_entry, unsigned int level, uint64_t table_gpa,
		 uint64_t first, uint64_t end)
{
	if (level == 1)
		return;

	struct walk walk = walk_start(table_at(ept, table_entry), level, table_gpa, first, end);
	struct position at;

	while (walk_next(&walk, &at)) {
		uint64_t entry = load(at.entry);

		if (!is_table(entry, level))
			continue;
		tidy(ept, entry, level - 1, at.gpa, first, end);

		const uint64_t *table = table_at(ept, entry);
		uint64_t page = joined(ept, table, level);

		if (!page && !is_empty(table))
			continue;
		store(at.entry, page);
		note_level(ept, level);
		/*
		 * Even an empty table may be cached, and it is about to be used for something else.
		 */
		ept->stale = true;
		release_table(ept, entry);
	}
}

static int make_change(struct ept *ept, const struct change *change)
{
	int error = prepare(ept, change, ept->root, ROOT_LEVEL, 0);

	if (!error)
		apply(ept, change, ept->root, ROOT_LEVEL, 0);
	else if (ept->shared)
		return error;
	tidy(ept, ept->root, ROOT_LEVEL, 0, change->first, change->end);
	return error;
}

static bool is_aligned(uint64_t value)
{
	return !(value & (EPT_SIZE_4K - 1));
}

static int check_range(uint64_t base, uint64_t size, uint64_t limit)
{
	if (!is_aligned(base) || !is_aligned(size) || !size)
		return -SILL_EINVAL;
	if (size > limit || base > limit - size)
		return -SILL_ERANGE;
	return 0;
}

/* Whether one page of host memory can be mapped with these permissions. */
static int check_page(const struct ept *ept, uint64_t hpa, uint32_t permissions)
{
	int error = check_range(hpa, EPT_SIZE_4K, 1ull << ept->mtrr->physical_bits);

	if (!error && !permissions_are_legal(ept, permissions))
		error = -SILL_EINVAL;
	return error;
}

int ept_init(struct ept *ept, uint64_t capabilities, const struct mtrr_state *mtrr,
	     const struct ept_memory *memory)
{
	if (!(capabilities & EPT_CAP_WALK_LENGTH_4) || !(capabilities & (EPT_CAP_UC | EPT_CAP_WB)))
		return -SILL_ENODEV;
	if (mtrr->physical_bits < 32 || mtrr->physical_bits > 52)
		return -SILL_EINVAL;

	*ept = (struct ept){
		.capabilities = capabilities,
		.mtrr = mtrr,
		.memory = *memory,
		.recent_region = NO_REGION,
		/* The root may lie where another guest's was, and CPUs cache by its address. */
		.stale = true,
	};

	/*
	 * SDM, "EPT Misconfigurations": "The value of bits 2:0 of an EPT paging-structure entry is
	 * either 010b (write-only) or 110b (write/execute)"; "[...] is 100b (execute-only) and this
	 * value is not supported by the logical processor". 000b is no mapping at all.
	 */
	ept->legal_permissions = 1u << EPT_READ | 1u << (EPT_READ | EPT_WRITE) |
				 1u << (EPT_READ | EPT_EXECUTE) | 1u << EPT_ALL;
	if (capabilities & EPT_CAP_EXECUTE_ONLY)
		ept->legal_permissions |= 1u << EPT_EXECUTE;

	ept->root = new_table(ept);
	return ept->root ? 0 : -SILL_ENOMEM;
}

void ept_destroy(struct ept *ept)
{
	if (ept->root)
		release_tree(ept, ept->root, ROOT_LEVEL);
	ept->root = 0;
}

/* SDM, "Extended-Page-Table Pointer (EPTP)". */
uint64_t ept_pointer(const struct ept *ept, bool accessed_dirty)
{
	uint64_t pointer = ept->root | EPTP_WALK_LENGTH_4;

	if (ept->capabilities & EPT_CAP_WB)
		pointer |= MEMORY_TYPE_WB;
	if (accessed_dirty && (ept->capabilities & EPT_CAP_ACCESSED_AND_DIRTY))
		pointer |= EPTP_ACCESSED_DIRTY;
	return pointer;
}

int ept_map(struct ept *ept, uint64_t gpa, uint64_t hpa, uint64_t size, uint32_t permissions)
{
	struct change change = {CHANGE_MAP, gpa, gpa + size, hpa - gpa, permissions};
	int error = check_range(gpa, size, EPT_GPA_END);

	if (!error)
		error = check_range(hpa, size, 1ull << ept->mtrr->physical_bits);
	if (!error && !permissions_are_legal(ept, permissions))
		error = -SILL_EINVAL;
	return error ? error : make_change(ept, &change);
}

int ept_map_repeated(struct ept *ept, uint64_t gpa, uint64_t hpa, uint64_t size,
		     uint32_t permissions)
{
	struct change change = {CHANGE_REPEAT, gpa, gpa + size, hpa, permissions};
	int error = check_range(gpa, size, EPT_GPA_END);

	if (!error)
		error = check_page(ept, hpa, permissions);
	return error ? error : make_change(ept, &change);
}

int ept_unmap(struct ept *ept, uint64_t gpa, uint64_t size)
{
	struct change change = {CHANGE_UNMAP, gpa, gpa + size, 0, 0};
	int error = check_range(gpa, size, EPT_GPA_END);

	return error ? error : make_change(ept, &change);
}

int ept_protect(struct ept *ept, uint64_t gpa, uint64_t size, uint32_t permissions)
{
	struct change change = {CHANGE_PROTECT, gpa, gpa + size, 0, permissions};
	int error = check_range(gpa, size, EPT_GPA_END);

	if (!error && !permissions_are_legal(ept, permissions))
		error = -SILL_EINVAL;
	return error ? error : make_change(ept, &change);
}

/* Finds the entry that ends the walk for `gpa`; its level in *level. */
static uint64_t *last_entry(const struct ept *ept, uint64_t gpa, unsigned int *level)
{
	uint64_t *entry = &table_at(ept, ept->root)[table_index(gpa, ROOT_LEVEL)];

	for (*level = ROOT_LEVEL; is_table(load(entry), *level); --*level)
		entry = &table_at(ept, load(entry))[table_index(gpa, *level - 1)];
	return entry;
}

/* What is left of ept_grant_page() when the short path does not apply. */
static __attribute__((noinline)) int grant_slowly(struct ept *ept, uint64_t gpa, uint64_t hpa,
						  uint32_t permissions)
{
	unsigned int level;
	uint64_t *entry;
	int error;

	if (gpa < EPT_GPA_END && is_present(load(last_entry(ept, gpa, &level))))
		return -SILL_EEXIST;
	error = ept_map(ept, gpa, hpa, EPT_SIZE_4K, permissions);
	if (error)
		return error;
	entry = last_entry(ept, gpa, &level);
	if (level == 1) {
		ept->recent_region = gpa / EPT_SIZE_2M;
		ept->recent_table = entry - table_index(gpa, 1);
	}
	return 0;
}

/*
 * The short path is for a page whose neighbours were granted not long before: the table is the one
 * that was used last, and the memory has the type that was looked up last. Whether the table has
 * become full is not counted, because a count would have to be kept right by everything that
 * changes a table; instead nothing is scanned unless both neighbouring pages are there. Pages
 * that are granted in ascending or descending order then cost two loads each until the last one,
 * pages in random order a few more on average; the most it can ever be is one scan of the table.
 */
int ept_grant_page(struct ept *ept, uint64_t gpa, uint64_t hpa, uint32_t permissions)
{
	unsigned int index = table_index(gpa, 1);
	uint64_t *table = ept->recent_table;

	if (gpa / EPT_SIZE_2M != ept->recent_region || hpa - ept->run_base >= ept->run_size ||
	    !is_aligned(gpa | hpa) || !permissions_are_legal(ept, permissions))
		return grant_slowly(ept, gpa, hpa, permissions);

	if (load(&table[index]))
		return -SILL_EEXIST;
	store(&table[index], hpa | ept->run_type | permissions);
	if (load(&table[(index + 1) % ENTRIES]) && load(&table[(index - 1) % ENTRIES]))
		tidy(ept, ept->root, ROOT_LEVEL, 0, gpa, gpa + EPT_SIZE_4K);
	return 0;
}

int ept_replace_page(struct ept *ept, uint64_t gpa, uint64_t hpa, uint32_t permissions)
{
	int error = check_range(gpa, EPT_SIZE_4K, EPT_GPA_END);
	unsigned int level;
	uint64_t *entry;

	if (!error)
		error = check_page(ept, hpa, permissions);
	if (error)
		return error;
	entry = last_entry(ept, gpa, &level);
	if (level != 1 || !is_present(load(entry)))
		return -SILL_EFAULT;
	(void)type_is_uniform(ept, hpa, EPT_SIZE_4K);
	replace(ept, entry, hpa | ept->run_type | permissions, 1);
	return 0;
}

/* Whether there was memory for all the tables. */
static bool retype_table(struct ept *ept, uint64_t table_entry, unsigned int level)
{
	uint64_t *table = table_at(ept, table_entry);
	bool complete = true;

	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint64_t entry = load(&table[i]);
		uint64_t size = level_size(level);
		uint64_t type = (uint64_t)MEMORY_TYPE_UC << ENTRY_TYPE_SHIFT;

		if (!is_present(entry))
			continue;
		if (is_page(entry, level)) {
			if (type_is_uniform(ept, entry & ENTRY_ADDRESS & ~(size - 1), size)) {
				type = ept->run_type;
			} else if (!make_table(ept, &table[i], level)) {
				entry = load(&table[i]);
			} else {
				complete = false;
			}
		}
		if (is_table(entry, level))
			complete &= retype_table(ept, entry, level - 1);
		else
			replace(ept, &table[i], (entry & ~ENTRY_TYPE_MASK) | type, level);
	}
	return complete;
}

int ept_retype(struct ept *ept)
{
	ept->run_size = 0;
	return retype_table(ept, ept->root, ROOT_LEVEL) ? 0 : -SILL_ENOMEM;
}

int ept_translate(const struct ept *ept, uint64_t gpa, uint64_t *hpa, struct ept_leaf *leaf)
{
	unsigned int level;
	struct ept_leaf found;
	uint64_t entry;

	if (gpa >= EPT_GPA_END)
		return -SILL_EFAULT;
	entry = load(last_entry(ept, gpa, &level));
	if (!is_present(entry))
		return -SILL_EFAULT;
	found = leaf_of(entry, level, gpa);
	if (hpa)
		*hpa = found.hpa + (gpa - found.gpa);
	if (leaf)
		*leaf = found;
	return 0;
}
