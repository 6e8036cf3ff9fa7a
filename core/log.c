/* SPDX-License-Identifier: MIT */
/* Sill's own messages; see core/log.h. */
#include "core/log.h"

#include "core/console.h"
#include "core/format.h"
#include "core/memory_log.h"
#include "core/time.h"

static enum sill_log_level threshold = SILL_LOG_INFO;

void log_start(enum sill_log_level level)
{
	threshold = level;
}

bool log_shows(enum sill_log_level level)
{
	return level <= threshold;
}

static const char *level_prefix(enum sill_log_level level)
{
	switch (level) {
	case SILL_LOG_ERROR:
		return "error: ";
	case SILL_LOG_WARNING:
		return "warning: ";
	case SILL_LOG_INFO:
	case SILL_LOG_DEBUG:
		break;
	}
	return "";
}

static void show(const char *prefix, const char *fmt, va_list arguments)
{
	char text[440];
	uint64_t us = time_since_start_us();
	size_t at = (size_t)format(text, sizeof(text), "[%5llu.%06llu] sill: %s",
				   (unsigned long long)(us / 1000000),
				   (unsigned long long)(us % 1000000), prefix);
	size_t length = at + (size_t)vformat(text + at, sizeof(text) - 1 - at, fmt, arguments);

	if (length > sizeof(text) - 2)
		length = sizeof(text) - 2;
	text[length++] = '\n';
	memory_log_append(text, length);
	console_write_line(text, length);
}

void log_line(enum sill_log_level level, const char *fmt, ...)
{
	va_list arguments;

	if (!log_shows(level))
		return;
	va_start(arguments, fmt);
	show(level_prefix(level), fmt, arguments);
	va_end(arguments);
}

void log_always(const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);
	show("", fmt, arguments);
	va_end(arguments);
}

void log_emit(void *context, const char *text)
{
	(void)context;
	log_info("%s", text);
}
