/* SPDX-License-Identifier: MIT */
/* Ends by a jump to guest-physical memory where nothing is (3 GiB). */
#include "small.h"

#define NOWHERE 0xc0000000u

void main(const char *command_line)
{
	(void)command_line;
	say("jump_unmapped: to ");
	say_hex(NOWHERE);
	say("\n");
	((void (*)(void))NOWHERE)();
}
