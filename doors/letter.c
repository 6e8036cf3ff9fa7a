/* SPDX-License-Identifier: MIT */
/* Letters; see doors/letter.h. The guest may write to them all the time, also from another CPU. */
#include "doors/letter.h"

#include <sill/doors.h>
#include <sill/errno.h>

#include "core/spinlock.h"
#include "core/string.h"
#include "core/window.h"
#include "doors/service.h"

_Static_assert(sizeof(struct sill_letter) == 4096, "a letter is a page");

/* In underlay mode several CPUs look after the same page: each letter is answered once. */
static struct spinlock lock;

/* The header's words are read once each, the data is copied before a service sees it. */
static uint64_t answer(void *context, void *page)
{
	volatile struct sill_letter *letter = page;
	uint8_t block[SILL_BLOCK_MAX];
	int64_t result = -SILL_E2BIG;
	uint32_t service, size;

	if (letter->state != SILL_LETTER_SENT)
		return 0;
	/* Loads are not reordered with older loads: what follows is as it was when it was sent. */
	service = letter->service;
	size = letter->size;
	if (size <= SILL_LETTER_DATA_MAX) {
		memcpy(block, (const uint8_t *)letter->data, size);
		result = service_block(context, service, block, size, SILL_LETTER_DATA_MAX);
	}
	if (result >= 0)
		memcpy((uint8_t *)letter->data, block, (size_t)result);
	letter->size = result >= 0 ? (uint32_t)result : 0;
	letter->result = result >= 0 ? 0 : (int32_t)result;
	__atomic_store_n(&letter->state, SILL_LETTER_ANSWERED, __ATOMIC_RELEASE);
	return 1;
}

void letter_answer(struct vcpu *vcpu, uint64_t page)
{
	spin_lock(&lock);
	(void)physical_visit(page, answer, vcpu);
	spin_unlock(&lock);
}

bool letter_is_there(uint64_t page)
{
	const struct physical_word pattern[] = {{page, SILL_LETTER_PATTERN},
						{page + 8, SILL_LETTER_PATTERN}};

	return physical_words_hold(pattern, 2);
}
