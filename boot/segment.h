/* SPDX-License-Identifier: MIT */
/* What a CPU has loaded for a selector, from the descriptor in memory. Pure. */
#ifndef SILL_BOOT_SEGMENT_H
#define SILL_BOOT_SEGMENT_H

#include <stdint.h>

#include "sill/handoff.h"

#define SEGMENT_UNUSABLE (1u << 16) /* of the access rights */

/*
 * Fills in *segment, all of it, as a CPU in 64-bit mode has it after loading the selector from the
 * `limit` + 1 bytes of GDT at `gdt`. A null selector gives an unusable segment. The base of code
 * and data is the descriptor's, which FS and GS have from elsewhere.
 *
 * -SILL_EINVAL: a selector that no CPU can have loaded (outside of the GDT, not present), or one
 * from an LDT, which no firmware has; the segment is unusable then.
 */
__attribute__((warn_unused_result)) int
segment_describe(const void *gdt, uint32_t limit, uint16_t selector, struct sill_segment *segment);

#endif
