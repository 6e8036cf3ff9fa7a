/* SPDX-License-Identifier: MIT */
/* Does nothing for ever, with interrupts off: only the time limit ends it. */
#include "small.h"

void main(const char *command_line)
{
	(void)command_line;
	say("hang: for ever\n");
	__asm__ volatile("cli\n1:\tjmp 1b" : : : "memory");
}
