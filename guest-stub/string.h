/* SPDX-License-Identifier: MIT */
/* The few functions of <string.h> that the guest and its compiler use. */
#ifndef GUEST_STRING_H
#define GUEST_STRING_H

#include <stdbool.h>
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

/* Whether all size bytes at memory have this value. */
bool filled_with(const void *memory, unsigned char value, size_t size);

#endif
