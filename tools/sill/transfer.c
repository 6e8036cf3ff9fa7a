/* SPDX-License-Identifier: MIT */
/* A file through a channel; see tools/sill/transfer.h. */
#include "tools/sill/transfer.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "link/frame.h"
#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "tools/sill/moment.h"

#define MS  ((uint64_t)1000)
#define MIB ((uint64_t)1 << 20)
/* Seven eighths of 64 KiB take 5 s at 115200 baud, longer if that is not all on the line. */
#define PAUSE_MOST_US (8 * US_PER_S)
/* Where waiting longer would not gather more: the other end is not busy, or not there. */
#define IDLE_MOST_US (250 * MS)
/* It has not been for a while. */
#define LONG_IDLE_MOST_US (2 * US_PER_S)
/* The receiver can't know when the last byte comes; at first it does not look far ahead. */
#define EARLY_MOST_US (200 * MS)
/* Fewer bytes than this may be on their way whatever is calculated. */
#define LITTLE 64u
/* Calls that may be in vain, to learn whether there is more to move: these, and one each MiB. */
#define SPARE_CALLS 2u
/* So long the other end's word that it knows of our end is waited for, after its own. */
#define FAREWELL_US US_PER_S

/* Full pages: Sill crosses as few of them as there can be. */
static uint8_t held[SILL_CHANNEL_MOVE_MAX] __attribute__((aligned(4096)));
static uint8_t unwanted[SILL_CHANNEL_MOVE_MAX] __attribute__((aligned(4096)));

static int look(struct transfer *t, uint32_t wanted)
{
	int status = channel_look(t->channel, &t->state, wanted);

	if (t->begin_us == 0 && t->channel->connected) {
		t->begin_us = moment_us();
		t->progress.begin_us = t->begin_us;
	}
	return status;
}

static void begin(struct transfer *t)
{
	t->progress.wanted = !t->quiet && isatty(STDERR_FILENO) != 0;
	pace_start(&t->pace, t->channel->line, moment_us());
	t->level_us = t->pace.since_us;
}

static void moved(struct transfer *t, const uint8_t *bytes, uint64_t size, uint64_t now)
{
	t->crc32 = crc32_add(t->crc32, bytes, size);
	t->bytes += size;
	channel_moved(t->channel, now);
	if (t->begin_us != 0)
		progress_show(&t->progress, t->bytes, now);
}

/* As long, but not beyond the moment when it is given up unless something moves before. */
static uint64_t most_us(const struct transfer *t, uint64_t us)
{
	uint64_t timeout = t->channel->timeout_us, quiet = moment_us() - t->channel->moved_us;

	if (timeout == 0)
		return us;
	if (quiet >= timeout)
		return MS;
	return timeout - quiet < us ? timeout - quiet : us;
}

/*
 * Sleeps longer each time: from 2 ms, over a line 16 ms, to LONG_IDLE_MOST_US. From IDLE_MOST_US on
 * each sleep is a quarter longer than the one before, so about a fifth of all that has been waited.
 */
static void back_off(const struct transfer *t, uint64_t *last_us)
{
	uint64_t last = *last_us, most = most_us(t, LONG_IDLE_MOST_US);

	if (last == 0)
		last = t->channel->line != 0 ? 16 * MS : 2 * MS;
	else
		last = last < IDLE_MOST_US ? last * 2 : last + last / 4;
	*last_us = last < most ? last : most;
	moment_pass(*last_us);
}

/* Until so long after a moment: what was done meanwhile is part of it. */
static void pass_from(uint64_t from_us, uint64_t us)
{
	uint64_t now = moment_us();

	if (now < from_us + us)
		moment_pass(from_us + us - now);
}

/*
 * Whether to make the next call at once, after one that moved fewer bytes than it could have:
 * worth_it if there may be more all the same. Where a call that was made at once moves little, it
 * is the time since the last one that has brought them, or made that room.
 */
static bool try_again(struct transfer *t, uint64_t moved, bool worth_it)
{
	bool little = moved < t->again / 2;

	if (little)
		t->in_vain++;
	if (worth_it && !little && t->in_vain < SPARE_CALLS + t->bytes / MIB) {
		t->again = t->again > moved ? t->again : moved;
		return true;
	}
	t->again = 0;
	return false;
}

/* "1048576 bytes in 91.20 s, 11.2 KiB/s, CRC-32 1a2b3c4d" */
static void say_sum(const struct transfer *t, uint64_t end_us)
{
	uint64_t us = end_us - (t->begin_us != 0 ? t->begin_us : t->channel->opened_us);
	char speed[AMOUNT_TEXT_SIZE];

	fprintf(stderr,
		"sill: %s %s: %" PRIu64 " bytes in %" PRIu64 ".%02u s, %s/s, CRC-32 %08" PRIx32,
		t->channel->command, t->channel->name, t->bytes, us / US_PER_S,
		(unsigned)(us % US_PER_S / 10000), amount_text(speed, rate_of(t->bytes, us)),
		t->crc32);
}

/* Compares with what the other end says of the same bytes. */
static int compare(const struct transfer *t, const char *did, uint64_t bytes, uint32_t crc32,
		   uint64_t end_us)
{
	bool has_crc32 = t->state.has_crc32 != 0;

	if (bytes == t->bytes && (!has_crc32 || crc32 == t->crc32)) {
		if (t->quiet)
			return STATUS_GOOD;
		say_sum(t, end_us);
		fprintf(stderr, ": the other end %s as many%s (%" PRIu64 " calls)\n", did,
			has_crc32 ? " with the same CRC-32" : ", and has no CRC-32 of them",
			t->state.calls);
		if (t->discarded != 0)
			fprintf(stderr,
				"sill: %s %s: the other end sent %" PRIu64
				" bytes, which were thrown away\n",
				t->channel->command, t->channel->name, t->discarded);
		return STATUS_GOOD;
	}
	fprintf(stderr,
		"sill: %s %s: differs: %" PRIu64 " bytes with CRC-32 %08" PRIx32
		" here, but the other end %s %" PRIu64 " bytes",
		t->channel->command, t->channel->name, t->bytes, t->crc32, did, bytes);
	if (has_crc32)
		fprintf(stderr, " with CRC-32 %08" PRIx32, crc32);
	fputc('\n', stderr);
	return STATUS_DIFFERS;
}

/* What is in held[] and not sent yet. */
struct input {
	size_t size;
	bool ended;
};

static bool readable_now(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) > 0;
}

/* Waits for the first byte, and takes what is there besides. False: it has been said. */
static bool fill(struct transfer *t, struct input *input)
{
	bool none = input->size == 0, waits = none && !readable_now(t->fd);
	uint64_t from = moment_us();

	while (!input->ended && input->size < sizeof(held) &&
	       (input->size == 0 || readable_now(t->fd))) {
		ssize_t size = read(t->fd, held + input->size, sizeof(held) - input->size);

		if (size < 0 && (errno == EINTR || (errno == EAGAIN && input->size > 0)))
			continue;
		if (size < 0) {
			fprintf(stderr, "sill: %s %s: standard input after %" PRIu64 " bytes: %s\n",
				t->channel->command, t->channel->name, t->bytes + input->size,
				strerror(errno));
			return false;
		}
		if (size == 0)
			input->ended = true;
		input->size += (size_t)size;
	}
	if (none) {
		/* That time was the file's. A slow one tells nothing of the line. */
		uint64_t now = moment_us();

		channel_moved(t->channel, now);
		if (waits)
			pace_skip(&t->pace, now);
		else
			pace_leave_out(&t->pace, now - from);
	}
	return true;
}

/* Takes what the other end sent, so that it doesn't stand still for it. False: there was none. */
static bool discard(struct transfer *t)
{
	uint64_t before = t->discarded;
	int64_t answer;

	if ((t->state.state & SILL_CHANNEL_READABLE) == 0 || t->discarded_all)
		return false;
	do {
		answer = call_channel_read(t->channel->handle, unwanted, sizeof(unwanted));
		if (answer > 0)
			t->discarded += (uint64_t)answer;
		t->discarded_all = answer == 0;
	} while (answer == (int64_t)sizeof(unwanted));
	if (t->discarded == before)
		return false;
	channel_moved(t->channel, moment_us());
	return true;
}

/* Bytes that are probably still on their way. */
static uint64_t on_their_way(const struct transfer *t, uint64_t now)
{
	uint64_t level = t->level + t->bytes - t->level_bytes;
	double us = (double)(now - t->level_us);
	double gone = (double)t->pace.rate * us / (double)US_PER_S;

	return (double)level > gone ? level - (uint64_t)gone : 0;
}

static void set_level(struct transfer *t, uint64_t level, uint64_t now)
{
	t->level = level;
	t->level_us = now;
	t->level_bytes = t->bytes;
}

/* Until somebody is at the other end. */
static int wait_for_somebody(struct transfer *t, uint64_t *now)
{
	uint64_t backed_off = 0;
	int status;

	for (;;) {
		status = look(t, 0);
		if (status != STATUS_GOOD || t->channel->connected)
			break;
		back_off(t, &backed_off);
	}
	/* Nothing of that was the line's time. */
	*now = moment_us();
	pace_skip(&t->pace, *now);
	set_level(t, t->state.buffer, *now);
	return status;
}

/* none: a call found no room at all; else the last one left none. */
static int wait_for_room(struct transfer *t, bool none, uint64_t now)
{
	int status = STATUS_GOOD;

	if (!t->channel->connected)
		status = wait_for_somebody(t, &now);
	else if (none)
		status = look(t, 0);
	if (status == STATUS_GOOD && !(none && discard(t)))
		pass_from(now, pace_pause(&t->pace, pace_portion(t->state.buffer),
					  most_us(t, PAUSE_MOST_US)));
	return status;
}

static int send_all(struct transfer *t)
{
	struct input input = {0};
	bool first = true;
	int status;

	for (;;) {
		int64_t answer;
		uint64_t now, taken;
		bool all, emptied;

		if (!fill(t, &input))
			return STATUS_FAILED;
		if (input.size == 0)
			return STATUS_GOOD;
		answer = call_channel_write(t->channel->handle, held, input.size);
		if (answer < 0 && answer != -SILL_EAGAIN)
			return channel_say_error(t->channel, answer);
		now = moment_us();
		taken = answer > 0 ? (uint64_t)answer : 0;
		all = taken == input.size;
		pace_moved(&t->pace, taken);
		if (taken > 0) {
			moved(t, held, taken, now);
			input.size -= taken;
			memmove(held, held + taken, input.size);
		}
		/* Then it was empty, and now is full. */
		emptied = t->pace.moved >= t->state.buffer;
		if (all && !emptied)
			continue;
		/* A short count may have other reasons than that the buffer is full. */
		if (try_again(t, taken,
			      !emptied && taken > 0 &&
				      on_their_way(t, now) < t->state.buffer / 4 * 3))
			continue;
		/* To fill it for the first time tells nothing of the line. */
		if (first)
			pace_skip(&t->pace, now);
		else
			pace_measure(&t->pace, emptied, now);
		first = false;
		set_level(t, t->state.buffer, now);
		status = wait_for_room(t, taken == 0, now);
		if (status != STATUS_GOOD)
			return status;
	}
}

/* Until the program at the other end has taken everything. */
static int wait_for_delivery(struct transfer *t)
{
	uint64_t backed_off = 0, left;
	int status;

	for (;;) {
		status = look(t, SILL_CHANNEL_DELIVERED);
		if (status != STATUS_GOOD || (t->state.state & SILL_CHANNEL_DELIVERED) != 0)
			return status;
		if (channel_is_over(&t->state))
			return channel_say_error(t->channel, -SILL_EPIPE);
		if (discard(t))
			continue;
		left = on_their_way(t, moment_us());
		if (!t->channel->connected) {
			back_off(t, &backed_off);
			set_level(t, t->bytes < t->state.buffer ? t->bytes : t->state.buffer,
				  moment_us());
		} else if (left > LITTLE && t->pace.rate != 0) {
			moment_pass(pace_pause(&t->pace, left, most_us(t, PAUSE_MOST_US)));
			backed_off = 0;
		} else {
			back_off(t, &backed_off);
		}
	}
}

int transfer_send(struct transfer *t)
{
	struct stat file;
	int status;

	begin(t);
	status = look(t, 0);
	if (fstat(t->fd, &file) == 0 && S_ISREG(file.st_mode)) {
		off_t at = lseek(t->fd, 0, SEEK_CUR);

		if (at >= 0 && at < file.st_size)
			t->progress.total = (uint64_t)(file.st_size - at);
	}
	if (status == STATUS_GOOD)
		status = send_all(t);
	if (status == STATUS_GOOD)
		status = channel_end_writing(t->channel, t->crc32);
	if (status == STATUS_GOOD)
		status = wait_for_delivery(t);
	progress_end(&t->progress);
	if (status != STATUS_GOOD)
		return status;
	return compare(t, "took", t->state.delivered, t->state.delivered_crc32, moment_us());
}

static bool write_all(const struct transfer *t, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t written = write(t->fd, held + done, size - done);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN) {
			struct pollfd poll_fd = {.fd = t->fd, .events = POLLOUT};

			(void)poll(&poll_fd, 1, -1);
			continue;
		}
		if (written <= 0) {
			fprintf(stderr,
				"sill: %s %s: standard output after %" PRIu64 " bytes: %s\n",
				t->channel->command, t->channel->name, t->bytes + done,
				written < 0 ? strerror(errno) : "takes no more");
			return false;
		}
		done += (size_t)written;
	}
	return true;
}

/* How long the next bytes are gathered. */
static uint64_t gather_us(const struct transfer *t, uint64_t now)
{
	uint64_t elapsed = now - t->progress.begin_us, most = IDLE_MOST_US;

	/* A line that is busy with this goes on being so, probably for as long as it has been. */
	if (t->channel->line != 0 && t->pace.rate >= t->channel->line / 16)
		most = elapsed * 3 / 2 < PAUSE_MOST_US ? elapsed * 3 / 2 : PAUSE_MOST_US;
	if (most < EARLY_MOST_US)
		most = EARLY_MOST_US;
	return pace_pause(&t->pace, pace_portion(t->state.buffer), most_us(t, most));
}

/* These are in held[]. */
static int take_bytes(struct transfer *t, uint64_t size, uint64_t now)
{
	bool first = t->bytes == 0, full;

	t->backed_off_us = 0;
	if (!write_all(t, size))
		return STATUS_FAILED;
	if (first) {
		pace_skip(&t->pace, now);
		if (t->begin_us == 0)
			t->begin_us = now;
		t->progress.begin_us = t->begin_us;
	} else {
		pace_moved(&t->pace, size);
	}
	moved(t, held, size, now);
	/* A call moves no more than this, or the buffer was full, and now is empty. */
	full = t->pace.moved >= t->state.buffer;
	if (size == sizeof(held) && !full)
		return STATUS_GOOD;
	/* If they are so few that it was the end, perhaps, another reading will tell. */
	if (try_again(t, size, !full && !pace_enough(&t->pace, pace_portion(t->state.buffer), now)))
		return STATUS_GOOD;
	pace_measure(&t->pace, full, now);
	pass_from(now, gather_us(t, now));
	return STATUS_GOOD;
}

static int wait_for_first_bytes(struct transfer *t)
{
	uint64_t backed_off = 0;
	int status;

	while (status = look(t, SILL_CHANNEL_READABLE),
	       status == STATUS_GOOD && (t->state.state & SILL_CHANNEL_READABLE) == 0)
		back_off(t, &backed_off);
	/* Over a line more come at once, unless that was all. */
	if (status == STATUS_GOOD && t->channel->line != 0 &&
	    (t->state.state & SILL_CHANNEL_ENDED) == 0)
		moment_pass(EARLY_MOST_US);
	return status;
}

static int wait_for_bytes(struct transfer *t, uint64_t now)
{
	/* Something has come since it was measured last; else it may never. */
	bool some = t->pace.moved > 0;
	int status = channel_check_timeout(t->channel, now);

	if (status != STATUS_GOOD)
		return status;
	(void)try_again(t, 0, false);
	pace_measure(&t->pace, false, now);
	if (some) {
		moment_pass(gather_us(t, now));
	} else {
		if (t->backed_off_us == 0)
			t->backed_off_us = IDLE_MOST_US / 2;
		back_off(t, &t->backed_off_us);
	}
	return STATUS_GOOD;
}

/* Reads the end only when all before is in the file: the other end then counts it as delivered. */
static int receive_all(struct transfer *t)
{
	int status = wait_for_first_bytes(t);

	while (status == STATUS_GOOD) {
		int64_t answer = call_channel_read(t->channel->handle, held, sizeof(held));
		uint64_t now = moment_us();

		if (answer == 0)
			return STATUS_GOOD;
		if (answer > 0)
			status = take_bytes(t, (uint64_t)answer, now);
		else if (answer == -SILL_EAGAIN)
			status = wait_for_bytes(t, now);
		else
			return channel_say_error(t->channel, answer);
	}
	return status;
}

/*
 * The other end comes to our end, so that it knows that all is well before the channel is closed.
 * What it does not say in time makes no difference to the file.
 */
static void bid_farewell(const struct transfer *t)
{
	uint64_t from = moment_us(), backed_off = 0;
	struct sill_channel state = t->state;

	while ((state.state & (SILL_CHANNEL_DELIVERED | SILL_CHANNEL_BROKEN)) == 0 &&
	       !channel_is_over(&state) && moment_us() - from < FAREWELL_US) {
		back_off(t, &backed_off);
		if (call_channel_state(t->channel->handle, &state) < 0)
			return;
	}
}

int transfer_receive(struct transfer *t)
{
	uint64_t end_us;
	int status;

	begin(t);
	status = channel_end_writing(t->channel, 0);
	if (status == STATUS_GOOD)
		status = receive_all(t);
	end_us = moment_us();
	if (status == STATUS_GOOD)
		status = look(t, SILL_CHANNEL_ENDED);
	progress_end(&t->progress);
	if (status != STATUS_GOOD)
		return status;
	bid_farewell(t);
	return compare(t, "sent", t->state.sent, t->state.sent_crc32, end_us);
}
