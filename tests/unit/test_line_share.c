/* SPDX-License-Identifier: MIT */
/* UNIT: channel/channel.c channel/check.c channel/rings.c channel/service.c
	 link/link.c link/frame.c link/queue.c link/stream.c link/window.c core/format.c */
/*
 * The share of a CPU's time that the serial line may have, where it is small. The TSC is played:
 * each time that the room asks for it stands for what was executed since it asked last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cpu.h"

/* A slow CPU: a look takes a good part of the time until the next one. */
#define TICKS_BETWEEN 30000u

static uint64_t tsc;

static uint64_t played_rdtsc(void)
{
	return tsc += TICKS_BETWEEN;
}

/* These two ask, and are part of this program for that. */
#define rdtsc played_rdtsc
#include "channel/line.c"
#include "channel/channels.c"

#include "channel_machine.h"

#define SHARE	5u
#define LATENCY 10000u /* from the timer's end to the first thing that Sill does */

static struct vcpu vcpu;

/* The timer runs out for the line; whether there was time to look at the UART. */
static bool look_in_time(void)
{
	uint32_t before = machine.looks;

	if (tsc < vcpu.timer[TIMER_CHANNELS])
		tsc = vcpu.timer[TIMER_CHANNELS];
	tsc += LATENCY;
	machine.now_us = tsc / (time_tsc_hz() / 1000000);
	machine_look(&vcpu);
	return machine.looks != before;
}

/* The byte that more are expected after. */
static void receive_a_byte(void)
{
	machine.arriving[0] = 1;
	machine.arrived = 1;
	machine.taken = 0;
	for (unsigned int i = 0; machine.taken == 0; i++) {
		assert_in_range(i, 0, 9);
		look_in_time();
	}
}

/* What was not spent before is spent, without waiting. */
static void use_up(void)
{
	receive_a_byte();
	while (line.budget > 0)
		machine_look(&vcpu);
}

/* When the timer runs out for the line there is time for it, too. */
static void each_exit_is_a_look(void **state)
{
	(void)state;
	use_up();
	for (unsigned int i = 0; i < 1000; i++) {
		if (i % 10 == 0)
			receive_a_byte();
		assert_true(look_in_time());
	}
}

/* And they cost no more than allowed. */
static void the_share_is_kept(void **state)
{
	uint64_t from, spent = 0;

	(void)state;
	use_up();
	from = tsc;
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t begin;

		if (i % 10 == 0)
			receive_a_byte();
		begin = tsc < vcpu.timer[TIMER_CHANNELS] ? vcpu.timer[TIMER_CHANNELS] : tsc;
		look_in_time();
		spent += tsc - begin;
	}
	/* What is outside of the look and of the question when to look next is not counted. */
	assert_in_range(spent * 100 / (tsc - from), 1, 2 * SHARE);
}

/* Calls that the guest makes don't keep Sill from the line for longer than is told. */
static void calls_leave_no_debt(void **state)
{
	(void)state;
	receive_a_byte();
	for (unsigned int i = 0; i < 1000000; i++)
		assert_int_equal(channel_kick(&vcpu, 0x300), -SILL_EBADF);
	machine_look(&vcpu);
	assert_true(vcpu.timer[TIMER_CHANNELS] < tsc + ticks(BUDGET_US) * 11 / 10);
}

static int start(void **state)
{
	const struct sill_channel_settings settings = {
		.count = 4,
		.buffer = 65536,
		.link_ports = {0x2f8, 0x3f8},
		.link_baud = 115200,
		.link_share = SHARE,
		.link_timeout_ms = 2000,
	};

	(void)state;
	if (channels_start(&settings) != 0)
		return -1;
	channels_begin(&vcpu);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_exit_is_a_look),
		cmocka_unit_test(the_share_is_kept),
		cmocka_unit_test(calls_leave_no_debt),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
