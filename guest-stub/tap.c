/* SPDX-License-Identifier: MIT */
/* Test results in the Test Anything Protocol, one line each on the console. */
#include <stdarg.h>
#include "console.h"
#include "finish.h"
#include "tap.h"

static unsigned tests, failures;

/* Names are made of text and numbers only: one va_list user of its own is not worth having. */
#define FORMAT_NAME(name, format)                                     \
	do {                                                          \
		va_list arguments;                                    \
		va_start(arguments, format);                          \
		print_list_to(name, sizeof(name), format, arguments); \
		va_end(arguments);                                    \
	} while (0)

void tap_start(void)
{
	print("TAP version 13\n");
}

static void result(bool good, const char *name)
{
	tests++;
	if (!good)
		failures++;
	print("%s %u - %s\n", good ? "ok" : "not ok", tests, name);
}

bool tap_ok(bool good, const char *format, ...)
{
	char name[160];

	FORMAT_NAME(name, format);
	result(good, name);
	return good;
}

bool tap_equal(uint64_t got, uint64_t expected, const char *format, ...)
{
	char name[160];

	FORMAT_NAME(name, format);
	result(got == expected, name);
	if (got != expected)
		print("# got %lx (%ld), expected %lx (%ld)\n", got, (int64_t)got, expected,
		      (int64_t)expected);
	return got == expected;
}

void tap_note(const char *format, ...)
{
	char text[160];

	FORMAT_NAME(text, format);
	print("# %s\n", text);
}

void tap_skip(const char *name, const char *reason)
{
	tests++;
	print("ok %u - %s # SKIP %s\n", tests, name, reason);
}

void tap_bail_out(const char *format, ...)
{
	char text[160];

	FORMAT_NAME(text, format);
	print("Bail out! %s\n", text);
	finish(FINISH_BROKEN);
}

unsigned tap_end(void)
{
	print("1..%u\n", tests);
	if (failures)
		print("# %u of %u tests failed\n", failures, tests);
	return failures;
}
