/* SPDX-License-Identifier: MIT */
/* What sill-link says on standard error. */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/sill-link/report.h"

#define ERASE_LINE "\r\033[K"

static bool be_quiet, be_verbose;
static bool error_is_terminal, output_is_terminal;
static bool status_wanted, status_shown;
static bool output_at_line_start = true;

void report_begin(bool quiet, bool verbose, bool status)
{
	be_quiet = quiet;
	be_verbose = verbose;
	error_is_terminal = isatty(STDERR_FILENO) == 1;
	output_is_terminal = isatty(STDOUT_FILENO) == 1;
	status_wanted = status && error_is_terminal;
}

/* A terminal stopped with Ctrl-S does not stop the link: it misses what is said. */
static void put(const char *text, size_t size)
{
	struct pollfd error = {.fd = STDERR_FILENO, .events = POLLOUT};

	if (poll(&error, 1, 0) == 1 && (error.revents & POLLOUT)) {
		if (write(STDERR_FILENO, text, size) < 0)
			return;
	}
}

void report_make_way(void)
{
	if (status_shown)
		put(ERASE_LINE, strlen(ERASE_LINE));
	status_shown = false;
}

void report_text_ended(bool at_line_start)
{
	output_at_line_start = at_line_start;
}

void report_status(const char *text)
{
	char line[256];
	int size;

	if (!status_wanted || (output_is_terminal && !output_at_line_start))
		return;
	size = snprintf(line, sizeof(line), ERASE_LINE "%s", text);
	put(line, (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1);
	status_shown = true;
}

static void say(const char *format, va_list arguments)
{
	char line[2048] = "\nsill-link: ";
	size_t prefix = strlen(line);
	size_t room = sizeof(line) - prefix - 1;
	size_t size;
	/* A line of its own, though the guest's text may have stopped in the midst of one. */
	bool broken_line = error_is_terminal && output_is_terminal && !output_at_line_start;
	int wanted = vsnprintf(line + prefix, room, format, arguments);

	if (wanted < 0)
		return;
	size = prefix + ((size_t)wanted < room ? (size_t)wanted : room - 1);
	line[size++] = '\n';
	report_make_way();
	if (broken_line) {
		put(line, size);
		output_at_line_start = true;
	} else {
		put(line + 1, size - 1);
	}
}

void say_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments);
	va_end(arguments);
}

void say_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (!be_quiet)
		say(format, arguments);
	va_end(arguments);
}

void say_detail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (be_verbose)
		say(format, arguments);
	va_end(arguments);
}
