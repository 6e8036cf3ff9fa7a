/* SPDX-License-Identifier: MIT */
/*
 * Puts the core where it will run. The arena, from its start:
 *
 *	the core's image	mapped where it was linked, each segment with its own rights, and
 *				nowhere else: its text has no writable address
 *	the handoff
 *	a guard page		not mapped
 *	the boot stack
 *	page tables		the first ones; the core goes on from there (arena_used)
 *	the rest		whatever was there before
 *
 * All but the image and the guard page is mapped, writable and not executable, at ARENA_VIRTUAL.
 */
#include "boot/loader.h"

#include "boot/reserve.h"
#include "boot/trampoline.h"
#include "core/string.h"
#include "sill/errno.h"

#define PAGE ADDRESS_SPACE_PAGE

/* The core's ELF file, see core_blob.asm. */
extern const uint8_t core_blob[] __attribute__((visibility("hidden")));
extern const uint8_t core_blob_end[] __attribute__((visibility("hidden")));

EFI_STATUS read_core(struct loader *loader)
{
	const char *problem =
		core_image_parse(core_blob, (size_t)(core_blob_end - core_blob), &loader->core);

	if (problem != NULL)
		return refuse(loader, EFI_LOAD_ERROR, "sill.efi is damaged: %s", problem);
	return EFI_SUCCESS;
}

/* Page-aligned space at the end of what is taken. 0: the arena is full. */
static uint64_t take(struct loader *loader, uint64_t size)
{
	size = (size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	if (size > loader->arena.size - loader->arena_used)
		return 0;

	uint64_t address = loader->arena.base + loader->arena_used;

	loader->arena_used += size;
	return address;
}

static uint64_t take_table(void *context)
{
	return take(context, PAGE);
}

/*
 * As memset() and memcpy(), but eight bytes at a time: what is done before the core runs is by how
 * much a boot with Sill takes longer. clear() takes a multiple of eight bytes.
 */
static void clear(uint64_t to, uint64_t size)
{
	uint64_t count = size / 8;

	__asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(0) : "memory");
}

static void copy(uint64_t to, const void *from, uint64_t size)
{
	uint64_t count = size / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	memcpy((void *)(uintptr_t)to, from, size % 8);
}

/* The firmware maps all memory at its physical address. */
static uint64_t *table_at(void *context, uint64_t physical)
{
	(void)context;
	return (uint64_t *)(uintptr_t)physical;
}

static uint64_t alias_of(const struct loader *loader, uint64_t physical)
{
	return ARENA_VIRTUAL + (physical - loader->arena.base);
}

static int map_core(struct loader *loader, uint64_t base)
{
	const struct core_image *core = &loader->core;

	for (uint32_t i = 0; i < core->segment_count; i++) {
		const struct core_segment *segment = &core->segments[i];
		uint64_t to = base + segment->offset, filled = segment->file_size & ~7ull;

		clear(to + filled, segment->size - filled);
		copy(to, core_blob + segment->file, segment->file_size);

		int error = address_space_map(&loader->space, CORE_VIRTUAL + segment->offset, to,
					      segment->size, segment->flags);

		if (error != 0)
			return error;
	}
	return 0;
}

static int map_arena(struct loader *loader, uint64_t guard)
{
	uint64_t first = loader->arena.base + loader->core.size;
	uint64_t last = loader->arena.base + loader->arena.size;
	int error = address_space_map(&loader->space, alias_of(loader, first), first, guard - first,
				      ADDRESS_SPACE_WRITE);

	if (error != 0)
		return error;
	first = guard + RESERVE_GUARD;
	return address_space_map(&loader->space, alias_of(loader, first), first, last - first,
				 ADDRESS_SPACE_WRITE);
}

static int build_address_space(struct loader *loader, uint64_t core, uint64_t guard)
{
	const struct address_space_memory memory = {
		.context = loader,
		.allocate = take_table,
		.table = table_at,
	};
	uint64_t trampoline_page = (uint64_t)(uintptr_t)trampoline & ~(uint64_t)(PAGE - 1);
	int error = address_space_create(&loader->space, &memory);

	if (error == 0)
		error = map_core(loader, core);
	if (error == 0)
		error = map_arena(loader, guard);
	if (error == 0)
		error = address_space_prepare(&loader->space, WINDOW_VIRTUAL,
					      (uint64_t)WINDOW_PAGES * PAGE);
	/*
	 * The CPU fetches the instruction after the MOV to CR3 through the new tables. Physical
	 * memory ends long before the lower half of the address space does.
	 */
	if (error == 0)
		error = address_space_map(&loader->space, trampoline_page, trampoline_page, PAGE,
					  ADDRESS_SPACE_EXECUTE);
	return error;
}

EFI_STATUS place_core(struct loader *loader)
{
	uint64_t core = take(loader, loader->core.size);
	uint64_t handoff = take(loader, sizeof(struct sill_handoff));
	uint64_t guard = take(loader, RESERVE_GUARD);
	uint64_t stack = take(loader, RESERVE_BOOT_STACK);
	int error = -SILL_ENOMEM;

	if (core != 0 && handoff != 0 && guard != 0 && stack != 0)
		error = build_address_space(loader, core, guard);
	if (error != 0)
		return refuse(loader, EFI_LOAD_ERROR,
			      "the core's address space cannot be built (error %d)", error);

	clear(handoff, sizeof(struct sill_handoff));
	loader->boot_stack = alias_of(loader, stack) + RESERVE_BOOT_STACK;
	loader->handoff = (struct sill_handoff *)(uintptr_t)handoff;
	loader->handoff_virtual = alias_of(loader, handoff);
	return EFI_SUCCESS;
}
