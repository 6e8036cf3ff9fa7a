/* SPDX-License-Identifier: MIT */
/* A channel joined with file descriptors, both ways at once. */
#ifndef SILL_TOOLS_JOIN_H
#define SILL_TOOLS_JOIN_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/sill/channel.h"
#include "tools/sill/pace.h"

enum join_end {
	JOIN_ENDED,	   /* both directions have, or one if that is enough */
	JOIN_INPUT_FAILED, /* errno says why */
	JOIN_OUTPUT_FAILED,
	JOIN_OUTPUT_GONE, /* nobody reads it any more */
	JOIN_BROKEN,	  /* the channel: join->error */
	JOIN_CUT,	  /* the other end has closed it, and not taken all that was there for it */
	JOIN_SAID,	  /* it has been said; join->status */
	JOIN_WATCHED,	  /* watched_fd can be read; join_run() may be called again */
	JOIN_LATE,	  /* the deadline has come */
};

struct join {
	struct channel *channel; /* open */
	int in_fd, out_fd;	 /* to the channel, from it */
	int watched_fd;		 /* -1: none */
	uint64_t deadline_us;	 /* 0: none */
	bool interactive;	 /* a person may wait for an echo */
	bool one_end_is_enough;	 /* the other direction is of no use then */
	/*
	 * Between two looks whether something has come: least_us after something was sent, growing
	 * to most_us while an answer is due, and to idle_us when nothing happens.
	 */
	uint64_t least_us, most_us, idle_us;

	/* The rest is join_run()'s own; all zeros before. */
	int64_t error;
	int status;
	uint32_t out_at, out_size; /* what came from the channel and waits for out_fd */
	uint32_t in_size;	   /* what came from in_fd and waits for the channel */
	uint32_t crc32;		   /* of what the channel took */
	bool in_ended, writing_ended, reading_ended, answer_due, cut;
	struct pace pace;
	struct sill_channel state;
	uint64_t write_due_us; /* there is no room before, probably */
	uint64_t read_due_us;  /* nothing is expected before */
	uint64_t pause_us;     /* from one reading to the next */
	uint64_t state_due_us; /* when the state is asked for again */
	uint64_t active_us;    /* when bytes moved last */
};

/* Moves bytes until something ends it. A program has at most one. */
enum join_end join_run(struct join *join);

#endif
