/* SPDX-License-Identifier: MIT */
/* sill recv: what comes from a channel goes to standard output, checked at the end. */
#include <unistd.h>

#include "tools/sill/calls.h"
#include "tools/sill/channel_options.h"
#include "tools/sill/commands.h"
#include "tools/sill/transfer.h"

int cmd_recv(int argc, char **argv)
{
	struct channel channel = {0};
	struct transfer transfer = {.channel = &channel, .fd = STDOUT_FILENO};
	int status = channel_options(argc, argv, &channel, &transfer.quiet);

	if (status == STATUS_GOOD)
		status = calls_begin(true);
	if (status == STATUS_GOOD)
		status = channel_open(&channel);
	if (status == STATUS_GOOD)
		status = transfer_receive(&transfer);
	channel_close(&channel);
	return status;
}
