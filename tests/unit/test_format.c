/* SPDX-License-Identifier: MIT */
/* UNIT: core/format.c */
/* Text formatting against the C library's own snprintf(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/format.h"

#define SAME(...)                                                                 \
	do {                                                                      \
		char ours[128], theirs[128];                                      \
		int our_length = format(ours, sizeof(ours), __VA_ARGS__);         \
		int their_length = snprintf(theirs, sizeof(theirs), __VA_ARGS__); \
		assert_string_equal(ours, theirs);                                \
		assert_int_equal(our_length, their_length);                       \
	} while (0)

static void numbers(void **state)
{
	(void)state;
	SAME("%d %d %d", 0, -1, INT32_MAX);
	SAME("%i", INT32_MIN);
	SAME("%ld %lld", INT64_MIN, (long long)INT64_MAX);
	SAME("%u %lu %llu", UINT32_MAX, UINT64_MAX, (unsigned long long)UINT64_MAX);
	SAME("%x %X %lx %zx", 0xdeadbeefu, 0xdeadbeefu, UINT64_MAX, (size_t)0x1234);
	/* More bits than the format takes: clang would rather have none. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat"
	SAME("%hhx %hx", 0x1ff, 0x1ffff);
#pragma GCC diagnostic pop
	SAME("[%8x] [%08x] [%-8x] [%2x]", 0xabcu, 0xabcu, 0xabcu, 0xabcdefu);
	SAME("[%6d] [%06d] [%-6d]", -42, -42, -42);
	SAME("[%*d] [%0*d]", 7, 5, 7, 5);
}

static void strings(void **state)
{
	(void)state;
	SAME("%s|%10s|%-10s|%.3s|%10.3s|%.*s", "abcdef", "abcdef", "abcdef", "abcdef", "abcdef", 2,
	     "abcdef");
	SAME("%c%c%5c|%-5c|", 'a', 'b', 'c', 'd');
	SAME("100%%");
	SAME("%s", "");
}

static void unterminated_string_with_precision(void **state)
{
	char bytes[3] = {'a', 'b', 'c'};

	(void)state;
	SAME("%.3s", bytes);
}

static void pointers_are_sixteen_digits(void **state)
{
	char text[32];

	(void)state;
	assert_int_equal(format(text, sizeof(text), "%p", (void *)0xffffffff80001234), 16);
	assert_string_equal(text, "ffffffff80001234");
}

static void cuts_at_the_size(void **state)
{
	char text[8] = "xxxxxxx";

	(void)state;
	assert_int_equal(format(text, 4, "%s", "abcdef"), 6);
	assert_string_equal(text, "abc");
	assert_int_equal(text[4], 'x');
	text[0] = 'z';
	assert_int_equal(format(text, 0, "%s", "abcdef"), 6);
	assert_int_equal(text[0], 'z');
	assert_int_equal(format(text, 1, "%d", 12345), 5);
	assert_string_equal(text, "");
}

static void unknown_conversions_are_shown(void **state)
{
	char text[32];
	const char *fmt = "a%qb"; /* not a literal in the call: the compiler would object */

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	assert_int_equal(format(text, sizeof(text), fmt), 4);
#pragma GCC diagnostic pop
	assert_string_equal(text, "a%qb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(strings),
		cmocka_unit_test(unterminated_string_with_precision),
		cmocka_unit_test(pointers_are_sixteen_digits),
		cmocka_unit_test(cuts_at_the_size),
		cmocka_unit_test(unknown_conversions_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
