/* SPDX-License-Identifier: MIT */
/* The MSR bitmap of a guest: which MSRs it reads and writes without an exit. */
#ifndef SILL_GUEST_MSR_BITMAP_H
#define SILL_GUEST_MSR_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

/* Fills in the 4 KiB bitmap. RDTSCP and user wait and pause bring MSRs of their own. */
void msr_bitmap_fill(uint8_t bitmap[4096], bool rdtscp, bool user_wait);

/*
 * Sets the MSRs that are the guest's alone, and stay in the CPU while Sill runs, to their values
 * after a reset: nothing of the firmware's or of an earlier guest's shows through.
 */
void msr_reset_guest_owned(bool rdtscp, bool user_wait, bool xsaves);

#endif
