/* SPDX-License-Identifier: MIT */
/*
 * The doors in underlay mode; see underlay/doors.h. All CPUs find them at the same addresses, each
 * with a state of its own. As no translation may change that a CPU could have cached, the pages for
 * them are not taken from the OS's memory but are Sill's own, in the hole, and are what they are
 * from before the first CPU is launched.
 */
#include "underlay/doors.h"

#include <sill/errno.h>

#include "channel/channels.h"
#include "core/memory.h"
#include "core/panic.h"
#include "doors/doors.h"
#include "underlay/hole.h"
#include "underlay/underlay.h"
#include "vmx/exit.h"
#include "vmx/step.h"
#include "vmx/timer.h"
#include "vmx/tlb.h"

static uint32_t doors_wanted;
static struct doors_place place;
static struct door_view view;

/*
 * The EPT is shared: from now on another CPU may write to the page unseen, until it forgets what it
 * has cached.
 */
static void lend(struct vcpu *vcpu, uint64_t page, bool begin)
{
	spin_lock(&underlay.lock);
	if (ept_replace_page(&underlay.ept, page, page, begin ? EPT_ALL : EPT_READ | EPT_EXECUTE) !=
	    0)
		panic("the page at %llx is not one that is watched", (unsigned long long)page);
	spin_unlock(&underlay.lock);
	tlb_invalidate_ept(vcpu);
}

/* A page of the arena that the guest finds where it is. */
static int show_page(uint64_t *gpa, uint32_t permissions)
{
	void *page = page_allocate();

	if (page == NULL)
		return -SILL_ENOMEM;
	*gpa = physical_of(page);
	return ept_replace_page(&underlay.ept, *gpa, *gpa, permissions);
}

/* The last GiB of the addresses that RAM leaves free, and that nothing has touched yet. */
static int create_view(void)
{
	uint64_t end = 1ull << underlay.mtrr.physical_bits;
	int error = -SILL_EEXIST;

	if (end > EPT_GPA_END)
		end = EPT_GPA_END;
	for (uint64_t gpa = end; error == -SILL_EEXIST && gpa > 4 * EPT_SIZE_1G;) {
		gpa -= EPT_SIZE_1G;
		error = door_view_create(&view, &underlay.ept, gpa);
	}
	return error;
}

int underlay_doors_create(uint32_t wanted)
{
	void *mmio;
	int error = 0;

	doors_wanted = wanted;
	place = (struct doors_place){.lend = lend, .view = &view};
	if ((wanted >> SILL_DOOR_MMIO & 1) != 0) {
		/* Only its address is needed: EPT maps nothing there. */
		mmio = page_allocate();
		if (mmio == NULL)
			return -SILL_ENOMEM;
		place.mmio_page = physical_of(mmio);
		error = ept_unmap(&underlay.ept, place.mmio_page, PAGE_SIZE);
	}
	if (error == 0 && (wanted >> SILL_DOOR_POLL & 1) != 0)
		error = show_page(&place.poll_page, EPT_ALL);
	if (error == 0 && (wanted >> SILL_DOOR_WATCH & 1) != 0)
		error = show_page(&place.watch_page, EPT_READ | EPT_EXECUTE);
	/* Without a view its door stays closed, and says so. */
	if (error == 0 && (wanted >> SILL_DOOR_VIEW & 1) != 0)
		(void)!create_view();
	return error;
}

void underlay_doors_open(struct vcpu *vcpu)
{
	doors_open(vcpu, doors_wanted, &place);
}

void underlay_doors_restart(struct vcpu *vcpu)
{
	if (vcpu->doors->memory == NULL)
		return; /* nothing was told to those that there are */
	door_watch_step_ended(vcpu);
	doors_close(vcpu);
	vmwrite(VMCS_EPT_POINTER, ept_pointer(vcpu->ept, false));
	doors_open(vcpu, doors_wanted, &place);
}

void underlay_doors_memory_changed(void)
{
	door_view_follow(&view);
}

void underlay_doors_leave_view(struct vcpu *vcpu, uint64_t gpa)
{
	if (vcpu->other_ept_pointer != 0 && gpa - view.ept.gpa < EPT_SIZE_1G &&
	    vmread(VMCS_EPT_POINTER) == vcpu->other_ept_pointer)
		vmwrite(VMCS_EPT_POINTER, ept_pointer(vcpu->ept, false));
}

void underlay_exit_monitor_trap_flag(struct vcpu *vcpu)
{
	step_end(vcpu);
	hole_step_ended(vcpu);
	door_watch_step_ended(vcpu);
}

void underlay_exit_preemption_timer(struct vcpu *vcpu)
{
	if (timer_take(vcpu, TIMER_STEP))
		underlay_exit_monitor_trap_flag(vcpu);
	if (timer_take(vcpu, TIMER_DOORS))
		doors_look(vcpu);
	if (timer_take(vcpu, TIMER_CHANNELS))
		channels_look(vcpu);
	timer_arm(vcpu);
}
