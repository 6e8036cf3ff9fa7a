/* SPDX-License-Identifier: MIT */
/* sill connect: standard input and output joined with a channel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/sill/calls.h"
#include "tools/sill/channel_options.h"
#include "tools/sill/commands.h"
#include "tools/sill/join.h"

static int connect_files(struct channel *channel)
{
	struct join join = {
		.channel = channel,
		.in_fd = STDIN_FILENO,
		.out_fd = STDOUT_FILENO,
		.watched_fd = -1,
		.interactive = true,
		.least_us = 1000,
		.most_us = 10000,
		.idle_us = 10000,
	};

	switch (join_run(&join)) {
	case JOIN_ENDED:
		return STATUS_GOOD;
	case JOIN_BROKEN:
		return channel_say_error(channel, join.error);
	case JOIN_CUT:
		return channel_say_error(channel, -SILL_EPIPE);
	case JOIN_SAID:
		return join.status;
	case JOIN_INPUT_FAILED:
		fprintf(stderr, "sill: connect %s: standard input: %s\n", channel->name,
			strerror(errno));
		return STATUS_FAILED;
	case JOIN_OUTPUT_GONE:
		fprintf(stderr, "sill: connect %s: nobody reads standard output any more\n",
			channel->name);
		return STATUS_FAILED;
	default:
		fprintf(stderr, "sill: connect %s: standard output: %s\n", channel->name,
			strerror(errno));
		return STATUS_FAILED;
	}
}

int cmd_connect(int argc, char **argv)
{
	struct channel channel = {0};
	int status = channel_options(argc, argv, &channel, NULL);

	if (status == STATUS_GOOD)
		status = calls_begin(true);
	if (status == STATUS_GOOD)
		status = channel_open(&channel);
	if (status == STATUS_GOOD)
		status = connect_files(&channel);
	channel_close(&channel);
	return status;
}
