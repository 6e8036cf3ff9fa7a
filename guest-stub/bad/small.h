/* SPDX-License-Identifier: MIT */
/* The little that the small 32-bit guests share. */
#ifndef BAD_SMALL_H
#define BAD_SMALL_H

#include <stdint.h>

/* What each of them does; returning from it halts. */
void main(const char *command_line);

/* To the UART at 3F8h. */
void say(const char *text);
void say_hex(uint32_t value);

/* The text behind name (which ends with '=') in the command line, or a null pointer. */
const char *option(const char *command_line, const char *name);

/* A hexadecimal number with or without 0x; *end: behind it. */
uint32_t hex_number(const char *text, const char **end);

/* An IDT of 32 gates that all lead to handler, and a GDT with flat segments. */
void flat_segments(void);
void all_gates(void (*handler)(void));

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %w1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

/* Sill's hypercall from 32-bit code. */
static inline int32_t vmcall(uint32_t number, uint32_t a)
{
	int32_t answer;

	__asm__ volatile("vmcall" : "=a"(answer) : "a"(number), "b"(a) : "memory");
	return answer;
}

#endif
