/* SPDX-License-Identifier: MIT */
/* The arguments that commands on one channel have in common. */
#ifndef SILL_TOOLS_CHANNEL_OPTIONS_H
#define SILL_TOOLS_CHANNEL_OPTIONS_H

#include <stdbool.h>

#include "tools/sill/channel.h"

/* A whole number from 1 to most. False: it is none. */
bool option_number(const char *text, unsigned long most, unsigned long *number);

/*
 * Understands "NAME [--take-over] [--timeout SECONDS] [--quiet]" in any order, and fills in the
 * channel's first fields. quiet may be NULL: then it is not understood. An enum status of
 * tools/sill/commands.h, and why has been said.
 */
int channel_options(int argc, char **argv, struct channel *channel, bool *quiet);

/* Whether it is a name; says what is wrong with it. */
bool channel_option_name(const char *command, const char *name);

/* Seconds, the argument of --timeout, which may be NULL; says what is wrong with it. */
bool channel_option_timeout(const char *command, const char *text, struct channel *channel);

#endif
