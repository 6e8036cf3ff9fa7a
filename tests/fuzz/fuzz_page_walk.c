/* SPDX-License-Identifier: MIT */
/* UNIT: vmx/page_walk.c */
/*
 * Any state of the CPU and any page tables: the walk ends, reads only whole entries, and what it
 * returns keeps the promises that the copying of guest memory relies on.
 */
#include <stdlib.h>
#include <string.h>

#include "sill/errno.h"
#include "vmx/page_walk.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* Guest memory: the input over and over, up to an end. */
struct memory {
	const uint8_t *data;
	size_t size;
	uint64_t end;
	unsigned int reads;
};

static int memory_read(void *context, uint64_t gpa, void *to, size_t size)
{
	struct memory *memory = context;

	REQUIRE(size == 4 || size == 8);
	REQUIRE(gpa % size == 0 && gpa <= UINT64_MAX - size);
	REQUIRE(++memory->reads <= PAGE_WALK_MAX_LEVELS);
	if (gpa >= memory->end)
		return -SILL_EFAULT;
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = memory->data[(gpa + i) % memory->size];
	return 0;
}

static void check_marks(const struct page_walk_result *result, enum page_access access)
{
	struct page_walk_mark marks[PAGE_WALK_MAX_LEVELS];
	unsigned int count = page_walk_entries_to_mark(result, access, marks);

	REQUIRE(count <= result->levels);
	for (unsigned int i = 0; i < count; i++) {
		REQUIRE(marks[i].size == result->entries[0].size);
		REQUIRE((marks[i].value & 1) && (marks[i].set & ~marks[i].value));
		REQUIRE((marks[i].set & ~0x60ull) == 0);
		REQUIRE(!(marks[i].set & 0x40) ||
			(access == PAGE_ACCESS_WRITE &&
			 marks[i].gpa == result->entries[result->levels - 1].gpa));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct {
		struct paging paging;
		uint64_t linear, end;
		uint8_t access;
	} input;
	struct page_walk_result result;
	struct memory memory;
	enum page_access access;
	int error;

	if (size < sizeof(input) + 8)
		return 0;
	/* All but the last few members: bytes other than 0 and 1 are no booleans. */
	memset(&input, 0, sizeof(input));
	memcpy(&input.paging, data, offsetof(struct paging, user));
	data += sizeof(input.paging);
	memcpy(&input.linear, data, sizeof(input.linear));
	memcpy(&input.end, data + 8, sizeof(input.end));
	input.access = data[16];
	data += sizeof(input) - sizeof(input.paging);
	memory = (struct memory){.data = data, .size = size - sizeof(input), .end = input.end};
	access = (enum page_access)(input.access % 3);
	input.paging.user = input.access & 4;
	input.paging.pages_1g = input.access & 8;
	input.paging.physical_bits = (uint8_t)(32 + (input.access >> 4) * 20 / 15);

	error = page_walk(&input.paging, input.linear, access, memory_read, &memory, &result);
	REQUIRE(result.levels <= PAGE_WALK_MAX_LEVELS);
	if (error == 0) {
		REQUIRE(result.size > 0 && result.size <= 1ull << 30);
		REQUIRE(result.gpa <= (1ull << input.paging.physical_bits) - result.size);
		REQUIRE((result.gpa & 0xfff) == (input.linear & 0xfff));
		REQUIRE((result.gpa + result.size) % 4096 == 0);
		check_marks(&result, access);
	} else {
		REQUIRE(error == -SILL_EFAULT);
		REQUIRE(!(result.not_canonical && result.table_missing));
		REQUIRE((result.error_code & ~0x3fu) == 0);
		REQUIRE(result.error_code == 0 || !(result.not_canonical || result.table_missing));
	}
	return 0;
}
