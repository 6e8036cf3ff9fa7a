/* SPDX-License-Identifier: MIT */
/*
 * The handful of C library functions that Sill uses, with their standard meaning. The compiler
 * may call the first four on its own account. Host builds link the C library's instead.
 */
#ifndef SILL_CORE_STRING_H
#define SILL_CORE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *text, int character);

#endif
