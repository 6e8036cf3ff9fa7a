/* SPDX-License-Identifier: MIT */
/* A channel joined with file descriptors; see tools/sill/join.h. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* ppoll() */
#endif
#include "tools/sill/join.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "link/frame.h"
#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "tools/sill/moment.h"

/* So often the whole state is asked for, if it matters: is anybody there? */
#define STATE_EACH_US 250000u
/* A channel that has no room is asked again at the latest after. */
#define ROOM_MOST_US 250000u
/* After something was sent, that a person may have typed, Sill works on the line so many times. */
#define WAITS 4
/* So long an answer to what was sent is expected, and more of one that has begun. */
#define ANSWER_US (30 * US_PER_S)
#define MORE_US	  (US_PER_S / 10)
/* A reading of fewer bytes was too early; of more, too late for who waits for them. */
#define FEW  64
#define MANY 1024

static uint8_t in_bytes[SILL_CHANNEL_MOVE_MAX] __attribute__((aligned(4096)));
static uint8_t out_bytes[SILL_CHANNEL_MOVE_MAX] __attribute__((aligned(4096)));

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* False: the channel is broken. */
static bool write_channel(struct join *join, uint64_t now)
{
	int64_t answer;
	uint64_t portion;
	uint32_t taken;

	if (join->in_size > 0 && now >= join->write_due_us) {
		answer = call_channel_write(join->channel->handle, in_bytes, join->in_size);
		if (answer < 0 && answer != -SILL_EAGAIN) {
			/* There may be something to be read all the same, and then the error. */
			join->cut = true;
			join->in_ended = true;
			join->writing_ended = true;
			join->in_size = 0;
			return true;
		}
		taken = answer > 0 ? (uint32_t)answer : 0;
		pace_moved(&join->pace, taken);
		portion = pace_portion(join->channel->buffer);
		if (taken < join->in_size &&
		    (taken == 0 || pace_enough(&join->pace, portion, now))) {
			pace_measure(&join->pace, false, now);
			join->write_due_us = now + pace_pause(&join->pace, portion, ROOM_MOST_US);
		}
		if (taken > 0) {
			join->crc32 = crc32_add(join->crc32, in_bytes, taken);
			join->in_size -= taken;
			memmove(in_bytes, in_bytes + taken, join->in_size);
			join->answer_due = true;
			join->pause_us = join->least_us;
			join->read_due_us = least(join->read_due_us, now + join->least_us);
			join->active_us = now;
		}
	}
	if (join->in_ended && join->in_size == 0 && !join->writing_ended) {
		join->writing_ended = true;
		answer = call_channel_close(join->channel->handle, SILL_CHANNEL_WRITING, true,
					    join->crc32);
		if (answer < 0) {
			join->error = answer;
			return false;
		}
	}
	return true;
}

/* Until the next reading, after one that found so many bytes. */
static void set_pause(struct join *join, int64_t found, uint64_t now)
{
	uint64_t expected_us = join->answer_due ? ANSWER_US : MORE_US;
	bool expected = now - join->active_us < expected_us;

	if (found >= MANY)
		join->pause_us /= 2;
	else if (found < FEW)
		join->pause_us *= 2;
	join->pause_us = least(join->pause_us, expected ? join->most_us : join->idle_us);
	if (join->pause_us < join->least_us)
		join->pause_us = join->least_us;
	join->read_due_us = now + join->pause_us;
}

/* False: the channel is broken. */
static bool read_channel(struct join *join, uint64_t now)
{
	int64_t answer;

	if (join->reading_ended || join->out_size > 0 || now < join->read_due_us)
		return true;
	answer = call_channel_read(join->channel->handle, out_bytes, sizeof(out_bytes));
	if (answer < 0 && answer != -SILL_EAGAIN) {
		join->error = answer;
		return false;
	}
	if (answer == 0)
		join->reading_ended = true;
	if (answer > 0) {
		join->out_at = 0;
		join->out_size = (uint32_t)answer;
		join->answer_due = false;
		join->active_us = now;
		join->channel->connected = true;
	}
	set_pause(join, answer, now);
	if (answer == (int64_t)sizeof(out_bytes))
		join->read_due_us = now;
	return true;
}

/* Works on the line while nothing else is to be done, as a person's keystroke deserves. */
static void wait_for_answer(struct join *join)
{
	struct pollfd in = {.fd = join->in_fd, .events = POLLIN};
	int64_t answer = 0;

	if (!join->interactive || !join->answer_due || join->pause_us != join->least_us ||
	    join->in_size > 0 || join->out_size > 0 || join->in_ended || poll(&in, 1, 0) > 0)
		return;
	for (int i = 0; i < WAITS && answer >= 0; i++) {
		answer = call_channel_wait(join->channel->handle, SILL_CHANNEL_READABLE,
					   SILL_CHANNEL_WAIT_MAX);
		if (answer >= 0 && (answer & SILL_CHANNEL_READABLE) != 0) {
			join->read_due_us = 0;
			break;
		}
	}
}

static uint64_t until(uint64_t due, uint64_t now)
{
	return due > now ? due - now : 0;
}

static uint64_t sleep_us(const struct join *join, uint64_t now)
{
	uint64_t us = STATE_EACH_US;

	if (!join->reading_ended && join->out_size == 0)
		us = least(us, until(join->read_due_us, now));
	if (join->in_size > 0)
		us = least(us, until(join->write_due_us, now));
	if (join->deadline_us != 0)
		us = least(us, until(join->deadline_us, now));
	return least(us, until(join->state_due_us, now));
}

/* What the other side of out_fd takes without making us wait. */
static enum join_end write_output(struct join *join)
{
	size_t size = least(join->out_size, PIPE_BUF);
	ssize_t written = write(join->out_fd, out_bytes + join->out_at, size);

	if (written < 0 && (errno == EINTR || errno == EAGAIN))
		return JOIN_ENDED;
	if (written < 0)
		return errno == EPIPE ? JOIN_OUTPUT_GONE : JOIN_OUTPUT_FAILED;
	join->out_at += (uint32_t)written;
	join->out_size -= (uint32_t)written;
	return JOIN_ENDED;
}

static enum join_end read_input(struct join *join, uint64_t now)
{
	ssize_t size =
		read(join->in_fd, in_bytes + join->in_size, sizeof(in_bytes) - join->in_size);

	if (size < 0 && errno != EINTR && errno != EAGAIN)
		return JOIN_INPUT_FAILED;
	if (size == 0)
		join->in_ended = true;
	if (size > 0) {
		if (join->in_size == 0)
			pace_skip(&join->pace, now);
		join->in_size += (uint32_t)size;
	}
	return JOIN_ENDED;
}

/* Nobody reads what comes. What is still to be sent can be, if all of it is known. */
static enum join_end output_gone(struct join *join, bool more_input)
{
	if (more_input && !join->in_ended)
		return JOIN_ENDED;
	if (!join->in_ended)
		return JOIN_OUTPUT_GONE;
	join->out_fd = -1;
	join->out_size = 0;
	join->reading_ended = true;
	return JOIN_ENDED;
}

/* JOIN_ENDED: nothing has gone wrong. */
static enum join_end serve_files(struct join *join, uint64_t us)
{
	const struct timespec pause = {
		.tv_sec = (time_t)(us / US_PER_S),
		.tv_nsec = (long)(us % US_PER_S * 1000),
	};
	bool room = !join->in_ended && join->in_size < sizeof(in_bytes);
	struct pollfd fds[] = {
		{.fd = room ? join->in_fd : -1, .events = POLLIN},
		/* Without a wish it still tells that nobody reads. */
		{.fd = join->out_fd, .events = join->out_size > 0 ? POLLOUT : 0},
		{.fd = join->watched_fd, .events = POLLIN},
	};
	enum join_end end = JOIN_ENDED;

	if (ppoll(fds, sizeof(fds) / sizeof(fds[0]), &pause, NULL) <= 0)
		return JOIN_ENDED;
	if ((fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		end = output_gone(join, fds[0].revents != 0);
	else if (fds[1].revents != 0)
		end = write_output(join);
	if (end == JOIN_ENDED && fds[0].revents != 0)
		end = read_input(join, moment_us());
	if (end == JOIN_ENDED && fds[2].revents != 0)
		end = JOIN_WATCHED;
	return end;
}

static bool all_ended(struct join *join)
{
	const uint32_t arrived = SILL_CHANNEL_DELIVERED | SILL_CHANNEL_EMPTY;
	bool reading = join->reading_ended && join->out_size == 0;

	if (join->one_end_is_enough)
		return reading || join->in_ended;
	if (reading && channel_is_over(&join->state)) {
		join->cut |= join->in_size > 0 || (join->state.state & arrived) == 0;
		return true;
	}
	return reading && join->writing_ended && (join->state.state & SILL_CHANNEL_DELIVERED) != 0;
}

/*
 * Reading and writing tell what has become of the channel; when neither is done, or bytes have to
 * be delivered before it is closed, the state does. STATUS_GOOD, or another, and it has been said.
 */
static int look(struct join *join, uint64_t now)
{
	bool delivering = join->writing_ended && (join->state.state & SILL_CHANNEL_DELIVERED) == 0;

	/* The time-out is for somebody to be there, not for what they do. */
	if (join->channel->connected)
		channel_moved(join->channel, now);
	if (now < join->state_due_us)
		return STATUS_GOOD;
	join->state_due_us = now + (delivering ? join->most_us : STATE_EACH_US);
	if (join->channel->connected && !delivering && !join->reading_ended)
		return STATUS_GOOD;
	return channel_look(join->channel, &join->state, SILL_CHANNEL_DELIVERED);
}

enum join_end join_run(struct join *join)
{
	enum join_end end = JOIN_ENDED;

	if (join->pause_us == 0)
		join->pause_us = join->least_us;
	while (end == JOIN_ENDED) {
		uint64_t now = moment_us();

		if (join->deadline_us != 0 && now >= join->deadline_us)
			return JOIN_LATE;
		if (!write_channel(join, now) || !read_channel(join, now))
			return JOIN_BROKEN;
		join->status = look(join, now);
		if (join->status != STATUS_GOOD)
			return JOIN_SAID;
		if (all_ended(join))
			return join->cut ? JOIN_CUT : JOIN_ENDED;
		wait_for_answer(join);
		end = serve_files(join, sleep_us(join, moment_us()));
	}
	return end;
}
