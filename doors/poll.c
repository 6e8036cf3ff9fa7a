/* SPDX-License-Identifier: MIT */
/*
 * The door POLL: nobody traps. Sill looks at the guest's memory now and then, and answers the
 * letter that it finds there. As most memory holds no letter, and a look at all of it would take
 * too long, a few pages are looked at each time until one is found.
 */
#include <sill/errno.h>

#include "doors/doors.h"
#include "doors/letter.h"
#include "ept/ept.h"
#include "vmx/timer.h"

#define PAGES_AT_ONCE 8

struct poll {
	uint64_t found;	 /* guest-physical; of use if there is one */
	uint64_t search; /* where the search goes on */
	bool is_found;
};

/* The page as the guest may write it; nothing is granted for the sake of a look. */
static bool find(const struct vcpu *vcpu, uint64_t gpa, uint64_t *hpa)
{
	struct ept_leaf leaf;

	return ept_translate(vcpu->ept, gpa, hpa, &leaf) == 0 &&
	       (leaf.permissions & EPT_WRITE) != 0;
}

static bool try_page(struct vcpu *vcpu, uint64_t gpa)
{
	uint64_t hpa;

	if (!find(vcpu, gpa, &hpa) || !letter_is_there(hpa))
		return false;
	letter_answer(vcpu, hpa);
	return true;
}

static void look(struct vcpu *vcpu)
{
	const struct doors_place *place = vcpu->doors->place;
	struct poll *poll = vcpu->doors->state[SILL_DOOR_POLL];

	if (place->poll_page != 0) {
		(void)try_page(vcpu, place->poll_page);
		return;
	}
	if (poll->is_found)
		poll->is_found = try_page(vcpu, poll->found);
	for (unsigned int i = 0; !poll->is_found && i < PAGES_AT_ONCE; i++) {
		poll->found = poll->search;
		poll->search += 4096;
		if (poll->search >= place->ram_size)
			poll->search = 0;
		poll->is_found = try_page(vcpu, poll->found);
	}
}

static const char *lacks(const struct vcpu *vcpu)
{
	return timer_present(vcpu) ? NULL : "the VMX-preemption timer";
}

static int open(struct vcpu *vcpu)
{
	vcpu->doors->state[SILL_DOOR_POLL] = door_allocate(vcpu, sizeof(struct poll));
	return vcpu->doors->state[SILL_DOOR_POLL] != NULL ? 0 : -SILL_ENOMEM;
}

/* A guest that never asks has no use for being looked at, and pays nothing. */
static void describe(struct vcpu *vcpu, struct cpuid_result *r)
{
	uint64_t page = vcpu->doors->place->poll_page;

	door_wants_look(vcpu, SILL_DOOR_POLL, true);
	r->ebx = DOORS_PERIOD_US;
	r->ecx = (uint32_t)page;
	r->edx = (uint32_t)(page >> 32);
}

const struct door door_poll = {.lacks = lacks, .open = open, .describe = describe, .look = look};
