/* SPDX-License-Identifier: MIT */
/* What sill.efi was told; see boot/load_options.h. */
#include "boot/load_options.h"

#include "core/string.h"

#define MAX_OPTIONS 65536u /* bytes */

static uint16_t character(const uint8_t *options, uint32_t at)
{
	uint16_t c = (uint16_t)(options[2 * at] | options[2 * at + 1] << 8);

	return c >= 'A' && c <= 'Z' ? (uint16_t)(c + ('a' - 'A')) : c;
}

static bool is_blank(uint16_t c)
{
	return c == ' ' || c == '\t';
}

bool load_options_say(const void *options, uint32_t size, const char *word)
{
	uint32_t length = (uint32_t)strlen(word), count = 0;

	if (options == NULL || size > MAX_OPTIONS)
		return false;
	while (2 * count + 1 < size && character(options, count) != 0)
		count++;
	while (count > 0 && is_blank(character(options, count - 1)))
		count--;
	if (count < length || (count > length && !is_blank(character(options, count - length - 1))))
		return false;
	for (uint32_t i = 0; i < length; i++) {
		if (character(options, count - length + i) != (uint8_t)word[i])
			return false;
	}
	return true;
}
