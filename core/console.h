/* SPDX-License-Identifier: MIT */
/*
 * Where text goes: the serial port and, if there is one, the framebuffer. Sill's lines and the
 * guest's bytes share it; a line of Sill's never begins in the middle of a guest's line, and what
 * several CPUs write in one call each does not mix.
 */
#ifndef SILL_CORE_CONSOLE_H
#define SILL_CORE_CONSOLE_H

#include <sill/handoff.h>

#include "core/uart.h"

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

struct console_link {
	/* A byte that was typed at its other end, or -1. */
	int (*take)(void);
	/* Waits, for a bounded time, until its other end has the copy. */
	void (*flush)(void);
	/* In a panic: gives console_put_rest() what its other end may not have of the copy. */
	void (*tell_rest)(void);
};

/* The link is there: it reads a copy of the last `size` bytes that went to the console. Once. */
void console_join_link(char *memory, size_t size, const struct console_link *link);

/* Reads from that copy; positions as of core/text_ring.h. */
size_t console_copy_read(uint64_t *from, char *to, size_t room);

/*
 * The link is on the UART with this port. True if it is the console's, too: from now on the link
 * receives what comes there, and gives what was typed to the console.
 */
bool console_share_serial(uint16_t port);
/* Whether the link has the line for itself: then the console doesn't write to it. */
void console_lend_serial(bool lent);

/* The link's own line, if it is another one: panics are shown there, too, as plain text. */
void console_panic_line(struct uart *line);
/* From now on the text goes to all lines; who had one leaves it alone. */
void console_begin_panic(void);
bool console_in_panic(void);
/* Before the panic's own text: what had been said and is still on its way over the link. */
void console_tell_rest(void);
/* A byte of that, to the link's line alone; for console_link.tell_rest. */
void console_put_rest(uint8_t byte);

/* Waits until all that was written has left the machine. */
void console_flush(void);

/* Is there any console that a byte could reach? */
bool console_present(void);

#endif
