/* SPDX-License-Identifier: MIT */
/* UNIT: channel/channels.c channel/channel.c channel/check.c channel/line.c channel/rings.c channel/service.c
	 link/link.c link/frame.c link/queue.c link/stream.c link/window.c core/format.c */
/*
 * The share of a CPU's time that the serial line may have, where it is small. What Sill's looks
 * cost is measured by this machine's own TSC, so it is real time that passes here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channel_machine.h"
#include "core/cpu.h"

#define SHARE	  2u
#define BUDGET_US 100000u

static struct vcpu vcpu;

static uint64_t next_look(void)
{
	return vcpu.timer[TIMER_CHANNELS];
}

/* A byte has just come, so that more are expected at once. */
static void receive_a_byte(void)
{
	machine.arriving[0] = 1;
	machine.arrived = 1;
	machine.taken = 0;
	while (machine.taken == 0)
		machine_look(&vcpu);
}

/* When the timer runs out for the line there is time for it, too. */
static void each_exit_is_a_look(void **state)
{
	const unsigned int exits = 300;
	unsigned int looks = 0;

	(void)state;
	receive_a_byte();
	/* What was not spent before is spent first. */
	for (uint32_t before = ~0u; machine.looks != before;) {
		before = machine.looks;
		machine_look(&vcpu);
	}
	for (unsigned int i = 0; i < exits; i++) {
		uint32_t before = machine.looks;

		while (rdtsc() < next_look())
			;
		machine_look(&vcpu);
		looks += machine.looks != before;
	}
	assert_in_range(looks, exits * 9 / 10, exits);
}

/* Calls that the guest makes don't keep Sill from the line for longer than is told. */
static void calls_leave_no_debt(void **state)
{
	(void)state;
	receive_a_byte();
	for (unsigned int i = 0; i < 300000; i++)
		assert_int_equal(channel_kick(&vcpu, 0x300), -SILL_EBADF);
	vcpu.timer[TIMER_CHANNELS] = TIMER_NEVER;
	machine_look(&vcpu);
	assert_true(next_look() < rdtsc() + time_tsc_hz() / 1000000 * BUDGET_US * 11 / 10);
}

static int start(void **state)
{
	const struct sill_channel_settings settings = {
		.count = 4,
		.buffer = 65536,
		.link_ports = {0x2f8, 0x3f8},
		.link_baud = 1000000,
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
		cmocka_unit_test(calls_leave_no_debt),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
