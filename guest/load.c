/* SPDX-License-Identifier: MIT */
/* A Multiboot image on its way into a machine's RAM; see guest/load.h. */
#include "guest/load.h"

#include <sill/errno.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/window.h"
#include "guest/multiboot.h"

static void copy_segments(const struct machine *machine, const struct multiboot_plan *plan)
{
	/* What the file doesn't fill is zero already, like all of the RAM. */
	for (uint32_t i = 0; i < plan->segment_count; i++) {
		const struct multiboot_segment *segment = &plan->segments[i];

		physical_copy(machine->ram.base + segment->address,
			      machine->settings->image.base + segment->file_offset,
			      segment->file_size);
		log_debug("  segment %u: file %llx+%llx to guest-physical %llx, %llx bytes", i,
			  (unsigned long long)segment->file_offset,
			  (unsigned long long)segment->file_size,
			  (unsigned long long)segment->address,
			  (unsigned long long)segment->memory_size);
	}
}

/*
 * What a BIOS leaves behind below 500h, as far as kernels from its days look at it: the port of
 * COM1, the segment in which conventional memory ends, its size in KiB; and interrupt vectors into
 * the ROM, so that a call of a BIOS that isn't there ends the guest with a report that says so.
 * Loaded segments may overwrite it.
 */
static void build_bios_data(const struct machine *machine)
{
	const uint16_t com1 = 0x3f8, end_segment = MULTIBOOT_LOWER_END >> 4;
	const uint16_t lower_kib = MULTIBOOT_LOWER_END >> 10;
	static uint32_t vectors[256];

	for (uint32_t i = 0; i < 256; i++)
		vectors[i] = 0xf0000000; /* F000:0000 */
	physical_write(machine->ram.base, vectors, sizeof(vectors));
	physical_write(machine->ram.base + 0x400, &com1, sizeof(com1));
	physical_write(machine->ram.base + 0x40e, &end_segment, sizeof(end_segment));
	physical_write(machine->ram.base + 0x413, &lower_kib, sizeof(lower_kib));
}

int guest_load(struct machine *machine, struct power_up_state *start)
{
	static uint32_t info[MULTIBOOT_INFO_SIZE / sizeof(uint32_t)];
	const struct sill_guest *guest = machine->settings;
	struct multiboot_plan plan;
	struct multiboot_layout layout;
	char reason[MULTIBOOT_MAX_REASON] = "the file cannot be mapped: the arena is too small";
	const void *file = memory_map_file(&guest->image);
	int error = -SILL_ENOMEM;

	if (file != NULL)
		error = multiboot_plan(file, guest->image.size, machine->lazy_start, &plan, reason,
				       sizeof(reason));
	memory_unmap_file(&guest->image);
	if (error == 0)
		error = multiboot_place(&plan, guest, &layout, reason, sizeof(reason));
	if (error != 0) {
		log_error("%s: %s", guest->name, reason);
		return -SILL_ENOEXEC;
	}

	build_bios_data(machine);
	copy_segments(machine, &plan);
	for (uint32_t i = 0; i < layout.module_count; i++)
		physical_copy(machine->ram.base + layout.modules[i].base,
			      guest->modules[i].file.base, guest->modules[i].file.size);
	multiboot_info_build(guest, &layout, info);
	physical_write(machine->ram.base + layout.info, info, sizeof(info));
	*start = (struct power_up_state){
		.eip = plan.entry,
		.eax = MULTIBOOT_EAX,
		.ebx = layout.info,
	};
	return 0;
}
