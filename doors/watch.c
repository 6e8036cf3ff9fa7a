/* SPDX-License-Identifier: MIT */
/*
 * The door WATCH: a page of ordinary memory that the guest may read but not write, without knowing
 * so. A plain store is made for it, and everything else by itself, with the page lent for a step.
 */
#include <sill/errno.h>

#include "doors/doors.h"
#include "doors/letter.h"
#include "ept/ept.h"
#include "vmx/access.h"
#include "vmx/guest_memory.h"
#include "vmx/step.h"

#define PAGE_INDEX 1

struct watch {
	uint64_t page; /* guest-physical; of use if one is named */
	bool named, lent;
};

static struct watch *watch_of(const struct vcpu *vcpu)
{
	return vcpu->doors->state[SILL_DOOR_WATCH];
}

static void look(struct vcpu *vcpu)
{
	struct watch *watch = watch_of(vcpu);
	uint64_t hpa, bytes;

	if (watch->named && guest_find_physical(vcpu, watch->page, EPT_READ, &hpa, &bytes) == 0)
		letter_answer(vcpu, hpa);
}

static bool touches_state(const struct access *access)
{
	const unsigned int at = offsetof(struct sill_letter, state);

	return access->offset < at + 4 && access->offset + access->bytes > at;
}

static void page_accessed(struct vcpu *vcpu, uint64_t gpa, uint64_t qualification)
{
	struct watch *watch = watch_of(vcpu);
	struct access access;

	if (access_decode(vcpu, vcpu->doors->accesses, gpa, qualification, &access) == NULL &&
	    access.is_store && access_store(vcpu, vcpu->doors->accesses, &access, gpa) == 0) {
		access_finish(vcpu, &access, 0);
		/* It is the page that was just found by its address. */
		if (watch->named && touches_state(&access))
			letter_answer(vcpu, vcpu->doors->accesses->data.hpa);
		return;
	}
	watch->lent = true;
	vcpu->doors->place->lend(vcpu, gpa & ~4095ull, true);
	step_begin(vcpu);
	vcpu_retry_access(vcpu, qualification);
}

void door_watch_step_ended(struct vcpu *vcpu)
{
	struct watch *watch = watch_of(vcpu);

	if (watch == NULL || !watch->lent)
		return;
	watch->lent = false;
	vcpu->doors->place->lend(vcpu, vcpu->doors->pages[PAGE_INDEX].gpa, false);
	look(vcpu);
}

static void begin(struct vcpu *vcpu, uint64_t page)
{
	door_take_page(vcpu, PAGE_INDEX, page, page_accessed);
	vcpu->watched_page = page;
}

/* The page that was watched up to now is ordinary again, unless it is watched always. */
static void forget(struct vcpu *vcpu)
{
	const struct doors_place *place = vcpu->doors->place;
	struct watch *watch = watch_of(vcpu);

	if (watch->named && place->watch_page == 0) {
		door_take_page(vcpu, PAGE_INDEX, VCPU_NO_PAGE, NULL);
		vcpu->watched_page = VCPU_NO_PAGE;
		watch->lent = false;
		(void)!place->watch(vcpu, watch->page, false);
	}
	watch->named = false;
}

int door_watch_name(struct vcpu *vcpu, uint64_t page)
{
	const struct doors_place *place = vcpu->doors->place;
	struct watch *watch = watch_of(vcpu);
	struct guest_translation at;
	uint64_t hpa, bytes;
	int error;

	if (!door_is_open(vcpu, SILL_DOOR_WATCH))
		return -SILL_ENOTSUP;
	if (page == 0) {
		forget(vcpu);
		return 0;
	}
	if (page % 4096 != 0)
		return -SILL_EINVAL;
	if (guest_translate(vcpu, page, PAGE_ACCESS_WRITE, &at) != 0)
		return -SILL_EFAULT;
	if (place->watch_page != 0 && at.gpa != place->watch_page)
		return -SILL_EINVAL;
	if (watch->named && watch->page == at.gpa)
		return 0;
	if (place->watch_page == 0) {
		if (guest_find_physical(vcpu, at.gpa, EPT_READ | EPT_WRITE, &hpa, &bytes) != 0)
			return -SILL_EFAULT;
		error = place->watch(vcpu, at.gpa, true);
		if (error != 0)
			return error;
		forget(vcpu);
		begin(vcpu, at.gpa);
	}
	watch->page = at.gpa;
	watch->named = true;
	return 0;
}

static const char *lacks(const struct vcpu *vcpu)
{
	return step_possible(vcpu)
		       ? NULL
		       : "the monitor trap flag and the VMX-preemption timer: no way to "
			 "make the guest exit after one instruction";
}

static int open(struct vcpu *vcpu)
{
	const struct doors_place *place = vcpu->doors->place;

	vcpu->doors->state[SILL_DOOR_WATCH] = door_allocate(vcpu, sizeof(struct watch));
	if (vcpu->doors->state[SILL_DOOR_WATCH] == NULL)
		return -SILL_ENOMEM;
	if (place->watch_page != 0)
		begin(vcpu, place->watch_page);
	return 0;
}

static void describe(struct vcpu *vcpu, struct cpuid_result *r)
{
	uint64_t page = vcpu->doors->place->watch_page;

	r->ebx = (uint32_t)page;
	r->ecx = (uint32_t)(page >> 32);
}

const struct door door_watch = {.lacks = lacks, .open = open, .describe = describe};
