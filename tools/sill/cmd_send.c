/* SPDX-License-Identifier: MIT */
/* sill send: standard input goes to a channel, checked at the end. */
#include <unistd.h>

#include "tools/sill/calls.h"
#include "tools/sill/channel_options.h"
#include "tools/sill/commands.h"
#include "tools/sill/transfer.h"

int cmd_send(int argc, char **argv)
{
	struct channel channel = {0};
	struct transfer transfer = {.channel = &channel, .fd = STDIN_FILENO};
	int status = channel_options(argc, argv, &channel, &transfer.quiet);

	if (status == STATUS_GOOD)
		status = calls_begin(true);
	if (status == STATUS_GOOD)
		status = channel_open(&channel);
	if (status == STATUS_GOOD)
		status = transfer_send(&transfer);
	channel_close(&channel);
	return status;
}
