/* SPDX-License-Identifier: MIT */
/* Names of exit reasons, for traces, statistics and diagnoses. */
#include <stddef.h>
#include <stdint.h>

#include "core/string.h"
#include "vmx/exit_reason.h"

static const uint8_t reasons[] = {
#define X(number, name, text) (number),
	EXIT_REASONS(X)
#undef X
};

/* One after another, without a pointer to each. */
static const char words[] = {
#define X(number, name, text) text "\0"
	EXIT_REASONS(X)
#undef X
};

const char *exit_reason_words(uint32_t reason)
{
	const char *at = words;

	for (size_t i = 0; i < sizeof(reasons); i++) {
		if (reasons[i] == EXIT_REASON_BASIC(reason))
			return at;
		at += strlen(at) + 1;
	}
	return "unknown exit reason";
}
