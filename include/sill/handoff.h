/* SPDX-License-Identifier: MIT */
/*
 * The contract between a loader and the core: the one structure that passes between them. A
 * loader for another firmware fills in the same structure and enters the core in the same way;
 * the core knows nothing of any firmware.
 *
 * State at the core's entry point: 64-bit mode, CPL 0, IF = 0, the core's own page tables in CR3
 * (made by the loader with core/address_space.h), RDI = virtual address of the handoff, RSP = top
 * of the boot stack, RSI = 0 in guest mode.
 *
 * Guest mode: boot services are over. Nobody else runs on this CPU, the core never returns, and
 * nothing of the firmware is called again.
 *
 * Underlay mode: the core is entered on one CPU after another, the boot CPU first, while the
 * firmware is alive. RSI = physical address of a struct sill_launch, which says what this CPU was
 * doing; the core puts it back to doing that, in VMX non-root operation or, if that can't be, as it
 * was. The loader waits for one CPU's answer before it sends the next, so they share the boot
 * stack.
 *
 * All addresses are physical unless a name says virtual. All memory that the structure points at
 * stays as it is until the core is done with it.
 */
#ifndef SILL_HANDOFF_H
#define SILL_HANDOFF_H

#include <stdint.h>

#define SILL_HANDOFF_MAGIC     0x464f444e41486c53ull /* "SlHANDOF" */
#define SILL_HANDOFF_VERSION   4u

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

enum sill_mode {
	SILL_MODE_GUEST,    /* Sill owns the machine and runs guests from files */
	SILL_MODE_UNDERLAY, /* the running firmware, and then its OS, become the guest */
	SILL_MODE_COUNT
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

/* Channels (sill/channel.h), and the serial line that those go over that leave the machine. */
struct sill_channel_settings {
	uint32_t count;	 /* open at once, at most: 0 to SILL_CHANNELS_MAX; 0: none, and no link */
	uint32_t buffer; /* bytes that may wait in a channel, each way: a power of 2 */
	/* I/O ports of UARTs: the first that is there is used; 0: none, and no link if both are. */
	uint32_t link_ports[2];
	uint32_t link_baud;
	uint32_t link_share;	  /* per cent of a CPU's time, at most, for the line: 1 to 90 */
	uint32_t link_timeout_ms; /* silence after which nobody is there any more */
	uint32_t reserved;
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
#define SILL_CPU_ENABLED (1u << 1) /* in underlay mode: Sill is to be entered on it */

struct sill_module {
	struct sill_range file;
	char cmdline[SILL_MAX_CMDLINE];
};

/* A segment register as a CPU has it loaded. */
struct sill_segment {
	uint16_t selector;
	uint16_t reserved;
	uint32_t limit;		/* bytes, already scaled */
	uint32_t access_rights; /* as the VMCS has them: SDM, "Guest Register State" */
	uint32_t reserved2;
	uint64_t base;
};

enum sill_segment_index {
	SILL_SEGMENT_ES,
	SILL_SEGMENT_CS,
	SILL_SEGMENT_SS,
	SILL_SEGMENT_DS,
	SILL_SEGMENT_FS,
	SILL_SEGMENT_GS,
	SILL_SEGMENT_LDTR,
	SILL_SEGMENT_TR,
	SILL_SEGMENT_COUNT
};

struct sill_table_register {
	uint64_t base;
	uint32_t limit;
	uint32_t reserved;
};

/*
 * One CPU in underlay mode: what it was doing when the loader left the firmware's world on it, and
 * what became of it. In the loader's memory, 8-byte aligned, not across a page's end. The CPU goes
 * on at rip with rsp, rflags and all the rest as given here, RAX undefined, and the general
 * registers that the System V convention preserves as they were on the stack (the loader's
 * trampoline saves and restores them).
 */
struct sill_launch {
	uint64_t size; /* sizeof(struct sill_launch) */
	uint32_t cpu;  /* its index in the handoff's cpus */
	/* Written by the core: 0 = it runs in VMX non-root operation, or a negative error. */
	int32_t result;

	uint64_t rip, rsp, rflags;
	uint64_t cr0, cr3, cr4, dr7;
	uint64_t ia32_efer, ia32_pat, ia32_debugctl;
	uint64_t ia32_sysenter_cs, ia32_sysenter_esp, ia32_sysenter_eip;
	struct sill_table_register gdtr, idtr;
	struct sill_segment segments[SILL_SEGMENT_COUNT]; /* FS and GS bases included */

	char reason[320]; /* written by the core if result is not 0: for people */
};

/* What underlay mode is asked to do. */
struct sill_underlay {
	uint32_t show_hypervisor; /* 1: CPUID's hypervisor-present bit is set */
	/* For tests: the index of a CPU that claims to have no EPT; else UINT32_MAX. */
	uint32_t cpu_without_ept;
	uint32_t doors; /* as in struct sill_guest */
	uint32_t reserved;
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
	uint32_t doors; /* a bit for each SILL_DOOR_* (sill/doors.h) that is to be open */
	uint32_t module_count;
	uint32_t vmcs_setting_count;
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
	/* In underlay mode it is the OS's, until Sill has to say why it can't go on. */
	struct sill_framebuffer framebuffer;

	uint32_t log_level; /* enum sill_log_level */
	uint32_t finish;    /* enum sill_finish */

	char firmware_vendor[64];
	uint32_t firmware_revision;
	uint32_t exit_boot_services_attempts;

	uint32_t cpu_count;
	uint32_t memory_map_count;
	uint32_t guest_count;
	uint32_t mode; /* enum sill_mode */
	struct sill_underlay underlay;
	struct sill_channel_settings channels;
	struct sill_cpu cpus[SILL_MAX_CPUS];
	struct sill_memory_range memory_map[SILL_MAX_MEMORY_MAP];
	struct sill_guest guests[SILL_MAX_GUESTS];
};

#endif
