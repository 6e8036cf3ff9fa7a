/* SPDX-License-Identifier: MIT */
/* The window onto foreign memory; see core/window.h. */
#include "core/window.h"

#include "core/address_space.h"
#include "core/cpu.h"
#include "core/memory.h"
#include "core/percpu.h"
#include "core/string.h"

/*
 * Each CPU has two pages of its own in the window, one for each direction of a copy. An exception
 * handler that looks at memory (a panic walking the guest's tables) may pull a mapping away from
 * under a copy: whoever is interrupted by a panic never goes on.
 */
enum slot {
	SLOT_FROM,
	SLOT_TO,
	SLOTS
};

_Static_assert(SLOTS *SILL_MAX_CPUS <= WINDOW_PAGES, "every CPU has its slots");

/* The page-table entries of the window, which exist from the start; see core/address_space.h. */
static uint64_t *entries;

void window_start(void)
{
	entries = address_space_entry(memory_address_space(), WINDOW_VIRTUAL);
}

static void *slot_open(enum slot slot, uint64_t physical, uint64_t rights)
{
	uint64_t page = this_cpu()->index * SLOTS + slot;

	/* As address_space_make_entry() would, in fewer instructions: every guest access pays. */
	entries[page] = (physical & ~(uint64_t)(PAGE_SIZE - 1)) | rights | PAGE_PRESENT |
			PAGE_ACCESSED | PAGE_DIRTY | PAGE_NOT_EXECUTABLE;
	return (void *)(uintptr_t)(WINDOW_VIRTUAL + page * PAGE_SIZE + physical % PAGE_SIZE);
}

static void slot_close(enum slot slot)
{
	uint64_t page = this_cpu()->index * SLOTS + slot;

	entries[page] = 0;
	invlpg((void *)(uintptr_t)(WINDOW_VIRTUAL + page * PAGE_SIZE));
}

static size_t up_to_page_end(uint64_t physical, uint64_t size)
{
	uint64_t rest = PAGE_SIZE - physical % PAGE_SIZE;

	return size < rest ? size : rest;
}

void physical_read(uint64_t physical, void *to, size_t size)
{
	for (char *at = to; size > 0;) {
		size_t piece = up_to_page_end(physical, size);

		memcpy(at, slot_open(SLOT_FROM, physical, 0), piece);
		slot_close(SLOT_FROM);
		at += piece;
		physical += piece;
		size -= piece;
	}
}

void physical_write(uint64_t physical, const void *from, size_t size)
{
	for (const char *at = from; size > 0;) {
		size_t piece = up_to_page_end(physical, size);

		memcpy(slot_open(SLOT_TO, physical, PAGE_WRITE), at, piece);
		slot_close(SLOT_TO);
		at += piece;
		physical += piece;
		size -= piece;
	}
}

void physical_zero(uint64_t physical, uint64_t size)
{
	while (size > 0) {
		size_t piece = up_to_page_end(physical, size);
		void *at = slot_open(SLOT_TO, physical, PAGE_WRITE);
		size_t words = piece / 8;

		/* Whole pages, as a rule: eight bytes at a time. */
		memset(at, 0, piece % 8);
		at = (char *)at + piece % 8;
		__asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0ull) : "memory");
		slot_close(SLOT_TO);
		physical += piece;
		size -= piece;
	}
}

void physical_copy(uint64_t to, uint64_t from, uint64_t size)
{
	while (size > 0) {
		size_t piece = up_to_page_end(from, up_to_page_end(to, size));

		memcpy(slot_open(SLOT_TO, to, PAGE_WRITE), slot_open(SLOT_FROM, from, 0), piece);
		slot_close(SLOT_TO);
		slot_close(SLOT_FROM);
		to += piece;
		from += piece;
		size -= piece;
	}
}

uint64_t physical_load(uint64_t physical, size_t size)
{
	volatile void *word = slot_open(SLOT_FROM, physical, 0);
	uint64_t value = size == 8 ? *(volatile uint64_t *)word : *(volatile uint32_t *)word;

	slot_close(SLOT_FROM);
	return value;
}

void physical_store(uint64_t physical, size_t size, uint64_t value)
{
	void *at = slot_open(SLOT_TO, physical, PAGE_WRITE);

	switch (size) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)at = value;
		break;
	}
	slot_close(SLOT_TO);
}

bool physical_words_hold(const struct physical_word *words, size_t count)
{
	uint64_t index = this_cpu()->index * SLOTS + SLOT_FROM;
	char *page = (char *)(uintptr_t)(WINDOW_VIRTUAL + index * PAGE_SIZE);
	uint64_t *entry = &entries[index];
	bool hold = true;

	/* As slot_open() and slot_close(), but that the next page takes the place of the last. */
	for (size_t i = 0; hold && i < count; i++) {
		uint64_t offset = words[i].physical % PAGE_SIZE;

		*(volatile uint64_t *)entry = (words[i].physical - offset) | PAGE_PRESENT |
					      PAGE_ACCESSED | PAGE_NOT_EXECUTABLE;
		invlpg(page);
		hold = *(const volatile uint64_t *)(page + offset) == words[i].value;
	}
	*entry = 0;
	invlpg(page);
	return hold;
}

uint64_t physical_visit(uint64_t physical, uint64_t (*visit)(void *context, void *page),
			void *context)
{
	uint64_t result = visit(
		context, slot_open(SLOT_TO, physical & ~(uint64_t)(PAGE_SIZE - 1), PAGE_WRITE));

	slot_close(SLOT_TO);
	return result;
}

bool physical_replace(uint64_t physical, size_t size, uint64_t expected, uint64_t value)
{
	void *word = slot_open(SLOT_TO, physical, PAGE_WRITE);
	uint32_t expected_32 = (uint32_t)expected;
	bool replaced;

	if (size == 8)
		replaced = __atomic_compare_exchange_n((uint64_t *)word, &expected, value, false,
						       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	else
		replaced =
			__atomic_compare_exchange_n((uint32_t *)word, &expected_32, (uint32_t)value,
						    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	slot_close(SLOT_TO);
	return replaced;
}
