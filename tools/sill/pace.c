/* SPDX-License-Identifier: MIT */
/* How long to sleep between two calls; see tools/sill/pace.h. */
#include "tools/sill/pace.h"

#include <sill/channel.h>

#define LEAST_US      1000u
#define US_PER_SECOND 1000000u
/* Nothing is measured in a shorter time. */
#define MEASURED_US LEAST_US
/* After which what is measured no longer matters. */
#define LONG_US	   (1000 * (uint64_t)US_PER_SECOND)
#define LEAST_RATE 16u
#define MOST_RATE  1000000000u
/* A buffer of whose size nothing is known. */
#define SOME_BUFFER 4096u

void pace_start(struct pace *pace, uint64_t rate, uint64_t now)
{
	pace->rate = rate;
	pace_skip(pace, now);
}

void pace_moved(struct pace *pace, uint64_t bytes)
{
	pace->moved += bytes;
}

void pace_skip(struct pace *pace, uint64_t now)
{
	pace->since_us = now;
	pace->moved = 0;
}

void pace_leave_out(struct pace *pace, uint64_t us)
{
	pace->since_us += us;
}

bool pace_enough(const struct pace *pace, uint64_t portion, uint64_t now)
{
	uint64_t us = now - pace->since_us;
	uint64_t expected = us < LONG_US ? pace->rate * us / US_PER_SECOND : portion;

	return pace->moved >= (expected < portion ? expected : portion) / 8 * 7;
}

void pace_measure(struct pace *pace, bool all, uint64_t now)
{
	uint64_t time = now - pace->since_us, measured, rate = pace->rate;

	if (time < MEASURED_US)
		return;
	measured = pace->moved * US_PER_SECOND / time;
	pace_skip(pace, now);
	if (all) {
		/* It is this fast at the least: a little faster, perhaps, if not once more. */
		pace->least = measured;
		rate = measured > rate ? measured : rate;
		rate = pace->faster || rate == 0 ? rate * 3 : rate + rate / 4;
	} else if (rate == 0) {
		rate = measured;
	} else if (pace->faster && measured < rate) {
		/* The guess was wrong. */
		rate = measured > pace->least ? measured : pace->least;
	} else {
		/* A new rate is followed in a few steps; one odd interval is not believed. */
		if (measured > rate * 4)
			measured = rate * 4;
		if (measured < rate / 4)
			measured = rate / 4;
		rate = (rate + measured * 3) / 4;
	}
	pace->faster = all;
	if (rate < LEAST_RATE)
		rate = LEAST_RATE;
	pace->rate = rate < MOST_RATE ? rate : MOST_RATE;
}

uint64_t pace_pause(const struct pace *pace, uint64_t bytes, uint64_t most_us)
{
	uint64_t us = pace->rate == 0 ? LEAST_US : bytes * US_PER_SECOND / pace->rate;

	if (us > most_us)
		us = most_us;
	return us < LEAST_US ? LEAST_US : us;
}

uint64_t pace_portion(uint32_t buffer)
{
	uint64_t portion = buffer != 0 ? (uint64_t)buffer * 7 / 8 : SOME_BUFFER;

	return portion < SILL_CHANNEL_MOVE_MAX ? portion : SILL_CHANNEL_MOVE_MAX;
}
