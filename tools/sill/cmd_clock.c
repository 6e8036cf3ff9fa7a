/* SPDX-License-Identifier: MIT */
/* sill clock: compares the system's clock with Sill's, and sets it from there. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "tools/sill/time_of_sill.h"

/*
 * Sill reads whole seconds from the RTC, once, when it starts, and takes it to be the midst of that
 * second: half a second from the truth at the most. So does Linux, where its driver of the RTC sets
 * the clock. Clocks that differ by less than the two together may both be right.
 */
#define AGREE_NS NS_PER_S

static bool agree(const struct two_clocks *clocks)
{
	int64_t ahead = clocks_ahead(clocks);

	return ahead > -AGREE_NS && ahead < AGREE_NS;
}

static int compare(const struct two_clocks *clocks)
{
	clocks_show(clocks);
	puts(agree(clocks)
		     ? "They agree: they differ by less than one second, and Sill knows the time to half a second."
		     : "They differ by a second or more, and Sill knew the time to half a second when it started.");
	return STATUS_GOOD;
}

static int set(const struct two_clocks *clocks)
{
	struct timespec system;

	if (agree(clocks)) {
		clocks_show(clocks);
		puts("Nothing is set: they differ by less than one second, and Sill knows the time to half a second.");
		return STATUS_GOOD;
	}
	system.tv_sec = (time_t)(clocks->sill_ns / NS_PER_S);
	system.tv_nsec = (long)(clocks->sill_ns % NS_PER_S);
	if (clock_settime(CLOCK_REALTIME, &system) != 0) {
		if (errno == EPERM)
			fputs("sill: clock: setting the system's clock needs root (CAP_SYS_TIME)\n",
			      stderr);
		else
			fprintf(stderr, "sill: clock: clock_settime to %lld s since 1970: %s\n",
				(long long)system.tv_sec, strerror(errno));
		return STATUS_FAILED;
	}
	puts("The system's clock was set");
	clocks_show_time("from:", clocks->system_ns);
	clocks_show_time("to:", clocks->sill_ns);
	return STATUS_GOOD;
}

int cmd_clock(int argc, char **argv)
{
	struct two_clocks clocks;
	bool setting;
	int status;

	if (argc < 2) {
		fputs("sill: clock: --compare or --set? (see sill --help)\n", stderr);
		return STATUS_USAGE;
	}
	setting = strcmp(argv[1], "--set") == 0;
	if (!setting && strcmp(argv[1], "--compare") != 0)
		return usage_error(argv[0], argv[1]);
	if (argc > 2)
		return usage_error(argv[0], argv[2]);
	status = calls_begin(false);
	if (status == STATUS_GOOD)
		status = clocks_read(&clocks);
	if (status != STATUS_GOOD)
		return status;
	return setting ? set(&clocks) : compare(&clocks);
}
