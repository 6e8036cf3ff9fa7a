/* SPDX-License-Identifier: MIT */
/* UNIT: guest/multiboot.c guest/elf.c core/format.c */
/*
 * Any bytes as a guest image. What is accepted must be safe to do, with modules placed and the
 * information structure built beside it.
 *
 * The input starts with 16 bytes that choose the memory and the modules; the rest is the file. A
 * Multiboot header with a right checksum is put into it where the input says, because a fuzzer
 * would not find one.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "guest/multiboot.h"
#include "sill/errno.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define CHOICES	   16
#define RAM	   (8u << 20)

#define MAX_CLAIMS (MULTIBOOT_MAX_SEGMENTS + 1 + SILL_MAX_MODULES)

/* The parts of the guest's memory that are taken. */
static struct sill_range claims[MAX_CLAIMS];
static unsigned claim_count;

static void claim(uint64_t base, uint64_t size, uint64_t limit)
{
	REQUIRE(base <= limit && size <= limit - base);
	REQUIRE(claim_count < MAX_CLAIMS);
	for (unsigned i = 0; i < claim_count; i++)
		REQUIRE(base + size <= claims[i].base || claims[i].base + claims[i].size <= base);
	claims[claim_count++] = (struct sill_range){base, size};
}

static void check_plan(const struct multiboot_plan *plan, size_t size, uint64_t memory)
{
	bool entry_found = false;

	REQUIRE(plan->segment_count && plan->segment_count <= MULTIBOOT_MAX_SEGMENTS);
	for (uint32_t i = 0; i < plan->segment_count; i++) {
		const struct multiboot_segment *segment = &plan->segments[i];
		uint64_t end = segment->address + segment->memory_size;

		REQUIRE(segment->memory_size && segment->file_size <= segment->memory_size);
		REQUIRE(segment->file_offset <= size);
		REQUIRE(segment->file_size <= size - segment->file_offset);
		REQUIRE(end <= plan->end && end > segment->address);
		REQUIRE(end <= 0x9fc00 || segment->address >= 0x100000);
		claim(segment->address, segment->memory_size, memory);
		if (plan->entry >= segment->address &&
		    plan->entry < segment->address + segment->file_size)
			entry_found = true;
	}
	REQUIRE(entry_found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sill_guest guest;
	struct multiboot_layout layout;
	struct multiboot_plan plan;
	uint8_t choices[CHOICES];
	char reason[MULTIBOOT_MAX_REASON];
	uint32_t info[MULTIBOOT_INFO_SIZE / 4];
	uint8_t *file;
	size_t header;
	int result;

	if (size < CHOICES)
		return 0;
	memcpy(choices, data, CHOICES);
	size -= CHOICES;
	file = malloc(size ? size : 1);
	REQUIRE(file);
	memcpy(file, data + CHOICES, size);
	header = (choices[0] | (size_t)choices[1] << 8) % 8192u & ~(size_t)3;
	if (header + 12 <= size) {
		uint32_t fields[3] = {0x1badb002, 0, 0};

		fields[1] = choices[2] & 3 ? choices[2] & 3 : 0x10000;
		fields[2] = 0u - fields[0] - fields[1];
		memcpy(file + header, fields, sizeof(fields));
	}

	memset(&guest, 0, sizeof(guest));
	claim_count = 0;
	memset(reason, 0xa5, sizeof(reason));
	guest.memory = choices[3] & 1 ? RAM : 6ull << 30;
	guest.lazy_memory = (choices[3] >> 1 & 3) * (2ull << 20);
	guest.module_count = choices[4] % (SILL_MAX_MODULES + 1);
	for (uint32_t i = 0; i < guest.module_count; i++) {
		guest.modules[i].file.size = (uint64_t)choices[5 + i] << choices[13] % 57;
		memset(guest.modules[i].cmdline, choices[14], SILL_MAX_CMDLINE);
	}
	memset(guest.cmdline, choices[15], SILL_MAX_CMDLINE);

	result = multiboot_plan(file, size, guest.memory, &plan, reason, sizeof(reason));
	free(file);
	if (result) {
		REQUIRE(result == -SILL_ENOEXEC || result == -SILL_E2BIG || result == -SILL_ENOMEM);
		REQUIRE(memchr(reason, '\0', sizeof(reason) - 1));
		return 0;
	}
	check_plan(&plan, size, guest.memory);
	result = multiboot_place(&plan, &guest, &layout, reason, sizeof(reason));
	if (result) {
		REQUIRE(result == -SILL_ENOMEM && memchr(reason, '\0', sizeof(reason) - 1));
		return 0;
	}
	claim(layout.info, MULTIBOOT_INFO_SIZE, guest.memory - guest.lazy_memory);
	for (uint32_t i = 0; i < layout.module_count; i++) {
		REQUIRE(layout.modules[i].base + layout.modules[i].size <= UINT32_MAX);
		claim(layout.modules[i].base, layout.modules[i].size,
		      guest.memory - guest.lazy_memory);
	}
	memset(info, 0xa5, sizeof(info));
	multiboot_info_build(&guest, &layout, info);
	REQUIRE(info[5] == guest.module_count);
	return 0;
}
