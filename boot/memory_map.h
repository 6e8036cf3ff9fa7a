/* SPDX-License-Identifier: MIT */
/* Turns a firmware's long memory map into the short one of the handoff. Pure. */
#ifndef SILL_BOOT_MEMORY_MAP_H
#define SILL_BOOT_MEMORY_MAP_H

#include <stdint.h>

#include "sill/handoff.h"

/*
 * Sorts the *count ranges, joins neighbours that say the same, and drops empty ones. Where two
 * overlap, or where more than limit are left, neighbours become one range that promises the less
 * of the two (so free memory may be lost, but none is invented).
 *
 * -SILL_ENOSPC: more than limit ranges that do not touch each other
 * -SILL_EINVAL: a range that wraps
 */
__attribute__((warn_unused_result)) int memory_map_normalise(struct sill_memory_range *ranges,
							     uint32_t *count, uint32_t limit);

#endif
