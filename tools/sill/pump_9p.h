/* SPDX-License-Identifier: MIT */
/*
 * The process behind a mounted folder: it carries the kernel's 9P messages from a socket to a
 * channel, and the answers back, for as long as the file system is mounted.
 */
#ifndef SILL_TOOLS_PUMP_9P_H
#define SILL_TOOLS_PUMP_9P_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/sill/channel.h"

struct pump {
	pid_t process;
	int leash; /* to the process: where it is told that all is well */
};

/*
 * Starts it in a process of its own, which has the open channel from then on, for one end of a
 * socket pair; *kernel_end is the other. Unless pump_release() is called within time_us it ends. An
 * enum status of tools/sill/commands.h, and why has been said.
 */
int pump_start(struct pump *pump, struct channel *channel, uint64_t time_us, int *kernel_end);

/* The file system is mounted: the process leaves the terminal and stays. False: it has ended. */
bool pump_release(struct pump *pump);

/*
 * Waits until the process has ended and closed the channel, after *kernel_end was closed
 * everywhere. An enum status: STATUS_GOOD if that was its reason, else it has said why.
 */
int pump_wait(struct pump *pump);

#endif
