/* SPDX-License-Identifier: MIT */
/* The core's own memory; see core/memory.h. */
#include "core/memory.h"

#include "core/cpu.h"
#include "core/spinlock.h"
#include "core/string.h"

/* Pages that were given back, linked through their first bytes. */
struct free_page {
	struct free_page *next;
};

static struct {
	uint64_t base, size;
	uint64_t fresh; /* offset of the first page that nobody ever had */
	uint64_t given_back;
	uint64_t most_used;
	struct free_page *free;
} arena;

/* Of all the above. */
static struct spinlock lock;

static struct address_space space;

static uint64_t next_device_address = MMIO_VIRTUAL;
static uint64_t next_stack_address = STACK_VIRTUAL;

/* The upper half of the device area is for files. */
#define FILE_VIRTUAL	MEMORY_SHOWN_VIRTUAL
#define MOST_FILE_BYTES (MMIO_VIRTUAL_SIZE / 2)

static uint64_t whole_pages(uint64_t size)
{
	return (size + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

uint64_t physical_of(const void *address)
{
	return (uintptr_t)address - ARENA_VIRTUAL + arena.base;
}

void *virtual_of(uint64_t physical)
{
	return (void *)(uintptr_t)(physical - arena.base + ARENA_VIRTUAL);
}

static void note_usage(void)
{
	uint64_t used = arena.fresh - arena.given_back;

	if (used > arena.most_used)
		arena.most_used = used;
}

static void *take_fresh(size_t count)
{
	void *pages;

	if (count > (arena.size - arena.fresh) / PAGE_SIZE)
		return NULL;
	pages = virtual_of(arena.base + arena.fresh);
	arena.fresh += count * PAGE_SIZE;
	return pages;
}

void *pages_allocate(size_t count)
{
	void *pages;

	spin_lock(&lock);
	pages = take_fresh(count);
	note_usage();
	spin_unlock(&lock);
	return pages != NULL ? memset(pages, 0, count * PAGE_SIZE) : NULL;
}

void *page_allocate(void)
{
	struct free_page *page;

	spin_lock(&lock);
	page = arena.free;
	if (page != NULL) {
		arena.free = page->next;
		arena.given_back -= PAGE_SIZE;
	} else {
		page = take_fresh(1);
	}
	note_usage();
	spin_unlock(&lock);
	return page != NULL ? memset(page, 0, PAGE_SIZE) : NULL;
}

void page_release(void *page)
{
	struct free_page *released = page;

	spin_lock(&lock);
	released->next = arena.free;
	arena.free = released;
	arena.given_back += PAGE_SIZE;
	spin_unlock(&lock);
}

void *stack_allocate(size_t page_count)
{
	void *pages = pages_allocate(page_count);
	uint64_t address = next_stack_address + PAGE_SIZE;
	uint64_t size = page_count * PAGE_SIZE;

	if (pages == NULL ||
	    address_space_map(&space, address, physical_of(pages), size, ADDRESS_SPACE_WRITE) != 0)
		return NULL;
	next_stack_address = address + size;
	return (void *)(uintptr_t)address;
}

static uint64_t allocate_table(void *context)
{
	void *page = page_allocate();

	(void)context;
	return page != NULL ? physical_of(page) : 0;
}

static uint64_t *reach_table(void *context, uint64_t physical)
{
	(void)context;
	return virtual_of(physical);
}

void memory_start(const struct sill_handoff *handoff)
{
	arena.base = handoff->arena.base;
	arena.size = handoff->arena.size;
	arena.fresh = whole_pages(handoff->arena_used);
	arena.most_used = arena.fresh;

	space.root = handoff->root_table;
	space.memory.allocate = allocate_table;
	space.memory.table = reach_table;
}

void memory_forget_trampoline(void)
{
	/* The lower half held it and nothing else. */
	memset(virtual_of(space.root), 0, PAGE_SIZE / 2);
	write_cr3(space.root);
}

void *memory_map_device(uint64_t physical, uint64_t size, uint32_t pat_index)
{
	uint64_t offset = physical % PAGE_SIZE;
	uint64_t length = whole_pages(offset + size);
	uint64_t address = next_device_address;

	if (size == 0 || length < size || length > FILE_VIRTUAL - address)
		return NULL;
	if (address_space_map(&space, address, physical - offset, length,
			      ADDRESS_SPACE_WRITE | ADDRESS_SPACE_PAT(pat_index)) != 0)
		return NULL;
	next_device_address += length;
	return (void *)(uintptr_t)(address + offset);
}

const void *memory_map_file(const struct sill_range *file)
{
	if (file->size == 0 || file->size > MOST_FILE_BYTES || file->base % PAGE_SIZE != 0 ||
	    address_space_map(&space, FILE_VIRTUAL, file->base, whole_pages(file->size), 0) != 0)
		return NULL;
	return (const void *)(uintptr_t)FILE_VIRTUAL;
}

void memory_unmap_file(const struct sill_range *file)
{
	if (address_space_unmap(&space, FILE_VIRTUAL, whole_pages(file->size)) == 0)
		write_cr3(space.root);
}

int memory_show_page(size_t index, uint64_t physical)
{
	uint64_t address = MEMORY_SHOWN_VIRTUAL + index * PAGE_SIZE;
	int error =
		address_space_map(&space, address, physical - physical % PAGE_SIZE, PAGE_SIZE, 0);

	/* What another CPU showed there before is not flushed here by its INVLPG. */
	invlpg((const void *)(uintptr_t)address);
	return error;
}

void memory_hide_pages(size_t count)
{
	/* It can't fail: these are page-aligned addresses of the core's. */
	if (address_space_unmap(&space, MEMORY_SHOWN_VIRTUAL, count * PAGE_SIZE) != 0)
		return;
	for (size_t i = 0; i < count; i++)
		invlpg((const void *)(uintptr_t)(MEMORY_SHOWN_VIRTUAL + i * PAGE_SIZE));
}

const struct address_space *memory_address_space(void)
{
	return &space;
}

struct memory_usage memory_usage(void)
{
	return (struct memory_usage){
		.reserved = arena.size,
		.used = arena.fresh - arena.given_back,
		.most_used = arena.most_used,
	};
}
