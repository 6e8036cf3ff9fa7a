/* SPDX-License-Identifier: MIT */
/*
 * Channels over the serial line, to sill-link: a file of the other machine, bytes through a program
 * there and back, and what nobody takes. tests/system/channels.t has the other end.
 */
#include "cpu.h"
#include "rings.h"
#include <sill/call.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

#define ERROR(name) ((uint64_t)-SILL_E##name)

static uint8_t bytes[4096];

static uint64_t open_channel(const char *name)
{
	return (uint64_t)sill_channel_open(name, strlen(name), 0);
}

static struct sill_channel state_of(uint64_t handle)
{
	struct sill_channel state = {0};

	sill_channel_state(handle, &state, sizeof(state));
	return state;
}

/* Seconds of this machine's time: many more than any of this takes. */
static bool patience_ends(uint64_t start)
{
	struct sill_time time = {.tsc_hz = 1000000000};

	sill_time(&time, sizeof(time));
	return rdtsc() - start > 200 * time.tsc_hz;
}

static uint64_t wait_for(uint64_t handle, uint64_t wanted)
{
	uint64_t start = rdtsc(), state;

	do
		state = (uint64_t)sill_channel_wait(handle, wanted, SILL_CHANNEL_WAIT_MAX);
	while (!(state & (wanted | SILL_CHANNEL_BROKEN)) && !patience_ends(start));
	return state;
}

static uint32_t crc32(uint32_t crc, const uint8_t *data, uint64_t size)
{
	crc = ~crc;
	for (uint64_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* Asks for a file by its name and a newline; answers how many bytes came, or the error. */
static int64_t read_file(uint64_t handle, const char *name, uint32_t *crc)
{
	int64_t total = 0, answer;
	uint64_t start = rdtsc();

	*crc = 0;
	sill_channel_write(handle, name, strlen(name));
	while (!patience_ends(start)) {
		wait_for(handle, SILL_CHANNEL_READABLE);
		answer = sill_channel_read(handle, bytes, sizeof(bytes));
		if (answer == -SILL_EAGAIN)
			continue;
		if (answer <= 0)
			return answer < 0 ? answer : total;
		*crc = crc32(*crc, bytes, (uint64_t)answer);
		total += answer;
	}
	return -SILL_ETIMEDOUT;
}

static void files(void)
{
	uint64_t handle = open_channel("file");
	struct sill_channel state;
	int64_t size;
	uint32_t crc;

	size = read_file(handle, "some/file\n", &crc);
	tap_ok(size > 0, "file: it is read to its end");
	tap_note("size=%ld crc32=%x", size, crc);
	state = state_of(handle);
	tap_ok((state.state & SILL_CHANNEL_ENDED) && state.has_crc32 && state.sent_crc32 == crc &&
		       state.sent == (uint64_t)size,
	       "file: its length and CRC-32 are those that the other end tells");
	sill_channel_close(handle, SILL_CHANNEL_ALL, 0, 0);

	handle = open_channel("file");
	size = read_file(handle, "../outside\n", &crc);
	tap_ok(size < 0, "file: nothing outside of the folder");
	tap_note("error=%ld", -size);
	tap_equal((uint64_t)(int64_t)state_of(handle).error, (uint64_t)size,
		  "file: the error stays");
	sill_channel_close(handle, SILL_CHANNEL_ALL, 0, 0);
}

/* By rings, without a call but when Sill sleeps. */
static void mirror(void)
{
	const uint32_t total = 30000, both = SILL_CHANNEL_ENDED | SILL_CHANNEL_DELIVERED;
	uint64_t handle = open_channel("mirror"), start = rdtsc();
	uint32_t sent = 0, received = 0;
	bool right = true;

	tap_equal((uint64_t)sill_channel_rings(handle, rings_prepare(2, 0)), ERROR(INVAL),
		  "limits: no rings that are larger than the buffer");
	tap_equal((uint64_t)sill_channel_rings(handle, rings_prepare(1, 0)), 0, "mirror: rings");
	while (received < total && !patience_ends(start)) {
		size_t got, size = total - sent < 1000 ? total - sent : 1000;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)((sent + i) * 11 ^ (sent + i) >> 7);
		sent += (uint32_t)rings_put(bytes, size);
		if (rings_asleep() && sill_channel_kick(handle) < 0)
			break;
		got = rings_get(bytes, sizeof(bytes));
		for (size_t i = 0; i < got; i++)
			right &= bytes[i] == (uint8_t)((received + i) * 11 ^ (received + i) >> 7);
		received += (uint32_t)got;
	}
	tap_ok(right && received == total, "mirror: %u bytes through a program and back", received);
	rings_end();
	sill_channel_kick(handle);
	start = rdtsc();
	while ((rings_control.state & both) != both && !patience_ends(start))
		sill_channel_kick(handle);
	tap_equal(rings_control.state,
		  SILL_CHANNEL_CONNECTED | SILL_CHANNEL_ENDED | SILL_CHANNEL_DELIVERED,
		  "mirror: both directions have ended");
	sill_channel_close(handle, SILL_CHANNEL_ALL, 0, 0);
}

static void refused(void)
{
	uint64_t handle = open_channel("nobody");

	tap_equal(wait_for(handle, SILL_CHANNEL_CONNECTED), SILL_CHANNEL_BROKEN,
		  "nobody: not taken");
	tap_equal((uint64_t)sill_channel_read(handle, bytes, 1), ERROR(NOENT), "nobody: ENOENT");
	tap_equal((uint64_t)sill_channel_write(handle, bytes, 1), ERROR(NOENT), "nobody: ENOENT");
	sill_channel_close(handle, SILL_CHANNEL_ALL, 0, 0);
}

/* sill.conf allows two channels, of 4 KiB each way. */
static void limits(void)
{
	uint64_t first = open_channel("echo"), second = open_channel("time");

	tap_equal((uint64_t)open_channel("log"), ERROR(NFILE), "limits: a third channel");
	tap_equal(state_of(first).buffer, 4096, "limits: the buffer's size");
	tap_equal((uint64_t)sill_channel_write(first, rings_to_sill, 10000), 4096,
		  "limits: as much is taken");
	tap_equal((uint64_t)sill_channel_state(2, &(struct sill_channel){0}, 8), 8,
		  "limits: a place that can't be used is a free one");
	sill_channel_close(second, SILL_CHANNEL_ALL, 0, 0);
	second = open_channel("log");
	tap_ok(second <= INT32_MAX, "limits: when one is closed there is room again");
	sill_channel_close(first, SILL_CHANNEL_ALL, 0, 0);
	sill_channel_close(second, SILL_CHANNEL_ALL, 0, 0);
}

void test_link(void)
{
	struct sill_link link = {0};
	uint64_t start = rdtsc();

	while (!link.up && !patience_ends(start))
		sill_link_state(&link, sizeof(link));
	tap_ok(link.up && link.port && link.baud, "link: sill-link answers");
	limits();
	files();
	mirror();
	refused();
	sill_link_state(&link, sizeof(link));
	tap_ok(link.frames_sent && link.frames_received && link.bytes_received,
	       "link: what went over it is counted");
	/* The guest's end closes it. */
	tap_ok(open_channel("mirror") <= INT32_MAX, "link: one is left open");
}
