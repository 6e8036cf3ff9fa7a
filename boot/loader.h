/* SPDX-License-Identifier: MIT */
/*
 * The UEFI loader's own state, and the steps that efi_main() takes one after another. Each step
 * either succeeds or writes a reason for people and returns a UEFI error; nothing is lost then,
 * because every allocation is on the list here and is given back before the loader returns.
 */
#ifndef SILL_BOOT_LOADER_H
#define SILL_BOOT_LOADER_H

#include <efi.h>

#include "boot/config.h"
#include "boot/core_image.h"
#include "boot/mp_services.h"
#include "core/address_space.h"
#include "sill/handoff.h"

#define LOADER_MAX_FILE (64ull << 20) /* bytes, of a guest image or a module */

/* Every image and module, the arena, the guests' memory, the configuration, the memory map. */
#define LOADER_MAX_ALLOCATIONS (SILL_MAX_GUESTS * (1 + SILL_MAX_MODULES) + 8)

struct loader_allocation {
	uint64_t base, pages;
};

struct loader {
	EFI_HANDLE image;
	EFI_SYSTEM_TABLE *system;
	EFI_BOOT_SERVICES *boot;
	uint64_t entry_tsc;

	struct sill_serial serial;  /* COM1 until the configuration has said otherwise */
	struct sill_config *config; /* NULL until it is read and right */
	uint32_t mode;		    /* as configured; SILL_MODE_GUEST until that is known */
	struct config_next next;    /* in underlay mode, as configured */

	struct mp_services *mp_services; /* NULL: there are none */
	uint32_t cpu_count, boot_cpu;
	struct sill_cpu cpus[SILL_MAX_CPUS];
	uint32_t cpu_numbers[SILL_MAX_CPUS]; /* what the MP services call each of them */
	bool ept_pages_1g;		     /* the boot CPU's EPT has 1 GiB pages */

	struct core_image core;
	struct sill_range arena, guest_memory;
	bool arena_stays; /* when the loader returns, too */
	uint64_t arena_used;
	struct address_space space;
	uint64_t boot_stack;	      /* virtual address of its top */
	struct sill_handoff *handoff; /* in the arena */
	uint64_t handoff_virtual;     /* where the core finds it */

	uint64_t map_buffer; /* of the UEFI memory map, and of what it is turned into */
	uint64_t map_buffer_size;
	struct sill_memory_range *ranges;
	uint32_t ranges_limit, range_count;

	unsigned int allocation_count;
	struct loader_allocation allocations[LOADER_MAX_ALLOCATIONS];

	char reason[1024]; /* why Sill cannot start */
};

/* Writes down the reason and returns status, so that a step can end with `return refuse(…);`. */
EFI_STATUS refuse(struct loader *loader, EFI_STATUS status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));

/* console.c: text for the screen, and for the serial port when the screen must not be all. */
__attribute__((format(printf, 2, 3))) void say(struct loader *loader, const char *fmt, ...);
void tell_refusal(struct loader *loader);
void wait_for_reader(struct loader *loader);
/* Needs no boot services. */
__attribute__((format(printf, 2, 3))) void say_on_serial(const struct loader *loader,
							 const char *fmt, ...);

/* memory.c: pages that are given back if Sill does not start. */
__attribute__((warn_unused_result)) EFI_STATUS allocate(struct loader *loader,
							EFI_ALLOCATE_TYPE type, const char *what,
							uint64_t size, uint64_t *address);
/* All but an arena that stays. */
void free_everything(struct loader *loader);
__attribute__((warn_unused_result)) EFI_STATUS reserve_memory(struct loader *loader);
/* Makes room for the memory map, which reserve_memory() does too. */
__attribute__((warn_unused_result)) EFI_STATUS make_map_buffer(struct loader *loader);
/* Reads the memory map into loader->ranges (and out of loader->map_buffer); allocates nothing. */
EFI_STATUS read_memory_map(struct loader *loader, uint32_t limit, uint32_t *count, UINTN *key)
	__attribute__((warn_unused_result));

/* Puts what read_memory_map() has last read, with limit SILL_MAX_MEMORY_MAP, into the handoff. */
void hand_over_memory_map(struct loader *loader);

/* file.c: the configuration, and the files that it names. */
__attribute__((warn_unused_result)) EFI_STATUS read_configuration(struct loader *loader);
__attribute__((warn_unused_result)) EFI_STATUS load_guests(struct loader *loader);

/* cpus.c: all CPUs, and what can be done on each. */
__attribute__((warn_unused_result)) EFI_STATUS find_cpus(struct loader *loader);
__attribute__((warn_unused_result)) EFI_STATUS check_cpus(struct loader *loader);
/*
 * Runs a procedure on the CPU with that index and waits for it. An error: it did not come back, and
 * the reason is written. The procedure calls no firmware; other CPUs' stacks are small.
 */
__attribute__((warn_unused_result)) EFI_STATUS run_on_cpu(struct loader *loader, uint32_t cpu,
							  mp_procedure procedure, void *argument);

/* facts.c: what the core wants to know of the machine and only the firmware can tell. */
uint64_t find_rsdp(const EFI_SYSTEM_TABLE *system);
void gather_facts(struct loader *loader);

/* place.c: the core, its stack, its address space and the handoff in the arena. */
__attribute__((warn_unused_result)) EFI_STATUS read_core(struct loader *loader);
__attribute__((warn_unused_result)) EFI_STATUS place_core(struct loader *loader);

/* leave.c: ends boot services and enters the core. Returns only if it did neither. */
__attribute__((warn_unused_result)) EFI_STATUS leave(struct loader *loader);
/*
 * launch.c: puts the core beneath the firmware, on all CPUs or on none. When it has succeeded, the
 * arena is out of the loader's reach.
 */
__attribute__((warn_unused_result)) EFI_STATUS launch(struct loader *loader);
/* Whether Sill lies beneath the CPU that asks. */
bool is_beneath(void);
/* Takes the Sill that lies beneath away from all CPUs, and says how many they were. */
__attribute__((warn_unused_result)) EFI_STATUS unload(struct loader *loader, uint32_t *count);

/* sleep.c: takes suspend to RAM out of what an OS finds, or puts it back. Needs the memory map. */
void hide_sleep(struct loader *loader, bool hide);

/* next.c: starts what was configured to run on top of Sill. Returns when, or if, it has ended. */
EFI_STATUS start_next(struct loader *loader);

#endif
