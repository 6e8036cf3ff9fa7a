/* SPDX-License-Identifier: MIT */
/*
 * The door RING: many messages for one VM exit. The guest's indices are believed for one thing
 * only, how many slots it has filled since the last time, and that is bounded. Sill's own index is
 * not read from memory at all.
 */
#include <sill/errno.h>

#include "core/window.h"
#include "doors/doors.h"
#include "doors/service.h"
#include "ept/ept.h"
#include "vmx/guest_memory.h"

_Static_assert(sizeof(struct sill_ring) == 2 * 4096, "the ring's two pages");
_Static_assert(offsetof(struct sill_ring, slots) == 4096, "the slots have a page of their own");

struct ring {
	uint64_t head_page, slot_page; /* guest-physical */
	uint32_t tail;
	bool named;
};

static struct ring *ring_of(const struct vcpu *vcpu)
{
	return vcpu->doors->state[SILL_DOOR_RING];
}

static uint64_t read_head(void *context, void *page)
{
	const volatile struct sill_ring *ring = page;

	(void)context;
	return ring->head;
}

static uint64_t read_version(void *context, void *page)
{
	const volatile struct sill_ring *ring = page;

	(void)context;
	return ring->version;
}

static uint64_t write_tail(void *context, void *page)
{
	volatile struct sill_ring *ring = page;

	__atomic_store_n(&ring->tail, *(const uint32_t *)context, __ATOMIC_RELEASE);
	return 0;
}

struct batch {
	struct vcpu *vcpu;
	uint32_t first, end; /* slots, end at most SILL_RING_SLOTS */
};

/* Each word of a slot is read once: what the guest does to it meanwhile it does to itself. */
static uint64_t answer_slots(void *context, void *page)
{
	const struct batch *batch = context;
	volatile struct sill_ring_slot *slot = (struct sill_ring_slot *)page + batch->first;
	volatile struct sill_ring_slot *end = (struct sill_ring_slot *)page + batch->end;

#pragma GCC unroll 4
	for (; slot < end; slot++) {
		struct service_answer answer = service_word(batch->vcpu, slot->service, slot->word);

		slot->word = answer.word;
		slot->result = (int32_t)answer.error;
	}
	return 0;
}

static void answer(struct vcpu *vcpu, uint64_t page, uint32_t first, uint32_t count)
{
	struct batch batch = {vcpu, first, first + count};

	if (batch.end > SILL_RING_SLOTS)
		batch.end = SILL_RING_SLOTS;
	(void)physical_visit(page, answer_slots, &batch);
	batch = (struct batch){vcpu, 0, count - (batch.end - batch.first)};
	if (batch.end != 0)
		(void)physical_visit(page, answer_slots, &batch);
}

static int find(struct vcpu *vcpu, uint64_t gpa, uint64_t *hpa)
{
	uint64_t bytes;

	return guest_find_physical(vcpu, gpa, EPT_READ | EPT_WRITE, hpa, &bytes);
}

int64_t door_ring_kick(struct vcpu *vcpu)
{
	struct ring *ring = ring_of(vcpu);
	uint64_t head_page, slot_page;
	uint32_t count;

	if (ring == NULL || !ring->named)
		return -SILL_ENODEV;
	if (find(vcpu, ring->head_page, &head_page) != 0 ||
	    find(vcpu, ring->slot_page, &slot_page) != 0)
		return -SILL_EFAULT;
	count = (uint32_t)physical_visit(head_page, read_head, NULL) - ring->tail;
	if (count > SILL_RING_SLOTS)
		return -SILL_EINVAL;
	if (count != 0)
		answer(vcpu, slot_page, ring->tail % SILL_RING_SLOTS, count);
	ring->tail += count;
	(void)physical_visit(head_page, write_tail, &ring->tail);
	return count;
}

int door_ring_name(struct vcpu *vcpu, uint64_t linear)
{
	struct guest_translation head, slots;
	struct ring *ring = ring_of(vcpu);
	uint64_t head_page, slot_page;

	if (!door_is_open(vcpu, SILL_DOOR_RING))
		return -SILL_ENOTSUP;
	if (linear == 0) {
		ring->named = false;
		return 0;
	}
	if (linear % 4096 != 0)
		return -SILL_EINVAL;
	if (guest_translate(vcpu, linear, PAGE_ACCESS_WRITE, &head) != 0 ||
	    guest_translate(vcpu, linear + 4096, PAGE_ACCESS_WRITE, &slots) != 0 ||
	    find(vcpu, head.gpa, &head_page) != 0 || find(vcpu, slots.gpa, &slot_page) != 0)
		return -SILL_EFAULT;
	if (physical_visit(head_page, read_version, NULL) != SILL_RING_VERSION)
		return -SILL_EINVAL;
	*ring = (struct ring){
		.head_page = head.gpa,
		.slot_page = slots.gpa,
		/* Where the guest begins is its own choice. */
		.tail = (uint32_t)physical_visit(head_page, read_head, NULL),
		.named = true,
	};
	(void)physical_visit(head_page, write_tail, &ring->tail);
	return 0;
}

static int open(struct vcpu *vcpu)
{
	vcpu->doors->state[SILL_DOOR_RING] = door_allocate(vcpu, sizeof(struct ring));
	return vcpu->doors->state[SILL_DOOR_RING] != NULL ? 0 : -SILL_ENOMEM;
}

static void describe(struct vcpu *vcpu, struct cpuid_result *r)
{
	(void)vcpu;
	r->ebx = SILL_RING_SLOTS;
}

const struct door door_ring = {.open = open, .describe = describe};
