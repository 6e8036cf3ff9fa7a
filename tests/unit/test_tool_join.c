/* SPDX-License-Identifier: MIT */
/* UNIT: tools/sill/join.c tools/sill/channel.c tools/sill/pace.c link/frame.c */
/* `sill connect` and what serves a mount: real files and sockets, a channel that is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/fake_channel.h"
#include "tools/sill/commands.h"
#include "tools/sill/join.h"
#include "tools/sill/moment.h"

#define FAST 50000000u

static uint64_t real_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * US_PER_S + (uint64_t)now.tv_nsec / 1000;
}

/* The channel's time is the real one: join_run() sleeps in ppoll(). */
uint64_t moment_us(void)
{
	uint64_t now = real_us();

	if (now > fake.now_us)
		fake_pass(now - fake.now_us);
	return now;
}

void moment_pass(uint64_t us)
{
	usleep((useconds_t)us);
}

static struct channel channel;
static struct join join;

static int start(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.now_us = real_us();
	fake.buffer = 64u << 10;
	fake.rate = FAST;
	channel = (struct channel){.command = "connect", .name = "test"};
	assert_int_equal(channel_open(&channel), STATUS_GOOD);
	/* A test that hangs fails. */
	join = (struct join){
		.channel = &channel,
		.in_fd = -1,
		.out_fd = -1,
		.watched_fd = -1,
		.least_us = 500,
		.most_us = 10000,
		.idle_us = 50000,
		.deadline_us = moment_us() + 20 * US_PER_S,
	};
	return 0;
}

static void assert_file_is(int fd, uint64_t size)
{
	uint8_t *bytes = malloc(size + 1);

	assert_non_null(bytes);
	assert_int_equal(pread(fd, bytes, size + 1, 0), (ssize_t)size);
	for (uint64_t i = 0; i < size; i++)
		assert_int_equal(bytes[i], fake_byte(i));
	free(bytes);
}

static void assert_arrived(uint64_t size)
{
	assert_int_equal(fake.written, size);
	assert_int_equal(fake.waiting, 0);
	assert_true(fake.writing_ended);
	for (uint64_t i = 0; i < size; i++)
		assert_int_equal(fake.got[i], fake_byte(i));
	assert_int_equal(fake.told_crc32, crc32_add(0, fake.got, size));
}

static void test_both_ways(void **state)
{
	(void)state;
	join.in_fd = file_of(300000);
	join.out_fd = file_of(0);
	fake.to_send = 200000;
	fake.buffer = 4096;
	fake.most = 1000;
	assert_int_equal(join_run(&join), JOIN_ENDED);
	assert_arrived(300000);
	assert_file_is(join.out_fd, 200000);
	close(join.in_fd);
	close(join.out_fd);
}

static void test_half_a_second_s_worth_is_delivered_before_the_end(void **state)
{
	(void)state;
	join.in_fd = file_of(50000);
	join.out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	fake.rate = 100000;
	assert_int_equal(join_run(&join), JOIN_ENDED);
	assert_arrived(50000);
	close(join.in_fd);
	close(join.out_fd);
}

static void test_an_end_of_input_lets_the_rest_come(void **state)
{
	(void)state;
	join.in_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	join.out_fd = file_of(0);
	fake.to_send = 30000;
	fake.rate = 100000;
	assert_int_equal(join_run(&join), JOIN_ENDED);
	assert_file_is(join.out_fd, 30000);
	close(join.in_fd);
	close(join.out_fd);
}

static void test_echo(void **state)
{
	(void)state;
	join.in_fd = file_of(500000);
	join.out_fd = file_of(0);
	join.interactive = true;
	fake.echo = true;
	assert_int_equal(join_run(&join), JOIN_ENDED);
	assert_arrived(500000);
	assert_file_is(join.out_fd, 500000);
	close(join.in_fd);
	close(join.out_fd);
}

static void test_broken(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	join.in_fd = ends[0];
	join.out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	fake.to_send = 1000;
	fake.breaks_after = 100;
	fake.breaks_with = -SILL_ECONNRESET;
	assert_int_equal(join_run(&join), JOIN_BROKEN);
	assert_int_equal(join.error, -SILL_ECONNRESET);
	close(ends[0]);
	close(ends[1]);
	close(join.out_fd);
}

static void test_the_other_end_closes_in_peace(void **state)
{
	int ends[2];

	(void)state;
	/* The input is open, and all that came from it was taken: as when a shell ends. */
	assert_int_equal(pipe(ends), 0);
	join.in_fd = ends[0];
	join.out_fd = file_of(0);
	fake.to_send = 2000;
	fake.over_after = 1000;
	assert_int_equal(join_run(&join), JOIN_ENDED);
	assert_file_is(join.out_fd, 1000);
	close(join.out_fd);
	close(ends[0]);
	close(ends[1]);

	/* It has sent something, and does not want all of ours. */
	start(NULL);
	join.in_fd = file_of(300000);
	join.out_fd = file_of(0);
	fake.rate = 1000000;
	fake.to_send = 300000;
	fake.over_after = 100000;
	assert_int_equal(join_run(&join), JOIN_CUT);
	assert_file_is(join.out_fd, 100000);
	close(join.in_fd);
	close(join.out_fd);
}

static void test_nobody_there(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	join.in_fd = ends[0];
	join.out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	channel.timeout_us = US_PER_S / 2;
	fake.appears_us = UINT64_MAX;
	assert_int_equal(join_run(&join), JOIN_SAID);
	assert_int_equal(join.status, STATUS_NOBODY);
	close(ends[0]);
	close(ends[1]);
	close(join.out_fd);
}

static void test_nobody_reads(void **state)
{
	int in[2], out[2];

	(void)state;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	join.in_fd = in[0];
	join.out_fd = out[1];
	close(out[0]);
	assert_int_equal(join_run(&join), JOIN_OUTPUT_GONE);
	close(in[0]);
	close(in[1]);
	close(out[1]);
}

static void test_a_slow_reader_stops_no_writer(void **state)
{
	int out[2];

	(void)state;
	assert_int_equal(pipe(out), 0);
	join.in_fd = file_of(300000);
	join.out_fd = out[1];
	join.deadline_us = moment_us() + US_PER_S;
	fake.to_send = 500000;
	/* Nobody takes what comes, and the pipe is full at 64 KiB. */
	assert_int_equal(join_run(&join), JOIN_LATE);
	assert_arrived(300000);
	close(join.in_fd);
	close(out[0]);
	close(out[1]);
}

static void test_a_socket_that_is_closed_delivers_its_bytes(void **state)
{
	int ends[2];
	uint8_t bytes[20000];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = fake_byte(i);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(write(ends[1], bytes, sizeof(bytes)), sizeof(bytes));
	close(ends[1]);
	join.in_fd = join.out_fd = ends[0];
	fake.rate = 40000;
	fake.buffer = 4096;
	fake.to_send = UINT64_MAX;
	assert_int_equal(join_run(&join), JOIN_ENDED);
	assert_arrived(sizeof(bytes));
	/* Half a second, without spinning. */
	assert_in_range(fake.calls, 1, 300);
	close(ends[0]);
}

static void test_one_end_is_enough(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	join.in_fd = join.out_fd = ends[0];
	join.one_end_is_enough = true;
	fake.to_send = UINT64_MAX;
	fake.rate = 1;
	close(ends[1]);
	assert_int_equal(join_run(&join), JOIN_ENDED);
	assert_true(join.in_ended);
	close(ends[0]);

	start(NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	join.in_fd = join.out_fd = ends[0];
	join.one_end_is_enough = true;
	fake.to_send = 100;
	assert_int_equal(join_run(&join), JOIN_ENDED);
	assert_false(join.in_ended);
	assert_int_equal(fake.read, 100);
	close(ends[0]);
	close(ends[1]);
}

/* Calls in so many seconds in which nothing happens. */
static uint64_t idle_calls(uint64_t seconds, uint64_t idle_us, bool interactive)
{
	int in[2];

	start(NULL);
	assert_int_equal(pipe(in), 0);
	join.in_fd = in[0];
	join.out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	join.idle_us = idle_us;
	join.interactive = interactive;
	join.deadline_us = moment_us() + seconds * US_PER_S;
	fake.to_send = UINT64_MAX;
	fake.rate = 0;
	assert_int_equal(join_run(&join), JOIN_LATE);
	close(in[0]);
	close(in[1]);
	close(join.out_fd);
	return fake.calls;
}

static void test_idle_costs_little(void **state)
{
	(void)state;
	assert_in_range(idle_calls(2, 50000, false), 10, 2 * 20 + 30);
	assert_in_range(idle_calls(1, 10000, true), 10, 100 + 20);
}

static void test_watched(void **state)
{
	int in[2], watched[2];

	(void)state;
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(watched), 0);
	join.in_fd = in[0];
	join.out_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	join.watched_fd = watched[0];
	fake.to_send = UINT64_MAX;
	fake.rate = 0;
	assert_int_equal(write(watched[1], "x", 1), 1);
	assert_int_equal(join_run(&join), JOIN_WATCHED);
	/* And it can go on. */
	join.watched_fd = -1;
	join.deadline_us = moment_us() + US_PER_S / 10;
	assert_int_equal(join_run(&join), JOIN_LATE);
	close(in[0]);
	close(in[1]);
	close(watched[0]);
	close(watched[1]);
	close(join.out_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_both_ways, start),
		cmocka_unit_test_setup(test_half_a_second_s_worth_is_delivered_before_the_end,
				       start),
		cmocka_unit_test_setup(test_an_end_of_input_lets_the_rest_come, start),
		cmocka_unit_test_setup(test_echo, start),
		cmocka_unit_test_setup(test_broken, start),
		cmocka_unit_test_setup(test_the_other_end_closes_in_peace, start),
		cmocka_unit_test_setup(test_nobody_there, start),
		cmocka_unit_test_setup(test_nobody_reads, start),
		cmocka_unit_test_setup(test_a_slow_reader_stops_no_writer, start),
		cmocka_unit_test_setup(test_a_socket_that_is_closed_delivers_its_bytes, start),
		cmocka_unit_test_setup(test_one_end_is_enough, start),
		cmocka_unit_test_setup(test_idle_costs_little, start),
		cmocka_unit_test_setup(test_watched, start),
	};

	/* A test that hangs is ended. */
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
