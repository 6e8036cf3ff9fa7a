/* SPDX-License-Identifier: MIT */
/* What a guest says of a channel, judged: names, handles, and the indices of its rings. Pure. */
#ifndef SILL_CHANNEL_CHECK_H
#define SILL_CHANNEL_CHECK_H

#include <sill/channel.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether these bytes are a name as sill/channel.h wants one. */
bool channel_name_is_good(const char *name, size_t length);

/* The handle of a place in its nth use (any n): never 0 or an error number, also as 32 bits. */
uint32_t channel_handle(uint32_t place, uint32_t use);

/*
 * A description of rings, copied from the guest before: 0, or -SILL_EINVAL. Whether the pages are
 * the guest's RAM is not for this to know.
 */
__attribute__((warn_unused_result)) int channel_rings_check(const struct sill_channel_rings *rings);

/* What the guest has written of a pair of rings, each index read once. */
struct ring_words {
	uint32_t to_sill_head;
	uint32_t ended;
	uint32_t to_guest_tail;
	uint32_t wake;
};

/* What Sill knows of them by itself: it never reads back what it wrote. */
struct ring_state {
	uint32_t size;		/* bytes of each ring, a power of 2 */
	uint32_t to_sill_tail;	/* bytes that Sill has taken */
	uint32_t to_guest_head; /* bytes that Sill has given */
	uint32_t to_guest_tail; /* of them, those that the guest had taken when it was last seen */
	bool ended;
};

/*
 * Takes note of what the guest says. 0: *to_take bytes wait for Sill, and there is room for
 * *to_give, both at most size. -SILL_EPROTO if that can't be: more bytes than the ring has, an
 * index that goes back, an end that is taken back.
 */
__attribute__((warn_unused_result)) int channel_ring_look(struct ring_state *state,
							  const struct ring_words *words,
							  uint32_t *to_take, uint32_t *to_give);

#endif
