/* SPDX-License-Identifier: MIT */
/*
 * A channel for tests of the program `sill`: it stands in for tools/sill/calls.c, and what the
 * other end does is set in `fake`. The line moves a byte each time that it takes; fake_pass() lets
 * time pass.
 */
#ifndef SILL_TESTS_FAKE_CHANNEL_H
#define SILL_TESTS_FAKE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "link/frame.h"
#include "tools/sill/calls.h"

#define FAKE_HANDLE 0x300u
#define FAKE_MOST   (4u << 20)

static struct {
	/* What it is like. */
	uint32_t buffer;   /* bytes that may wait, each way */
	uint32_t baud;	   /* of the line; 0: no line */
	uint64_t rate;	   /* bytes a second that really move, each way */
	uint64_t stall_us; /* so long of each such time the line stands still; 0: never */
	uint64_t stall_every_us;
	uint64_t call_us;      /* each call that moves bytes, or could, takes so long */
	uint64_t kib_us;       /* the guest is busy for so long with a KiB that it was given */
	uint64_t appears_us;   /* when somebody is at the other end */
	uint64_t breaks_after; /* bytes taken or given; 0: never */
	int32_t breaks_with;   /* a negative error */
	uint64_t over_after;   /* bytes taken or given: it closes in peace; 0: never */
	int64_t open_answers;  /* 0: the handle */
	uint32_t most;	       /* bytes that a call moves; 0: as many as there may be */
	bool echo, no_crc32;
	uint32_t crc32_off; /* added to what the other end says */
	uint64_t count_off;
	uint64_t to_send;    /* bytes that the other end sends, of fake_byte() */
	uint64_t stop_after; /* but after so many it stands still; 0: it doesn't */
	uint64_t reads_most; /* bytes that it takes, and then no more; 0: all */

	/* What has become of it. */
	uint64_t now_us;
	uint64_t busy_us; /* what the guest still has to do */
	double carried;	  /* part of a byte on the line, each way at once */
	uint8_t got[FAKE_MOST];
	uint64_t written, waiting; /* by the guest; of them not yet at the other end */
	uint64_t arrived;	   /* from the other end, not read yet */
	uint64_t sent, read;	   /* by the other end; by the guest */
	uint32_t read_crc32;
	uint64_t calls, opens, closes;
	bool writing_ended, end_read;
	uint32_t told_crc32; /* at the end of writing */
} fake;

/* Never the same in a row, and no short period. */
static inline uint8_t fake_byte(uint64_t i)
{
	return (uint8_t)((i * 0x9e3779b97f4a7c15u) >> 56);
}

static inline bool fake_there(void)
{
	return fake.now_us >= fake.appears_us;
}

static inline uint64_t fake_least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Bytes, in the direction that has moved more. */
static inline uint64_t fake_moved(void)
{
	uint64_t delivered = fake.written - fake.waiting;

	return delivered > fake.sent ? delivered : fake.sent;
}

static inline bool fake_broken(void)
{
	return fake.breaks_with != 0 && fake_there() && fake_moved() >= fake.breaks_after;
}

static inline bool fake_over(void)
{
	return fake.over_after != 0 && fake_moved() >= fake.over_after;
}

/* So much of the time up to then the line has moved bytes. */
static inline uint64_t fake_worked(uint64_t until)
{
	uint64_t rounds, rest;

	if (fake.stall_us == 0)
		return until;
	rounds = until / fake.stall_every_us;
	rest = until % fake.stall_every_us;
	return rounds * (fake.stall_every_us - fake.stall_us) +
	       (rest > fake.stall_us ? rest - fake.stall_us : 0);
}

/* The line works for so long. */
static inline void fake_pass(uint64_t us)
{
	uint64_t from = fake.now_us > fake.appears_us ? fake.now_us : fake.appears_us, bytes, size;

	fake.now_us += us;
	if (fake.now_us <= from || fake_broken())
		return;
	fake.carried +=
		(double)fake.rate * (double)(fake_worked(fake.now_us) - fake_worked(from)) / 1e6;
	bytes = (uint64_t)fake.carried;
	fake.carried -= (double)bytes;
	if (bytes > 1u << 30)
		bytes = 1u << 30;
	if (fake.breaks_with != 0)
		bytes = fake_least(bytes, fake.breaks_after - fake_moved());
	if (fake.over_after != 0)
		bytes = fake_least(bytes, fake.over_after - fake_moved());
	size = bytes < fake.waiting ? bytes : fake.waiting;
	if (fake.reads_most != 0 && fake.written - fake.waiting + size > fake.reads_most)
		size = fake.reads_most - (fake.written - fake.waiting);
	if (fake.echo) {
		uint64_t room = fake.buffer - fake.arrived;

		size = size < room ? size : room;
		fake.arrived += size;
		fake.sent += size;
	}
	fake.waiting -= size;
	if (!fake.echo) {
		size = fake.buffer - fake.arrived;
		size = bytes < size ? bytes : size;
		if (size > fake.to_send - fake.sent)
			size = fake.to_send - fake.sent;
		if (fake.stop_after != 0)
			size = fake_least(size, fake.stop_after - fake.sent);
		fake.arrived += size;
		fake.sent += size;
	}
}

static inline uint32_t fake_state(void)
{
	uint32_t state = 0;
	bool all = fake.waiting == 0;
	bool ended =
		fake.echo ? fake.writing_ended && all : fake.sent == fake.to_send || fake_over();

	/* As Sill says it: nothing else is true of a broken channel. */
	if (fake_broken())
		return SILL_CHANNEL_BROKEN;
	if (fake_over())
		return SILL_CHANNEL_READABLE | SILL_CHANNEL_ENDED | (all ? SILL_CHANNEL_EMPTY : 0);
	if (fake_there())
		state |= SILL_CHANNEL_CONNECTED;
	else
		ended = false;
	if (fake.arrived > 0 || ended)
		state |= SILL_CHANNEL_READABLE;
	if (fake.waiting < fake.buffer)
		state |= SILL_CHANNEL_WRITABLE;
	if (all)
		state |= SILL_CHANNEL_EMPTY;
	if (ended)
		state |= SILL_CHANNEL_ENDED;
	if (all && fake.writing_ended && fake_there())
		state |= SILL_CHANNEL_DELIVERED;
	return state;
}

int64_t call_link_state(struct sill_link *link)
{
	memset(link, 0, sizeof(*link));
	link->port = fake.baud != 0 ? 0x2f8 : 0;
	link->baud = fake.baud;
	return sizeof(*link);
}

int64_t call_channel_open(const char *name, uint64_t flags)
{
	(void)name;
	(void)flags;
	fake.opens++;
	fake.calls++;
	return fake.open_answers != 0 ? fake.open_answers : (int64_t)FAKE_HANDLE;
}

int64_t call_channel_close(uint64_t handle, uint64_t what, bool has_crc32, uint32_t crc32)
{
	fake.calls++;
	if (handle != FAKE_HANDLE || fake.closes != 0)
		return -SILL_EBADF;
	if (what == SILL_CHANNEL_ALL) {
		fake.closes++;
		return 0;
	}
	fake.writing_ended = true;
	fake.told_crc32 = has_crc32 ? crc32 : 0xdeadbeef;
	return 0;
}

int64_t call_channel_read(uint64_t handle, void *data, size_t size)
{
	uint8_t *to = data;

	fake.calls++;
	fake_pass(fake.call_us);
	if (handle != FAKE_HANDLE || fake.closes != 0)
		return -SILL_EBADF;
	size = fake_least(fake_least(size, SILL_CHANNEL_MOVE_MAX), fake.arrived);
	if (fake.most != 0)
		size = fake_least(size, fake.most);
	if (size == 0 && (fake_state() & SILL_CHANNEL_ENDED) != 0) {
		fake.end_read = true;
		return 0;
	}
	if (size == 0)
		return fake_broken() ? fake.breaks_with : -SILL_EAGAIN;
	for (size_t i = 0; i < size; i++)
		to[i] = fake.echo ? fake.got[fake.read + i] : fake_byte(fake.read + i);
	fake.read_crc32 = crc32_add(fake.read_crc32, to, size);
	fake.read += size;
	fake.arrived -= size;
	fake.busy_us = fake.kib_us * size / 1024;
	return (int64_t)size;
}

int64_t call_channel_write(uint64_t handle, void *data, size_t size)
{
	fake.calls++;
	fake_pass(fake.call_us);
	if (handle != FAKE_HANDLE || fake.closes != 0)
		return -SILL_EBADF;
	if (fake.writing_ended || fake_over())
		return -SILL_EPIPE;
	if (fake_broken())
		return fake.breaks_with;
	size = fake_least(fake_least(size, SILL_CHANNEL_MOVE_MAX), fake.buffer - fake.waiting);
	if (fake.most != 0)
		size = fake_least(size, fake.most);
	size = fake_least(size, FAKE_MOST - fake.written);
	if (size == 0)
		return -SILL_EAGAIN;
	memcpy(fake.got + fake.written, data, size);
	fake.written += size;
	fake.waiting += size;
	fake.busy_us = fake.kib_us * size / 1024;
	return (int64_t)size;
}

int64_t call_channel_wait(uint64_t handle, uint64_t wanted, uint64_t microseconds)
{
	(void)wanted;
	fake.calls++;
	fake_pass(microseconds);
	return handle == FAKE_HANDLE ? (int64_t)fake_state() : -SILL_EBADF;
}

int64_t call_channel_state(uint64_t which, struct sill_channel *channel)
{
	fake.calls++;
	if (which != FAKE_HANDLE || fake.closes != 0)
		return -SILL_EBADF;
	memset(channel, 0, sizeof(*channel));
	channel->handle = FAKE_HANDLE;
	channel->state = fake_state();
	channel->error = fake_broken() ? fake.breaks_with : 0;
	channel->buffer = fake.buffer;
	channel->written = fake.written;
	channel->read = fake.read;
	channel->calls = fake.calls;
	channel->delivered = fake.written - fake.waiting + fake.count_off;
	channel->delivered_crc32 =
		crc32_add(0, fake.got, fake.written - fake.waiting) + fake.crc32_off;
	channel->sent = fake.sent + fake.count_off;
	channel->sent_crc32 = fake.read_crc32 + fake.crc32_off;
	channel->has_crc32 = !fake.no_crc32;
	return sizeof(*channel);
}

/* A file with the first so many of the bytes that the fake channel expects, or sends. */
static int file_of(uint64_t size)
{
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	for (uint64_t i = 0; i < size; i++)
		putc(fake_byte(i), file);
	assert_int_equal(fflush(file), 0);
	fd = dup(fileno(file));
	fclose(file);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

#endif
