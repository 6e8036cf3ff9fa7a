/* SPDX-License-Identifier: MIT */
/* What a guest says of a channel, judged; see channel/check.h. */
#include "channel/check.h"

#include <sill/errno.h>

#define PAGE 4096u

static bool is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

bool channel_name_is_good(const char *name, size_t length)
{
	if (length == 0 || length > SILL_CHANNEL_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!is_name_character(name[i]))
			return false;
	}
	return true;
}

uint32_t channel_handle(uint32_t place, uint32_t use)
{
	/* 23 bits of the use, and never 0 of them: below 80000000h, not below 256. */
	return place | (use % 0x7fffff + 1) << 8;
}

static bool page_is_good(uint64_t gpa)
{
	return gpa % PAGE == 0;
}

int channel_rings_check(const struct sill_channel_rings *rings)
{
	const uint64_t *const lists[] = {rings->to_sill, rings->to_guest};
	uint64_t pages[2 * SILL_RINGS_PAGES_MAX + 1];
	uint32_t count = 0;

	if (rings->version != SILL_RINGS_VERSION || rings->reserved != 0 || rings->pages == 0 ||
	    rings->pages > SILL_RINGS_PAGES_MAX || (rings->pages & (rings->pages - 1)) != 0 ||
	    rings->vector > 255 || (rings->vector > 0 && rings->vector < 32))
		return -SILL_EINVAL;
	pages[count++] = rings->control;
	for (uint32_t list = 0; list < 2; list++) {
		for (uint32_t i = 0; i < SILL_RINGS_PAGES_MAX; i++) {
			if (i < rings->pages)
				pages[count++] = lists[list][i];
			else if (lists[list][i] != 0)
				return -SILL_EINVAL;
		}
	}
	/* A page in two places would be a ring that writes over itself, or over the indices. */
	for (uint32_t i = 0; i < count; i++) {
		if (!page_is_good(pages[i]))
			return -SILL_EINVAL;
		for (uint32_t j = 0; j < i; j++) {
			if (pages[i] == pages[j])
				return -SILL_EINVAL;
		}
	}
	return 0;
}

int channel_ring_look(struct ring_state *state, const struct ring_words *words, uint32_t *to_take,
		      uint32_t *to_give)
{
	uint32_t waiting = words->to_sill_head - state->to_sill_tail;
	uint32_t given = state->to_guest_head - state->to_guest_tail;
	uint32_t taken = words->to_guest_tail - state->to_guest_tail;

	/* A head that went back is, modulo 2^32, far ahead. */
	if (waiting > state->size || taken > given || (state->ended && waiting != 0) ||
	    words->ended > 1 || (state->ended && words->ended == 0))
		return -SILL_EPROTO;
	state->to_guest_tail = words->to_guest_tail;
	*to_take = waiting;
	*to_give = state->size - (given - taken);
	return 0;
}
