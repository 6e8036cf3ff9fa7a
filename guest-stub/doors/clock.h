/* SPDX-License-Identifier: MIT */
/* How fast the TSC counts, for waits that must end. */
#ifndef GUEST_DOORS_CLOCK_H
#define GUEST_DOORS_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "cpu.h"

/* About; known after clock_start(). */
extern uint64_t ticks_per_ms;

void clock_start(void);

/* The TSC in so many milliseconds. */
static inline uint64_t in_ms(uint64_t ms)
{
	return rdtsc() + ms * ticks_per_ms;
}

static inline bool is_over(uint64_t tsc)
{
	return (int64_t)(rdtsc() - tsc) >= 0;
}

/* Waits until *value is no longer this one. False: it still was after so many milliseconds. */
bool wait_while_32(const volatile uint32_t *value, uint32_t old, uint64_t ms);
bool wait_while_64(const volatile uint64_t *value, uint64_t old, uint64_t ms);

#endif
