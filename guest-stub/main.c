/* SPDX-License-Identifier: MIT */
/*
 * The guest stub: what it does, the words of the Multiboot command line say, in their order.
 *   tap[=group,...]  the test suite, or some of its groups (the default)
 *   demo             each hypercall once, explained for a person who reads along
 *   bench            what each exit costs
 *   echo             sends back every line that the serial port receives; 'q' alone ends it
 */
#include <stddef.h>
#include "console.h"
#include "cpu.h"
#include "exceptions.h"
#include "finish.h"
#include "modes.h"
#include "multiboot.h"
#include "paging.h"
#include "string.h"
#include "suite.h"

#define SHOWN_COMMAND_LINE 256

const struct multiboot_info *multiboot;

void guest_main(uint32_t magic, const struct multiboot_info *information);

/* Whether word is this name, alone or with "=value"; the value then, or an empty text. */
static const char *option(const char *word, const char *name)
{
	size_t length = strlen(name);

	if (memcmp(word, name, length))
		return NULL;
	if (!word[length])
		return word + length;
	return word[length] == '=' ? word + length + 1 : NULL;
}

void guest_main(uint32_t magic, const struct multiboot_info *information)
{
	static char words[SHOWN_COMMAND_LINE];
	char *word = words;
	unsigned seen = 0, unknown = 0, status = FINISH_GOOD;
	bool explain = false;

	console_start();
	paging_start();
	exceptions_start();
	if (magic != MULTIBOOT_LOADED) {
		print("guest-stub: not started by a Multiboot loader: EAX was %x\n", magic);
		finish(FINISH_BROKEN);
	}
	multiboot = information;
	if (information->flags & MULTIBOOT_INFO_CMDLINE) {
		const char *line = (const char *)(uint64_t)information->cmdline;

		for (unsigned i = 0; i < sizeof(words) - 1 && line[i]; i++)
			words[i] = line[i];
	}

	while (*word) {
		char *end = word;
		const char *value;
		char more;

		while (*end && *end != ' ')
			end++;
		more = *end;
		*end = 0;
		if ((value = option(word, "tap"))) {
			if (suite(value))
				status = FINISH_FAILED;
		} else if (option(word, "demo")) {
			explain = demo();
			if (!explain)
				status = FINISH_FAILED;
		} else if (option(word, "bench")) {
			bench();
		} else if (option(word, "echo")) {
			echo();
		} else {
			unknown++;
		}
		seen++;
		word = more ? end + 1 : end;
	}
	if (seen == unknown && suite(""))
		status = FINISH_FAILED;
	if (explain)
		print("exit: I am done, with status %u.\n", status);
	finish(status);
}
