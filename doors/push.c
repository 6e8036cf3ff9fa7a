/* SPDX-License-Identifier: MIT */
/*
 * The door PUSH: Sill begins. It writes into a page of the guest's, which may look there when it
 * likes, or be interrupted.
 */
#include <sill/errno.h>

#include "core/window.h"
#include "doors/doors.h"
#include "doors/service.h"
#include "ept/ept.h"
#include "vmx/event.h"
#include "vmx/guest_memory.h"
#include "vmx/timer.h"

struct push {
	uint64_t at; /* guest-physical */
	uint32_t vector;
	bool named;
	uint64_t sequence;
};

static struct push *push_of(const struct vcpu *vcpu)
{
	return vcpu->doors->state[SILL_DOOR_PUSH];
}

static void look(struct vcpu *vcpu)
{
	struct push *push = push_of(vcpu);
	struct sill_push news = {
		.utc_ns = service_word(vcpu, SILL_SERVICE_TIME, 0).word,
		.sequence = push->sequence + 1,
	};
	uint64_t hpa, bytes;

	if (guest_find_physical(vcpu, push->at, EPT_READ | EPT_WRITE, &hpa, &bytes) != 0)
		return;
	push->sequence++;
	news.tsc = rdtsc() + vcpu->tsc_offset;
	/* For who reads it on another CPU: 0 while it is being written. */
	physical_store(hpa + offsetof(struct sill_push, sequence), 8, 0);
	physical_store(hpa + offsetof(struct sill_push, utc_ns), 8, news.utc_ns);
	physical_store(hpa + offsetof(struct sill_push, tsc), 8, news.tsc);
	physical_store(hpa + offsetof(struct sill_push, sequence), 8, news.sequence);
	if (push->vector != 0)
		(void)!event_add_interrupt(vcpu, push->vector);
}

bool door_push_wakes(const struct vcpu *vcpu)
{
	const struct push *push = push_of(vcpu);

	return push != NULL && push->named && push->vector != 0;
}

int door_push_name(struct vcpu *vcpu, uint64_t linear, uint64_t vector)
{
	struct push *push = push_of(vcpu);
	struct guest_translation page;
	uint64_t hpa, bytes;

	if (!door_is_open(vcpu, SILL_DOOR_PUSH))
		return -SILL_ENOTSUP;
	if (linear % 8 != 0 || linear % 4096 > 4096 - sizeof(struct sill_push) || vector > 255 ||
	    (vector > 0 && vector < 32))
		return -SILL_EINVAL;
	if (linear != 0 &&
	    (guest_translate(vcpu, linear, PAGE_ACCESS_WRITE, &page) != 0 ||
	     guest_find_physical(vcpu, page.gpa, EPT_READ | EPT_WRITE, &hpa, &bytes) != 0))
		return -SILL_EFAULT;
	if (push->vector != 0)
		event_drop_interrupt(vcpu, push->vector);
	*push = (struct push){0};
	if (linear != 0)
		*push = (struct push){
			.at = page.gpa + linear % 4096,
			.vector = (uint32_t)vector,
			.named = true,
		};
	door_wants_look(vcpu, SILL_DOOR_PUSH, push->named);
	return 0;
}

static const char *lacks(const struct vcpu *vcpu)
{
	return timer_present(vcpu) ? NULL : "the VMX-preemption timer";
}

static int open(struct vcpu *vcpu)
{
	vcpu->doors->state[SILL_DOOR_PUSH] = door_allocate(vcpu, sizeof(struct push));
	return vcpu->doors->state[SILL_DOOR_PUSH] != NULL ? 0 : -SILL_ENOMEM;
}

static void describe(struct vcpu *vcpu, struct cpuid_result *r)
{
	(void)vcpu;
	r->ebx = DOORS_PERIOD_US;
}

const struct door door_push = {.lacks = lacks, .open = open, .describe = describe, .look = look};
