/* SPDX-License-Identifier: MIT */
/* UNIT: boot/load_options.c */
/* What counts as a word said to sill.efi, from a shell's command line or anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/load_options.h"

/* From a block of exactly that size. extra: bytes that follow the characters of text. */
static bool say(const char *text, const char *extra, uint32_t extra_size)
{
	uint32_t length = (uint32_t)strlen(text), size = 2 * length + extra_size;
	uint8_t *options = calloc(1, size ? size : 1);
	bool said;

	assert_non_null(options);
	for (uint32_t i = 0; i < length; i++)
		options[2 * i] = (uint8_t)text[i];
	memcpy(options + 2 * length, extra, extra_size);
	said = load_options_say(options, size, "unload");
	free(options);
	return said;
}

static void last_word(void **state)
{
	(void)state;
	assert_true(say("FS0:\\EFI\\sill\\sill.efi unload", "\0", 2));
	assert_true(say("sill.efi unload", "", 0));
	assert_true(say("sill unload \t", "\0\0\0x", 4));
	assert_true(say("unload", "", 0));
	assert_true(say("sill UnLoad", "", 0));
	assert_false(say("sill.efi", "\0", 2));
	assert_false(say("sill.efi noload", "\0", 2));
	assert_false(say("sill.efi reunload", "\0", 2));
	assert_false(say("sill.efi unload now", "\0", 2));
	assert_false(say("sill.efi unloa", "\0", 2));
	assert_false(say("nload", "", 0));
}

static void not_text(void **state)
{
	static const uint8_t big[0x20000];

	(void)state;
	assert_false(load_options_say(NULL, 0, "unload"));
	assert_false(load_options_say(NULL, 12, "unload"));
	assert_false(load_options_say(big, sizeof(big), "unload"));
	assert_false(say("", "", 0));
	assert_false(say("", "u", 1));
	/* An odd byte at the end is no character; nor is half of one the same as its lower half. */
	assert_true(say("unload", "x", 1));
	assert_false(say("unloa", "d\1", 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_word),
		cmocka_unit_test(not_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
