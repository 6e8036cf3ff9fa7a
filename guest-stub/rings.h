/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of a channel's rings (include/sill/channel.h), as a driver would have it: one
 * pair of them, in this program's own memory.
 */
#ifndef GUEST_RINGS_H
#define GUEST_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sill/channel.h>

#define RINGS_MOST_BYTES (SILL_RINGS_PAGES_MAX * 4096u)

extern struct sill_channel_control rings_control;
extern uint8_t rings_to_sill[RINGS_MOST_BYTES], rings_to_guest[RINGS_MOST_BYTES];

/* The description of them, with so many pages each, and nothing in them. */
struct sill_channel_rings *rings_prepare(uint32_t pages, uint32_t vector);

/* Puts as many bytes in as there is room for; answers how many. Doesn't call Sill. */
size_t rings_put(const void *bytes, size_t size);

/* No more will be put in. */
void rings_end(void);

/* Takes out as many as there are, up to size; answers how many. */
size_t rings_get(void *bytes, size_t size);

/* Whether Sill has to be called for what was moved. */
bool rings_asleep(void);

#endif
