/* SPDX-License-Identifier: MIT */
/* The guest's channels: each stream of the link and what it is joined to on this machine. */
#ifndef SILL_TOOLS_LINK_CHANNEL_H
#define SILL_TOOLS_LINK_CHANNEL_H

#include "link/link.h"
#include "tools/sill-link/options.h"

void channels_begin(struct link *link, const struct options *options);

/*
 * After each frame that arrived: takes up streams that the guest has opened, and lets go of those
 * that are gone, before the same number can be used for another.
 */
void channels_look(uint64_t now);

/* Moves bytes, as far as that is possible without waiting. */
void channels_work(uint64_t now);

/* When channels_work() is to be called though no file is ready. */
uint64_t channels_due(uint64_t now);

unsigned int channels_open(void);

/* Lets go of all. */
void channels_end(uint64_t now);

#endif
