/* SPDX-License-Identifier: MIT */
/* UNIT: tools/sill/transfer.c tools/sill/channel.c tools/sill/pace.c tools/sill/progress.c link/frame.c */
/* `sill send` and `sill recv` against a channel of which each fault is chosen. Time is played. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/fake_channel.h"
#include "tools/sill/commands.h"
#include "tools/sill/moment.h"
#include "tools/sill/transfer.h"

#define MIB	   (1u << 20)
#define SERIAL	   115200u
#define SERIAL_BPS 11520u

uint64_t moment_us(void)
{
	uint64_t now;

	/* It takes time to ask. */
	fake_pass(1);
	now = fake.now_us + 1;
	/* And from then on to do what there is to do. */
	fake_pass(fake.busy_us);
	fake.busy_us = 0;
	return now;
}

void moment_pass(uint64_t us)
{
	/* Linux is never early and always a little late. */
	fake_pass(us + 60);
}

static int start(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.buffer = 64u << 10;
	fake.baud = SERIAL;
	fake.rate = SERIAL_BPS;
	return 0;
}

static uint32_t crc32_of(uint64_t size)
{
	uint32_t crc32 = 0;

	for (uint64_t i = 0; i < size; i++) {
		uint8_t byte = fake_byte(i);

		crc32 = crc32_add(crc32, &byte, 1);
	}
	return crc32;
}

static int send_file(uint64_t size, uint64_t timeout_s)
{
	struct channel channel = {
		.command = "send", .name = "test", .timeout_us = timeout_s * US_PER_S};
	struct transfer transfer = {.channel = &channel, .quiet = true, .fd = file_of(size)};
	int status = channel_open(&channel);

	if (status == STATUS_GOOD)
		status = transfer_send(&transfer);
	channel_close(&channel);
	close(transfer.fd);
	assert_int_equal(fake.opens, 1);
	assert_int_equal(fake.closes, 1);
	return status;
}

static void assert_sent(uint64_t size)
{
	assert_int_equal(fake.written, size);
	assert_true(fake.writing_ended);
	assert_int_equal(fake.told_crc32, crc32_of(size));
	for (uint64_t i = 0; i < size; i++)
		assert_int_equal(fake.got[i], fake_byte(i));
}

static int receive_to(int fd, uint64_t timeout_s)
{
	struct channel channel = {
		.command = "recv", .name = "test", .timeout_us = timeout_s * US_PER_S};
	struct transfer transfer = {.channel = &channel, .quiet = true, .fd = fd};
	int status = channel_open(&channel);

	if (status == STATUS_GOOD)
		status = transfer_receive(&transfer);
	channel_close(&channel);
	assert_int_equal(fake.closes, 1);
	return status;
}

static int receive_file(uint64_t size, uint64_t timeout_s)
{
	int fd = file_of(0);
	int status;

	fake.to_send = size;
	status = receive_to(fd, timeout_s);
	if (status == STATUS_GOOD) {
		uint8_t *bytes = malloc(size + 1);

		assert_int_equal(pread(fd, bytes, size + 1, 0), (ssize_t)size);
		for (uint64_t i = 0; i < size; i++)
			assert_int_equal(bytes[i], fake_byte(i));
		free(bytes);
		assert_true(fake.end_read);
		assert_true(fake.writing_ended);
		assert_int_equal(fake.told_crc32, 0);
	}
	close(fd);
	return status;
}

/* Calls a MiB, and the time that is lost in comparison with the line's own. */
static void assert_cheap(uint64_t size, uint64_t most_calls, double most_time)
{
	double ideal = (double)size / (double)fake.rate * 1e6;

	print_message("%llu bytes at %llu a second: %llu calls, %.3f times the line's time\n",
		      (unsigned long long)size, (unsigned long long)fake.rate,
		      (unsigned long long)fake.calls, (double)fake.now_us / ideal);
	assert_in_range(fake.calls, 1, most_calls);
	assert_true((double)fake.now_us < ideal * most_time);
}

static void test_sends_a_mib_with_few_calls(void **state)
{
	(void)state;
	assert_int_equal(send_file(MIB, 0), STATUS_GOOD);
	assert_sent(MIB);
	assert_cheap(MIB, 32, 1.02);
}

static void test_receives_a_mib_with_few_calls(void **state)
{
	(void)state;
	assert_int_equal(receive_file(MIB, 0), STATUS_GOOD);
	assert_cheap(MIB, 32, 1.06);
}

static void test_other_rates(void **state)
{
	static const uint64_t rates[] = {40000, 100000, 400000, 2000000, 30000000};

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		/* The line is as fast as it says, or it is a service, of which nothing is known. */
		for (int known = 0; known < 2; known++) {
			start(NULL);
			fake.rate = rates[i];
			fake.baud = known ? (uint32_t)rates[i] * 10 : 0;
			assert_int_equal(send_file(3 * MIB, 0), STATUS_GOOD);
			assert_sent(3 * MIB);
			assert_cheap(3 * MIB, known ? 3 * 32 : 3 * 32 + 20, 1.1);
			start(NULL);
			fake.rate = rates[i];
			fake.baud = known ? (uint32_t)rates[i] * 10 : 0;
			assert_int_equal(receive_file(3 * MIB, 0), STATUS_GOOD);
		}
	}
}

static void test_a_rate_that_is_not_the_line_s(void **state)
{
	(void)state;
	/* Other channels use the line, too; and an emulator's line may be faster than it says. */
	fake.rate = SERIAL_BPS / 4;
	assert_int_equal(send_file(MIB, 0), STATUS_GOOD);
	assert_cheap(MIB, 128, 1.02);
	start(NULL);
	fake.rate = SERIAL_BPS * 20;
	assert_int_equal(send_file(MIB, 0), STATUS_GOOD);
	/* The first guess costs 4 s, and a few more. */
	assert_true(fake.now_us < (uint64_t)MIB * 1000000 / fake.rate + 9000000);
}

/* A line that moves fits and starts, and a guest that can hardly keep up with it. */
static void test_irregular_lines(void **state)
{
	static const struct {
		uint64_t stall_us, every_us, kib_us, appears_us, call_us;
		uint64_t most_calls;
		double most_time; /* in comparison with a line that never stands still */
	} cases[] = {
		{300000, 1000000, 0, 0, 0, 64, 1.5},
		{1000000, 3000000, 0, 0, 0, 64, 1.6},
		{3000000, 10000000, 0, 0, 1000, 72, 1.6},
		{10000000, 30000000, 0, 0, 0, 170, 1.8},
		{0, 0, 50000, 0, 200, 64, 1.06},
		{0, 0, 87000, 0, 0, 64, 1.1},
		{0, 0, 120000, 0, 1000, 64, 1.5},
		{2000000, 7000000, 50000, 0, 0, 64, 1.5},
		{0, 0, 0, 30000000, 0, 64 + 30, 1.2},
		/* Half the line's time, and half of it in small pieces. */
		{500, 1000, 0, 0, 200, 64, 2.1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int receives = 0; receives < 2; receives++) {
			start(NULL);
			fake.stall_us = cases[i].stall_us;
			fake.stall_every_us = cases[i].every_us;
			fake.kib_us = cases[i].kib_us;
			fake.call_us = cases[i].call_us;
			fake.appears_us = cases[i].appears_us;
			assert_int_equal(receives ? receive_file(2 * MIB, 0)
						  : send_file(2 * MIB, 0),
					 STATUS_GOOD);
			print_message("%s, case %zu: ", receives ? "recv" : "send", i);
			assert_cheap(2 * MIB, cases[i].most_calls, cases[i].most_time);
		}
	}
}

static void test_small_files(void **state)
{
	static const uint64_t sizes[] = {0, 1, 100, 4096, 65535, 65536, 65537};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t ideal = sizes[i] * 1000000 / SERIAL_BPS;

		start(NULL);
		assert_int_equal(send_file(sizes[i], 0), STATUS_GOOD);
		assert_sent(sizes[i]);
		assert_in_range(fake.now_us, ideal, ideal + 300000);
		start(NULL);
		assert_int_equal(receive_file(sizes[i], 0), STATUS_GOOD);
		/* The receiver knows the size only when the end has come. */
		assert_in_range(fake.now_us, ideal, ideal * 5 / 2 + 300000);
	}
}

static void test_short_counts(void **state)
{
	(void)state;
	fake.most = 7;
	fake.rate = 10000000;
	fake.baud = 0;
	assert_int_equal(send_file(20000, 0), STATUS_GOOD);
	assert_sent(20000);
	start(NULL);
	fake.most = 7;
	fake.rate = 10000000;
	fake.baud = 0;
	assert_int_equal(receive_file(20000, 0), STATUS_GOOD);
	/* They cost calls, but neither time nor calls in vain. */
	start(NULL);
	fake.most = 20000;
	assert_int_equal(send_file(MIB, 0), STATUS_GOOD);
	assert_cheap(MIB, 80, 1.02);
	start(NULL);
	fake.most = 20000;
	assert_int_equal(receive_file(MIB, 0), STATUS_GOOD);
	assert_cheap(MIB, 80, 1.06);
}

/* What is slow is the file, not the line: nobody waits for room that there is. */
static void test_slow_file(void **state)
{
	struct channel channel = {.command = "send", .name = "test"};
	struct transfer transfer = {.channel = &channel, .quiet = true};
	int ends[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		for (int i = 0; i < 150; i++) {
			uint8_t bytes[1024];

			for (uint64_t at = 0; at < sizeof(bytes); at++)
				bytes[at] = fake_byte((uint64_t)i * sizeof(bytes) + at);
			usleep(1000);
			if (write(ends[1], bytes, sizeof(bytes)) != sizeof(bytes))
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	fake.rate = 1000000000;
	transfer.fd = ends[0];
	assert_int_equal(channel_open(&channel), STATUS_GOOD);
	assert_int_equal(transfer_send(&transfer), STATUS_GOOD);
	channel_close(&channel);
	close(ends[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_sent(150 * 1024);
	assert_true(fake.now_us < 1000000);
}

static void test_small_buffers(void **state)
{
	(void)state;
	fake.buffer = 512;
	assert_int_equal(send_file(100000, 0), STATUS_GOOD);
	assert_sent(100000);
	start(NULL);
	fake.buffer = 512;
	assert_int_equal(receive_file(100000, 0), STATUS_GOOD);
}

static void test_what_arrived_differs(void **state)
{
	(void)state;
	fake.crc32_off = 1;
	assert_int_equal(send_file(1000, 0), STATUS_DIFFERS);
	start(NULL);
	fake.count_off = 1;
	assert_int_equal(send_file(1000, 0), STATUS_DIFFERS);
	start(NULL);
	fake.crc32_off = 1;
	assert_int_equal(receive_file(1000, 0), STATUS_DIFFERS);
	start(NULL);
	fake.count_off = 1;
	assert_int_equal(receive_file(1000, 0), STATUS_DIFFERS);
}

static void test_a_service_has_no_crc32(void **state)
{
	(void)state;
	fake.no_crc32 = true;
	fake.crc32_off = 1;
	assert_int_equal(send_file(1000, 0), STATUS_GOOD);
	start(NULL);
	fake.no_crc32 = true;
	fake.count_off = 1;
	assert_int_equal(send_file(1000, 0), STATUS_DIFFERS);
}

static void test_what_comes_back_does_not_stop_it(void **state)
{
	(void)state;
	fake.echo = true;
	assert_int_equal(send_file(MIB, 60), STATUS_GOOD);
	assert_sent(MIB);
}

static void test_broken(void **state)
{
	static const int32_t errors[] = {-SILL_ENOENT, -SILL_ECONNRESET, -SILL_ETIMEDOUT};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		for (uint64_t after = 0; after < 300000; after += 100000) {
			start(NULL);
			fake.breaks_with = errors[i];
			fake.breaks_after = after;
			assert_int_equal(send_file(MIB, 0), STATUS_NOBODY);
			start(NULL);
			fake.breaks_with = errors[i];
			fake.breaks_after = after;
			assert_int_equal(receive_file(MIB, 0), STATUS_NOBODY);
		}
	}
	/* Everything is in the buffer already. */
	start(NULL);
	fake.breaks_with = -SILL_ECONNRESET;
	fake.breaks_after = 500;
	assert_int_equal(send_file(1000, 0), STATUS_NOBODY);
}

/* Its program ends, and takes no more, without an error. */
static void test_the_other_end_closes_in_peace(void **state)
{
	(void)state;
	fake.over_after = 100000;
	assert_int_equal(send_file(MIB, 0), STATUS_NOBODY);
	start(NULL);
	/* All is in the buffer already. */
	fake.over_after = 500;
	assert_int_equal(send_file(1000, 0), STATUS_NOBODY);
	start(NULL);
	/* What it sent before is all there is. */
	fake.over_after = 1000;
	assert_int_equal(receive_file(1000, 0), STATUS_GOOD);
}

static void test_cannot_be_opened(void **state)
{
	struct channel channel = {.command = "send", .name = "test"};

	(void)state;
	fake.open_answers = -SILL_EBUSY;
	assert_int_equal(channel_open(&channel), STATUS_FAILED);
	/* The one before might have been on its way out. */
	assert_in_range(fake.now_us, US_PER_S, 2 * US_PER_S);
	start(NULL);
	fake.open_answers = -SILL_ENOENT;
	assert_int_equal(channel_open(&channel), STATUS_FAILED);
	assert_int_equal(fake.opens, 1);
}

static void test_nobody_comes(void **state)
{
	(void)state;
	fake.appears_us = UINT64_MAX;
	assert_int_equal(send_file(MIB, 30), STATUS_NOBODY);
	assert_in_range(fake.now_us, 30 * US_PER_S, 35 * US_PER_S);
	/* Nor is the CPU burnt meanwhile. */
	assert_in_range(fake.calls, 1, 10 * 30);
	start(NULL);
	fake.appears_us = UINT64_MAX;
	assert_int_equal(send_file(10, 30), STATUS_NOBODY);
	assert_in_range(fake.now_us, 30 * US_PER_S, 35 * US_PER_S);
	start(NULL);
	fake.appears_us = UINT64_MAX;
	assert_int_equal(receive_file(10, 30), STATUS_NOBODY);
	assert_in_range(fake.now_us, 30 * US_PER_S, 35 * US_PER_S);
	assert_in_range(fake.calls, 1, 10 * 30);
}

static void test_somebody_comes_late(void **state)
{
	(void)state;
	fake.appears_us = 20 * US_PER_S;
	assert_int_equal(send_file(MIB, 30), STATUS_GOOD);
	assert_sent(MIB);
	start(NULL);
	fake.appears_us = 20 * US_PER_S;
	assert_int_equal(send_file(10, 30), STATUS_GOOD);
	assert_in_range(fake.now_us, 20 * US_PER_S, 21 * US_PER_S);
	start(NULL);
	fake.appears_us = 20 * US_PER_S;
	assert_int_equal(receive_file(MIB, 30), STATUS_GOOD);
}

static void test_the_other_end_stands_still(void **state)
{
	(void)state;
	fake.reads_most = 100000;
	assert_int_equal(send_file(MIB, 30), STATUS_NOBODY);
	assert_in_range(fake.now_us, 30 * US_PER_S, 50 * US_PER_S);
	start(NULL);
	/* All is in the buffer, and the other end does not take it. */
	fake.reads_most = 100;
	assert_int_equal(send_file(1000, 30), STATUS_NOBODY);
}

/* What recv says on standard error. */
static int receive_told(uint64_t size, uint64_t timeout_s, char *told, size_t room)
{
	FILE *said = tmpfile();
	int before = dup(STDERR_FILENO), fd = file_of(0), status;
	ssize_t length;

	assert_non_null(said);
	fake.to_send = size;
	dup2(fileno(said), STDERR_FILENO);
	status = receive_to(fd, timeout_s);
	dup2(before, STDERR_FILENO);
	close(before);
	length = pread(fileno(said), told, room - 1, 0);
	told[length > 0 ? length : 0] = '\0';
	fclose(said);
	close(fd);
	return status;
}

static void test_recv_gives_up(void **state)
{
	char told[500];

	(void)state;
	for (uint64_t timeout_s = 1; timeout_s <= 20; timeout_s++) {
		/* Nothing comes any more, after 3000 bytes or after 200,000. */
		for (int many = 0; many < 2; many++) {
			uint64_t there = many ? 200000 : 3000, last;

			start(NULL);
			fake.stop_after = there;
			last = there * 1000000 / SERIAL_BPS;
			assert_int_equal(receive_told(MIB, timeout_s, told, sizeof(told)),
					 STATUS_NOBODY);
			assert_int_equal(fake.read, there);
			assert_non_null(strstr(told, "the other end has neither taken nor sent"));
			/* What came last was read up to a pause later. */
			assert_in_range(fake.now_us, last + timeout_s * US_PER_S,
					last + timeout_s * US_PER_S * 2 + 100000);
		}
		/* A silence that is a little shorter than the time-out, in the midst of it. */
		start(NULL);
		fake.stall_us = timeout_s * US_PER_S - 100000;
		fake.stall_every_us = fake.stall_us + 20 * US_PER_S;
		assert_int_equal(receive_file(300000, timeout_s), STATUS_GOOD);
	}
}

static void test_the_file_can_t_be_written(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	fake.to_send = 1000;
	assert_int_equal(receive_to(fd, 0), STATUS_FAILED);
	/* So the other end is not told that all was delivered. */
	assert_false(fake.end_read);
	close(fd);
}

static void test_names(void **state)
{
	(void)state;
	assert_null(channel_name_fault("a"));
	assert_null(channel_name_fault("A-z_0.9"));
	assert_null(channel_name_fault("0123456789012345678901234567890"));
	assert_non_null(channel_name_fault(""));
	assert_non_null(channel_name_fault(".a"));
	assert_non_null(channel_name_fault("a/b"));
	assert_non_null(channel_name_fault("a b"));
	assert_non_null(channel_name_fault("\303\244"));
	assert_non_null(channel_name_fault("01234567890123456789012345678901"));
}

static void test_amounts(void **state)
{
	char text[AMOUNT_TEXT_SIZE];

	(void)state;
	assert_string_equal(amount_text(text, 0), "0 bytes");
	assert_string_equal(amount_text(text, 1023), "1023 bytes");
	assert_string_equal(amount_text(text, 1024), "1.0 KiB");
	assert_string_equal(amount_text(text, 11469), "11.2 KiB");
	assert_string_equal(amount_text(text, 1048575), "1023.9 KiB");
	assert_string_equal(amount_text(text, 1048576), "1.0 MiB");
	assert_string_equal(amount_text(text, 5ull << 40), "5.0 TiB");
	assert_string_equal(amount_text(text, UINT64_MAX), "16777215.9 TiB");
	assert_int_equal(rate_of(1000, 0), 0);
	assert_int_equal(rate_of(1000, 500000), 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sends_a_mib_with_few_calls, start),
		cmocka_unit_test_setup(test_receives_a_mib_with_few_calls, start),
		cmocka_unit_test_setup(test_other_rates, start),
		cmocka_unit_test_setup(test_a_rate_that_is_not_the_line_s, start),
		cmocka_unit_test_setup(test_irregular_lines, start),
		cmocka_unit_test_setup(test_small_files, start),
		cmocka_unit_test_setup(test_short_counts, start),
		cmocka_unit_test_setup(test_slow_file, start),
		cmocka_unit_test_setup(test_small_buffers, start),
		cmocka_unit_test_setup(test_what_arrived_differs, start),
		cmocka_unit_test_setup(test_a_service_has_no_crc32, start),
		cmocka_unit_test_setup(test_what_comes_back_does_not_stop_it, start),
		cmocka_unit_test_setup(test_broken, start),
		cmocka_unit_test_setup(test_the_other_end_closes_in_peace, start),
		cmocka_unit_test_setup(test_cannot_be_opened, start),
		cmocka_unit_test_setup(test_nobody_comes, start),
		cmocka_unit_test_setup(test_somebody_comes_late, start),
		cmocka_unit_test_setup(test_the_other_end_stands_still, start),
		cmocka_unit_test_setup(test_recv_gives_up, start),
		cmocka_unit_test_setup(test_the_file_can_t_be_written, start),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_amounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
