/* SPDX-License-Identifier: MIT */
/*
 * The doors laboratory: every way by which a guest can reach what is beneath it, side by side. What
 * it does, the words of the Multiboot command line say, in their order.
 *   measure        what each way costs (the default); without Sill, what each way does then
 *   test[=a,...]   the tests of all ways, or of these ways and doors
 */
#include "console.h"
#include "clock.h"
#include "doors.h"
#include "exceptions.h"
#include "finish.h"
#include "multiboot.h"
#include "paging.h"
#include "way.h"
#include "words.h"

void guest_main(uint32_t magic, const struct multiboot_info *information);

static unsigned measure(void)
{
	if (!sill_present()) {
		try_without_sill();
		return FINISH_GOOD;
	}
	return measure_doors() ? FINISH_GOOD : FINISH_FAILED;
}

void guest_main(uint32_t magic, const struct multiboot_info *information)
{
	unsigned known = 0, status = FINISH_GOOD;
	char *words, *word;

	console_start();
	paging_start();
	exceptions_start();
	if (magic != MULTIBOOT_LOADED) {
		print("doors: not started by a Multiboot loader: EAX was %x\n", magic);
		finish(FINISH_BROKEN);
	}
	clock_start();
	words = words_start(information);
	while ((word = words_next(&words))) {
		const char *list = word_value(word, "test");

		if (list)
			status |= test_doors(list) ? FINISH_FAILED : FINISH_GOOD;
		else if (word_value(word, "measure"))
			status |= measure();
		else
			continue;
		known++;
	}
	if (!known)
		status = measure();
	finish(status);
}
