/* SPDX-License-Identifier: MIT */
/* The guest's own console: the 16550 UART at 3F8h, by polling. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "console.h"
#include "cpu.h"

/* A port where no UART answers reads as FFh: never wait for that one longer than this. */
#define MOST_POLLS 100000

void console_start(void)
{
	out8(UART_IER, 0);
	out8(UART_LCR, 0x80);
	out8(UART_DATA, 1); /* 115200 baud */
	out8(UART_IER, 0);
	out8(UART_LCR, 3); /* 8 bits, no parity, 1 stop bit */
	out8(UART_FCR, 7);
	out8(UART_MCR, 3);
}

static void put_raw(char c)
{
	for (int i = 0; i < MOST_POLLS && !(in8(UART_LSR) & UART_LSR_THRE); i++)
		;
	out8(UART_DATA, (uint8_t)c);
}

void console_put(char c)
{
	if (c == '\n')
		put_raw('\r');
	put_raw(c);
}

char console_get(void)
{
	while (!(in8(UART_LSR) & UART_LSR_DR))
		__asm__ volatile("pause");
	return (char)in8(UART_DATA);
}

struct sink {
	char *buffer; /* NULL: the console */
	unsigned size;
	unsigned length;
};

static void put(struct sink *sink, char c)
{
	if (!sink->buffer)
		console_put(c);
	else if (sink->length + 1 < sink->size)
		sink->buffer[sink->length] = c;
	sink->length++;
}

static void put_number(struct sink *sink, uint64_t value, unsigned base, bool negative, char fill,
		       int width)
{
	char digits[24];
	int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (negative && fill == '0')
		put(sink, '-');
	for (int i = count + negative; i < width; i++)
		put(sink, fill);
	if (negative && fill == ' ')
		put(sink, '-');
	while (count)
		put(sink, digits[--count]);
}

static void put_formatted(struct sink *sink, const char *format, va_list arguments)
{
	for (; *format; format++) {
		char fill = ' ';
		int width = 0;
		bool wide = false;

		if (*format != '%') {
			put(sink, *format);
			continue;
		}
		format++;
		if (*format == '0') {
			fill = '0';
			format++;
		}
		while (*format >= '0' && *format <= '9')
			width = width * 10 + *format++ - '0';
		while (*format == 'l') {
			wide = true;
			format++;
		}
		switch (*format) {
		case 'd': {
			int64_t v = wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);

			put_number(sink, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, v < 0, fill,
				   width);
			break;
		}
		case 'u':
		case 'x': {
			uint64_t v =
				wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);

			put_number(sink, v, *format == 'u' ? 10 : 16, false, fill, width);
			break;
		}
		case 's': {
			const char *text = va_arg(arguments, const char *);
			int length = 0;

			for (; *text; text++, length++)
				put(sink, *text);
			for (; length < width; length++)
				put(sink, ' ');
			break;
		}
		case 'c':
			put(sink, (char)va_arg(arguments, int));
			break;
		default:
			put(sink, *format);
			break;
		}
	}
}

void print(const char *format, ...)
{
	struct sink sink = {NULL, 0, 0};
	va_list arguments;

	va_start(arguments, format);
	put_formatted(&sink, format, arguments);
	va_end(arguments);
}

unsigned print_list_to(char *buffer, unsigned size, const char *format, va_list arguments)
{
	struct sink sink = {buffer, size, 0};

	put_formatted(&sink, format, arguments);
	if (sink.length >= size)
		sink.length = size - 1;
	buffer[sink.length] = 0;
	return sink.length;
}
