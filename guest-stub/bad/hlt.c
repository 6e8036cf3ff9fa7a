/* SPDX-License-Identifier: MIT */
/* Halts where no interrupt can come. */
#include "small.h"

void main(const char *command_line)
{
	(void)command_line;
	say("hlt: halting\n");
	__asm__ volatile("cli\n\thlt" : : : "memory");
	say("hlt: woken?\n");
}
