/* SPDX-License-Identifier: MIT */
/* Time as it passes, and letting it pass. */
#ifndef SILL_TOOLS_MOMENT_H
#define SILL_TOOLS_MOMENT_H

#include <stdint.h>

#define US_PER_S ((uint64_t)1000000)

/* Microseconds since some moment; never goes back. */
uint64_t moment_us(void);

/* The CPU is others' for so long, or until a signal was handled. */
void moment_pass(uint64_t us);

#endif
