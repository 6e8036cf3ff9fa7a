/* SPDX-License-Identifier: MIT */
/*
 * Reading ELF executables for x86, 32- and 64-bit, in one form. Pure: the file is hostile until it
 * has been looked at here.
 */
#ifndef SILL_GUEST_ELF_H
#define SILL_GUEST_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENT_LOAD 1u /* PT_LOAD */

/* The file stays where it is for as long as this is used. */
struct elf_image {
	const uint8_t *file;
	bool is_64;
	uint64_t entry;		      /* virtual address */
	uint64_t program_headers;     /* offset in the file */
	uint32_t program_header_size; /* bytes from one to the next */
	uint32_t program_header_count;
};

/* A program header. Nothing in it has been checked. */
struct elf_segment {
	uint32_t type;
	uint64_t file_offset;
	uint64_t file_size;
	uint64_t virtual_address;
	uint64_t physical_address;
	uint64_t memory_size;
};

/*
 * Takes a file of `size` bytes as an x86 executable: ELF32 for the 80386 or ELF64 for x86-64, and
 * makes sure that all program headers lie within the file. Returns 0; or -SILL_ENOEXEC with a
 * sentence for people in `reason`.
 */
int elf_open(const void *file, size_t size, struct elf_image *elf, char *reason, size_t reason_size)
	__attribute__((warn_unused_result));

/* Reads program header `index`, from 0 to elf->program_header_count - 1. */
void elf_read_segment(const struct elf_image *elf, uint32_t index, struct elf_segment *segment);

#endif
