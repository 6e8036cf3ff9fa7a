/* SPDX-License-Identifier: MIT */
/* What was asked for on the command line of sill-link. */
#ifndef SILL_TOOLS_LINK_OPTIONS_H
#define SILL_TOOLS_LINK_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "link/link.h"

/* As many as there can be channels. */
#define OPTIONS_NAMES (LINK_STREAMS - 1)

/* What Sill calls the channels that --share answers. */
#define SHARE_9P_NAME	"9p"
#define SHARE_FILE_NAME "file"

struct options {
	const char *line;
	uint32_t baud;
	bool rtscts;

	unsigned int execs;
	struct {
		char name[LINK_NAME_MAX + 1];
		const char *command;
	} exec[OPTIONS_NAMES];
	const char *pipes, *sockets; /* directories */
	unsigned int channels;	     /* names that are there from the start */
	const char *channel[OPTIONS_NAMES];
	const char *share;
	bool share_writable;

	bool console_input;
	const char *log;
	bool log_time;
	bool status, quiet, verbose, once;
	uint32_t timeout_us, wake_us;
};

/*
 * Fills in *options, or has shown what was asked for or what is wrong: the answer is then the exit
 * status, else -1.
 */
int options_parse(struct options *options, int argc, char **argv);

/* 1 to LINK_NAME_MAX of A-Z a-z 0-9 . _ -, the first not a dot. */
bool name_is_good(const char *name);

#endif
