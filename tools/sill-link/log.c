/* SPDX-License-Identifier: MIT */
/* The file that keeps the console's text. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tools/sill-link/log.h"
#include "tools/sill-link/report.h"

static const char *path;
static int file = -1;
static bool with_time, in_a_line, has_failed;

int log_begin(const struct options *options)
{
	struct stat there;

	if (options->log == NULL)
		return -1;
	path = options->log;
	with_time = options->log_time;
	/* Not to be kept waiting by a named pipe. */
	file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
	if (file < 0 || fstat(file, &there) != 0) {
		say_error("--log %s: cannot write to it: %s", path, strerror(errno));
		return STATUS_FAILED;
	}
	if (!S_ISREG(there.st_mode)) {
		say_error("--log %s: an ordinary file is wanted, and this is none", path);
		return STATUS_FAILED;
	}
	return -1;
}

static void put(const char *bytes, size_t size)
{
	bool failed = write(file, bytes, size) != (ssize_t)size;

	if (failed && !has_failed)
		say_error("--log %s: text is missing in it from now on: %s", path, strerror(errno));
	has_failed = failed;
}

/* UTC, ISO 8601. */
static void put_time(void)
{
	struct timespec now;
	struct tm parts;
	char text[48];
	size_t size;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	size = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	size += (size_t)snprintf(text + size, sizeof(text) - size, ".%03ldZ ",
				 now.tv_nsec / 1000000);
	put(text, size);
}

void log_text(const char *text, size_t size)
{
	while (file >= 0 && size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t part = end != NULL ? (size_t)(end - text) + 1 : size;

		if (with_time && !in_a_line)
			put_time();
		put(text, part);
		in_a_line = end == NULL;
		text += part;
		size -= part;
	}
}

void log_end(void)
{
	if (file >= 0)
		close(file);
	file = -1;
}
