/* SPDX-License-Identifier: MIT */
/* The C library functions of core/string.h for freestanding programs. */
#include "core/string.h"

#include <stdint.h>

/*
 * REP MOVS and STOS: fast on every CPU that has VMX. In a loop written in C the compiler would find
 * a memcpy and call ourselves.
 */
void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	size_t words = size / 8, rest = size % 8;
	void *at = to;

	__asm__ volatile("rep movsq\n\t"
			 "mov %[rest], %%rcx\n\t"
			 "rep movsb"
			 : "+D"(at), "+S"(from), "+&c"(words)
			 : [rest] "r"(rest)
			 : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	if ((uintptr_t)to - (uintptr_t)from >= size)
		return memcpy(to, from, size);

	unsigned char *at = to;
	const unsigned char *source = from;

	while (size-- > 0)
		((volatile unsigned char *)at)[size] = source[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	size_t words = size / 8, rest = size % 8;
	void *at = to;

	__asm__ volatile("rep stosq\n\t"
			 "mov %[rest], %%rcx\n\t"
			 "rep stosb"
			 : "+D"(at), "+&c"(words)
			 : "a"((uint8_t)byte * 0x0101010101010101u), [rest] "r"(rest)
			 : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (size_t i = 0; i < size; i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;

	while (length < limit && text[length] != '\0')
		length++;
	return length;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (size_t i = 0; i < limit; i++) {
		unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];

		if (x != y)
			return x < y ? -1 : 1;
		if (x == '\0')
			return 0;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int character)
{
	for (;; text++) {
		if (*text == (char)character)
			return (char *)(uintptr_t)text;
		if (*text == '\0')
			return NULL;
	}
}
