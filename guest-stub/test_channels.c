/* SPDX-License-Identifier: MIT */
/*
 * Channels to the services in Sill, by calls that copy: what is written comes back, ends end,
 * limits hold, and what is wrong is an error that changes nothing.
 */
#include "cpu.h"
#include "helpers.h"
#include "paging.h"
#include "ring3.h"
#include <sill/call.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

#define ERROR(name) ((uint64_t)-SILL_E##name)

static __attribute__((aligned(4096))) uint8_t out[SILL_CHANNEL_MOVE_MAX + 4096],
	in[SILL_CHANNEL_MOVE_MAX + 4096];

static int64_t open_channel(const char *name)
{
	return sill_channel_open(name, strlen(name), 0);
}

static struct sill_channel state_of(uint64_t which)
{
	struct sill_channel state;

	memset(&state, 0xff, sizeof(state));
	sill_channel_state(which, &state, sizeof(state));
	return state;
}

static int64_t close_all(uint64_t handle)
{
	return sill_channel_close(handle, SILL_CHANNEL_ALL, 0, 0);
}

static void fill(uint8_t seed)
{
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(seed + i * 7 + (i >> 8) * 13);
}

static void names(void)
{
	static const char longest[] = "abcdefghijklmnopqrstuvwxyz01234",
			  too_long[] = "0123456789abcdef0123456789ABCDEF";
	static const char *const bad[] = {".", ".hidden", "a/b", "a b", "\xc3\xa4", "a\n", "../x"};
	int64_t handle, other;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_equal((uint64_t)open_channel(bad[i]), ERROR(INVAL), "open: bad name %lu",
			  (uint64_t)i);
	tap_equal((uint64_t)sill_channel_open("echo", 0, 0), ERROR(INVAL), "open: no name");
	tap_equal((uint64_t)sill_channel_open("echo", 5, 0), ERROR(INVAL), "open: a NUL in it");
	tap_equal((uint64_t)open_channel(too_long), ERROR(INVAL), "open: 32 characters");
	tap_equal((uint64_t)sill_channel_open("echo", UINT64_MAX, 0), ERROR(INVAL),
		  "open: an endless name");
	tap_equal((uint64_t)sill_channel_open("echo", 4, 2), ERROR(INVAL), "open: unknown flag");
	tap_equal((uint64_t)sill_channel_open("echo", 4, 1ull << 32), ERROR(INVAL),
		  "open: unknown flag above bit 31");
	tap_equal((uint64_t)sill_channel_open((const char *)(3 * GIB), 4, 0), ERROR(FAULT),
		  "open: a name where nothing is");
	if (!(cpuid(SILL_CPUID_FEATURES, 0).ebx & SILL_FEATURE_LINK))
		tap_equal((uint64_t)open_channel(longest), ERROR(NOENT),
			  "open: without a line only the services are there");
	else
		tap_skip("open without a line", "there is one");

	handle = open_channel("echo");
	tap_ok(handle >= SILL_CHANNEL_FIRST_HANDLE && handle <= INT32_MAX, "open: a handle");
	tap_equal((uint64_t)open_channel("echo"), ERROR(BUSY), "open: it is open already");
	other = sill_channel_open("echo", 4, SILL_CHANNEL_TAKE_OVER);
	tap_ok(other >= SILL_CHANNEL_FIRST_HANDLE && other != handle, "open: taken over");
	tap_equal((uint64_t)close_all(handle), ERROR(BADF), "close: the handle from before");
	tap_equal((uint64_t)close_all(other), 0, "close");
	tap_equal((uint64_t)close_all(other), ERROR(BADF), "close: once more");
	handle = open_channel("echo");
	tap_ok(handle > 0 && handle != other, "open: another handle each time");
	close_all(handle);
}

static void handles(void)
{
	static const uint64_t bad[] = {
		0, 1, 255, 256, 0x7fffff00, 0x80000100, 1ull << 32 | 256, UINT64_MAX, 1ull << 63};
	uint64_t handle = (uint64_t)open_channel("echo");
	bool right = true;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t h = bad[i];

		if (h == handle)
			continue;
		right &= (uint64_t)close_all(h) == ERROR(BADF) &&
			 (uint64_t)sill_channel_read(h, in, 1) == ERROR(BADF) &&
			 (uint64_t)sill_channel_write(h, out, 1) == ERROR(BADF) &&
			 (uint64_t)sill_channel_wait(h, ~0u, 1) == ERROR(BADF) &&
			 (uint64_t)sill_channel_kick(h) == ERROR(BADF);
	}
	tap_ok(right, "handles: none of those that were never given");
	right = (uint64_t)sill_channel_read(handle | 1ull << 32, in, 1) == ERROR(BADF) &&
		(uint64_t)sill_channel_read(handle + 256, in, 1) == ERROR(BADF) &&
		(uint64_t)sill_channel_read(handle + 1, in, 1) == ERROR(BADF);
	tap_ok(right, "handles: nor any near a good one");
	close_all(handle);
}

static void copies(void)
{
	static const uint32_t sizes[] = {1, 2, 100, 4095, 4096, 4097, 10000, 65535, 65536};
	uint64_t handle = (uint64_t)open_channel("echo");
	struct sill_channel state;

	tap_equal((uint64_t)sill_channel_read(handle, in, 100), ERROR(AGAIN),
		  "read: nothing there yet");
	tap_equal((uint64_t)sill_channel_read(handle, in, 0), 0, "read: 0 bytes");
	tap_equal((uint64_t)sill_channel_write(handle, out, 0), 0, "write: 0 bytes");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t size = sizes[i], at = 4096 - (uint32_t)i * 3;

		fill((uint8_t)i);
		memset(in, 0, sizeof(in));
		tap_equal((uint64_t)sill_channel_write(handle, out + i, size), size,
			  "echo: %u bytes written", size);
		tap_equal((uint64_t)sill_channel_read(handle, in + at, sizeof(in) - at), size,
			  "echo: and read");
		tap_ok(memcmp(in + at, out + i, size) == 0 && in[at - 1] == 0 &&
			       (at + size == sizeof(in) || in[at + size] == 0),
		       "echo: the same, and no byte more");
	}
	tap_equal((uint64_t)sill_channel_write(handle, out, 1ull << 40), SILL_CHANNEL_MOVE_MAX,
		  "write: never more than SILL_CHANNEL_MOVE_MAX");
	tap_equal((uint64_t)sill_channel_read(handle, in, SIZE_MAX), SILL_CHANNEL_MOVE_MAX,
		  "read: nor there");

	/* Until both queues are full. */
	state = state_of(handle);
	for (int64_t taken = 0;;) {
		int64_t answer = sill_channel_write(handle, out, 10000);

		if (answer < 0) {
			tap_equal((uint64_t)answer, ERROR(AGAIN), "write: no room is EAGAIN");
			tap_equal((uint64_t)taken, 2ull * state.buffer,
				  "write: after what may be on its way, each way");
			break;
		}
		taken += answer;
	}
	state = state_of(handle);
	tap_equal(state.state, SILL_CHANNEL_CONNECTED | SILL_CHANNEL_READABLE,
		  "state: connected, something to be read, no room");
	tap_equal((uint64_t)sill_channel_write(handle, out, 0), 0, "write: 0 bytes are no error");
	for (int64_t answer = 1; answer > 0;)
		answer = sill_channel_read(handle, in, sizeof(in));
	state = state_of(handle);
	tap_equal(state.state, SILL_CHANNEL_CONNECTED | SILL_CHANNEL_WRITABLE | SILL_CHANNEL_EMPTY,
		  "state: nothing on its way");
	tap_equal(state.written, state.read, "state: as much read as written");
	close_all(handle);
}

/* A pointer that is good for a part. */
static void faults(void)
{
	uint64_t handle = (uint64_t)open_channel("echo");
	char *there = TEST_4K(2);

	test_map(2, (uint64_t)out, PTE_P | PTE_W);
	test_map(3, 0, 0);
	fill(1);
	tap_equal((uint64_t)sill_channel_write(handle, there + 4096, 100), ERROR(FAULT),
		  "write: from where nothing is");
	tap_equal((uint64_t)sill_channel_write(handle, there + 4000, 1000), 96,
		  "write: from what is there, up to where nothing is");
	tap_equal((uint64_t)sill_channel_read(handle, there + 4096, 100), ERROR(FAULT),
		  "read: to where nothing is");
	tap_equal((uint64_t)sill_channel_read(handle, there + 4091, 100), 5,
		  "read: to what is there");
	tap_ok(memcmp(out + 4091, out + 4000, 5) == 0, "read: it is the right part");
	test_map(2, (uint64_t)out, PTE_P);
	write_cr0(read_cr0() | CR0_WP);
	tap_equal((uint64_t)sill_channel_read(handle, there, 10), ERROR(FAULT),
		  "read: to a page that can't be written");
	write_cr0(read_cr0() & ~CR0_WP);
	tap_equal((uint64_t)sill_channel_read(handle, in, 100), 91, "read: nothing was lost by it");
	tap_ok(memcmp(in, out + 4005, 86) == 0, "read: nor changed");
	tap_equal((uint64_t)sill_channel_write(handle, (void *)0x0000900000000000, 10),
		  ERROR(FAULT), "write: a non-canonical address");
	tap_equal((uint64_t)sill_channel_write(handle, (void *)(UINT64_MAX - 4), 10), ERROR(FAULT),
		  "write: a range that wraps");
	test_map(2, 0, 0);
	close_all(handle);
}

static void rights(void)
{
	uint64_t handle = (uint64_t)open_channel("echo");

	for (uint64_t call = SILL_CALL_CHANNEL_OPEN; call <= SILL_CALL_LINK_STATE; call++)
		tap_equal((uint64_t)ring3_vmcall(call, handle, (uint64_t)&user_registers, 0),
			  ERROR(PERM), "call %lu from ring 3: EPERM without the grant", call);
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_CHANNEL_WAIT, handle, 0, 3),
		  SILL_CHANNEL_CONNECTED | SILL_CHANNEL_WRITABLE | SILL_CHANNEL_EMPTY,
		  "channel_wait from ring 3 with the grant");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_CHANNEL_RINGS, handle, 0, 3), ERROR(PERM),
		  "channel_rings from ring 3: EPERM in any case");
	tap_equal((uint64_t)ring3_vmcall(SILL_CALL_CHANNEL_KICK, handle, 0, 3), ERROR(PERM),
		  "channel_kick from ring 3: the same");
	close_all(handle);
}

static void ends(void)
{
	uint64_t handle = (uint64_t)open_channel("echo");
	struct sill_channel state;

	sill_channel_write(handle, "last", 4);
	tap_equal((uint64_t)sill_channel_close(handle, 2, 0, 0), ERROR(INVAL),
		  "close: something unknown");
	tap_equal((uint64_t)sill_channel_close(handle, 1, 2, 0), ERROR(INVAL),
		  "close: neither 0 nor 1");
	tap_equal((uint64_t)sill_channel_close(handle, 1, 1, 1ull << 32), ERROR(INVAL),
		  "close: a CRC-32 of 33 bits");
	tap_equal((uint64_t)sill_channel_close(handle, SILL_CHANNEL_WRITING, 1, 0x12345678), 0,
		  "close: writing alone");
	tap_equal((uint64_t)sill_channel_close(handle, SILL_CHANNEL_WRITING, 0, 0), 0,
		  "close: again is no error");
	tap_equal((uint64_t)sill_channel_write(handle, "x", 1), ERROR(PIPE), "write: EPIPE then");
	state = state_of(handle);
	tap_equal(state.state,
		  SILL_CHANNEL_CONNECTED | SILL_CHANNEL_READABLE | SILL_CHANNEL_EMPTY |
			  SILL_CHANNEL_ENDED | SILL_CHANNEL_DELIVERED,
		  "state: ended, and delivered");
	tap_equal(state.delivered, 4, "state: how much was delivered");
	tap_equal((uint64_t)sill_channel_read(handle, in, 100), 4, "read: what there is");
	tap_equal((uint64_t)sill_channel_read(handle, in, 100), 0, "read: then the end");
	tap_equal((uint64_t)sill_channel_read(handle, in, 100), 0, "read: which stays");
	close_all(handle);
}

static void services(void)
{
	int64_t handle = open_channel("log"), size, time;
	uint64_t start;

	size = sill_channel_read((uint64_t)handle, in, 4096);
	tap_ok(size > 100 && in[0] == '[', "log: Sill's lines");
	sill_channel_write((uint64_t)handle, "anything", 8);
	for (int tries = 0; size > 0 && tries < 100; tries++)
		size = sill_channel_read((uint64_t)handle, in, 4096);
	tap_equal((uint64_t)size, ERROR(AGAIN), "log: up to now");
	sill_channel_close((uint64_t)handle, SILL_CHANNEL_WRITING, 0, 0);
	for (size = 1; size > 0;)
		size = sill_channel_read((uint64_t)handle, in, 4096);
	tap_equal((uint64_t)size, 0, "log: ends when the guest ends");

	time = open_channel("time");
	sill_channel_write((uint64_t)time, "when?", 5);
	tap_equal((uint64_t)sill_channel_read((uint64_t)time, in, 100), ERROR(AGAIN),
		  "time: not before the line is complete");
	sill_channel_write((uint64_t)time, "\n\n", 2);
	size = sill_channel_read((uint64_t)time, in, 100);
	if (cpuid(SILL_CPUID_FEATURES, 0).ebx & SILL_FEATURE_TIME)
		tap_ok(size == 62 && in[4] == '-' && in[10] == 'T' && in[19] == '.' &&
			       in[29] == 'Z' && in[30] == '\n' && in[60] == 'Z',
		       "time: a line for each line");
	else
		tap_equal((uint64_t)size, 16, "time: it is unknown, twice");

	start = rdtsc();
	tap_equal((uint64_t)sill_channel_wait((uint64_t)time, SILL_CHANNEL_READABLE, UINT64_MAX),
		  SILL_CHANNEL_CONNECTED | SILL_CHANNEL_WRITABLE | SILL_CHANNEL_EMPTY,
		  "wait: nothing comes");
	start = rdtsc() - start;
	tap_ok(start < 1000000000ull, "wait: it comes back");
	tap_ok(sill_channel_wait((uint64_t)time, SILL_CHANNEL_WRITABLE, 250) > 0,
	       "wait: what is true already");
	close_all((uint64_t)time);
	close_all((uint64_t)handle);
}

static void states(void)
{
	uint64_t handle = (uint64_t)open_channel("time");
	uint32_t place = SILL_CHANNEL_PLACE((uint32_t)handle);
	struct sill_channel state = state_of(handle), by_place = state_of(place);
	struct sill_link link;
	unsigned open = 0;

	tap_ok(memcmp(state.name, "time", 5) == 0 && state.handle == handle && state.error == 0 &&
		       state.calls == 0 && state.rings == 0,
	       "state: name and handle");
	tap_ok(memcmp(&state, &by_place, sizeof(state)) == 0, "state: by its place in the table");
	for (uint64_t i = 0; i < SILL_CHANNELS_MAX; i++)
		open += state_of(i).handle != 0;
	tap_equal(open, 1, "state: no other place is in use");
	tap_equal((uint64_t)sill_channel_state(SILL_CHANNELS_MAX, &state, sizeof(state)),
		  ERROR(INVAL), "state: no such place");
	tap_equal((uint64_t)sill_channel_state(handle + 256, &state, sizeof(state)), ERROR(BADF),
		  "state: no such handle");
	tap_equal((uint64_t)sill_channel_state(handle, &state, 7), ERROR(INVAL),
		  "state: too little room");
	tap_equal((uint64_t)sill_channel_state(handle, &state, 12), 12, "state: the first fields");
	tap_equal((uint64_t)sill_channel_state(handle, &state, 1000), sizeof(state),
		  "state: never more than there is");
	memset(&link, 0xff, sizeof(link));
	tap_equal((uint64_t)sill_link_state(&link, sizeof(link)), sizeof(link), "link_state");
	tap_ok((link.port != 0) == ((cpuid(SILL_CPUID_FEATURES, 0).ebx & SILL_FEATURE_LINK) != 0),
	       "link_state: a port if there is a line");
	close_all(handle);
}

void test_channels(void)
{
	if (!(cpuid(SILL_CPUID_FEATURES, 0).ebx & SILL_FEATURE_CHANNELS)) {
		tap_equal((uint64_t)open_channel("echo"), ERROR(NOTSUP),
			  "open: no channels are allowed");
		return;
	}
	names();
	handles();
	copies();
	faults();
	rights();
	ends();
	services();
	states();
}
