/* SPDX-License-Identifier: MIT */
/*
 * ELF headers, read field by field at the offsets of the ELF specification: a header in a hostile
 * file need not be aligned, so no structure is laid over it.
 */
#include "core/format.h"
#include "core/string.h"
#include "guest/elf.h"
#include "sill/errno.h"

#define IDENT_CLASS	       4
#define IDENT_DATA	       5
#define IDENT_VERSION	       6
#define CLASS_32	       1
#define CLASS_64	       2
#define DATA_LITTLE	       1

#define TYPE_OFFSET	       16
#define MACHINE_OFFSET	       18
#define VERSION_OFFSET	       20

#define TYPE_EXECUTABLE	       2u
#define TYPE_DYNAMIC	       3u /* a position-independent executable, too */
#define MACHINE_386	       3u
#define MACHINE_X86_64	       62u

#define HEADER_SIZE_32	       52u
#define HEADER_SIZE_64	       64u
#define PROGRAM_HEADER_SIZE_32 32u
#define PROGRAM_HEADER_SIZE_64 56u

/* e_phnum that means: the count is elsewhere, because it is larger than this. */
#define EXTENDED_COUNT 0xffffu

static uint16_t read_16(const uint8_t *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static uint32_t read_32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static uint64_t read_64(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

int elf_open(const void *data, size_t size, struct elf_image *elf, char *reason, size_t reason_size)
{
	const uint8_t *file = data;
	unsigned type, machine;
	uint64_t end;

	if (size < HEADER_SIZE_32 || memcmp(file, "\177ELF", 4) != 0) {
		format(reason, reason_size, "not an ELF file");
		return -SILL_ENOEXEC;
	}
	if ((file[IDENT_CLASS] != CLASS_32 && file[IDENT_CLASS] != CLASS_64) ||
	    file[IDENT_DATA] != DATA_LITTLE || file[IDENT_VERSION] != 1 ||
	    read_32(file + VERSION_OFFSET) != 1) {
		format(reason, reason_size,
		       "ELF class %u, data encoding %u, version %u; supported: class 1 or 2, "
		       "encoding 1, version 1",
		       file[IDENT_CLASS], file[IDENT_DATA], file[IDENT_VERSION]);
		return -SILL_ENOEXEC;
	}
	elf->file = file;
	elf->is_64 = file[IDENT_CLASS] == CLASS_64;
	if (elf->is_64 && size < HEADER_SIZE_64) {
		format(reason, reason_size, "the file ends within its ELF header");
		return -SILL_ENOEXEC;
	}
	type = read_16(file + TYPE_OFFSET);
	if (type != TYPE_EXECUTABLE && type != TYPE_DYNAMIC) {
		format(reason, reason_size,
		       "ELF type %u is not an executable (2, or 3 position-independent)", type);
		return -SILL_ENOEXEC;
	}
	machine = read_16(file + MACHINE_OFFSET);
	if (machine != (elf->is_64 ? MACHINE_X86_64 : MACHINE_386)) {
		format(reason, reason_size,
		       "ELF%u for machine %u; supported: ELF32 for 3 (80386), ELF64 for 62 (x86-64)",
		       elf->is_64 ? 64 : 32, machine);
		return -SILL_ENOEXEC;
	}

	elf->entry = elf->is_64 ? read_64(file + 24) : read_32(file + 24);
	elf->program_headers = elf->is_64 ? read_64(file + 32) : read_32(file + 28);
	elf->program_header_size = read_16(file + (elf->is_64 ? 54 : 42));
	elf->program_header_count = read_16(file + (elf->is_64 ? 56 : 44));

	if (elf->program_header_count == 0 || elf->program_header_count == EXTENDED_COUNT) {
		format(reason, reason_size, "%u ELF program headers; supported: 1 to 65534",
		       elf->program_header_count);
		return -SILL_ENOEXEC;
	}
	if (elf->program_header_size <
	    (elf->is_64 ? PROGRAM_HEADER_SIZE_64 : PROGRAM_HEADER_SIZE_32)) {
		format(reason, reason_size, "ELF program headers of %u bytes are too small",
		       elf->program_header_size);
		return -SILL_ENOEXEC;
	}
	if (__builtin_add_overflow(elf->program_headers,
				   (uint64_t)elf->program_header_size * elf->program_header_count,
				   &end) ||
	    end > size) {
		format(reason, reason_size,
		       "%u ELF program headers at offset 0x%llx do not lie within the file",
		       elf->program_header_count, (unsigned long long)elf->program_headers);
		return -SILL_ENOEXEC;
	}
	return 0;
}

void elf_read_segment(const struct elf_image *elf, uint32_t index, struct elf_segment *segment)
{
	const uint8_t *header =
		elf->file + elf->program_headers + (uint64_t)index * elf->program_header_size;

	segment->type = read_32(header);
	if (elf->is_64) {
		segment->file_offset = read_64(header + 8);
		segment->virtual_address = read_64(header + 16);
		segment->physical_address = read_64(header + 24);
		segment->file_size = read_64(header + 32);
		segment->memory_size = read_64(header + 40);
	} else {
		segment->file_offset = read_32(header + 4);
		segment->virtual_address = read_32(header + 8);
		segment->physical_address = read_32(header + 12);
		segment->file_size = read_32(header + 16);
		segment->memory_size = read_32(header + 20);
	}
}
