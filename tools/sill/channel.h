/* SPDX-License-Identifier: MIT */
/* A channel that this program has open: opening, looking at it, closing on every way out. */
#ifndef SILL_TOOLS_CHANNEL_H
#define SILL_TOOLS_CHANNEL_H

#include <sill/channel.h>

#include <stdbool.h>
#include <stdint.h>

struct channel {
	const char *command; /* this program's, for messages: "send" */
	const char *name;
	bool take_over;
	uint64_t timeout_us; /* nothing moves for so long: given up. 0: never */

	uint64_t handle;
	uint64_t opened_us;
	uint64_t moved_us; /* when bytes moved last; begins with opened_us */
	uint32_t buffer;   /* bytes that may be on their way, each way */
	uint32_t line;	   /* bytes a second of the serial line; 0: the channel doesn't use one */
	bool connected;	   /* somebody was seen at the other end */
	bool said_waiting;
};

/* Why this is no name for a channel, as a sentence's end; NULL: it is one. */
const char *channel_name_fault(const char *name);

/*
 * Opens it. From then on SIGINT, SIGTERM, SIGHUP and SIGQUIT close it before they end the program.
 * A program has at most one channel open. calls_begin() was asked before. An enum status of
 * tools/sill/commands.h, and why has been said.
 */
int channel_open(struct channel *channel);

/*
 * Asks for its state; says once that nobody is at the other end, if it has been so for 2 seconds.
 * An enum status: STATUS_GOOD if one of the wanted SILL_CHANNEL_* is true of it, whatever else is;
 * STATUS_NOBODY if it is broken, or nothing has moved for the time-out. When the other end has
 * closed it in peace, what it sent can still be read, so that is for the caller to judge.
 */
int channel_look(struct channel *channel, struct sill_channel *state, uint32_t wanted);

/*
 * STATUS_NOBODY if nothing has moved for the time-out, which has been said; for a caller who has
 * learned by other calls that all is well. Makes no call.
 */
int channel_check_timeout(const struct channel *channel, uint64_t now);

/* Whether the other end has closed it in peace: it neither takes nor sends any more. */
bool channel_is_over(const struct sill_channel *state);

/* Just now bytes moved. */
void channel_moved(struct channel *channel, uint64_t now);

/* Ends the direction to the other end, with the CRC-32 of all that was written. An enum status. */
int channel_end_writing(struct channel *channel, uint32_t crc32);

/* Closes it if it is open. */
void channel_close(struct channel *channel);

/* It is another process's from now on: nothing in this one closes it, signals act as ever. */
void channel_leave(void);

/* What an error of channel_read, channel_write and channel_state means, as a sentence's end. */
const char *channel_error_words(int64_t error);

/* Says what stopped it; the enum status for this error. */
int channel_say_error(const struct channel *channel, int64_t error);

#endif
