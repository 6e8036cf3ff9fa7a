/* SPDX-License-Identifier: MIT */
/* Text formatting: the part of snprintf() that Sill needs. Pure. */
#ifndef SILL_CORE_FORMAT_H
#define SILL_CORE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Writes at most size bytes, the final NUL included (size 0: writes nothing), and returns the
 * length that the whole text has. Conversions: %d %i %u %x %X %c %s %p %%, with the flags '-' and
 * '0', a width (a number or *), a precision for %s, and the lengths hh, h, l, ll, z. Anything
 * else is copied as it stands, so that a mistake is seen and not guessed at.
 */
__attribute__((format(printf, 3, 4))) int format(char *buffer, size_t size, const char *fmt, ...);
int vformat(char *buffer, size_t size, const char *fmt, va_list arguments);

#endif
