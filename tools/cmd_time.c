/* SPDX-License-Identifier: MIT */
/* sill time: Sill's clock beside the system's. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "tools/calls.h"
#include "tools/commands.h"
#include "tools/tsc.h"

#define NS_PER_S 1000000000

static void show(const char *whose, int64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm utc;
	char text[64];

	if (gmtime_r(&seconds, &utc) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc) == 0)
		snprintf(text, sizeof(text), "%" PRId64 " s since 1970", (int64_t)seconds);
	printf("%-12s%s.%06d UTC\n", whose, text, (int)(ns % NS_PER_S / 1000));
}

int cmd_time(int argc, char **argv)
{
	struct sill_time time = {0};
	struct timespec system;
	int64_t answer, sill_ns, system_ns, ahead;
	uint64_t since;
	int status;

	if (argc > 1)
		return usage_error(argv[0], argv[1]);
	status = calls_begin(false);
	if (status != STATUS_GOOD)
		return status;
	answer = call_time(&time);
	if (answer == -SILL_ENODEV) {
		fputs("sill: Sill could not read this machine's clock\n", stderr);
		return STATUS_FAILED;
	}
	if (answer < 0 || time.tsc_hz == 0)
		return calls_say_error("time", answer);
	if (clock_gettime(CLOCK_REALTIME, &system) != 0) {
		perror("sill: clock_gettime");
		return STATUS_FAILED;
	}
	since = read_tsc() - time.tsc;
	sill_ns = (int64_t)(time.utc_ns + since / time.tsc_hz * NS_PER_S +
			    since % time.tsc_hz * NS_PER_S / time.tsc_hz);
	system_ns = (int64_t)system.tv_sec * NS_PER_S + system.tv_nsec;
	ahead = sill_ns - system_ns;
	show("Sill:", sill_ns);
	show("system:", system_ns);
	printf("%-12s%s%" PRIu64 ".%06" PRIu64 " s\n", "difference:", ahead < 0 ? "-" : "+",
	       (uint64_t)(ahead < 0 ? -ahead : ahead) / NS_PER_S,
	       (uint64_t)(ahead < 0 ? -ahead : ahead) % NS_PER_S / 1000);
	printf("%-12s%" PRIu64 " ticks a second\n", "TSC:", time.tsc_hz);
	return STATUS_GOOD;
}
