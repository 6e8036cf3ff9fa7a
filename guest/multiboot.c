/* SPDX-License-Identifier: MIT */
/*
 * The Multiboot boot loader's side, as policy: which bytes of the kernel's file go where, where
 * the information structure and the modules can stand, and what the structure says.
 */
#include <stdarg.h>
#include <stdbool.h>

#include "core/format.h"
#include "core/string.h"
#include "guest/elf.h"
#include "guest/multiboot.h"
#include "sill/errno.h"

#define PAGE_SIZE 4096u
#define FOUR_GIB  (1ull << 32)

/*
 * "The Multiboot header must be contained completely within the first 8192 bytes of the OS image"
 */
#define SEARCH_SIZE	   8192u

#define HEADER_MAGIC	   0x1badb002u
#define MULTIBOOT2	   0xe85250d6u
#define HEADER_SIZE	   12u /* magic, flags, checksum */
#define ADDRESSES_SIZE	   32u /* ... and the address fields */

#define HEADER_WANTS_VIDEO (1u << 2)
#define HEADER_UNKNOWN	   0xfff8u /* bits 3 to 15: unknown demands, which a loader must refuse */
#define HEADER_ADDRESSES   (1u << 16)

/* Flags of the information structure: what is valid in it. */
#define INFO_MEMORY	 (1u << 0)
#define INFO_CMDLINE	 (1u << 2)
#define INFO_MODULES	 (1u << 3)
#define INFO_MEMORY_MAP	 (1u << 6)
#define INFO_LOADER_NAME (1u << 9)

#define MAP_AVAILABLE	 1u
#define MAP_RESERVED	 2u

struct info {
	uint32_t flags;
	uint32_t mem_lower; /* KiB from 0 */
	uint32_t mem_upper; /* KiB from 1 MiB */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count;
	uint32_t mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length;
	uint32_t mmap_addr;
	uint32_t drives_length;
	uint32_t drives_addr;
	uint32_t config_table;
	uint32_t boot_loader_name;
	uint32_t apm_table;
	uint32_t video[11]; /* VBE and framebuffer */
};

struct info_module {
	uint32_t mod_start;
	uint32_t mod_end; /* the first byte after it */
	uint32_t string;
	uint32_t reserved;
};

struct __attribute__((packed)) info_map_entry {
	uint32_t size; /* of the rest of the entry */
	uint64_t base_addr;
	uint64_t length;
	uint32_t type;
};

/* Everything in the page at layout->info. */
struct info_page {
	struct info info;
	struct info_module modules[SILL_MAX_MODULES];
	struct info_map_entry map[4];
	char loader_name[8];
	char cmdline[SILL_MAX_CMDLINE];
	char module_cmdlines[SILL_MAX_MODULES][SILL_MAX_CMDLINE];
};

_Static_assert(sizeof(struct info) == 116, "the specification's Multiboot information");
_Static_assert(sizeof(struct info_module) == 16, "the specification's module structure");
_Static_assert(sizeof(struct info_map_entry) == 24, "the specification's memory map entry");
_Static_assert(sizeof(struct info_page) <= MULTIBOOT_INFO_SIZE, "the information fits in its page");

/* Where the sentence for people goes. */
struct refusal {
	char *reason;
	size_t size;
};

__attribute__((format(printf, 3, 4))) static int refuse(const struct refusal *refusal, int error,
							const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	vformat(refusal->reason, refusal->size, fmt, arguments);
	va_end(arguments);
	return -error;
}

static uint32_t read_32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static bool overlap(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
	return a < b_end && b < a_end;
}

/* Finds the Multiboot header and judges its flags. Sets plan->header and plan->flags. */
static int find_header(const uint8_t *file, size_t size, struct multiboot_plan *plan,
		       const struct refusal *refusal)
{
	size_t window = size < SEARCH_SIZE ? size : SEARCH_SIZE;
	bool bad_checksum = false, multiboot2 = false;
	size_t offset;

	for (offset = 0; offset + HEADER_SIZE <= window; offset += 4) {
		uint32_t magic = read_32(file + offset);

		if (magic == MULTIBOOT2)
			multiboot2 = true;
		if (magic != HEADER_MAGIC)
			continue;
		if (magic + read_32(file + offset + 4) + read_32(file + offset + 8) == 0)
			break;
		bad_checksum = true;
	}
	if (offset + HEADER_SIZE > window) {
		if (bad_checksum)
			return refuse(refusal, SILL_ENOEXEC,
				      "its Multiboot header has a wrong checksum");
		if (multiboot2)
			return refuse(refusal, SILL_ENOEXEC,
				      "it has a Multiboot2 header; Sill loads Multiboot version 1");
		return refuse(refusal, SILL_ENOEXEC,
			      "no Multiboot header in its first 8 KiB (%zu bytes searched)",
			      window);
	}
	plan->header = (uint32_t)offset;
	plan->flags = read_32(file + offset + 4);

	if (plan->flags & HEADER_WANTS_VIDEO)
		return refuse(refusal, SILL_ENOEXEC,
			      "its Multiboot header demands a video mode (bit 2 of the flags), and "
			      "Sill gives a guest no display");
	for (unsigned bit = 0; bit < 16; bit++) {
		if (plan->flags & HEADER_UNKNOWN & (1u << bit))
			return refuse(refusal, SILL_ENOEXEC,
				      "its Multiboot header demands something unknown (bit %u of "
				      "the flags)",
				      bit);
	}
	if ((plan->flags & HEADER_ADDRESSES) && offset + ADDRESSES_SIZE > window)
		return refuse(refusal, SILL_ENOEXEC,
			      "its Multiboot header at offset 0x%zx is cut off", offset);
	return 0;
}

/* Takes a segment with memory_size > 0 into the plan, if it may be loaded at all. */
static int add_segment(struct multiboot_plan *plan, const struct multiboot_segment *segment,
		       size_t size, uint64_t memory, const struct refusal *refusal)
{
	const unsigned long long address = segment->address;
	uint64_t end, file_end;

	if (plan->segment_count == MULTIBOOT_MAX_SEGMENTS)
		return refuse(refusal, SILL_E2BIG, "more than %u segments to load",
			      MULTIBOOT_MAX_SEGMENTS);
	if (segment->file_size > segment->memory_size)
		return refuse(refusal, SILL_ENOEXEC,
			      "the segment for 0x%llx has more bytes in the file than in memory",
			      address);
	if (__builtin_add_overflow(segment->file_offset, segment->file_size, &file_end) ||
	    file_end > size)
		return refuse(refusal, SILL_ENOEXEC,
			      "the segment for 0x%llx does not lie within the file", address);
	if (__builtin_add_overflow(segment->address, segment->memory_size, &end))
		return refuse(refusal, SILL_ENOEXEC, "the segment for 0x%llx wraps", address);
	if (end > memory)
		return refuse(refusal, SILL_ENOMEM,
			      "the segment for 0x%llx to 0x%llx needs more than 0x%llx bytes of "
			      "memory",
			      address, (unsigned long long)end, (unsigned long long)memory);
	if (overlap(segment->address, end, MULTIBOOT_LOWER_END, MULTIBOOT_UPPER_START))
		return refuse(
			refusal, SILL_ENOEXEC,
			"the segment for 0x%llx to 0x%llx touches 0x9fc00 to 0xfffff, where a "
			"guest has no RAM",
			address, (unsigned long long)end);
	for (uint32_t i = 0; i < plan->segment_count; i++) {
		const struct multiboot_segment *other = &plan->segments[i];

		if (overlap(segment->address, end, other->address,
			    other->address + other->memory_size))
			return refuse(refusal, SILL_ENOEXEC,
				      "the segments for 0x%llx and 0x%llx overlap",
				      (unsigned long long)other->address, address);
	}
	plan->segments[plan->segment_count++] = *segment;
	if (end > plan->end)
		plan->end = end;
	return 0;
}

/* Takes a guest-physical entry point, which must be in what the file filled. */
static int set_entry(struct multiboot_plan *plan, uint64_t entry, const struct refusal *refusal)
{
	for (uint32_t i = 0; i < plan->segment_count; i++) {
		const struct multiboot_segment *segment = &plan->segments[i];

		if (entry < segment->address || entry - segment->address >= segment->file_size)
			continue;
		if (entry >= FOUR_GIB)
			return refuse(refusal, SILL_ENOEXEC,
				      "its entry point 0x%llx is not below 4 GiB",
				      (unsigned long long)entry);
		plan->entry = (uint32_t)entry;
		return 0;
	}
	return refuse(refusal, SILL_ENOEXEC,
		      "its entry point 0x%llx is not in a part loaded from the file",
		      (unsigned long long)entry);
}

/*
 * The address fields of the Multiboot header, which come before anything that another header in
 * the file says: "the fields at offsets 12–28 in the Multiboot header are valid, and the boot
 * loader should use them instead of the fields in the actual executable header".
 */
static int plan_addresses(const uint8_t *file, size_t size, uint64_t memory,
			  struct multiboot_plan *plan, const struct refusal *refusal)
{
	const uint8_t *header = file + plan->header;
	const uint32_t header_addr = read_32(header + 12);
	const uint32_t load_addr = read_32(header + 16);
	const uint32_t load_end_addr = read_32(header + 20);
	const uint32_t bss_end_addr = read_32(header + 24);
	const uint32_t entry_addr = read_32(header + 28);
	struct multiboot_segment segment = {.address = load_addr};
	int error;

	if (load_addr > header_addr || header_addr - load_addr > plan->header)
		return refuse(refusal, SILL_ENOEXEC,
			      "its Multiboot header at offset 0x%x cannot be loaded at 0x%x when "
			      "loading starts at 0x%x",
			      plan->header, header_addr, load_addr);
	segment.file_offset = plan->header - (header_addr - load_addr);
	/* load_end_addr 0: "the text and data segments occupy the whole OS image file" */
	segment.file_size = size - segment.file_offset;
	if (load_end_addr) {
		if (load_end_addr < load_addr)
			return refuse(refusal, SILL_ENOEXEC,
				      "its Multiboot header has load_end_addr 0x%x below load_addr "
				      "0x%x",
				      load_end_addr, load_addr);
		segment.file_size = load_end_addr - load_addr;
	}
	/* bss_end_addr 0: "no bss segment is present" */
	segment.memory_size = segment.file_size;
	if (bss_end_addr) {
		if (bss_end_addr < load_addr + segment.file_size)
			return refuse(refusal, SILL_ENOEXEC,
				      "its Multiboot header has bss_end_addr 0x%x below the end of "
				      "what is loaded",
				      bss_end_addr);
		segment.memory_size = bss_end_addr - load_addr;
	}
	if (segment.memory_size) {
		error = add_segment(plan, &segment, size, memory, refusal);
		if (error)
			return error;
	}
	return set_entry(plan, entry_addr, refusal);
}

/*
 * Where the entry point of an ELF file is in physical memory. It is a virtual address, so it is
 * looked for in the segments as they are linked; but some kernels with a higher half give a
 * physical one, which then is in no segment's virtual range.
 */
static uint64_t translate_entry(const struct elf_image *elf)
{
	struct elf_segment segment;

	for (uint32_t i = 0; i < elf->program_header_count; i++) {
		elf_read_segment(elf, i, &segment);
		if (segment.type == ELF_SEGMENT_LOAD && elf->entry >= segment.virtual_address &&
		    elf->entry - segment.virtual_address < segment.memory_size)
			return elf->entry - segment.virtual_address + segment.physical_address;
	}
	return elf->entry;
}

static int plan_elf(const uint8_t *file, size_t size, uint64_t memory, struct multiboot_plan *plan,
		    const struct refusal *refusal)
{
	struct elf_image elf;
	int error = elf_open(file, size, &elf, refusal->reason, refusal->size);

	if (error)
		return error;
	for (uint32_t i = 0; i < elf.program_header_count; i++) {
		struct multiboot_segment segment;
		struct elf_segment header;

		elf_read_segment(&elf, i, &header);
		if (header.type != ELF_SEGMENT_LOAD ||
		    (header.memory_size == 0 && header.file_size == 0))
			continue;
		/* A segment that is all zeros may name any place in the file. */
		segment.file_offset = header.file_size ? header.file_offset : 0;
		segment.file_size = header.file_size;
		segment.address = header.physical_address;
		segment.memory_size = header.memory_size;
		error = add_segment(plan, &segment, size, memory, refusal);
		if (error)
			return error;
	}
	if (plan->segment_count == 0)
		return refuse(refusal, SILL_ENOEXEC, "the ELF file has nothing to load");
	return set_entry(plan, translate_entry(&elf), refusal);
}

int multiboot_plan(const void *file, size_t size, uint64_t memory, struct multiboot_plan *plan,
		   char *reason, size_t reason_size)
{
	const struct refusal refusal = {.reason = reason, .size = reason_size};
	int error;

	memset(plan, 0, sizeof(*plan));
	error = find_header(file, size, plan, &refusal);
	if (error)
		return error;
	if (plan->flags & HEADER_ADDRESSES)
		return plan_addresses(file, size, memory, plan, &refusal);
	return plan_elf(file, size, memory, plan, &refusal);
}

/* Moves *at up beyond `range` if [*at, *at + size) touches it. */
static bool step_over(uint64_t *at, uint64_t size, uint64_t base, uint64_t end)
{
	if (!overlap(*at, *at + size, base, end))
		return false;
	*at = end < FOUR_GIB ? (end + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1) : FOUR_GIB;
	return true;
}

/*
 * The lowest place from `at` on, below `limit` (at most 4 GiB), that nothing planned so far
 * touches; 0 if none.
 */
static uint64_t find_room(const struct multiboot_plan *plan, const struct multiboot_layout *layout,
			  uint64_t at, uint64_t size, uint64_t limit)
{
	bool moved = true;

	if (at > limit)
		return 0;
	at = (at + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
	/* Each round but the last passes at least one of a few ranges for good. */
	while (moved) {
		if (size > limit || at > limit - size)
			return 0;
		moved = false;
		for (uint32_t i = 0; i < plan->segment_count; i++) {
			const struct multiboot_segment *segment = &plan->segments[i];

			moved |= step_over(&at, size, segment->address,
					   segment->address + segment->memory_size);
		}
		if (layout->info)
			moved |= step_over(&at, size, layout->info,
					   (uint64_t)layout->info + MULTIBOOT_INFO_SIZE);
		for (uint32_t i = 0; i < layout->module_count; i++) {
			const struct sill_range *module = &layout->modules[i];

			/* An empty module has an address of its own nevertheless. */
			moved |= step_over(&at, size, module->base,
					   module->base + (module->size ? module->size : 1));
		}
	}
	return at;
}

int multiboot_place(const struct multiboot_plan *plan, const struct sill_guest *guest,
		    struct multiboot_layout *layout, char *reason, size_t reason_size)
{
	const struct refusal refusal = {.reason = reason, .size = reason_size};
	const uint64_t above =
		plan->end > MULTIBOOT_UPPER_START ? plan->end : MULTIBOOT_UPPER_START;
	uint64_t limit = 0;

	memset(layout, 0, sizeof(*layout));
	if (guest->lazy_memory < guest->memory)
		limit = guest->memory - guest->lazy_memory;
	/* The first address after a module must fit in 32 bits, too. */
	if (limit > FOUR_GIB - PAGE_SIZE)
		limit = FOUR_GIB - PAGE_SIZE;

	/* One round for the information structure, then one for each module. */
	for (uint32_t i = 0; i <= guest->module_count; i++) {
		uint64_t size = i ? guest->modules[i - 1].file.size : MULTIBOOT_INFO_SIZE;
		uint64_t needed = size ? size : 1;
		uint64_t at = find_room(plan, layout, above, needed, limit);

		if (!at)
			at = find_room(plan, layout, MULTIBOOT_UPPER_START, needed, limit);
		if (!at)
			return refuse(
				&refusal, SILL_ENOMEM,
				"no room for %s %u (0x%llx bytes) beside the kernel in 0x%llx "
				"bytes of memory",
				i ? "module" : "the information structure,", i,
				(unsigned long long)size, (unsigned long long)limit);
		if (i == 0) {
			layout->info = (uint32_t)at;
			continue;
		}
		layout->modules[i - 1].base = at;
		layout->modules[i - 1].size = size;
		layout->module_count = i;
	}
	return 0;
}

static void copy_text(char to[SILL_MAX_CMDLINE], const char from[SILL_MAX_CMDLINE])
{
	memcpy(to, from, SILL_MAX_CMDLINE);
	to[SILL_MAX_CMDLINE - 1] = '\0';
}

static void set_map_entry(struct info_map_entry *entry, uint64_t base, uint64_t end, uint32_t type)
{
	entry->size = sizeof(*entry) - sizeof(entry->size);
	entry->base_addr = base;
	entry->length = end - base;
	entry->type = type;
}

void multiboot_info_build(const struct sill_guest *guest, const struct multiboot_layout *layout,
			  void *buffer)
{
	struct info_page *page = buffer;
	struct info *info = &page->info;

	memset(buffer, 0, MULTIBOOT_INFO_SIZE);

	info->flags = INFO_MEMORY | INFO_CMDLINE | INFO_MEMORY_MAP | INFO_LOADER_NAME;
	info->mem_lower = MULTIBOOT_LOWER_END / 1024;
	info->mem_upper = (uint32_t)((guest->memory - MULTIBOOT_UPPER_START) / 1024);

	copy_text(page->cmdline, guest->cmdline);
	info->cmdline = layout->info + (uint32_t)offsetof(struct info_page, cmdline);
	memcpy(page->loader_name, "Sill", 5);
	info->boot_loader_name = layout->info + (uint32_t)offsetof(struct info_page, loader_name);

	/* Some kernels take the flag alone as a sign that there is a module. */
	if (layout->module_count) {
		info->flags |= INFO_MODULES;
		info->mods_count = layout->module_count;
		info->mods_addr = layout->info + (uint32_t)offsetof(struct info_page, modules);
	}
	for (uint32_t i = 0; i < layout->module_count; i++) {
		struct info_module *module = &page->modules[i];

		module->mod_start = (uint32_t)layout->modules[i].base;
		module->mod_end = (uint32_t)(layout->modules[i].base + layout->modules[i].size);
		module->string =
			layout->info + (uint32_t)offsetof(struct info_page, module_cmdlines[i]);
		copy_text(page->module_cmdlines[i], guest->modules[i].cmdline);
	}

	/* The guest's RAM has no hole above 1 MiB: it has no devices that would need one. */
	set_map_entry(&page->map[0], 0, MULTIBOOT_LOWER_END, MAP_AVAILABLE);
	set_map_entry(&page->map[1], MULTIBOOT_LOWER_END, 0xa0000, MAP_RESERVED);
	set_map_entry(&page->map[2], 0xa0000, MULTIBOOT_UPPER_START, MAP_RESERVED);
	set_map_entry(&page->map[3], MULTIBOOT_UPPER_START, guest->memory, MAP_AVAILABLE);
	info->mmap_addr = layout->info + (uint32_t)offsetof(struct info_page, map);
	info->mmap_length = sizeof(page->map);
}
