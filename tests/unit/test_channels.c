/* SPDX-License-Identifier: MIT */
/* UNIT: channel/channels.c channel/channel.c channel/check.c channel/line.c channel/rings.c channel/service.c
	 link/link.c link/frame.c link/queue.c link/stream.c link/window.c core/format.c */
/*
 * The room channel/ as a whole, on a machine that is not there: a guest that makes calls, and at
 * the other end of the serial line the link's other half.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channel_machine.h"
#include "core/cpu.h"
#include <sill/hypercall.h>

#include "link/link.h"

static struct vcpu vcpu, other_vcpu;
static struct link peer;
static uint8_t peer_memory[LINK_STREAMS][2][65536];
static uint32_t sessions = 1000;

#define BUFFER 65536u

/* Somewhere in the guest's memory, for a name, for bytes, for a structure. */
#define NAME_AT	 (MACHINE_BASE + 100)
#define DATA_AT	 (MACHINE_BASE + 0x10000 - 5)
#define RINGS_AT (MACHINE_BASE + 0x2000)
#define PAGES_AT (MACHINE_BASE + 0x4000)

static void start_peer(void)
{
	const struct link_config config = {.baud = 115200, .timeout_us = 3000000};

	memset(&peer, 0, sizeof(peer));
	for (unsigned int i = 0; i < LINK_STREAMS; i++) {
		peer.streams[i].out = (struct queue){peer_memory[i][0], 65536, 0, 0};
		peer.streams[i].in = (struct queue){peer_memory[i][1], 65536, 0, 0};
	}
	link_start(&peer, &config, ++sessions);
}

/* What each owner of a link does: what the other end has closed is closed here, too. */
static int32_t last_reason;

static void close_gone(void)
{
	for (unsigned int i = 1; i < LINK_STREAMS; i++) {
		if (peer.streams[i].state == LINK_GONE) {
			last_reason = peer.streams[i].reason;
			link_close(&peer, i, 0);
		}
	}
}

/* So much time passes; what is sent arrives. peer_there: or is lost. */
static void pass(uint64_t us, bool peer_there)
{
	for (uint64_t end = machine.now_us + us; machine.now_us < end; machine.now_us += 700) {
		uint8_t bytes[256];
		size_t count;

		machine.arrived = machine.taken = 0;
		for (uint32_t i = 0; i < machine.sent_count && peer_there; i++)
			(void)link_receive(&peer, machine.sent[i], machine.now_us);
		machine.sent_count = 0;
		count = link_transmit(&peer, bytes, sizeof(bytes), machine.now_us);
		if (peer_there) {
			memcpy(machine.arriving, bytes, count);
			machine.arrived = (uint32_t)count;
		}
		while (machine.taken < machine.arrived) {
			machine.sent_count = 0;
			machine_look(&vcpu);
			for (uint32_t i = 0; i < machine.sent_count && peer_there; i++)
				(void)link_receive(&peer, machine.sent[i], machine.now_us);
		}
		machine.sent_count = 0;
		machine_look(&vcpu);
		close_gone();
	}
}

static uint64_t open_channel(const char *name, uint64_t flags)
{
	memcpy(machine_at(NAME_AT), name, strlen(name));
	return (uint64_t)channel_open(&vcpu, NAME_AT, strlen(name), flags);
}

static struct sill_channel state_of(uint64_t handle)
{
	struct sill_channel state;

	assert_int_equal(channel_describe(handle, &state), 0);
	return state;
}

static unsigned int stream_of(uint64_t handle)
{
	return SILL_CHANNEL_PLACE((uint32_t)handle) + 1;
}

static int begin(void **state)
{
	/* What channels_start() finds: the room begins anew with what a guest's end leaves. */
	channels_end();
	start_peer();
	pass(500000, true);
	assert_true(peer.up);
	(void)state;
	return 0;
}

/* A program at the other end has taken it, and both know. */
static uint64_t open_to_peer(const char *name)
{
	uint64_t handle = open_channel(name, 0);

	pass(20000, true);
	link_accept(&peer, stream_of(handle));
	pass(20000, true);
	return handle;
}

static uint8_t pattern(uint32_t at)
{
	return (uint8_t)(at * 31 ^ at >> 8);
}

static void to_the_other_end(void **state)
{
	const uint32_t total = 300000;
	uint64_t handle = open_channel("upload", 0);
	uint32_t written = 0, read = 0, crc = 0;
	uint8_t byte[4096];

	(void)state;
	pass(20000, true);
	assert_int_equal(peer.streams[stream_of(handle)].state, LINK_OPENING);
	assert_string_equal(peer.streams[stream_of(handle)].name, "upload");
	assert_false(state_of(handle).state & SILL_CHANNEL_CONNECTED);
	link_accept(&peer, stream_of(handle));
	while (read < total) {
		uint32_t got;

		if (written < total) {
			int64_t answer;

			for (uint32_t i = 0; i < 65536; i++)
				machine_at(DATA_AT)[i] = pattern(written + i);
			answer = channel_write(&vcpu, handle, DATA_AT,
					       total - written < 65536 ? total - written : 65536);
			if (answer != -SILL_EAGAIN) {
				assert_true(answer > 0);
				written += (uint32_t)answer;
			}
		}
		pass(7000, true);
		got = queue_get(&peer.streams[stream_of(handle)].in, byte, sizeof(byte));
		for (uint32_t i = 0; i < got; i++)
			assert_int_equal(byte[i], pattern(read + i));
		crc = crc32_add(crc, byte, got);
		read += got;
	}
	assert_int_equal(channel_close(&vcpu, handle, SILL_CHANNEL_WRITING, 1, crc), 0);
	pass(20000, true);
	assert_true(peer.streams[stream_of(handle)].ended);
	assert_true(peer.streams[stream_of(handle)].ended_has_crc);
	assert_int_equal(peer.streams[stream_of(handle)].ended_total, total);
	assert_int_equal(peer.streams[stream_of(handle)].ended_crc, crc);
	assert_false(state_of(handle).state & SILL_CHANNEL_DELIVERED);
	link_done(&peer, stream_of(handle), true, crc);
	pass(20000, true);
	assert_true(state_of(handle).state & SILL_CHANNEL_DELIVERED);
	assert_int_equal(state_of(handle).delivered, total);
	assert_int_equal(state_of(handle).delivered_crc32, crc);
	assert_int_equal(state_of(handle).has_crc32, 1);
	assert_int_equal(channel_close(&vcpu, handle, SILL_CHANNEL_ALL, 0, 0), 0);
	last_reason = 1;
	pass(20000, true);
	assert_int_equal(peer.streams[stream_of(handle)].state, LINK_FREE);
	assert_int_equal(last_reason, 0);
}

static void from_the_other_end(void **state)
{
	uint64_t handle = open_channel("download", 0);
	unsigned int stream = stream_of(handle);
	uint32_t total = 100000, put = 0, read = 0;
	int64_t answer;

	(void)state;
	pass(20000, true);
	link_accept(&peer, stream);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 100), -SILL_EAGAIN);
	do {
		uint8_t byte = pattern(put);

		while (put < total && queue_put(&peer.streams[stream].out, &byte, 1) == 1)
			byte = pattern(++put);
		if (put == total) {
			link_end(&peer, stream, true, 0x12345678);
			put++;
		}
		pass(7000, true);
		answer = channel_read(&vcpu, handle, DATA_AT, 50000);
		if (answer == -SILL_EAGAIN)
			continue;
		assert_true(answer >= 0);
		for (uint32_t i = 0; i < answer; i++)
			assert_int_equal(machine_at(DATA_AT)[i], pattern(read + i));
		read += (uint32_t)answer;
	} while (answer != 0);
	assert_int_equal(read, total);
	assert_int_equal(state_of(handle).sent, total);
	assert_int_equal(state_of(handle).sent_crc32, 0x12345678);
	pass(20000, true);
	assert_true(peer.streams[stream].done);
	assert_int_equal(peer.streams[stream].done_total, total);
}

static void refused(void **state)
{
	uint64_t handle = open_channel("nobody", 0);

	(void)state;
	pass(20000, true);
	link_close(&peer, stream_of(handle), -SILL_ENOENT);
	pass(20000, true);
	assert_int_equal(state_of(handle).state, SILL_CHANNEL_BROKEN);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), -SILL_ENOENT);
	assert_int_equal(channel_write(&vcpu, handle, DATA_AT, 10), -SILL_ENOENT);
	assert_int_equal(channel_close(&vcpu, handle, SILL_CHANNEL_ALL, 0, 0), 0);
	/* In peace: what was sent before is still to be read. */
	handle = open_channel("short", 0);
	pass(20000, true);
	link_accept(&peer, stream_of(handle));
	assert_int_equal(queue_put(&peer.streams[stream_of(handle)].out, "last", 4), 4);
	pass(20000, true);
	link_close(&peer, stream_of(handle), 0);
	pass(20000, true);
	assert_int_equal(channel_write(&vcpu, handle, DATA_AT, 10), -SILL_EPIPE);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), 4);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), 0);
}

static void lost(void **state)
{
	uint64_t handle = open_to_peer("a");

	(void)state;
	assert_true(state_of(handle).state & SILL_CHANNEL_CONNECTED);
	/* Its other end begins anew. */
	start_peer();
	pass(500000, true);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), -SILL_ECONNRESET);
	assert_int_equal(channel_close(&vcpu, handle, SILL_CHANNEL_ALL, 0, 0), 0);
	handle = open_channel("a", 0);
	pass(20000, true);
	link_accept(&peer, stream_of(handle));
	pass(20000, true);
	/* Or says nothing for longer than sill.conf allows. */
	pass(1500000, false);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), -SILL_EAGAIN);
	pass(1500000, false);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), -SILL_ETIMEDOUT);
	assert_int_equal(channel_wait(&vcpu, handle, 0, 100), SILL_CHANNEL_BROKEN);
	assert_int_equal(channel_close(&vcpu, handle, SILL_CHANNEL_ALL, 0, 0), 0);
	/* One that nobody has accepted yet waits for who comes next. */
	pass(3000000, true);
	handle = open_channel("c", 0);
	assert_int_equal(channel_close(&vcpu, handle, SILL_CHANNEL_WRITING, 0, 0), 0);
	pass(20000, true);
	assert_int_equal(peer.streams[stream_of(handle)].state, LINK_OPENING);
	start_peer();
	pass(500000, true);
	assert_int_equal(peer.streams[stream_of(handle)].state, LINK_OPENING);
	assert_true(peer.streams[stream_of(handle)].ended);
	link_accept(&peer, stream_of(handle));
	pass(20000, true);
	assert_true(state_of(handle).state & SILL_CHANNEL_CONNECTED);
	assert_int_equal(channel_close(&vcpu, handle, SILL_CHANNEL_ALL, 0, 0), 0);
	pass(3000000, false);
	/* One that is opened meanwhile waits for somebody to come. */
	handle = open_channel("b", 0);
	assert_true(state_of(handle).state & SILL_CHANNEL_WRITABLE);
	memcpy(machine_at(DATA_AT), "early", 5);
	assert_int_equal(channel_write(&vcpu, handle, DATA_AT, 5), 5);
	pass(3000000, true);
	assert_int_equal(peer.streams[stream_of(handle)].state, LINK_OPENING);
	link_accept(&peer, stream_of(handle));
	pass(50000, true);
	assert_int_equal(queue_used(&peer.streams[stream_of(handle)].in), 5);
}

static void limits(void **state)
{
	uint64_t handles[4];
	char name[2] = "p";

	(void)state;
	for (int i = 0; i < 4; i++, name[0]++) {
		handles[i] = open_channel(name, 0);
		assert_true(handles[i] <= INT32_MAX);
	}
	assert_int_equal(open_channel(name, 0), (uint64_t)-SILL_ENFILE);
	assert_int_equal(open_channel("echo", 0), (uint64_t)-SILL_ENFILE);
	assert_int_equal(open_channel("p", 0), (uint64_t)-SILL_EBUSY);
	pass(50000, true);
	assert_int_equal(channel_close(&vcpu, handles[1], SILL_CHANNEL_ALL, 0, 0), 0);
	/* Not before the other end knows that it is closed: its bytes would be taken for ours. */
	pass(100000, true);
	handles[1] = open_channel("echo", 0);
	assert_true(handles[1] <= INT32_MAX);
	channels_end();
	for (int i = 0; i < 4; i++)
		assert_int_equal(channel_read(&vcpu, handles[i], DATA_AT, 1), -SILL_EBADF);
	pass(100000, true);
	for (unsigned int i = 1; i < LINK_STREAMS; i++)
		assert_int_equal(peer.streams[i].state, LINK_FREE);
}

static struct sill_channel_control *control(void)
{
	return (struct sill_channel_control *)machine_at(PAGES_AT);
}

static void describe_rings(uint32_t pages)
{
	struct sill_channel_rings rings = {
		.version = SILL_RINGS_VERSION, .pages = pages, .vector = 40, .control = PAGES_AT};

	memset(control(), 0, sizeof(*control()));
	for (uint32_t i = 0; i < pages; i++) {
		/* Backwards: nobody said that they lie in order. */
		rings.to_sill[i] = PAGES_AT + 4096ull * (1 + pages - 1 - i);
		rings.to_guest[i] = PAGES_AT + 4096ull * (1 + 2 * pages - 1 - i);
	}
	memcpy(machine_at(RINGS_AT), &rings, sizeof(rings));
}

static void name_rings(uint64_t handle, uint32_t pages)
{
	describe_rings(pages);
	assert_int_equal(channel_rings(&vcpu, handle, RINGS_AT), 0);
}

/* What the guest writes into its ring comes out at the other end, and the other way round. */
static void rings(void **state)
{
	const uint32_t pages = 2, size = pages * 4096;
	uint64_t handle = open_channel("driver", 0);
	unsigned int stream = stream_of(handle);
	uint32_t put = 0, got = 0, sent = 0, seen = 0;

	(void)state;
	name_rings(handle, pages);
	assert_int_equal(control()->asleep, 1);
	pass(20000, true);
	link_accept(&peer, stream);
	pass(20000, true);
	assert_int_equal(control()->state, SILL_CHANNEL_CONNECTED);
	while (got < 50000 || seen < 50000) {
		uint8_t bytes[512];
		uint32_t count;

		while (put < 50000 && put - control()->to_sill_tail < size) {
			uint32_t page = put % size / 4096;

			machine_at(PAGES_AT + 4096ull * (pages - page))[put % 4096] = pattern(put);
			control()->to_sill_head = ++put;
		}
		if (control()->asleep)
			assert_true(channel_kick(&vcpu, handle) >= 0);
		count = queue_get(&peer.streams[stream].in, bytes, sizeof(bytes));
		for (uint32_t i = 0; i < count; i++)
			assert_int_equal(bytes[i], pattern(got + i));
		got += count;
		for (uint8_t byte = pattern(sent + 5);
		     sent < 50000 && queue_put(&peer.streams[stream].out, &byte, 1) == 1;
		     byte = pattern(sent + 5))
			sent++;
		control()->wake = 1;
		machine.interrupts = 0;
		pass(7000, true);
		if (seen != control()->to_guest_head)
			assert_true(machine.interrupts > 0);
		while (seen != control()->to_guest_head) {
			uint32_t page = seen % size / 4096;

			assert_int_equal(
				machine_at(PAGES_AT + 4096ull * (2 * pages - page))[seen % 4096],
				pattern(seen + 5));
			control()->to_guest_tail = ++seen;
		}
	}
	control()->ended = 1;
	(void)channel_kick(&vcpu, handle);
	pass(50000, true);
	assert_true(peer.streams[stream].ended);
	assert_int_equal(peer.streams[stream].ended_total, 50000);
}

/* Whoever closes a channel with rings, the guest that named them learns of it there. */
static void rings_are_closed(void **state)
{
	uint64_t handle = open_channel("driver", 0);

	(void)state;
	name_rings(handle, 1);
	pass(20000, true);
	control()->wake = 1;
	machine.interrupts = machine.posted = 0;
	assert_int_equal(channel_close(&other_vcpu, handle, SILL_CHANNEL_ALL, 0, 0), 0);
	assert_int_equal(control()->state, SILL_CHANNEL_BROKEN);
	assert_int_equal(control()->error, -SILL_ECONNRESET);
	assert_int_equal(machine.interrupts, 0);
	assert_int_equal(machine.posted, 1);
	pass(50000, true);
	handle = open_channel("driver", 0);
	name_rings(handle, 1);
	control()->wake = 1;
	machine.interrupts = machine.posted = 0;
	assert_true(open_channel("driver", SILL_CHANNEL_TAKE_OVER) <= INT32_MAX);
	assert_int_equal(control()->state, SILL_CHANNEL_BROKEN);
	assert_int_equal(machine.interrupts, 1);
	assert_int_equal(machine.posted, 0);
	/* From now on the memory is the guest's. */
	memset(control(), 0x55, sizeof(*control()));
	pass(100000, true);
	for (uint32_t i = 0; i < sizeof(*control()); i++)
		assert_int_equal(((uint8_t *)control())[i], 0x55);
}

/* Those that Sill didn't take it doesn't touch, either. */
static void rings_are_refused(void **state)
{
	uint64_t handle = open_channel("nobody", 0);

	(void)state;
	pass(20000, true);
	link_close(&peer, stream_of(handle), -SILL_ENOENT);
	pass(20000, true);
	describe_rings(1);
	assert_int_equal(channel_rings(&vcpu, handle, RINGS_AT), -SILL_ENOENT);
	memset(control(), 0x55, sizeof(*control()));
	assert_int_equal(channel_kick(&vcpu, handle), -SILL_ENODEV);
	pass(100000, true);
	for (uint32_t i = 0; i < sizeof(*control()); i++)
		assert_int_equal(((uint8_t *)control())[i], 0x55);
}

/* The direction is ended by a call, and then the ring has more: an error of this channel's. */
static void rings_after_the_end(void **state)
{
	uint64_t handle = open_channel("driver", 0), other = open_channel("other", 0);

	(void)state;
	name_rings(handle, 1);
	pass(20000, true);
	link_accept(&peer, stream_of(handle));
	link_accept(&peer, stream_of(other));
	assert_int_equal(channel_close(&vcpu, handle, SILL_CHANNEL_WRITING, 0, 0), 0);
	pass(20000, true);
	assert_true(peer.streams[stream_of(handle)].ended);
	control()->to_sill_head = 10;
	assert_int_equal(channel_kick(&vcpu, handle), -SILL_EPROTO);
	assert_int_equal(channel_write(&vcpu, other, DATA_AT, 10), 10);
	pass(50000, true);
	assert_int_equal(queue_used(&peer.streams[stream_of(other)].in), 10);
	assert_int_equal(peer.streams[stream_of(handle)].bytes_received, 0);
}

/* What came before nobody was there any more can still be read; by rings as well. */
static void read_what_came(void **state)
{
	uint64_t handle = open_channel("program", 0), with_rings = open_channel("driver", 0);
	const uint64_t handles[] = {handle, with_rings};

	(void)state;
	name_rings(with_rings, 1);
	pass(20000, true);
	for (int i = 0; i < 2; i++)
		link_accept(&peer, stream_of(handles[i]));
	assert_int_equal(queue_put(&peer.streams[stream_of(handle)].out, "last", 4), 4);
	for (int i = 0; i < 1200; i++)
		assert_int_equal(queue_put(&peer.streams[stream_of(with_rings)].out, "words", 5),
				 5);
	pass(600000, true);
	assert_int_equal(control()->to_guest_head, 4096);
	pass(3000000, false);
	assert_int_equal(state_of(handle).state, SILL_CHANNEL_BROKEN | SILL_CHANNEL_READABLE);
	assert_int_equal(state_of(handle).error, -SILL_ETIMEDOUT);
	assert_int_equal(channel_write(&vcpu, handle, DATA_AT, 1), -SILL_ETIMEDOUT);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), 4);
	assert_memory_equal(machine_at(DATA_AT), "last", 4);
	assert_int_equal(state_of(handle).state, SILL_CHANNEL_BROKEN);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), -SILL_ETIMEDOUT);
	assert_int_equal(control()->error, -SILL_ETIMEDOUT);
	control()->to_guest_tail = 4096;
	assert_int_equal(channel_kick(&vcpu, with_rings), -SILL_ETIMEDOUT);
	assert_int_equal(control()->to_guest_head, 6000);
}

/* All came, and its end; then nobody was there any more: it is complete. */
static void read_all_that_came(void **state)
{
	uint64_t handle = open_channel("program", 0);

	(void)state;
	pass(20000, true);
	link_accept(&peer, stream_of(handle));
	assert_int_equal(queue_put(&peer.streams[stream_of(handle)].out, "all", 3), 3);
	link_end(&peer, stream_of(handle), true, 7);
	pass(100000, true);
	pass(3000000, false);
	assert_int_equal(state_of(handle).state,
			 SILL_CHANNEL_BROKEN | SILL_CHANNEL_READABLE | SILL_CHANNEL_ENDED);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), 3);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 10), 0);
	assert_int_equal(state_of(handle).sent_crc32, 7);
	assert_int_equal(channel_write(&vcpu, handle, DATA_AT, 10), -SILL_ETIMEDOUT);
}

/* A UART that takes no more bytes: the session ends all the same, and nobody looks all the time. */
static void no_room(void **state)
{
	uint64_t handle = open_to_peer("program");

	(void)state;
	assert_int_equal(channel_write(&vcpu, handle, DATA_AT, 1000), 1000);
	/* Until it should have room again: the TSC is this machine's. */
	for (uint64_t from = rdtsc(); rdtsc() - from < 2000000;)
		;
	for (int i = 0; i < 4000 && state_of(handle).error == 0; i++) {
		uint64_t before = rdtsc();

		machine.now_us += 1000;
		machine.sent_count = sizeof(machine.sent);
		machine_look(&vcpu);
		/* Eight characters of 87 us each, at 1 GHz. */
		if (state_of(handle).error == 0)
			assert_true(vcpu.timer[TIMER_CHANNELS] - before > 690000);
	}
	machine.sent_count = 0;
	assert_int_equal(state_of(handle).error, -SILL_ETIMEDOUT);
}

/* Whatever an OS makes of the TSC, the link's time goes on. */
static void time_jumps(void **state)
{
	const int64_t jumps[] = {-3600000000, 1000000000, -300000, 2000000000000000};
	uint64_t handle = open_channel("clock", 0), us = machine.now_us;

	(void)state;
	pass(20000, true);
	link_accept(&peer, stream_of(handle));
	for (int i = 0; i < 4; i++) {
		machine_skew += jumps[i];
		for (int j = 0; j < 10; j++) {
			assert_int_equal(channel_write(&vcpu, handle, DATA_AT, 100), 100);
			pass(500000, true);
		}
	}
	assert_true(state_of(handle).state & SILL_CHANNEL_CONNECTED);
	assert_int_equal(peer.streams[stream_of(handle)].bytes_received, 4000);
	/* And a time-out is one: within 2 s of silence, once the clocks run evenly. */
	pass(2500000, false);
	assert_int_equal(state_of(handle).error, -SILL_ETIMEDOUT);
	assert_true(machine.now_us - us < 60000000);
	machine_skew = 0;
	pass(1000000, true);
}

/* Who calls all the time doesn't put off what the timer is to do. */
static void timer_stays(void **state)
{
	uint64_t handle, due;

	(void)state;
	handle = open_channel("echo", 0);
	machine_look(&vcpu);
	due = vcpu.timer[TIMER_CHANNELS];
	assert_true(due != TIMER_NEVER);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 1), -SILL_EAGAIN);
		assert_true(vcpu.timer[TIMER_CHANNELS] <= due);
	}
}

/* When the OS goes on without Sill, the other end learns of it, and then the UART is the OS's. */
static void unload(void **state)
{
	uint64_t handle = open_channel("driver", 0);

	(void)state;
	name_rings(handle, 1);
	pass(20000, true);
	link_accept(&peer, stream_of(handle));
	pass(20000, true);
	machine.sent_count = 0;
	channels_leave(&vcpu);
	for (uint32_t i = 0; i < machine.sent_count; i++)
		(void)link_receive(&peer, machine.sent[i], machine.now_us);
	assert_int_equal(peer.streams[stream_of(handle)].state, LINK_GONE);
	assert_int_equal(control()->state, SILL_CHANNEL_BROKEN);
	machine.sent_count = 0;
	machine.arrived = 1;
	machine.taken = 0;
	machine_look(&vcpu);
	assert_int_equal(machine.sent_count, 0);
	assert_int_equal(machine.taken, 0);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 1), -SILL_EBADF);
	assert_int_equal(open_channel("driver", 0), (uint64_t)-SILL_ENOTSUP);
	assert_int_equal(open_channel("echo", 0), (uint64_t)-SILL_ENOTSUP);
}

/* The memory goes away, or says what can't be: that ends this channel and no other. */
static void rings_break(void **state)
{
	uint64_t handle = open_channel("driver", 0), other = open_channel("echo", 0);

	(void)state;
	name_rings(handle, 1);
	pass(20000, true);
	control()->to_sill_head = 4097;
	assert_int_equal(channel_kick(&vcpu, handle), -SILL_EPROTO);
	assert_int_equal(control()->error, -SILL_EPROTO);
	assert_int_equal(state_of(handle).error, -SILL_EPROTO);
	memcpy(machine_at(DATA_AT), "x", 1);
	assert_int_equal(channel_write(&vcpu, other, DATA_AT, 1), 1);
	handle = open_channel("driver", SILL_CHANNEL_TAKE_OVER);
	pass(50000, true);
	handle = open_channel("driver", SILL_CHANNEL_TAKE_OVER);
	name_rings(handle, 1);
	control()->to_sill_head = 10;
	machine.missing[(PAGES_AT - MACHINE_BASE) / 4096 + 1] = 1;
	assert_int_equal(channel_kick(&vcpu, handle), -SILL_EFAULT);
	machine.missing[(PAGES_AT - MACHINE_BASE) / 4096 + 1] = 0;
	assert_int_equal(channel_kick(&vcpu, handle), -SILL_EFAULT);
	assert_int_equal(control()->error, -SILL_EFAULT);
	/* An OS that begins anew on this CPU has other things in that memory. */
	handle = open_channel("driver", SILL_CHANNEL_TAKE_OVER);
	pass(50000, true);
	handle = open_channel("driver", SILL_CHANNEL_TAKE_OVER);
	name_rings(handle, 1);
	channels_begin(&vcpu);
	assert_int_equal(channel_kick(&vcpu, handle), -SILL_EBADF);
	assert_int_equal(channel_write(&vcpu, other, DATA_AT, 1), 1);
}

static void services(void **state)
{
	uint64_t handle = open_channel("time", 0);

	(void)state;
	memcpy(machine_at(DATA_AT), "now\n", 4);
	assert_int_equal(channel_write(&vcpu, handle, DATA_AT, 4), 4);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 100), 31);
	assert_memory_equal(machine_at(DATA_AT), "2024-02-29T12:34:56.789000000Z\n", 31);
	handle = open_channel("log", 0);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 100), 29);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 100), -SILL_EAGAIN);
	assert_int_equal(channel_close(&vcpu, handle, SILL_CHANNEL_WRITING, 0, 0), 0);
	assert_int_equal(channel_read(&vcpu, handle, DATA_AT, 100), 0);
}

static int start(void **state)
{
	const struct sill_channel_settings settings = {
		.count = 4,
		.buffer = BUFFER,
		.link_ports = {0x2f8, 0x3f8},
		.link_baud = 115200,
		.link_share = 50,
		.link_timeout_ms = 2000,
	};

	(void)state;
	if (channels_start(&settings) != 0)
		return -1;
	channels_begin(&vcpu);
	return channels_features() == (SILL_FEATURE_CHANNELS | SILL_FEATURE_LINK) &&
			       channels_link_port() == 0x2f8
		       ? 0
		       : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(to_the_other_end, begin),
		cmocka_unit_test_setup(from_the_other_end, begin),
		cmocka_unit_test_setup(refused, begin),
		cmocka_unit_test_setup(lost, begin),
		cmocka_unit_test_setup(limits, begin),
		cmocka_unit_test_setup(rings, begin),
		cmocka_unit_test_setup(rings_break, begin),
		cmocka_unit_test_setup(rings_are_closed, begin),
		cmocka_unit_test_setup(rings_are_refused, begin),
		cmocka_unit_test_setup(rings_after_the_end, begin),
		cmocka_unit_test_setup(read_what_came, begin),
		cmocka_unit_test_setup(read_all_that_came, begin),
		cmocka_unit_test_setup(no_room, begin),
		cmocka_unit_test_setup(time_jumps, begin),
		cmocka_unit_test_setup(timer_stays, begin),
		cmocka_unit_test_setup(services, begin),
		/* The last: nothing comes after it. */
		cmocka_unit_test_setup(unload, begin),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
