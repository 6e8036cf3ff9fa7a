/* SPDX-License-Identifier: MIT */
/* The file that keeps the console's text. */
#ifndef SILL_TOOLS_LINK_LOG_H
#define SILL_TOOLS_LINK_LOG_H

#include <stddef.h>

#include "tools/sill-link/options.h"

/* An exit status if the file can't be had, else -1. */
int log_begin(const struct options *options);

void log_text(const char *text, size_t size);

void log_end(void);

#endif
