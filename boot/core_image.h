/* SPDX-License-Identifier: MIT */
/* What the loader must know of the core's ELF file to place it. Pure. */
#ifndef SILL_BOOT_CORE_IMAGE_H
#define SILL_BOOT_CORE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#define CORE_IMAGE_MAX_SEGMENTS 8
#define CORE_IMAGE_MAX_SIZE	(16ull << 20) /* bytes from CORE_VIRTUAL, .bss included */

struct core_segment {
	uint64_t offset;    /* in memory, from CORE_VIRTUAL; page-aligned */
	uint64_t size;	    /* bytes of memory, a multiple of the page size */
	uint64_t file;	    /* where in the file its contents begin */
	uint64_t file_size; /* bytes; the rest of the memory is zero */
	uint32_t flags;	    /* ADDRESS_SPACE_WRITE, ADDRESS_SPACE_EXECUTE */
};

struct core_image {
	uint64_t entry; /* virtual address */
	uint64_t size; /* bytes of memory that the whole image takes, a multiple of the page size */
	uint32_t segment_count;
	struct core_segment segments[CORE_IMAGE_MAX_SEGMENTS];
};

/*
 * Reads the headers of an ELF64 executable for x86-64 whose segments lie at CORE_VIRTUAL or a
 * little above it, each on pages of its own and none both writable and executable. NULL, or what
 * is wrong with the file.
 */
__attribute__((warn_unused_result)) const char *core_image_parse(const void *file, size_t size,
								 struct core_image *image);

#endif
