/* SPDX-License-Identifier: MIT */
/* Which MSRs an OS reads and writes with an exit: few, and none that it uses all the time. Pure. */
#ifndef SILL_UNDERLAY_MSR_BITMAP_H
#define SILL_UNDERLAY_MSR_BITMAP_H

#include <stdint.h>

/* Fills in the 4 KiB bitmap that all CPUs share. */
void underlay_msr_bitmap_fill(uint8_t bitmap[4096]);

#endif
