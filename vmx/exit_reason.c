/* SPDX-License-Identifier: MIT */
/* Names of exit reasons, for traces, statistics and diagnoses. */
#include <stdint.h>

#include "vmx/exit_reason.h"

static const char *const words[EXIT_REASON_COUNT] = {
#define X(number, name, text) [number] = (text),
	EXIT_REASONS(X)
#undef X
};

const char *exit_reason_words(uint32_t reason)
{
	uint32_t basic = EXIT_REASON_BASIC(reason);

	return basic < EXIT_REASON_COUNT && words[basic] ? words[basic] : "unknown exit reason";
}
