/* SPDX-License-Identifier: MIT */
/* Where text goes; see core/console.h. */
#include "core/console.h"

#include "core/framebuffer.h"
#include "core/output_lock.h"
#include "core/uart.h"

static struct uart serial;

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

/* Terminals on a serial line want a carriage return before each newline. */
static void put_line_byte(char c)
{
	if (c == '\n')
		uart_put(&serial, '\r');
	uart_put(&serial, (uint8_t)c);
	framebuffer_put(c);
}

void console_write_line(const char *line, size_t length)
{
	output_lock(&lock);
	if (in_guest_line) {
		put_line_byte('\n');
		in_guest_line = false;
	}
	for (size_t i = 0; i < length; i++)
		put_line_byte(line[i]);
	output_unlock(&lock);
}

void console_put_guest_bytes(const char *bytes, size_t length)
{
	output_lock(&lock);
	for (size_t i = 0; i < length; i++) {
		uart_put(&serial, (uint8_t)bytes[i]);
		framebuffer_put(bytes[i]);
		in_guest_line = bytes[i] != '\n';
	}
	output_unlock(&lock);
}

void console_flush(void)
{
	uart_flush(&serial);
}

int console_take_byte(void)
{
	return uart_take(&serial);
}
