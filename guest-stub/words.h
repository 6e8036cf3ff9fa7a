/* SPDX-License-Identifier: MIT */
/* The words of the Multiboot command line: "name" or "name=value", the value often a list "a,b". */
#ifndef GUEST_WORDS_H
#define GUEST_WORDS_H

#include <stdbool.h>
#include "multiboot.h"

/* The command line as it was given, at most WORDS_MAX - 1 characters of it. Once only. */
#define WORDS_MAX 256
char *words_start(const struct multiboot_info *information);

/* Cuts the next word off; NULL: there is none. */
char *words_next(char **rest);

/* Whether word is this name, alone or with "=value"; the value then, or an empty text. */
const char *word_value(const char *word, const char *name);

/* Whether the list has this name. An empty list has all of them. */
bool word_listed(const char *list, const char *name);

#endif
