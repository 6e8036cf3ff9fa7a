/* SPDX-License-Identifier: MIT */
/* Ends by a triple fault: an exception, and no IDT to find a handler in. */
#include "small.h"

void main(const char *command_line)
{
	static const struct __attribute__((packed)) {
		uint16_t limit;
		uint32_t base;
	} no_idt = {0, 0};

	(void)command_line;
	say("triple_fault: an exception without an IDT\n");
	__asm__ volatile("lidt %0\n\tud2" : : "m"(no_idt) : "memory");
}
