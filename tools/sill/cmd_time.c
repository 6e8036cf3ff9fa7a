/* SPDX-License-Identifier: MIT */
/* sill time: Sill's clock beside the system's. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "tools/sill/time_of_sill.h"

int cmd_time(int argc, char **argv)
{
	struct two_clocks clocks;
	int status;

	if (argc > 1)
		return usage_error(argv[0], argv[1]);
	status = calls_begin(false);
	if (status == STATUS_GOOD)
		status = clocks_read(&clocks);
	if (status != STATUS_GOOD)
		return status;
	clocks_show(&clocks);
	printf("%-12s%" PRIu64 " ticks a second\n", "TSC:", clocks.tsc_hz);
	return STATUS_GOOD;
}
