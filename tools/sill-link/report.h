/* SPDX-License-Identifier: MIT */
/*
 * What sill-link says on standard error, one line each, and how that, the console's text on
 * standard output and the status line share one terminal.
 */
#ifndef SILL_TOOLS_LINK_REPORT_H
#define SILL_TOOLS_LINK_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses. */
#define STATUS_GOOD   0
#define STATUS_FAILED 1
#define STATUS_USAGE  64

void report_begin(bool quiet, bool verbose, bool status);

/* Always; unless --quiet; only with --verbose. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Before text goes to standard output; and after, with whether it ended with a line's end. */
void report_make_way(void);
void report_text_ended(bool at_line_start);

/* Shows this as the status line, if there is to be one and the cursor is where it can be. */
void report_status(const char *text);

#endif
