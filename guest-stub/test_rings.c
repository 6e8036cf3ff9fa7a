/* SPDX-License-Identifier: MIT */
/*
 * Channels by way of rings: the bytes come through, around each end of the memory; the doorbell is
 * only needed when Sill sleeps; an interrupt wakes who sleeps himself; and a guest that writes
 * nonsense into them loses this channel and nothing else.
 */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "paging.h"
#include "rings.h"
#include <sill/call.h>
#include <sill/doors.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

#define ERROR(name)  ((uint64_t)-SILL_E##name)
#define VECTOR	     0x60
#define OTHER_VECTOR 0x61
#define PIC_1_DATA   0x21
#define PIC_2_DATA   0xa1

static uint8_t message[RINGS_MOST_BYTES], answer[RINGS_MOST_BYTES];
static volatile uint64_t interrupts, other_interrupts;
static volatile uint64_t others_before; /* the first of interrupts */

struct interrupt_frame;

__attribute__((interrupt)) static void on_interrupt(struct interrupt_frame *frame)
{
	(void)frame;
	if (interrupts++ == 0)
		others_before = other_interrupts;
}

__attribute__((interrupt)) static void on_other_interrupt(struct interrupt_frame *frame)
{
	(void)frame;
	other_interrupts++;
}

static uint64_t open_echo(void)
{
	return (uint64_t)sill_channel_open("echo", 4, SILL_CHANNEL_TAKE_OVER);
}

static uint64_t open_with_rings(uint32_t pages, uint32_t vector)
{
	uint64_t handle = open_echo();

	tap_equal((uint64_t)sill_channel_rings(handle, rings_prepare(pages, vector)), 0,
		  "rings: of %u pages", pages);
	return handle;
}

static void close_all(uint64_t handle)
{
	sill_channel_close(handle, SILL_CHANNEL_ALL, 0, 0);
}

static bool time_is_over(uint64_t start)
{
	struct sill_time time = {0};

	sill_time(&time, sizeof(time));
	/* Where the time is unknown, so is the frequency: then some billion ticks have to do. */
	return rdtsc() - start > (time.tsc_hz ? time.tsc_hz : 1000000000);
}

static void description(void)
{
	uint64_t handle = open_echo();
	struct sill_channel_rings *rings, good;
	bool right = true;

	good = *rings_prepare(2, 0);
	rings = rings_prepare(2, 0);
#define WRONG(change)                                                                 \
	do {                                                                          \
		*rings = good;                                                        \
		change;                                                               \
		right &= (uint64_t)sill_channel_rings(handle, rings) == ERROR(INVAL); \
		if (!right)                                                           \
			tap_note("accepted: %s", #change);                            \
	} while (0)
	WRONG(rings->version = 0);
	WRONG(rings->version = 2);
	WRONG(rings->pages = 0);
	WRONG(rings->pages = 3);
	WRONG(rings->pages = 32);
	WRONG(rings->pages = 0x80000000);
	WRONG(rings->vector = 1);
	WRONG(rings->vector = 31);
	WRONG(rings->vector = 256);
	WRONG(rings->reserved = 1);
	WRONG(rings->control += 64);
	WRONG(rings->to_sill[1] += 8);
	WRONG(rings->to_guest[0] += 1);
	WRONG(rings->to_sill[2] = 4096);
	WRONG(rings->to_guest[15] = 4096);
	WRONG(rings->to_sill[1] = rings->to_sill[0]);
	WRONG(rings->to_guest[1] = rings->to_sill[0]);
	WRONG(rings->control = rings->to_guest[1]);
	WRONG(rings_control.to_sill_head = 1);
	rings_control.to_sill_head = 0;
	WRONG(rings_control.to_guest_tail = 4096);
	rings_control.to_guest_tail = 0;
	WRONG(rings_control.ended = 1);
	rings_control.ended = 0;
#undef WRONG
	tap_ok(right, "rings: each field out of its range: EINVAL");
	right = true;
#define NO_RAM(change)                                                                \
	do {                                                                          \
		*rings = good;                                                        \
		change;                                                               \
		right &= (uint64_t)sill_channel_rings(handle, rings) == ERROR(FAULT); \
	} while (0)
	NO_RAM(rings->control = 3 * GIB);
	NO_RAM(rings->to_sill[1] = guest_memory());
	NO_RAM(rings->to_guest[1] = 0xd0000); /* the ROM hole can't be written */
	NO_RAM(rings->to_sill[0] = 1ull << 63);
	NO_RAM(rings->to_guest[0] = ~4095ull);
#undef NO_RAM
	tap_ok(right, "rings: pages that are no RAM: EFAULT");
	tap_equal((uint64_t)sill_channel_rings(handle, (void *)(3 * GIB)), ERROR(FAULT),
		  "rings: a description where nothing is");
	tap_equal((uint64_t)sill_channel_kick(handle), ERROR(NODEV), "kick: there are no rings");
	*rings = good;
	tap_equal((uint64_t)sill_channel_rings(handle, rings), 0, "rings: after all that");
	tap_equal((uint64_t)sill_channel_rings(handle, rings), ERROR(BUSY), "rings: twice");
	tap_equal((uint64_t)sill_channel_read(handle, answer, 1), ERROR(BUSY),
		  "read: not beside rings");
	tap_equal((uint64_t)sill_channel_write(handle, message, 1), ERROR(BUSY), "write: nor that");
	close_all(handle);
	handle = open_echo();
	sill_channel_write(handle, message, 1);
	tap_equal((uint64_t)sill_channel_rings(handle, rings_prepare(2, 0)), ERROR(BUSY),
		  "rings: not after bytes went without");
	close_all(handle);
}

/* Sends a stretch of bytes through, with pieces of changing sizes, and looks what comes back. */
static void stream(uint32_t pages, uint32_t total)
{
	uint64_t handle = open_with_rings(pages, 0);
	uint32_t sent = 0, received = 0, kicks = 0, size = 1;
	bool right = true;

	while (received < total && kicks < total) {
		uint32_t piece = size % (pages * 4096 + 1);
		size_t got;

		for (uint32_t i = 0; i < piece; i++)
			message[i] = (uint8_t)((sent + i) * 31 ^ (sent + i) >> 8);
		if (piece > total - sent)
			piece = total - sent;
		sent += (uint32_t)rings_put(message, piece);
		if (sill_channel_kick(handle) < 0)
			break;
		kicks++;
		got = rings_get(answer, (size * 7) % sizeof(answer) + 1);
		for (size_t i = 0; i < got; i++)
			right &= answer[i] == (uint8_t)((received + i) * 31 ^ (received + i) >> 8);
		received += (uint32_t)got;
		size = size * 5 + 3;
	}
	tap_ok(right && received == total, "rings of %u pages: %u bytes there and back", pages,
	       received);
	rings_end();
	sill_channel_kick(handle);
	tap_equal(rings_control.state,
		  SILL_CHANNEL_CONNECTED | SILL_CHANNEL_ENDED | SILL_CHANNEL_DELIVERED,
		  "rings: both directions have ended");
	close_all(handle);
}

/* While Sill looks by itself, nobody has to call it. */
static void doorbell(void)
{
	uint64_t handle = open_with_rings(4, 0), start;
	uint64_t calls;
	size_t got = 0;

	tap_ok(rings_asleep(), "doorbell: Sill sleeps at first");
	rings_put("wake up", 7);
	tap_equal((uint64_t)sill_channel_kick(handle), 14, "doorbell: 7 bytes, both ways");
	rings_get(answer, 7);
	if (rings_asleep()) {
		tap_skip("doorbell", "this CPU has no VMX-preemption timer");
	} else {
		struct sill_channel state;

		sill_channel_state(handle, &state, sizeof(state));
		calls = state.calls;
		rings_put("not called", 10);
		for (start = rdtsc(); got < 10 && !time_is_over(start);)
			got += rings_get(answer + got, 10 - got);
		tap_ok(got == 10 && memcmp(answer, "not called", 10) == 0,
		       "doorbell: not needed while it is awake");
		for (start = rdtsc(); !rings_asleep() && !time_is_over(start);)
			;
		tap_ok(rings_asleep(), "doorbell: it falls asleep after a while");
		sill_channel_state(handle, &state, sizeof(state));
		tap_equal(state.calls, calls, "doorbell: no call was made meanwhile");
	}
	close_all(handle);
}

static void waking(void)
{
	uint64_t handle, start, before;

	out8(PIC_1_DATA, 0xff);
	out8(PIC_2_DATA, 0xff);
	exceptions_set_gate(VECTOR, (void (*)(void))(uintptr_t)on_interrupt);
	handle = open_with_rings(1, VECTOR);
	interrupts = 0;
	rings_put("a", 1);
	sill_channel_kick(handle);
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
	tap_equal(interrupts, 0, "wake: no interrupt for who doesn't want one");
	rings_control.wake = 1;
	rings_put("b", 1);
	sill_channel_kick(handle);
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
	tap_equal(interrupts, 1, "wake: one for who does");
	rings_get(answer, 2);
	if (rings_asleep()) {
		tap_skip("wake from HLT", "this CPU has no VMX-preemption timer");
	} else {
		before = interrupts;
		rings_put("c", 1);
		for (start = rdtsc(); interrupts == before && !time_is_over(start);)
			__asm__ volatile("sti; hlt; cli" : : : "memory");
		tap_equal(interrupts, before + 1, "wake: from HLT, without a call");
		tap_ok(rings_get(answer, 1) == 1 && answer[0] == 'c', "wake: with what it is for");
	}
	close_all(handle);
}

/* An interrupt of the rings and one of the door PUSH wait, until the guest takes both. */
static void two_wait(void)
{
	static volatile struct sill_push news __attribute__((aligned(32)));
	uint64_t handle, start;

	exceptions_set_gate(VECTOR, (void (*)(void))(uintptr_t)on_interrupt);
	exceptions_set_gate(OTHER_VECTOR, (void (*)(void))(uintptr_t)on_other_interrupt);
	handle = open_with_rings(1, VECTOR);
	if (sill_door_push((struct sill_push *)&news, OTHER_VECTOR) != 0) {
		tap_skip("two interrupts wait", "the door PUSH is not open");
		close_all(handle);
		return;
	}
	interrupts = other_interrupts = 0;
	rings_control.wake = 1;
	rings_put("a", 1);
	sill_channel_kick(handle);
	for (start = rdtsc(); news.sequence < 2 && !time_is_over(start);)
		;
	tap_equal(interrupts + other_interrupts, 0, "two interrupts wait");
	for (int i = 0; i < 4; i++)
		__asm__ volatile("sti; nop; nop; cli" : : : "memory");
	tap_equal(interrupts, 1, "two interrupts wait: that of the rings comes");
	tap_ok(other_interrupts > 0, "two interrupts wait: and the other");
	tap_ok(others_before > 0, "two interrupts wait: the higher vector came first");
	sill_door_push(NULL, 0);
	close_all(handle);
}

/* A call closes the channel: the page says so, and who sleeps is woken. */
static void closed(void)
{
	uint64_t handle = open_with_rings(1, VECTOR);

	interrupts = 0;
	rings_control.wake = 1;
	close_all(handle);
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
	tap_equal(interrupts, 1, "closed: who waits is woken");
	tap_equal(rings_control.state, SILL_CHANNEL_BROKEN, "closed: the page says so");
	tap_equal((uint64_t)(int64_t)rings_control.error, ERROR(CONNRESET), "closed: and why");
}

/* Each kind of nonsense: an error that it can read, and the next channel is as good as any. */
static void nonsense(void)
{
	static const struct {
		const char *name;
		uint32_t head, tail, ended;
	} cases[] = {
		{"a head beyond the ring", 4097, 0, 0},
		{"a head that goes back", 0xffffffff, 0, 0},
		{"a tail before its head", 0, 1, 0},
		{"a tail that goes back", 0, 0xffffffff, 0},
		{"an end that is neither 0 nor 1", 0, 0, 2},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t handle = open_with_rings(1, 0);
		int64_t other = sill_channel_open("time", 4, SILL_CHANNEL_TAKE_OVER);
		struct sill_channel state;

		rings_control.to_sill_head = cases[i].head;
		rings_control.to_guest_tail = cases[i].tail;
		rings_control.ended = cases[i].ended;
		tap_equal((uint64_t)sill_channel_kick(handle), ERROR(PROTO), "nonsense: %s",
			  cases[i].name);
		tap_ok(rings_control.state == SILL_CHANNEL_BROKEN &&
			       rings_control.error == -SILL_EPROTO,
		       "nonsense: it can read so");
		sill_channel_state(handle, &state, sizeof(state));
		tap_ok(state.state == SILL_CHANNEL_BROKEN && state.error == -SILL_EPROTO,
		       "nonsense: and ask");
		rings_control.to_sill_head = 0;
		rings_control.to_guest_tail = 0;
		tap_equal((uint64_t)sill_channel_kick(handle), ERROR(PROTO),
			  "nonsense: repentance is of no use");
		tap_equal((uint64_t)sill_channel_write((uint64_t)other, "\n", 1), 1,
			  "nonsense: the other channel works");
		close_all((uint64_t)other);
		close_all(handle);
	}
}

void test_rings(void)
{
	if (!(cpuid(SILL_CPUID_FEATURES, 0).ebx & SILL_FEATURE_CHANNELS)) {
		tap_skip("rings", "no channels are allowed");
		return;
	}
	description();
	stream(1, 100000);
	stream(4, 300000);
	stream(16, 1000000);
	doorbell();
	waking();
	two_wait();
	closed();
	nonsense();
}
