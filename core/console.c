/* SPDX-License-Identifier: MIT */
/* Where text goes; see core/console.h. */
#include "core/console.h"

#include "core/framebuffer.h"
#include "core/memory_log.h"
#include "core/output_lock.h"
#include "core/text_ring.h"
#include "core/uart.h"

static struct uart serial;

/* The serial line is the link's for the time being: its text goes over the link instead. */
static bool serial_lent;
/* At any time it is the link that looks what has arrived there. */
static bool serial_shared;

/* What the link shows at its other end, and gets from there. */
static struct text_ring copy;
static const struct console_link *link;

/* In a panic the link's line, which nobody looks after any more, is a console like the other. */
static struct uart *line_in_panic;
static bool in_panic;

/* Around a line of Sill's or a piece of the guest's. */
static struct spinlock lock;

/* The guest has begun a line and not ended it. */
static bool in_guest_line;

void console_start_serial(const struct sill_serial *settings)
{
	uart_start(&serial, (uint16_t)settings->port, settings->baud);
}

bool console_present(void)
{
	return uart_present(&serial) || framebuffer_present();
}

__attribute__((cold, noinline)) static void put_elsewhere(uint8_t byte)
{
	if (!serial_lent || in_panic)
		uart_put(&serial, byte);
	if (in_panic && line_in_panic != NULL)
		uart_put(line_in_panic, byte);
}

static inline void put_serial(uint8_t byte)
{
	if (__builtin_expect(serial_lent | in_panic, false))
		put_elsewhere(byte);
	else
		uart_put(&serial, byte);
}

static inline void put_copy(const char *text, size_t length)
{
	if (copy.size != 0)
		text_ring_append(&copy, text, length);
}

/* Terminals on a serial line want a carriage return before each newline. */
static void put_line_byte(char c)
{
	if (c == '\n')
		put_serial('\r');
	put_serial((uint8_t)c);
	framebuffer_put(c);
}

void console_write_line(const char *line, size_t length)
{
	output_lock(&lock);
	if (in_guest_line) {
		put_line_byte('\n');
		put_copy("\n", 1);
		in_guest_line = false;
	}
	for (size_t i = 0; i < length; i++)
		put_line_byte(line[i]);
	put_copy(line, length);
	output_unlock(&lock);
}

void console_put_guest_bytes(const char *bytes, size_t length)
{
	output_lock(&lock);
	for (size_t i = 0; i < length; i++) {
		put_serial((uint8_t)bytes[i]);
		framebuffer_put(bytes[i]);
		in_guest_line = bytes[i] != '\n';
	}
	put_copy(bytes, length);
	output_unlock(&lock);
}

void console_flush(void)
{
	if (link != NULL && !in_panic)
		link->flush();
	uart_flush(&serial);
	if (in_panic && line_in_panic != NULL)
		uart_flush(line_in_panic);
}

int console_take_byte(void)
{
	int byte = serial_shared ? -1 : uart_take(&serial);

	return byte >= 0 || link == NULL ? byte : link->take();
}

void console_join_link(char *memory, size_t size, const struct console_link *new_link)
{
	char piece[128];
	uint64_t from = 0;
	size_t count;

	copy.memory = memory;
	copy.size = size;
	/* What was said until now were lines of Sill's alone. */
	while ((count = memory_log_read(&from, piece, sizeof(piece))) > 0) {
		text_ring_append(&copy, piece, count);
		from += count;
	}
	link = new_link;
}

size_t console_copy_read(uint64_t *from, char *to, size_t room)
{
	return text_ring_read(&copy, from, to, room);
}

bool console_share_serial(uint16_t port)
{
	serial_shared = uart_present(&serial) && serial.port == port;
	return serial_shared;
}

void console_lend_serial(bool lent)
{
	serial_lent = lent;
}

void console_panic_line(struct uart *line)
{
	line_in_panic = line;
}

void console_begin_panic(void)
{
	in_panic = true;
	/* What is in the FIFO is not known: the link may have filled it. */
	serial.room = 0;
	/* The end of a frame that may be on its way: what follows is text. */
	if (copy.size != 0)
		put_serial('\0');
}

bool console_in_panic(void)
{
	return __atomic_load_n(&in_panic, __ATOMIC_RELAXED);
}

void console_tell_rest(void)
{
	if (link != NULL)
		link->tell_rest();
}

void console_put_rest(uint8_t byte)
{
	uart_put(line_in_panic != NULL ? line_in_panic : &serial, byte);
}
