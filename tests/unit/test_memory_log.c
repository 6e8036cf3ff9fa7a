/* SPDX-License-Identifier: MIT */
/* UNIT: core/memory_log.c core/text_ring.c core/output_lock.c */
/* The log in memory: positions, what is overwritten, and locks that a panic has broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/memory_log.h"
#include "core/output_lock.h"

/* All that was ever written. */
static char all[3 * MEMORY_LOG_SIZE];
static size_t written;

static void append(const char *text, size_t length)
{
	memcpy(all + written, text, length);
	written += length;
	memory_log_append(text, length);
}

static void check(uint64_t wanted, size_t room, uint64_t from, size_t length)
{
	char text[64];
	uint64_t at = wanted;

	assert_true(room < sizeof(text));
	memset(text, '~', sizeof(text));
	assert_int_equal(memory_log_read(&at, text, room), length);
	assert_int_equal(at, from);
	assert_memory_equal(text, all + from, length);
	for (size_t i = length; i < sizeof(text); i++)
		assert_int_equal(text[i], '~');
}

static void test_positions(void **state)
{
	(void)state;
	check(0, 40, 0, 0);
	check(1, 40, 0, 0);
	append("first\nsecond\n", 13);
	check(0, 40, 0, 13);
	check(0, 5, 0, 5);
	check(0, 0, 0, 0);
	check(6, 40, 6, 7);
	check(12, 40, 12, 1);
	check(13, 40, 13, 0);
	check(14, 40, 13, 0);
	check(UINT64_MAX, 40, 13, 0);
}

static void test_overwritten(void **state)
{
	char line[32];

	(void)state;
	while (written + sizeof(line) < sizeof(all))
		append(line, (size_t)snprintf(line, sizeof(line), "line at %zu\n", written));
	assert_true(written > 2 * MEMORY_LOG_SIZE);
	check(0, 40, written - MEMORY_LOG_SIZE, 40);
	check(written - MEMORY_LOG_SIZE - 1, 40, written - MEMORY_LOG_SIZE, 40);
	check(written - MEMORY_LOG_SIZE, 40, written - MEMORY_LOG_SIZE, 40);
	check(written - MEMORY_LOG_SIZE + 1, 40, written - MEMORY_LOG_SIZE + 1, 40);
	/* Across the ring's end. */
	check(2 * MEMORY_LOG_SIZE - 7, 40, 2 * MEMORY_LOG_SIZE - 7, 40);
	check(written - 10, 40, written - 10, 10);
	check(written, 40, written, 0);
}

#define LINES 20000

static void *write_lines(void *letter)
{
	char line[32];

	memset(line, *(const char *)letter, sizeof(line) - 1);
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < LINES; i++)
		memory_log_append(line, sizeof(line));
	return NULL;
}

/* Two write, one reads: lines of 32 bytes, each of one letter. */
static void test_several_cpus(void **state)
{
	pthread_t writers[2];
	char letters[] = "ab", text[64];
	uint64_t from = UINT64_MAX, begin, end;
	size_t length;

	(void)state;
	(void)memory_log_read(&from, text, 0);
	begin = from;
	end = begin + 2ull * LINES * 32;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&writers[i], NULL, write_lines, &letters[i]), 0);
	while (from < end) {
		uint64_t wanted = from;

		length = memory_log_read(&from, text, sizeof(text));
		assert_true(from >= wanted);
		for (size_t i = 0; i < length; i++) {
			uint64_t column = (from + i - begin) % 32;

			if (column == 31)
				assert_int_equal(text[i], '\n');
			else if (i > 0 && column > 0)
				assert_int_equal(text[i], text[i - 1]);
			else
				assert_true(text[i] == 'a' || text[i] == 'b');
		}
		from += length;
	}
	assert_int_equal(from, end);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(writers[i], NULL), 0);
}

static void test_broken_lock(void **state)
{
	struct spinlock lock = {0};

	(void)state;
	output_lock(&lock);
	assert_true(lock.held);
	output_unlock(&lock);
	assert_false(lock.held);
	output_lock(&lock);
	output_locks_break();
	output_lock(&lock); /* comes back */
	output_unlock(&lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_overwritten),
		cmocka_unit_test(test_several_cpus),
		cmocka_unit_test(test_broken_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
