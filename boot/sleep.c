/* SPDX-License-Identifier: MIT */
/* Suspend to RAM, hidden on this machine; see boot/hide_sleep.h. */
#include "boot/loader.h"

#include "boot/hide_sleep.h"
#include "core/cpu.h"

/* SDM, "Control Registers" */
#define CR0_WP	(1ull << 16)
#define CR4_CET (1ull << 23)

/* Below this lie BIOS tables that not every memory map has. */
#define LOW_MEMORY (1ull << 20)

static bool is_memory(void *context, uint64_t address, uint64_t size)
{
	const struct loader *loader = context;
	uint64_t end;

	if (__builtin_add_overflow(address, size, &end))
		return false;
	if (end <= LOW_MEMORY)
		return true;
	for (uint32_t i = 0; i < loader->range_count; i++) {
		const struct sill_memory_range *range = &loader->ranges[i];

		if (range->kind != SILL_MEMORY_MMIO && address >= range->range.base &&
		    end <= range->range.base + range->range.size)
			return true;
	}
	return false;
}

void hide_sleep(struct loader *loader, bool hide)
{
	const struct sleep_memory memory = {.context = loader, .is_memory = is_memory};
	uint64_t cr0 = read_cr0();
	struct sleep_result result;

	/*
	 * Some firmware write-protects such pages. SDM, "Control Registers": with CR4.CET set, WP
	 * cannot be cleared.
	 */
	if (!(read_cr4() & CR4_CET))
		write_cr0(cr0 & ~CR0_WP);
	result = sleep_hide(find_rsdp(loader->system), &memory, hide);
	write_cr0(cr0);

	if (result.renamed > 0)
		say(loader, "Sill: suspend to RAM is %s\n",
		    hide ? "hidden from the OS: Sill would not be there after it"
			 : "there for the OS again");
	if (result.stubborn > 0 || result.unreadable)
		say(loader,
		    "Sill: warning: ACPI tables that cannot be %s may offer suspend to RAM; "
		    "Sill is not there after it\n",
		    result.unreadable ? "read" : "changed");
}
