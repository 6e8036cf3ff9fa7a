/* SPDX-License-Identifier: MIT */
/* sill resolution: of the display, now and at most. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"

int cmd_resolution(int argc, char **argv)
{
	struct sill_display_info display = {0};
	int64_t answer;
	int status;

	if (argc > 1)
		return usage_error(argv[0], argv[1]);
	status = calls_begin(false);
	if (status != STATUS_GOOD)
		return status;
	answer = call_display_info(&display);
	if (answer == -SILL_ENODEV) {
		fputs("sill: resolution: the firmware told Sill of no display with a framebuffer: the "
		      "machine has none, or it was not in a graphics mode when Sill started\n",
		      stderr);
		return STATUS_FAILED;
	}
	if (answer < 0)
		return calls_say_error("display_info", answer);
	printf("%" PRIu32 "x%" PRIu32 ", at most %" PRIu32 "x%" PRIu32 "\n", display.width,
	       display.height, display.max_width, display.max_height);
	return STATUS_GOOD;
}
