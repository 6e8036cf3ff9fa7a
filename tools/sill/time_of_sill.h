/* SPDX-License-Identifier: MIT */
/* Sill's clock and the system's, read at one moment. */
#ifndef SILL_TOOLS_TIME_OF_SILL_H
#define SILL_TOOLS_TIME_OF_SILL_H

#include <stdint.h>

#define NS_PER_S 1000000000

struct two_clocks {
	int64_t sill_ns, system_ns; /* UTC, nanoseconds since 1970 */
	uint64_t tsc_hz;
};

/*
 * Reads both; an enum status of tools/sill/commands.h, and why has been said. After calls_begin().
 */
int clocks_read(struct two_clocks *clocks);

/* Nanoseconds that Sill's clock is ahead of the system's. */
int64_t clocks_ahead(const struct two_clocks *clocks);

/* Prints a time: "whose   2024-02-29 23:59:58.000000 UTC". */
void clocks_show_time(const char *whose, int64_t ns);

/* Prints both and the difference. */
void clocks_show(const struct two_clocks *clocks);

#endif
