/* SPDX-License-Identifier: MIT */
/*
 * The contract between a loader and the core: the one structure that passes between them. A
 * loader for another firmware fills in the same structure and enters the core in the same way;
 * the core knows nothing of any firmware.
 *
 * State at the core's entry point: 64-bit mode, CPL 0, IF = 0, the core's own page tables in CR3
 * (made by the loader with core/address_space.h), RDI = virtual address of the handoff, RSP = top
 * of the boot stack. Boot services are over: nobody else runs on this CPU, and nothing of the
 * firmware is called again.
 *
 * All addresses are physical unless a name says virtual. All memory that the structure points at
 * stays as it is until the core is done with it.
 */
#ifndef SILL_HANDOFF_H
#define SILL_HANDOFF_H

#include <stdint.h>

#define SILL_HANDOFF_MAGIC     0x464f444e41486c53ull /* "SlHANDOF" */
#define SILL_HANDOFF_VERSION   1u

#define SILL_MAX_GUESTS	       16
#define SILL_MAX_MODULES       8
#define SILL_MAX_CMDLINE       256 /* bytes, the final NUL included */
#define SILL_MAX_VMCS_SETTINGS 8
#define SILL_MAX_MEMORY_MAP    512
#define SILL_MAX_CPUS	       256

struct sill_range {
	uint64_t base;
	uint64_t size; /* bytes */
};

/* What the firmware said of a range, in terms that no firmware owns. */
enum sill_memory_kind {
	SILL_MEMORY_FREE,	   /* RAM that nobody uses */
	SILL_MEMORY_BOOT_SERVICES, /* firmware code and data, of no use once boot services ended */
	SILL_MEMORY_RUNTIME,	   /* firmware code and data that an OS could still call */
	SILL_MEMORY_LOADER,	   /* the loader, and what it left behind for the core */
	SILL_MEMORY_ACPI,	   /* ACPI tables and non-volatile storage */
	SILL_MEMORY_MMIO,	   /* device registers, ports */
	SILL_MEMORY_RESERVED,	   /* anything else that isn't ours to touch */
};

struct sill_memory_range {
	struct sill_range range;
	uint32_t kind;	     /* enum sill_memory_kind */
	uint32_t executable; /* 1 if it holds firmware code */
};

enum sill_log_level {
	SILL_LOG_ERROR,
	SILL_LOG_WARNING,
	SILL_LOG_INFO,
	SILL_LOG_DEBUG,
};

/* What Sill does when its last guest has ended. */
enum sill_finish {
	SILL_FINISH_AUTO,     /* leave the emulator if this is one, else halt */
	SILL_FINISH_HALT,     /* stop the CPU and say that the machine may be switched off */
	SILL_FINISH_RESET,    /* reset the machine */
	SILL_FINISH_EMULATOR, /* leave the emulator through its own exit ports */
};

struct sill_serial {
	uint32_t port; /* I/O port of a 16550, 0 = no serial console */
	uint32_t baud;
};

enum sill_pixel_format {
	SILL_PIXEL_NONE, /* there is no framebuffer */
	SILL_PIXEL_RGB,	 /* byte 0 red, 1 green, 2 blue, 3 unused */
	SILL_PIXEL_BGR,	 /* byte 0 blue, 1 green, 2 red, 3 unused */
};

struct sill_framebuffer {
	struct sill_range range;
	uint32_t format; /* enum sill_pixel_format */
	uint32_t width, height;
	uint32_t pitch;			/* bytes from one line to the next */
	uint32_t max_width, max_height; /* of the largest mode that was offered */
};

struct sill_cpu {
	uint32_t apic_id;
	uint32_t flags;
};
#define SILL_CPU_BOOT	 (1u << 0) /* the CPU that enters the core */
#define SILL_CPU_ENABLED (1u << 1)

struct sill_module {
	struct sill_range file;
	char cmdline[SILL_MAX_CMDLINE];
};

/* What Sill does to itself while the guest runs: tests, and a look at its reports. */
enum sill_provocation {
	SILL_PROVOKE_NOTHING,
	SILL_PROVOKE_NMI,	  /* takes one NMI, which is the guest's in the end */
	SILL_PROVOKE_PANIC,	  /* writes to an unmapped address */
	SILL_PROVOKE_PANIC_TWICE, /* does so again while it reports the first time */
};

/* Overrides one VMCS guest-state or VM-entry event field just before the first VM entry. */
struct sill_vmcs_setting {
	uint32_t field; /* the field's encoding */
	uint32_t reserved;
	uint64_t value;
};

struct sill_guest {
	struct sill_range image; /* the Multiboot file */
	char name[64];		 /* for people: the file's path as configured */
	char cmdline[SILL_MAX_CMDLINE];
	uint64_t memory;	   /* bytes of RAM from guest-physical 0, a multiple of 2 MiB */
	uint64_t lazy_memory;	   /* how much of its top is granted page by page at first touch */
	uint32_t time_limit_ms;	   /* 0 = none */
	uint32_t trace_hypercalls; /* 1: show each hypercall and its answer */
	uint32_t provoke;	   /* enum sill_provocation */
	uint32_t module_count;
	uint32_t vmcs_setting_count;
	uint32_t reserved;
	struct sill_module modules[SILL_MAX_MODULES];
	struct sill_vmcs_setting vmcs_settings[SILL_MAX_VMCS_SETTINGS];
};

struct sill_handoff {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* sizeof(struct sill_handoff): loader and core were built together */

	uint64_t entry_tsc; /* TSC when the loader was entered */

	struct sill_range arena; /* the core's own memory, contiguous, below 4 GiB, page-aligned */
	uint64_t arena_used;	 /* bytes from its start that are taken: core, tables, this */
	struct sill_range core;	 /* where in the arena the core's image lies */
	uint64_t root_table;	 /* the core's PML4 */

	struct sill_range
		guest_memory; /* RAM for the guests, 2 MiB-aligned, one after another in it */

	uint64_t rsdp; /* 0 = none */
	struct sill_serial serial;
	struct sill_framebuffer framebuffer;

	uint32_t log_level; /* enum sill_log_level */
	uint32_t finish;    /* enum sill_finish */

	char firmware_vendor[64];
	uint32_t firmware_revision;
	uint32_t exit_boot_services_attempts;

	uint32_t cpu_count;
	uint32_t memory_map_count;
	uint32_t guest_count;
	uint32_t reserved;
	struct sill_cpu cpus[SILL_MAX_CPUS];
	struct sill_memory_range memory_map[SILL_MAX_MEMORY_MAP];
	struct sill_guest guests[SILL_MAX_GUESTS];
};

#endif
