/* SPDX-License-Identifier: MIT */
/* The process behind a mounted folder; see tools/sill/pump_9p.h. */
#include "tools/sill/pump_9p.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/sill/commands.h"
#include "tools/sill/join.h"
#include "tools/sill/moment.h"

/* Nobody reads what it would say on a terminal hours later: the kernel's log is where to look. */
static void leave_terminal(void)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (nothing >= 0) {
		dup2(nothing, STDIN_FILENO);
		dup2(nothing, STDOUT_FILENO);
		dup2(log >= 0 ? log : nothing, STDERR_FILENO);
		close(nothing);
	}
	if (log >= 0)
		close(log);
	/* It keeps no other file system from being unmounted. */
	if (chdir("/") != 0)
		fprintf(stderr, "sill: mount: chdir to /: %s\n", strerror(errno));
}

/* False: the other process has gone without the word. */
static bool take_word(int leash)
{
	char word;

	return read(leash, &word, 1) == 1 && write(leash, &word, 1) == 1;
}

static int serve(struct channel *channel, int socket, int leash, uint64_t time_us)
{
	struct join join = {
		.channel = channel,
		.in_fd = socket,
		.out_fd = socket,
		.watched_fd = leash,
		.deadline_us = moment_us() + time_us,
		.one_end_is_enough = true,
		.least_us = 500,
		.most_us = 10000,
		.idle_us = 50000,
	};

	for (;;) {
		switch (join_run(&join)) {
		case JOIN_WATCHED:
			/* Then it is that one which says why. */
			if (!take_word(leash))
				return STATUS_GOOD;
			join.watched_fd = -1;
			join.deadline_us = 0;
			leave_terminal();
			continue;
		case JOIN_LATE:
			fprintf(stderr,
				"sill: mount: the kernel and the other end of channel %s did not "
				"come to an agreement within %" PRIu64 " s\n",
				channel->name, time_us / US_PER_S);
			return STATUS_NOBODY;
		case JOIN_BROKEN:
			return channel_say_error(channel, join.error);
		case JOIN_SAID:
			return join.status;
		case JOIN_ENDED:
			/* The kernel closed its end: unmounted. */
			if (join.in_ended)
				return STATUS_GOOD;
			/* fall through */
		case JOIN_CUT:
			fprintf(stderr, "sill: mount %s: the other end has ended it\n",
				channel->name);
			return STATUS_NOBODY;
		case JOIN_OUTPUT_GONE:
			return STATUS_GOOD;
		default:
			fprintf(stderr, "sill: mount %s: the socket to the kernel: %s\n",
				channel->name, strerror(errno));
			return STATUS_FAILED;
		}
	}
}

int pump_start(struct pump *pump, struct channel *channel, uint64_t time_us, int *kernel_end)
{
	int sockets[2], leash[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, leash) != 0) {
		fprintf(stderr, "sill: mount: a pair of Unix sockets: %s\n", strerror(errno));
		return STATUS_FAILED;
	}
	/* The process before had its own time-out for somebody to be there. */
	channel->timeout_us = 0;
	pump->process = fork();
	if (pump->process < 0) {
		fprintf(stderr, "sill: mount: a process of its own: %s\n", strerror(errno));
		return STATUS_FAILED;
	}
	if (pump->process == 0) {
		int status;

		close(sockets[0]);
		close(leash[0]);
		setsid();
		status = serve(channel, sockets[1], leash[1], time_us);
		channel_close(channel);
		_exit(status);
	}
	channel_leave();
	channel->handle = 0;
	close(sockets[1]);
	close(leash[1]);
	pump->leash = leash[0];
	*kernel_end = sockets[0];
	return STATUS_GOOD;
}

bool pump_release(struct pump *pump)
{
	char word = 'm';

	return send(pump->leash, &word, 1, MSG_NOSIGNAL) == 1 && read(pump->leash, &word, 1) == 1;
}

int pump_wait(struct pump *pump)
{
	int how = 0;

	while (waitpid(pump->process, &how, 0) < 0) {
		if (errno != EINTR)
			return STATUS_GOOD;
	}
	return WIFEXITED(how) ? WEXITSTATUS(how) : STATUS_GOOD;
}
