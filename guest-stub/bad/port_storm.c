/* SPDX-License-Identifier: MIT */
/*
 * Reads every I/O port in every width and writes to most of them: none may end the guest but the
 * debug-exit port, which is left out. Ends with success.
 */
#include <sill/hypercall.h>
#include "small.h"

#define DEBUG_EXIT_PORT 0xf4u

void main(const char *command_line)
{
	uint32_t sum = 0;

	(void)command_line;
	say("port_storm: all ports\n");
	for (uint32_t port = 0; port < 0x10000; port++) {
		uint8_t byte;
		uint16_t word;
		uint32_t whole;

		__asm__ volatile("inb %w1, %0" : "=a"(byte) : "d"(port));
		__asm__ volatile("inw %w1, %0" : "=a"(word) : "d"(port));
		__asm__ volatile("inl %w1, %0" : "=a"(whole) : "d"(port));
		sum += byte + word + whole;
		/* A wide write may reach the debug-exit port, and the UART and RTC have state. */
		if (port + 3 < DEBUG_EXIT_PORT || port > DEBUG_EXIT_PORT) {
			if (port >= 0x3f5 && port <= 0x3ff)
				continue;
			__asm__ volatile("outb %b0, %w1" : : "a"(port), "d"(port) : "memory");
			__asm__ volatile("outl %0, %w1" : : "a"(port), "d"(port) : "memory");
		}
	}
	say("port_storm: the sum is ");
	say_hex(sum);
	say("\n");
	vmcall(SILL_CALL_EXIT, 0);
}
