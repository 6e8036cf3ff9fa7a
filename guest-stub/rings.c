/* SPDX-License-Identifier: MIT */
/* The guest's side of a channel's rings; see rings.h. */
#include "rings.h"
#include "string.h"

/* It begins a page; what follows it there is of no interest to Sill. */
__attribute__((aligned(4096))) struct sill_channel_control rings_control;
__attribute__((aligned(4096))) uint8_t rings_to_sill[RINGS_MOST_BYTES];
__attribute__((aligned(4096))) uint8_t rings_to_guest[RINGS_MOST_BYTES];

static uint32_t size_of_ring;

struct sill_channel_rings *rings_prepare(uint32_t pages, uint32_t vector)
{
	static struct sill_channel_rings rings;

	memset(&rings_control, 0, sizeof(rings_control));
	memset(&rings, 0, sizeof(rings));
	rings.version = SILL_RINGS_VERSION;
	rings.pages = pages;
	rings.vector = vector;
	rings.control = (uint64_t)&rings_control;
	for (uint32_t i = 0; i < pages && i < SILL_RINGS_PAGES_MAX; i++) {
		rings.to_sill[i] = (uint64_t)rings_to_sill + 4096ull * i;
		rings.to_guest[i] = (uint64_t)rings_to_guest + 4096ull * i;
	}
	size_of_ring = pages * 4096;
	return &rings;
}

/* The other side's word, read once. */
static uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

size_t rings_put(const void *bytes, size_t size)
{
	uint32_t head = rings_control.to_sill_head;
	size_t room = size_of_ring - (head - load(&rings_control.to_sill_tail));

	if (size > room)
		size = room;
	for (size_t done = 0; done < size;) {
		size_t at = (head + done) % size_of_ring, piece = size_of_ring - at;

		if (piece > size - done)
			piece = size - done;
		memcpy(rings_to_sill + at, (const uint8_t *)bytes + done, piece);
		done += piece;
	}
	__atomic_store_n(&rings_control.to_sill_head, head + (uint32_t)size, __ATOMIC_RELEASE);
	return size;
}

void rings_end(void)
{
	__atomic_store_n(&rings_control.ended, 1, __ATOMIC_RELEASE);
}

size_t rings_get(void *bytes, size_t size)
{
	uint32_t tail = rings_control.to_guest_tail;
	size_t used = load(&rings_control.to_guest_head) - tail;

	if (size > used)
		size = used;
	for (size_t done = 0; done < size;) {
		size_t at = (tail + done) % size_of_ring, piece = size_of_ring - at;

		if (piece > size - done)
			piece = size - done;
		memcpy((uint8_t *)bytes + done, rings_to_guest + at, piece);
		done += piece;
	}
	__atomic_store_n(&rings_control.to_guest_tail, tail + (uint32_t)size, __ATOMIC_RELEASE);
	return size;
}

bool rings_asleep(void)
{
	/* What was moved has to be seen before Sill is believed to look. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return load(&rings_control.asleep) != 0;
}
