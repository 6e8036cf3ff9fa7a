/* SPDX-License-Identifier: MIT */
/* The little that the small 32-bit guests share. */
#include "small.h"

#define CODE32	       0x08
#define DATA32	       0x10
#define GATE_INTERRUPT 0x8e00

struct __attribute__((packed)) table_pointer {
	uint16_t limit;
	uint32_t base;
};

static uint64_t gdt[3];
static uint64_t idt[32];

void say(const char *text)
{
	for (; *text; text++) {
		for (int i = 0; i < 100000 && !(in8(0x3fd) & 0x20); i++)
			;
		if (*text == '\n')
			out8(0x3f8, '\r');
		out8(0x3f8, (uint8_t)*text);
	}
}

void say_hex(uint32_t value)
{
	char text[9];

	for (int i = 0; i < 8; i++)
		text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
	text[8] = 0;
	say(text);
}

const char *option(const char *command_line, const char *name)
{
	for (; *command_line; command_line++) {
		const char *c = command_line, *n = name;

		while (*n && *c == *n) {
			c++;
			n++;
		}
		if (!*n)
			return c;
	}
	return 0;
}

uint32_t hex_number(const char *text, const char **end)
{
	uint32_t value = 0;

	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		text += 2;
	for (;; text++) {
		uint32_t digit;

		if (*text >= '0' && *text <= '9')
			digit = (uint32_t)(*text - '0');
		else if ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'f')
			digit = (uint32_t)((*text | 0x20) - 'a' + 10);
		else
			break;
		value = value << 4 | digit;
	}
	*end = text;
	return value;
}

void flat_segments(void)
{
	const struct table_pointer pointer = {sizeof(gdt) - 1, (uint32_t)gdt};

	gdt[1] = 0x00cf9b000000ffff;
	gdt[2] = 0x00cf93000000ffff;
	__asm__ volatile("lgdt %0\n\t"
			 "ljmp %1, $1f\n"
			 "1: mov %2, %%ds\n\t"
			 "mov %2, %%es\n\t"
			 "mov %2, %%ss"
			 :
			 : "m"(pointer), "i"(CODE32), "r"(DATA32)
			 : "memory");
}

void all_gates(void (*handler)(void))
{
	const struct table_pointer pointer = {sizeof(idt) - 1, (uint32_t)idt};
	uint64_t address = (uint32_t)handler;

	for (unsigned i = 0; i < 32; i++)
		idt[i] = (address & 0xffff) | CODE32 << 16 | (uint64_t)GATE_INTERRUPT << 32 |
			 (address >> 16) << 48;
	__asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}
