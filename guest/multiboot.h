/* SPDX-License-Identifier: MIT */
/*
 * Multiboot, version 1 ("Multiboot Specification", version 0.6.96): what has to go where in a
 * guest's memory so that a kernel finds itself as if a boot loader had started it. Pure: these
 * functions look at the file and write plans; the caller copies.
 *
 * In this order, for a guest with RAM from guest-physical 0:
 *   multiboot_plan()	checks the file and says what to copy where
 *   multiboot_place()	finds room for the information structure and the modules
 *   multiboot_info_build()	writes the information structure
 * Then the guest starts with paging off, flat 32-bit segments, EIP = plan.entry,
 * EAX = MULTIBOOT_EAX and EBX = layout.info.
 *
 * Not given to the guest: boot device, ELF section headers, drives, BIOS tables, APM, video mode.
 * A kernel that demands a video mode is refused.
 */
#ifndef SILL_GUEST_MULTIBOOT_H
#define SILL_GUEST_MULTIBOOT_H

#include <stddef.h>
#include <stdint.h>

#include "sill/handoff.h"

/* What a Multiboot kernel finds in EAX. */
#define MULTIBOOT_EAX	       0x2badb002u

#define MULTIBOOT_MAX_SEGMENTS 16
#define MULTIBOOT_MAX_REASON   160 /* bytes that any reason needs, the final NUL included */

/*
 * Conventional memory ends here, and extended memory begins; between them the guest is told that
 * there is no RAM. Nothing is loaded there.
 */
#define MULTIBOOT_LOWER_END   0x9fc00u
#define MULTIBOOT_UPPER_START 0x100000u

/* The information structure with all that it points at, modules excepted, fits in one page. */
#define MULTIBOOT_INFO_SIZE 4096u

/* Copy file_size bytes, then zero the rest of memory_size. */
struct multiboot_segment {
	uint64_t file_offset; /* 0 if file_size is 0 */
	uint64_t file_size;   /* at most memory_size */
	uint64_t address;     /* guest-physical */
	uint64_t memory_size; /* never 0 */
};

struct multiboot_plan {
	uint32_t entry;	 /* guest-physical, in the file's part of a segment */
	uint32_t flags;	 /* of the Multiboot header */
	uint32_t header; /* its offset in the file */
	uint32_t segment_count;
	struct multiboot_segment segments[MULTIBOOT_MAX_SEGMENTS];
	uint64_t end; /* of the segment that ends highest */
};

/* Guest-physical addresses, all page-aligned. An empty module has an address of its own, too. */
struct multiboot_layout {
	uint32_t info; /* MULTIBOOT_INFO_SIZE bytes */
	uint32_t module_count;
	struct sill_range modules[SILL_MAX_MODULES];
};

/*
 * Plans the loading of a file of `size` bytes into a guest whose RAM is [0, memory). Pass less than
 * the whole RAM to keep the image out of its top. Afterwards all segments are known to lie
 * within the file and within RAM, to be apart from each other, and not to wrap.
 *
 * Returns 0; or, with a sentence for people in `reason`, -SILL_ENOEXEC (not an image that Sill can
 * load), -SILL_E2BIG (more than MULTIBOOT_MAX_SEGMENTS) or -SILL_ENOMEM (the guest lacks memory).
 */
int multiboot_plan(const void *file, size_t size, uint64_t memory, struct multiboot_plan *plan,
		   char *reason, size_t reason_size) __attribute__((warn_unused_result));

/*
 * Finds room for the information structure and the modules of `guest`: page-aligned, apart from
 * the segments and from each other, below 4 GiB and below the lazily granted top of RAM; above the
 * kernel's end as long as there is room, as kernels are used to. Uses guest's memory sizes and its
 * modules' sizes. Returns 0, or -SILL_ENOMEM with a sentence in `reason`.
 */
int multiboot_place(const struct multiboot_plan *plan, const struct sill_guest *guest,
		    struct multiboot_layout *layout, char *reason, size_t reason_size)
	__attribute__((warn_unused_result));

/*
 * Writes the information structure, as it will stand at layout->info, into `buffer`
 * (MULTIBOOT_INFO_SIZE bytes, 4-byte aligned, all of which are written): memory sizes and map,
 * command line, modules, boot loader name. `guest` and `layout` are those of multiboot_place().
 */
void multiboot_info_build(const struct sill_guest *guest, const struct multiboot_layout *layout,
			  void *buffer);

#endif
