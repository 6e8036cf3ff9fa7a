/* SPDX-License-Identifier: MIT */
/* Ends by the isa-debug-exit port, with the value of value=V (hexadecimal; 10 without). */
#include "small.h"

void main(const char *command_line)
{
	const char *text = option(command_line, "value=");

	say("debug_exit: writing to port F4h\n");
	out8(0xf4, (uint8_t)(text ? hex_number(text, &text) : 0x10));
	say("debug_exit: still here\n");
}
