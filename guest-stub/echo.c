/* SPDX-License-Identifier: MIT */
/* A test of the receive direction: every line comes back. */
#include "console.h"
#include "modes.h"
#include "string.h"

void echo(void)
{
	char line[128];
	unsigned length = 0;

	print("echo: a line with only q ends this\n");
	for (;;) {
		char c = console_get();

		if (c != '\n' && c != '\r') {
			if (length < sizeof(line) - 1)
				line[length++] = c;
			continue;
		}
		line[length] = 0;
		if (!strcmp(line, "q"))
			break;
		if (length)
			print("echo: %s\n", line);
		length = 0;
	}
	print("echo: end\n");
}
