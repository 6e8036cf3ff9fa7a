/* SPDX-License-Identifier: MIT */
/* Sill's clock beside the system's; see tools/sill/time_of_sill.h. */
#include "tools/sill/time_of_sill.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "tools/sill/tsc.h"

int clocks_read(struct two_clocks *clocks)
{
	struct sill_time time = {0};
	struct timespec system;
	int64_t answer = call_time(&time);
	uint64_t since;

	if (answer == -SILL_ENODEV) {
		fputs("sill: Sill could not read this machine's clock (the RTC) when it started, and "
		      "doesn't know the time\n",
		      stderr);
		return STATUS_FAILED;
	}
	if (answer < 0 || time.tsc_hz == 0)
		return calls_say_error("time", answer);
	if (clock_gettime(CLOCK_REALTIME, &system) != 0) {
		perror("sill: clock_gettime");
		return STATUS_FAILED;
	}
	since = read_tsc() - time.tsc;
	clocks->sill_ns = (int64_t)(time.utc_ns + since / time.tsc_hz * NS_PER_S +
				    since % time.tsc_hz * NS_PER_S / time.tsc_hz);
	clocks->system_ns = (int64_t)system.tv_sec * NS_PER_S + system.tv_nsec;
	clocks->tsc_hz = time.tsc_hz;
	return STATUS_GOOD;
}

int64_t clocks_ahead(const struct two_clocks *clocks)
{
	return clocks->sill_ns - clocks->system_ns;
}

void clocks_show_time(const char *whose, int64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm utc;
	char text[64];

	if (gmtime_r(&seconds, &utc) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc) == 0)
		snprintf(text, sizeof(text), "%" PRId64 " s since 1970", (int64_t)seconds);
	printf("%-12s%s.%06d UTC\n", whose, text, (int)(ns % NS_PER_S / 1000));
}

void clocks_show(const struct two_clocks *clocks)
{
	int64_t ahead = clocks_ahead(clocks);
	uint64_t difference = (uint64_t)(ahead < 0 ? -ahead : ahead);

	clocks_show_time("Sill:", clocks->sill_ns);
	clocks_show_time("system:", clocks->system_ns);
	printf("%-12s%s%" PRIu64 ".%06" PRIu64 " s\n", "difference:", ahead < 0 ? "-" : "+",
	       difference / NS_PER_S, difference % NS_PER_S / 1000);
}
