/* SPDX-License-Identifier: MIT */
/* Time as it passes; see tools/sill/moment.h. */
#include "tools/sill/moment.h"

#include <time.h>

uint64_t moment_us(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000;
}

void moment_pass(uint64_t us)
{
	const struct timespec pause = {
		.tv_sec = (time_t)(us / US_PER_S),
		.tv_nsec = (long)(us % US_PER_S * 1000),
	};

	nanosleep(&pause, NULL);
}
