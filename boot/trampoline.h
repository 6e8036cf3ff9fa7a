/* SPDX-License-Identifier: MIT */
/* The step from the firmware's address space into the core's, see trampoline.asm. */
#ifndef SILL_BOOT_TRAMPOLINE_H
#define SILL_BOOT_TRAMPOLINE_H

#include <stdint.h>

/*
 * Disables interrupts, switches to the page tables at `root` (a physical address) and the stack
 * that ends at `stack`, and jumps to `entry` with `handoff` in RDI; these three are virtual
 * addresses of the new address space. That space must map the page that this function lies in at
 * its present address. The CPU must have the no-execute bit, and run 4-level paging.
 */
__attribute__((noreturn, visibility("hidden"))) void trampoline(uint64_t root, uint64_t stack,
								uint64_t handoff, uint64_t entry);

#endif
