/* SPDX-License-Identifier: MIT */
/* sill send, sill recv: a file through a channel, checked at its end. */
#include <unistd.h>

#include "tools/sill/calls.h"
#include "tools/sill/channel_options.h"
#include "tools/sill/commands.h"
#include "tools/sill/transfer.h"

static int transfer(int argc, char **argv, int fd, int (*move)(struct transfer *transfer))
{
	struct channel channel = {0};
	struct transfer what = {.channel = &channel, .fd = fd};
	int status = channel_options(argc, argv, &channel, &what.quiet);

	if (status == STATUS_GOOD)
		status = calls_begin(true);
	if (status == STATUS_GOOD)
		status = channel_open(&channel);
	if (status == STATUS_GOOD)
		status = move(&what);
	channel_close(&channel);
	return status;
}

int cmd_send(int argc, char **argv)
{
	return transfer(argc, argv, STDIN_FILENO, transfer_send);
}

int cmd_recv(int argc, char **argv)
{
	return transfer(argc, argv, STDOUT_FILENO, transfer_receive);
}
