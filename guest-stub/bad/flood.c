/* SPDX-License-Identifier: MIT */
/*
 * Keeps Sill busy without end, with instructions that each take it far longer than the guest: whole
 * lines sent by REP OUTSB ("kind=outs") or WBINVD ("kind=wbinvd"). Only the time limit ends it.
 */
#include "small.h"

#define LINE 61u

static void outs(void)
{
	static char line[LINE];

	for (uint32_t i = 0; i < LINE - 1; i++)
		line[i] = '.';
	line[LINE - 1] = '\n';
	for (;;) {
		const char *from = line;
		uint32_t count = LINE;

		__asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(0x3f8) : "memory");
	}
}

void main(const char *command_line)
{
	const char *kind = option(command_line, "kind=");

	say("flood: without end\n");
	if (kind && *kind == 'o')
		outs();
	for (;;)
		__asm__ volatile("wbinvd" : : : "memory");
}
