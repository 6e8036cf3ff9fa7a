/* SPDX-License-Identifier: MIT */
/*
 * Sill's own messages: one line each, with a timestamp, filtered by level, on every console and in
 * memory (core/memory_log.h).
 *
 *     [   12.345678] sill: text
 *
 * Callable anywhere in the core, on every CPU, but in NMI handlers only by a panic.
 */
#ifndef SILL_CORE_LOG_H
#define SILL_CORE_LOG_H

#include <sill/handoff.h>

#include <stdarg.h>
#include <stdbool.h>

/* Lines below level (less urgent) are dropped from now on. */
void log_start(enum sill_log_level level);

/* Would such a line be shown? For what takes long to find out. */
bool log_shows(enum sill_log_level level);

/* The text carries no newline. Texts of over 400 bytes are cut. */
__attribute__((format(printf, 2, 3))) void log_line(enum sill_log_level level, const char *fmt,
						    ...);

/* Shown at every level, and without a word for it: what programs wait for. */
__attribute__((format(printf, 1, 2))) void log_always(const char *fmt, ...);

#define log_error(...)	 log_line(SILL_LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(SILL_LOG_WARNING, __VA_ARGS__)
#define log_info(...)	 log_line(SILL_LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_line(SILL_LOG_DEBUG, __VA_ARGS__)

/* For code that explains itself line by line through a callback (context is unused). */
void log_emit(void *context, const char *text);

#endif
