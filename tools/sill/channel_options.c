/* SPDX-License-Identifier: MIT */
/* Arguments of commands on a channel; see tools/sill/channel_options.h. */
#include "tools/sill/channel_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sill/commands.h"
#include "tools/sill/moment.h"

/* A year. */
#define TIMEOUT_MOST (366ul * 24 * 3600)

bool option_number(const char *text, unsigned long most, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && *number > 0 &&
	       *number <= most;
}

bool channel_option_name(const char *command, const char *name)
{
	const char *fault = channel_name_fault(name);

	if (fault != NULL)
		fprintf(stderr, "sill: %s: a channel can't have the name '%s': it %s\n", command,
			name, fault);
	return fault == NULL;
}

bool channel_option_timeout(const char *command, const char *text, struct channel *channel)
{
	unsigned long seconds;

	if (text == NULL || !option_number(text, TIMEOUT_MOST, &seconds)) {
		fprintf(stderr,
			"sill: %s: --timeout takes a number of seconds, 1 to %lu, not '%s'\n",
			command, TIMEOUT_MOST, text != NULL ? text : "");
		return false;
	}
	channel->timeout_us = seconds * US_PER_S;
	return true;
}

int channel_options(int argc, char **argv, struct channel *channel, bool *quiet)
{
	channel->command = argv[0];
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--take-over") == 0) {
			channel->take_over = true;
		} else if (quiet != NULL && strcmp(argv[i], "--quiet") == 0) {
			*quiet = true;
		} else if (strcmp(argv[i], "--timeout") == 0) {
			if (!channel_option_timeout(argv[0], argv[i + 1], channel))
				return STATUS_USAGE;
			i++;
		} else if (channel->name != NULL || strncmp(argv[i], "--", 2) == 0) {
			return usage_error(argv[0], argv[i]);
		} else {
			channel->name = argv[i];
		}
	}
	if (channel->name == NULL) {
		fprintf(stderr, "sill: %s: which channel? (see sill --help)\n", argv[0]);
		return STATUS_USAGE;
	}
	return channel_option_name(argv[0], channel->name) ? STATUS_GOOD : STATUS_USAGE;
}
