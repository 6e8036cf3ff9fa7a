/* SPDX-License-Identifier: MIT */
/*
 * What a beginner's Multiboot kernel does, with no word about Sill in it: text to the VGA memory,
 * the same to the serial port, its command line and memory, and halt.
 */
#include "small.h"

static void vga(unsigned row, const char *text)
{
	volatile uint16_t *cell = (volatile uint16_t *)0xb8000 + row * 80;

	for (; *text; text++)
		*cell++ = (uint16_t)(0x0700 | (uint8_t)*text);
}

void main(const char *command_line)
{
	/* As such kernels do: cursor off, port initialised as everybody copies it. */
	out8(0x3d4, 0x0a);
	out8(0x3d5, 0x20);
	out8(0x3f9, 0x00);
	out8(0x3fb, 0x80);
	out8(0x3f8, 0x03);
	out8(0x3f9, 0x00);
	out8(0x3fb, 0x03);
	out8(0x3fa, 0xc7);
	out8(0x3fc, 0x0b);
	vga(0, "Hello, kernel world!");
	vga(1, command_line);
	say("plain_kernel: hello, kernel world!\nplain_kernel: command line: ");
	say(command_line);
	say("\n");
	for (;;)
		__asm__ volatile("hlt" : : : "memory");
}
