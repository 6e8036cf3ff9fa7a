/* SPDX-License-Identifier: MIT */
/* The core's page tables, see address_space.h. */
#include "core/address_space.h"

#include <stddef.h>

#include "sill/errno.h"

#define ENTRIES	  512u
#define LEVELS	  4
#define ALL_FLAGS (ADDRESS_SPACE_WRITE | ADDRESS_SPACE_EXECUTE | ADDRESS_SPACE_PAT(7))

/* Which of a table's entries an address selects; level 0 is the page table, 3 the PML4. */
static unsigned int index_at(uint64_t virtual, int level)
{
	return (virtual >> (12 + 9 * level)) % ENTRIES;
}

static bool canonical(uint64_t virtual)
{
	return (uint64_t)((int64_t)(virtual << 16) >> 16) == virtual;
}

static int check_range(uint64_t virtual, uint64_t size)
{
	uint64_t last;

	if (virtual % ADDRESS_SPACE_PAGE != 0 || size % ADDRESS_SPACE_PAGE != 0)
		return -SILL_EINVAL;
	if (size == 0)
		return 0;
	/* The last page of the upper half is a legal end, so it is the last byte that counts. */
	if (__builtin_add_overflow(virtual, size - 1, &last))
		return -SILL_EINVAL;
	if (!canonical(virtual) || !canonical(last) || (virtual >> 63) != (last >> 63))
		return -SILL_EINVAL;
	return 0;
}

static uint64_t new_table(struct address_space *space)
{
	uint64_t physical = space->memory.allocate(space->memory.context);

	if (physical == 0)
		return 0;

	uint64_t *table = space->memory.table(space->memory.context, physical);

	for (unsigned int i = 0; i < ENTRIES; i++)
		table[i] = 0;
	return physical;
}

/*
 * The entry for virtual in the table of the given level, or NULL if the way there is missing and
 * create is false, or no page is left for a table.
 */
static uint64_t *find(struct address_space *space, uint64_t virtual, int level, bool create)
{
	uint64_t table = space->root;

	for (int at = LEVELS - 1;; at--) {
		uint64_t *entry =
			space->memory.table(space->memory.context, table) + index_at(virtual, at);

		if (at == level)
			return entry;
		if (!(*entry & PAGE_PRESENT)) {
			if (!create)
				return NULL;

			uint64_t next = new_table(space);

			if (next == 0)
				return NULL;
			/*
			 * SDM, "Determination of Access Rights": a right holds only if every level
			 * grants it, so upper levels grant writing and executing and the page
			 * table decides. No level grants anything to ring 3.
			 */
			*entry = next | PAGE_PRESENT | PAGE_WRITE;
		}
		table = *entry & PAGE_ADDRESS;
	}
}

int address_space_create(struct address_space *space, const struct address_space_memory *memory)
{
	space->memory = *memory;
	space->root = new_table(space);
	return space->root == 0 ? -SILL_ENOMEM : 0;
}

uint64_t address_space_make_entry(uint64_t physical, uint32_t flags)
{
	uint64_t entry = physical | PAGE_PRESENT | PAGE_ACCESSED;
	uint32_t pat = ADDRESS_SPACE_PAT_INDEX(flags);

	if (flags & ADDRESS_SPACE_WRITE)
		entry |= PAGE_WRITE | PAGE_DIRTY;
	if (!(flags & ADDRESS_SPACE_EXECUTE))
		entry |= PAGE_NOT_EXECUTABLE;
	if (pat & 1)
		entry |= PAGE_PWT;
	if (pat & 2)
		entry |= PAGE_PCD;
	if (pat & 4)
		entry |= PAGE_PAT;
	return entry;
}

static uint32_t flags_of(uint64_t entry)
{
	uint32_t pat = (entry & PAGE_PWT ? 1u : 0) | (entry & PAGE_PCD ? 2u : 0) |
		       (entry & PAGE_PAT ? 4u : 0);

	return (entry & PAGE_WRITE ? ADDRESS_SPACE_WRITE : 0) |
	       (entry & PAGE_NOT_EXECUTABLE ? 0 : ADDRESS_SPACE_EXECUTE) | ADDRESS_SPACE_PAT(pat);
}

int address_space_prepare(struct address_space *space, uint64_t virtual, uint64_t size)
{
	int error = check_range(virtual, size);

	if (error != 0)
		return error;
	for (uint64_t done = 0; done < size; done += ADDRESS_SPACE_PAGE) {
		if (find(space, virtual + done, 0, true) == NULL)
			return -SILL_ENOMEM;
	}
	return 0;
}

int address_space_map(struct address_space *space, uint64_t virtual, uint64_t physical,
		      uint64_t size, uint32_t flags)
{
	uint64_t end;
	int error = check_range(virtual, size);

	if (error != 0)
		return error;
	if ((flags & ~ALL_FLAGS) != 0 || physical % ADDRESS_SPACE_PAGE != 0)
		return -SILL_EINVAL;
	if ((flags & ADDRESS_SPACE_WRITE) && (flags & ADDRESS_SPACE_EXECUTE))
		return -SILL_EINVAL;
	if (__builtin_add_overflow(physical, size, &end) || end > PAGE_ADDRESS + ADDRESS_SPACE_PAGE)
		return -SILL_EINVAL;

	/* Everything that can fail comes first, so that a failure leaves no page mapped. */
	error = address_space_prepare(space, virtual, size);
	if (error != 0)
		return error;
	for (uint64_t done = 0; done < size; done += ADDRESS_SPACE_PAGE) {
		if (*address_space_entry(space, virtual + done) & PAGE_PRESENT)
			return -SILL_EEXIST;
	}
	for (uint64_t done = 0; done < size; done += ADDRESS_SPACE_PAGE)
		*address_space_entry(space, virtual + done) =
			address_space_make_entry(physical + done, flags);
	return 0;
}

int address_space_unmap(struct address_space *space, uint64_t virtual, uint64_t size)
{
	int error = check_range(virtual, size);

	if (error != 0)
		return error;
	for (uint64_t done = 0; done < size; done += ADDRESS_SPACE_PAGE) {
		uint64_t *entry = address_space_entry(space, virtual + done);

		if (entry != NULL)
			*entry = 0;
	}
	return 0;
}

uint64_t *address_space_entry(const struct address_space *space, uint64_t virtual)
{
	/* find() changes nothing unless it may create. */
	return canonical(virtual)
		       ? find((struct address_space *)(uintptr_t)space, virtual, 0, false)
		       : NULL;
}

bool address_space_translate(const struct address_space *space, uint64_t virtual,
			     uint64_t *physical, uint32_t *flags)
{
	const uint64_t *entry = address_space_entry(space, virtual);

	if (entry == NULL || !(*entry & PAGE_PRESENT))
		return false;
	if (physical != NULL)
		*physical = (*entry & PAGE_ADDRESS) | (virtual % ADDRESS_SPACE_PAGE);
	if (flags != NULL)
		*flags = flags_of(*entry);
	return true;
}

int address_space_walk(const struct address_space *space,
		       int (*visit)(void *context, uint64_t virtual, uint64_t physical,
				    uint32_t flags),
		       void *context)
{
	const uint64_t *tables[LEVELS];
	unsigned int at[LEVELS] = {0};
	int level = LEVELS - 1;

	tables[level] = space->memory.table(space->memory.context, space->root);
	for (;;) {
		if (at[level] == ENTRIES) {
			if (++level == LEVELS)
				return 0;
			at[level]++;
			continue;
		}

		uint64_t entry = tables[level][at[level]];

		if ((entry & PAGE_PRESENT) && level > 0) {
			tables[--level] =
				space->memory.table(space->memory.context, entry & PAGE_ADDRESS);
			at[level] = 0;
			continue;
		}
		if (entry & PAGE_PRESENT) {
			uint64_t virtual = 0;

			for (int i = LEVELS - 1; i >= 0; i--)
				virtual |= (uint64_t)at[i] << (12 + 9 * i);
			virtual = (uint64_t)((int64_t)(virtual << 16) >> 16);

			int result = visit(context, virtual, entry & PAGE_ADDRESS, flags_of(entry));

			if (result != 0)
				return result;
		}
		at[level]++;
	}
}
