/* SPDX-License-Identifier: MIT */
/*
 * The guest stub: what it does, the words of the Multiboot command line say, in their order.
 *   tap[=group,...]  the test suite, or some of its groups (the default)
 *   demo             each hypercall once, explained for a person who reads along
 *   bench            what each exit costs
 *   echo             sends back every line that the serial port receives; 'q' alone ends it
 */
#include "console.h"
#include "cpu.h"
#include "exceptions.h"
#include "finish.h"
#include "modes.h"
#include "multiboot.h"
#include "paging.h"
#include "suite.h"
#include "words.h"

const struct multiboot_info *multiboot;

void guest_main(uint32_t magic, const struct multiboot_info *information);

void guest_main(uint32_t magic, const struct multiboot_info *information)
{
	char *words, *word;
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
	words = words_start(information);
	while ((word = words_next(&words))) {
		const char *value;

		if ((value = word_value(word, "tap"))) {
			if (suite(value))
				status = FINISH_FAILED;
		} else if (word_value(word, "demo")) {
			explain = demo();
			if (!explain)
				status = FINISH_FAILED;
		} else if (word_value(word, "bench")) {
			bench();
		} else if (word_value(word, "echo")) {
			echo();
		} else {
			unknown++;
		}
		seen++;
	}
	if (seen == unknown && suite(""))
		status = FINISH_FAILED;
	if (explain)
		print("exit: I am done, with status %u.\n", status);
	finish(status);
}
