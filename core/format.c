/* SPDX-License-Identifier: MIT */
/* Text formatting; see core/format.h. */
#include "core/format.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
	char *buffer;
	size_t size;
	size_t length; /* of the whole text, whether it fitted or not */
};

static void put(struct output *out, char c)
{
	if (out->length + 1 < out->size)
		out->buffer[out->length] = c;
	out->length++;
}

struct conversion {
	bool left, zero;
	size_t width;
	size_t precision; /* SIZE_MAX = none given */
	int bytes;	  /* the integer argument is this wide: 1, 2, 4 or 8 */
};

static void put_padded(struct output *out, const struct conversion *conversion, const char *sign,
		       const char *text, size_t length)
{
	size_t sign_length = sign[0] != '\0';
	size_t total = length + sign_length;
	size_t padding = conversion->width > total ? conversion->width - total : 0;
	bool zero = conversion->zero && !conversion->left;

	for (size_t i = 0; !conversion->left && !zero && i < padding; i++)
		put(out, ' ');
	if (sign_length != 0)
		put(out, sign[0]);
	for (size_t i = 0; zero && i < padding; i++)
		put(out, '0');
	for (size_t i = 0; i < length; i++)
		put(out, text[i]);
	for (size_t i = 0; conversion->left && i < padding; i++)
		put(out, ' ');
}

static void put_number(struct output *out, const struct conversion *conversion, uint64_t value,
		       bool negative, unsigned int base, bool capitals)
{
	const char *digits = capitals ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[20];
	size_t at = sizeof(text);

	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value != 0);
	put_padded(out, conversion, negative ? "-" : "", text + at, sizeof(text) - at);
}

static size_t parse_decimal(const char **fmt)
{
	size_t value = 0;

	while (**fmt >= '0' && **fmt <= '9' && value < 1000)
		value = value * 10 + (size_t)(*(*fmt)++ - '0');
	return value;
}

static int parse_length(const char **fmt)
{
	switch (**fmt) {
	case 'h':
		++*fmt;
		if (**fmt != 'h')
			return 2;
		++*fmt;
		return 1;
	case 'l':
		++*fmt;
		if (**fmt == 'l')
			++*fmt;
		return 8;
	case 'z':
		++*fmt;
		return 8;
	default:
		return 4;
	}
}

/* va_list is an array type on x86-64; a structure around it can be passed by address. */
struct arguments {
	va_list list;
};

static uint64_t next_unsigned(struct arguments *arguments, int bytes)
{
	if (bytes == 8)
		return va_arg(arguments->list, uint64_t);

	uint32_t value = va_arg(arguments->list, uint32_t);

	return bytes == 1 ? (uint8_t)value : bytes == 2 ? (uint16_t)value : value;
}

static int64_t next_signed(struct arguments *arguments, int bytes)
{
	if (bytes == 8)
		return va_arg(arguments->list, int64_t);

	int32_t value = va_arg(arguments->list, int32_t);

	return bytes == 1 ? (int8_t)value : bytes == 2 ? (int16_t)value : value;
}

static void parse_conversion(const char **fmt, struct conversion *conversion,
			     struct arguments *arguments)
{
	for (;; ++*fmt) {
		if (**fmt == '-')
			conversion->left = true;
		else if (**fmt == '0')
			conversion->zero = true;
		else
			break;
	}
	if (**fmt == '*') {
		int width = va_arg(arguments->list, int);

		conversion->width = width > 0 ? (size_t)width : 0;
		++*fmt;
	} else {
		conversion->width = parse_decimal(fmt);
	}
	if (**fmt == '.') {
		++*fmt;
		if (**fmt == '*') {
			int precision = va_arg(arguments->list, int);

			conversion->precision = precision >= 0 ? (size_t)precision : SIZE_MAX;
			++*fmt;
		} else {
			conversion->precision = parse_decimal(fmt);
		}
	}
	conversion->bytes = parse_length(fmt);
}

static void put_string(struct output *out, const struct conversion *conversion, const char *text)
{
	size_t length = 0;

	if (text == NULL)
		text = "(null)";
	while (length < conversion->precision && text[length] != '\0')
		length++;
	put_padded(out, &(struct conversion){.left = conversion->left, .width = conversion->width},
		   "", text, length);
}

static void put_conversion(struct output *out, const char **fmt, struct arguments *arguments)
{
	const char *start = *fmt;
	struct conversion conversion = {.precision = SIZE_MAX};

	++*fmt;
	parse_conversion(fmt, &conversion, arguments);

	char c = **fmt;

	if (c != '\0')
		++*fmt;
	switch (c) {
	case '%':
		put(out, '%');
		break;
	case 'c': {
		char character = (char)va_arg(arguments->list, int);

		put_padded(out, &conversion, "", &character, 1);
		break;
	}
	case 's':
		put_string(out, &conversion, va_arg(arguments->list, const char *));
		break;
	case 'd':
	case 'i': {
		int64_t value = next_signed(arguments, conversion.bytes);
		uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

		put_number(out, &conversion, magnitude, value < 0, 10, false);
		break;
	}
	case 'u':
		put_number(out, &conversion, next_unsigned(arguments, conversion.bytes), false, 10,
			   false);
		break;
	case 'x':
	case 'X':
		put_number(out, &conversion, next_unsigned(arguments, conversion.bytes), false, 16,
			   c == 'X');
		break;
	case 'p':
		conversion.width = 16;
		conversion.zero = true;
		put_number(out, &conversion, (uintptr_t)va_arg(arguments->list, void *), false, 16,
			   false);
		break;
	default:
		while (start < *fmt)
			put(out, *start++);
		break;
	}
}

int vformat(char *buffer, size_t size, const char *fmt, va_list list)
{
	struct output out = {.buffer = buffer, .size = size};
	struct arguments arguments;

	va_copy(arguments.list, list);
	while (*fmt != '\0') {
		if (*fmt == '%')
			put_conversion(&out, &fmt, &arguments);
		else
			put(&out, *fmt++);
	}
	va_end(arguments.list);
	if (size > 0)
		buffer[out.length < size ? out.length : size - 1] = '\0';
	return (int)out.length;
}

int format(char *buffer, size_t size, const char *fmt, ...)
{
	va_list arguments;

	va_start(arguments, fmt);

	int length = vformat(buffer, size, fmt, arguments);

	va_end(arguments);
	return length;
}
