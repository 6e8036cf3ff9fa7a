/* SPDX-License-Identifier: MIT */
/* The time-stamp counter, read between two instructions and not among them. */
#ifndef SILL_TOOLS_TSC_H
#define SILL_TOOLS_TSC_H

#include <stdint.h>

static inline uint64_t read_tsc(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return ((uint64_t)high << 32) | low;
}

#endif
