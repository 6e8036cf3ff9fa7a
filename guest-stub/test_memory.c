/* SPDX-License-Identifier: MIT */
/* The guest's memory: the loader's map, memory granted at first touch, read-only memory. */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "paging.h"
#include "string.h"
#include "suite.h"
#include "tap.h"

extern char image_start[], image_end[];

static void map(void)
{
	const uint64_t memory = guest_memory();
	uint64_t highest = 0, previous_end = 0, high_bytes = 0;
	bool ordered = true, image_inside = false;

	tap_ok(multiboot->flags & MULTIBOOT_INFO_MEMORY, "Multiboot: sizes of memory are given");
	tap_ok(multiboot->mem_lower >= 512 && multiboot->mem_lower <= 640,
	       "Multiboot: lower memory is at most 640 KiB");
	tap_equal((uint64_t)multiboot->mem_upper * 1024 + MIB, memory,
		  "Multiboot: upper memory ends where info says");
	if (!tap_ok(multiboot->flags & MULTIBOOT_INFO_MMAP, "Multiboot: a memory map is given"))
		return;
	for (uint64_t at = multiboot->mmap_addr;
	     at < (uint64_t)multiboot->mmap_addr + multiboot->mmap_length;) {
		const struct multiboot_mmap_entry *e = (const void *)at;
		uint64_t end = e->base + e->length;

		at += e->size + sizeof(e->size);
		if (e->base < previous_end)
			ordered = false;
		previous_end = end;
		if (e->type != MULTIBOOT_MMAP_AVAILABLE)
			continue;
		if (end > highest)
			highest = end;
		if (e->base >= MIB)
			high_bytes += e->length;
		if ((uint64_t)image_start >= e->base && (uint64_t)image_end <= end)
			image_inside = true;
		tap_ok(!(e->base < MIB && end > 0xa0000), "Multiboot: %lx to %lx is RAM", e->base,
		       end);
	}
	tap_ok(ordered, "Multiboot: the map's entries don't overlap");
	tap_equal(highest, memory, "Multiboot: the map's highest RAM ends where info says");
	tap_equal(high_bytes, memory - MIB, "Multiboot: all memory from 1 MiB on is in the map");
	tap_ok(image_inside, "Multiboot: this program lies in RAM of the map");
}

static void low_memory(void)
{
	unsigned readable = 0;

	for (uint64_t at = 0; at < MIB; at += PAGE_SIZE)
		readable += try_read8((const void *)at) == NO_EXCEPTION;
	tap_equal(readable, 256, "every page of the first MiB can be read");
	for (uint64_t at = 0xa0000; at < 0xc0000; at += PAGE_SIZE)
		*(volatile uint32_t *)at = (uint32_t)at;
	tap_ok(*(volatile uint32_t *)0xa0000 == 0xa0000 && *(volatile uint32_t *)0xbf000 == 0xbf000,
	       "the video memory keeps what is written");
}

/* Memory near the top, which Sill may grant page by page. */
static void lazy(void)
{
	uint8_t *page = fresh_page(), *below = fresh_page(), *last = fresh_page();
	volatile uint64_t *words = (volatile uint64_t *)fresh_page();
	bool zero = true;

	tap_ok(filled_with(page, 0, PAGE_SIZE), "an untouched page reads zero");
	memset(page, 0xa7, PAGE_SIZE);
	tap_ok(filled_with(page, 0xa7, PAGE_SIZE), "and keeps what is written");
	below[4095] = 1;
	tap_ok(below[4095] == 1 && filled_with(below, 0, 4095),
	       "an untouched page that is first written is zero around that");
	tap_ok(filled_with(page, 0xa7, PAGE_SIZE), "its neighbour has not changed");
	__asm__ volatile("lock addq $1, %0" : "+m"(words[1]) : : "memory", "cc");
	tap_ok(words[0] == 0 && words[1] == 1, "a locked instruction touches first");
	/* A first touch over the border of two pages: last lies below, words still lower. */
	{
		uint8_t *lower = fresh_page(), *lowest = fresh_page();
		volatile uint64_t *across = (volatile uint64_t *)(lowest + PAGE_SIZE - 4);

		*across = 0x1122334455667788;
		tap_ok(lower == lowest + PAGE_SIZE && *across == 0x1122334455667788 &&
			       lower[3] == 0x11 && lower[4] == 0,
		       "a write across two untouched pages");
	}
	/* The stack of a function, a page table and code: each a different kind of access. */
	last[0] = 0xc3; /* RET */
	__asm__ volatile("call *%0" : : "r"(last) : "memory");
	for (unsigned i = 0; i < 64; i++) {
		uint8_t *more = fresh_page();

		zero &= filled_with(more, 0, PAGE_SIZE);
		more[0] = (uint8_t)i;
	}
	tap_ok(zero, "64 more untouched pages read zero");
}

static void tables_in_fresh_memory(void)
{
	const uint64_t all = PTE_P | PTE_W | PTE_U;
	uint64_t table = (uint64_t)fresh_page();

	/* The CPU itself is the first to touch the table, during a walk. */
	test_pd[1] = table | all;
	flush_tlb();
	tap_equal(try_read8(TEST_2M(1)), VECTOR_PF,
		  "an untouched page as page table: nothing mapped");
	*(uint64_t *)table = (uint64_t)fresh_page() | all;
	flush_tlb();
	tap_equal(try_write8(TEST_2M(1), 1), NO_EXCEPTION, "and then it maps an untouched page");
	test_pd[1] = 0;
	flush_tlb();
}

static __attribute__((aligned(4096))) uint8_t scratch[4096];

/* Memory under other memory types of the guest's PAT is the same memory. */
static void memory_types(void)
{
	static const char *const names[] = {"write-back", "write-through", "uncached minus",
					    "uncached"};

	for (unsigned i = 0; i < 4; i++) {
		uint64_t flags = PTE_P | PTE_W | (uint64_t)i << 3; /* PWT, PCD */

		test_map(1, (uint64_t)scratch, flags);
		*(volatile uint32_t *)TEST_4K(1) = 0xabcd0000 + i;
		tap_equal(*(volatile uint32_t *)scratch, 0xabcd0000 + i,
			  "memory written as %s reads the same", names[i]);
	}
	test_map(1, 0, 0);
}

void test_memory(void)
{
	map();
	low_memory();
	lazy();
	tables_in_fresh_memory();
	memory_types();
}
