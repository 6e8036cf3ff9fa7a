/* SPDX-License-Identifier: MIT */
/* What time it is: the RTC, read once, and the TSC since. */
#ifndef SILL_CORE_TIME_H
#define SILL_CORE_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Finds the TSC's frequency and reads the RTC. start_tsc is where timestamps count from. */
void time_start(uint64_t start_tsc);

/* The RTC, with what ACPI says of it; until then the time is unknown. Needs acpi_start(). */
void time_read_clock(void);

/* TSC ticks a second; never 0 after time_start(). */
uint64_t time_tsc_hz(void);

/* "CPUID leaf 15h", "measured against the PIT" or the like: for people. */
const char *time_tsc_source(void);

/* Whether the frequency is the one that CPUID leaves 15h and 16h state. */
bool time_agrees_with_cpuid(void);

/* Microseconds since start_tsc. */
uint64_t time_since_start_us(void);

/* Ticks of the TSC to nanoseconds, exactly, for differences up to 2^64 nanoseconds. */
uint64_t time_ticks_to_ns(uint64_t ticks);

/* Could the RTC be read? */
bool time_is_known(void);

/* UTC in nanoseconds since 1970 at a value of the TSC. Only if time_is_known(). */
uint64_t time_utc_ns(uint64_t tsc);

void time_wait_us(uint64_t us);

#endif
