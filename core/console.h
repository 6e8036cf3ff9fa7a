/* SPDX-License-Identifier: MIT */
/*
 * Where text goes: the serial port and, if there is one, the framebuffer. Sill's lines and the
 * guest's bytes share it; a line of Sill's never begins in the middle of a guest's line, and what
 * several CPUs write in one call each does not mix.
 */
#ifndef SILL_CORE_CONSOLE_H
#define SILL_CORE_CONSOLE_H

#include <sill/handoff.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The serial console; earlier log lines are only in memory. */
void console_start_serial(const struct sill_serial *serial);

/* A whole line of Sill's own, with its newline. */
void console_write_line(const char *line, size_t length);

/* Bytes of the guest's, as they are: "\n" gets no "\r". */
void console_put_guest_bytes(const char *bytes, size_t length);

/* The next byte that a person typed, or -1. Never waits. */
int console_take_byte(void);

/* Waits until all that was written has left the machine. */
void console_flush(void);

/* Is there any console that a byte could reach? */
bool console_present(void);

#endif
