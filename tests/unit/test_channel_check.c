/* SPDX-License-Identifier: MIT */
/* UNIT: channel/check.c */
/* What a guest says of a channel, judged: names, handles, descriptions of rings, and indices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sill/errno.h>

#include "channel/check.h"

static void names(void **state)
{
	(void)state;
	for (unsigned int c = 0; c < 256; c++) {
		char name[2] = {(char)c, 'x'};
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			      (c >= '0' && c <= '9') || c == '_' || c == '-';

		assert_int_equal(channel_name_is_good(name, 1), letter);
		assert_int_equal(channel_name_is_good(name, 2), letter);
		name[1] = (char)c;
		name[0] = 'x';
		assert_int_equal(channel_name_is_good(name, 2), letter || c == '.');
	}
	assert_false(channel_name_is_good("", 0));
	assert_true(channel_name_is_good("0123456789012345678901234567890", 31));
	assert_false(channel_name_is_good("01234567890123456789012345678901", 32));
}

static void handles(void **state)
{
	static const uint32_t uses[] = {0, 1, 255, 0x7ffffe, 0x7fffff, 0x800000, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		for (uint32_t place = 0; place < SILL_CHANNELS_MAX; place++) {
			uint32_t handle = channel_handle(place, uses[i]);

			assert_true(handle >= SILL_CHANNEL_FIRST_HANDLE && handle <= INT32_MAX);
			assert_int_equal(SILL_CHANNEL_PLACE(handle), place);
			assert_int_not_equal(handle, channel_handle(place, uses[i] + 1));
		}
	}
}

static struct sill_channel_rings good_rings(uint32_t pages)
{
	struct sill_channel_rings rings = {
		.version = SILL_RINGS_VERSION, .pages = pages, .control = 0x1000};

	for (uint32_t i = 0; i < pages; i++) {
		rings.to_sill[i] = 0x100000 + 0x1000 * i;
		rings.to_guest[i] = 0x200000 + 0x1000 * i;
	}
	return rings;
}

static void descriptions(void **state)
{
	(void)state;
	for (uint32_t pages = 0; pages <= 40; pages++) {
		bool power = pages == 1 || pages == 2 || pages == 4 || pages == 8 || pages == 16;
		struct sill_channel_rings rings = good_rings(pages <= 16 ? pages : 16);

		rings.pages = pages;
		assert_int_equal(channel_rings_check(&rings), power ? 0 : -SILL_EINVAL);
	}
	for (uint32_t vector = 0; vector < 300; vector++) {
		struct sill_channel_rings rings = good_rings(4);

		rings.vector = vector;
		assert_int_equal(channel_rings_check(&rings),
				 vector == 0 || (vector >= 32 && vector <= 255) ? 0 : -SILL_EINVAL);
	}
	/* Each page beside each other one. */
	for (uint32_t a = 0; a < 33; a++) {
		for (uint32_t b = 0; b < a; b++) {
			struct sill_channel_rings rings = good_rings(16);
			uint64_t *pages[33] = {&rings.control};

			for (uint32_t i = 0; i < 16; i++) {
				pages[1 + i] = &rings.to_sill[i];
				pages[17 + i] = &rings.to_guest[i];
			}
			*pages[a] = *pages[b];
			assert_int_equal(channel_rings_check(&rings), -SILL_EINVAL);
		}
	}
}

#define SIZE 4096u

/* What the guest says next, and what has to come of it. */
static void look(struct ring_state *state, uint32_t head, uint32_t tail, uint32_t ended, int error,
		 uint32_t take, uint32_t give)
{
	struct ring_words words = {.to_sill_head = head, .to_guest_tail = tail, .ended = ended};
	uint32_t to_take = 0, to_give = 0;

	assert_int_equal(channel_ring_look(state, &words, &to_take, &to_give), error);
	if (error != 0)
		return;
	assert_int_equal(to_take, take);
	assert_int_equal(to_give, give);
}

static void indices(void **state)
{
	/* Around the end of 32 bits. */
	static const uint32_t starts[] = {0, 1000, UINT32_MAX - 4095, UINT32_MAX - 100, UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		const uint32_t at = starts[i];
		struct ring_state ring = {
			.size = SIZE, .to_sill_tail = at, .to_guest_head = at, .to_guest_tail = at};

		look(&ring, at, at, 0, 0, 0, SIZE);
		look(&ring, at + 1, at, 0, 0, 1, SIZE);
		look(&ring, at + SIZE, at, 0, 0, SIZE, SIZE);
		look(&ring, at + SIZE + 1, at, 0, -SILL_EPROTO, 0, 0);
		look(&ring, at - 1, at, 0, -SILL_EPROTO, 0, 0);
		look(&ring, at, at + 1, 0, -SILL_EPROTO, 0, 0);
		ring.to_guest_head = at + SIZE;
		look(&ring, at, at, 0, 0, 0, 0);
		look(&ring, at, at + 10, 0, 0, 0, 10);
		look(&ring, at, at + 9, 0, -SILL_EPROTO, 0, 0);
		look(&ring, at, at + SIZE, 0, 0, 0, SIZE);
		look(&ring, at, at + SIZE + 1, 0, -SILL_EPROTO, 0, 0);
		look(&ring, at + 5, at + SIZE, 1, 0, 5, SIZE);
		look(&ring, at + 5, at + SIZE, 2, -SILL_EPROTO, 0, 0);
		ring.to_sill_tail = at + 5;
		ring.ended = true;
		look(&ring, at + 5, at + SIZE, 1, 0, 0, SIZE);
		look(&ring, at + 5, at + SIZE, 0, -SILL_EPROTO, 0, 0);
		look(&ring, at + 6, at + SIZE, 1, -SILL_EPROTO, 0, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(handles),
		cmocka_unit_test(descriptions),
		cmocka_unit_test(indices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
