/* SPDX-License-Identifier: MIT */
/*
 * The core's ELF file; see boot/core_image.h. The file is part of the loader, so this guards
 * against mistakes in a linker script and not against an attacker.
 */
#include "boot/core_image.h"

#include <stdbool.h>

#include "core/address_space.h"
#include "core/string.h"

/* System V ABI, "ELF Header" and "Program Header". */
struct elf64_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, program_headers, section_headers;
	uint32_t flags;
	uint16_t size, program_header_size, program_header_count;
	uint16_t section_header_size, section_header_count, section_names;
};

struct elf64_program_header {
	uint32_t type, flags;
	uint64_t file, virtual, physical, file_size, memory_size, alignment;
};

#define ELF_EXECUTABLE	 2
#define ELF_X86_64	 62
#define ELF_LOAD	 1
#define ELF_SEGMENT_X	 1u
#define ELF_SEGMENT_W	 2u
#define PAGE		 ADDRESS_SPACE_PAGE
#define PAGE_UP(address) (((address) + PAGE - 1) & ~(uint64_t)(PAGE - 1))

static const uint8_t elf64_ident[] = {0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little-endian */,
				      1};

static const char *add_segment(const struct elf64_program_header *header, size_t file_size,
			       struct core_image *image)
{
	uint64_t offset = header->virtual - CORE_VIRTUAL;

	if (header->memory_size == 0)
		return NULL;
	if (image->segment_count == CORE_IMAGE_MAX_SEGMENTS)
		return "the core has too many segments";
	if (header->file > file_size || header->file_size > file_size - header->file ||
	    header->file_size > header->memory_size)
		return "a segment of the core lies outside its file";
	if (header->virtual < CORE_VIRTUAL || offset > CORE_IMAGE_MAX_SIZE ||
	    header->memory_size > CORE_IMAGE_MAX_SIZE - offset)
		return "a segment of the core lies outside the core's addresses";
	if (offset % PAGE != 0)
		return "a segment of the core does not begin on a page";
	/* In ascending order, as the ABI wants them, and no page is shared. */
	if (offset < image->size)
		return "two segments of the core share a page";
	if ((header->flags & ELF_SEGMENT_W) && (header->flags & ELF_SEGMENT_X))
		return "a segment of the core is both writable and executable";

	image->segments[image->segment_count++] = (struct core_segment){
		.offset = offset,
		.size = PAGE_UP(header->memory_size),
		.file = header->file,
		.file_size = header->file_size,
		.flags = (header->flags & ELF_SEGMENT_W ? ADDRESS_SPACE_WRITE : 0) |
			 (header->flags & ELF_SEGMENT_X ? ADDRESS_SPACE_EXECUTE : 0),
	};
	image->size = offset + PAGE_UP(header->memory_size);
	return NULL;
}

const char *core_image_parse(const void *file, size_t size, struct core_image *image)
{
	const uint8_t *bytes = file;
	struct elf64_header header;
	bool entry_found = false;

	*image = (struct core_image){0};
	if (size < sizeof(header))
		return "the core is shorter than an ELF header";
	memcpy(&header, bytes, sizeof(header));
	if (memcmp(header.ident, elf64_ident, sizeof(elf64_ident)) != 0 ||
	    header.type != ELF_EXECUTABLE || header.machine != ELF_X86_64)
		return "the core is not an ELF executable for x86-64";
	if (header.program_header_size != sizeof(struct elf64_program_header) ||
	    header.program_headers > size ||
	    (size - header.program_headers) / sizeof(struct elf64_program_header) <
		    header.program_header_count)
		return "the core's program headers lie outside its file";

	image->entry = header.entry;
	for (unsigned int i = 0; i < header.program_header_count; i++) {
		struct elf64_program_header program;

		memcpy(&program, bytes + header.program_headers + i * sizeof(program),
		       sizeof(program));
		if (program.type != ELF_LOAD)
			continue;

		const char *problem = add_segment(&program, size, image);

		if (problem != NULL)
			return problem;
		if ((program.flags & ELF_SEGMENT_X) && header.entry >= program.virtual &&
		    header.entry - program.virtual < program.file_size)
			entry_found = true;
	}
	return entry_found ? NULL : "the core's entry point is not in an executable segment";
}
