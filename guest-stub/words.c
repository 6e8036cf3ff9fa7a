/* SPDX-License-Identifier: MIT */
/* The words of the Multiboot command line, see words.h. */
#include <stddef.h>
#include "string.h"
#include "words.h"

char *words_start(const struct multiboot_info *information)
{
	static char words[WORDS_MAX];

	if (information->flags & MULTIBOOT_INFO_CMDLINE) {
		const char *line = (const char *)(uint64_t)information->cmdline;

		for (unsigned i = 0; i < sizeof(words) - 1 && line[i]; i++)
			words[i] = line[i];
	}
	return words;
}

char *words_next(char **rest)
{
	char *word = *rest;

	while (*word == ' ')
		word++;
	*rest = word;
	if (!*word)
		return NULL;
	while (**rest && **rest != ' ')
		(*rest)++;
	if (**rest)
		*(*rest)++ = 0;
	return word;
}

const char *word_value(const char *word, const char *name)
{
	size_t length = strlen(name);

	if (memcmp(word, name, length))
		return NULL;
	if (!word[length])
		return word + length;
	return word[length] == '=' ? word + length + 1 : NULL;
}

bool word_listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	if (!*list)
		return true;
	while (*list) {
		if (!memcmp(list, name, length) && (!list[length] || list[length] == ','))
			return true;
		while (*list && *list != ',')
			list++;
		if (*list)
			list++;
	}
	return false;
}
