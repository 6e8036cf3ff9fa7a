/* SPDX-License-Identifier: MIT */
/* A line on the terminal that shows what the link does. */
#ifndef SILL_TOOLS_LINK_STATUS_H
#define SILL_TOOLS_LINK_STATUS_H

#include "link/link.h"

void status_begin(bool wanted);

/* Draws it anew if it is time. */
void status_work(const struct link *link, bool joined, unsigned int channels, uint64_t now);

uint64_t status_due(void);

#endif
