/* SPDX-License-Identifier: MIT */
/* The step from the firmware's address space into the core's, see trampoline.asm. */
#ifndef SILL_BOOT_TRAMPOLINE_H
#define SILL_BOOT_TRAMPOLINE_H

#include <stdint.h>

#include "sill/handoff.h"

/*
 * Disables interrupts, switches to the page tables at `root` (a physical address) and the stack
 * that ends at `stack`, and jumps to `entry` with `handoff` in RDI; these three are virtual
 * addresses of the new address space. That space must map the page that this function lies in at
 * its present address. The CPU must have the no-execute bit, and run 4-level paging.
 */
__attribute__((noreturn, visibility("hidden"))) void trampoline(uint64_t root, uint64_t stack,
								uint64_t handoff, uint64_t entry);

/*
 * The same, but it returns: when the core has put this CPU into VMX non-root operation, or back to
 * where it was. Fills in rip, rsp and rflags of *launch, all else of which describes this CPU
 * already and is in force when it returns. Returns launch->result. *launch must lie at its physical
 * address and must not cross a page's end.
 */
__attribute__((visibility("hidden"))) int trampoline_beneath(uint64_t root, uint64_t stack,
							     uint64_t handoff, uint64_t entry,
							     struct sill_launch *launch);

#endif
