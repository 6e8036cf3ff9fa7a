/* SPDX-License-Identifier: MIT */
/*
 * How long to sleep between two calls that move bytes. A call costs the same for one byte as for
 * 64 KiB, and polling costs a CPU; so the program sleeps for as long as a good part of the
 * channel's buffer takes to empty (or to fill) at the rate measured, and then moves it at once.
 * Pure.
 */
#ifndef SILL_TOOLS_PACE_H
#define SILL_TOOLS_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	uint64_t rate;	   /* bytes a second; 0: not known yet */
	uint64_t since_us; /* from here on is measured */
	uint64_t moved;	   /* bytes since then */
	bool faster;	   /* the last measure said that it may be higher: it is guessed, */
	uint64_t least;	   /* and this much was measured */
};

/* rate: a first guess, or 0. */
void pace_start(struct pace *pace, uint64_t rate, uint64_t now);

/* A call has moved so many bytes. */
void pace_moved(struct pace *pace, uint64_t bytes);

/*
 * After a call that moved fewer bytes than it could have: a short count may have other reasons than
 * that the buffer is full (or empty). True: probably it is, since about as many were moved as were
 * expected, so that another call would move nothing.
 */
bool pace_enough(const struct pace *pace, uint64_t portion, uint64_t now);

/*
 * Measures the rate by what was moved since it was measured last. all: the calls moved all that
 * they were asked to, so it may be higher.
 */
void pace_measure(struct pace *pace, bool all, uint64_t now);

/* What was between is not to be measured. */
void pace_skip(struct pace *pace, uint64_t now);
/* The last so many microseconds don't count. */
void pace_leave_out(struct pace *pace, uint64_t us);

/* Microseconds to sleep until a call can move so many bytes: 1 ms at least, most_us at most. */
uint64_t pace_pause(const struct pace *pace, uint64_t bytes, uint64_t most_us);

/* What a call should find to move: seven eighths of the channel's buffer, if it is allowed. */
uint64_t pace_portion(uint32_t buffer);

#endif
