/* SPDX-License-Identifier: MIT */
/* The parts of the Multiboot (version 1) information that the guest programs read. */
#ifndef GUEST_MULTIBOOT_H
#define GUEST_MULTIBOOT_H

#include <stdint.h>

#define MULTIBOOT_LOADED	 0x2badb002u

#define MULTIBOOT_INFO_MEMORY	 (1u << 0)
#define MULTIBOOT_INFO_CMDLINE	 (1u << 2)
#define MULTIBOOT_INFO_MODULES	 (1u << 3)
#define MULTIBOOT_INFO_MMAP	 (1u << 6)

#define MULTIBOOT_MMAP_AVAILABLE 1u

struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower; /* KiB */
	uint32_t mem_upper; /* KiB from 1 MiB on */
	uint32_t boot_device;
	uint32_t cmdline;
	uint32_t mods_count;
	uint32_t mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length;
	uint32_t mmap_addr;
};

struct multiboot_module {
	uint32_t start;
	uint32_t end; /* the first byte after it */
	uint32_t string;
	uint32_t reserved;
};

struct __attribute__((packed)) multiboot_mmap_entry {
	uint32_t size; /* of what follows */
	uint64_t base;
	uint64_t length;
	uint32_t type;
};

#endif
