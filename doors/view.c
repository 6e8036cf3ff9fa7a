/* SPDX-License-Identifier: MIT */
/*
 * The door VIEW: no VM exit at all. VMFUNC (SDM, "VM Functions") exchanges the EPT for another, in
 * which two pages more are to be seen: code that is the services, and what the time follows from.
 * What carries the message is the guest's own call.
 */
#include "doors/view.h"

#include <sill/errno.h>

#include "core/memory.h"
#include "core/string.h"
#include "core/time.h"
#include "doors/doors.h"
#include "vmx/controls.h"
#include "vmx/tlb.h"

#define EPTP_LIST_ORDINARY 0
#define EPTP_LIST_VIEW	   1

extern const char view_code[], view_code_end[]; /* doors/view_code.asm, which knows the structure */

struct view_data {
	uint64_t utc_ns, tsc, tsc_hz;
};

int door_view_create(struct door_view *view, struct ept *base, uint64_t gpa)
{
	int error = ept_view_create(&view->ept, base, gpa);

	if (error != 0) {
		*view = (struct door_view){0};
		return error;
	}
	view->gpa = gpa;
	view->list = NULL;
	view->code = view->data = NULL;
	view->list = page_allocate();
	view->code = page_allocate();
	view->data = page_allocate();
	if (view->list == NULL || view->code == NULL || view->data == NULL)
		error = -SILL_ENOMEM;
	if (error == 0)
		error = ept_view_map(&view->ept, gpa, physical_of(view->code),
				     EPT_READ | EPT_EXECUTE);
	if (error == 0)
		error = ept_view_map(&view->ept, gpa + PAGE_SIZE, physical_of(view->data),
				     EPT_READ);
	if (error != 0) {
		door_view_destroy(view);
		return error;
	}
	memcpy(view->code, view_code, (size_t)(view_code_end - view_code));
	view->list[EPTP_LIST_ORDINARY] = ept_pointer(base, false);
	view->list[EPTP_LIST_VIEW] = ept_view_pointer(&view->ept);
	return 0;
}

static void release(void *page)
{
	if (page != NULL)
		page_release(page);
}

void door_view_destroy(struct door_view *view)
{
	if (view->ept.root != 0)
		ept_view_destroy(&view->ept);
	release(view->list);
	release(view->code);
	release(view->data);
	*view = (struct door_view){0};
}

static void set_time(struct vcpu *vcpu)
{
	uint64_t tsc = rdtsc();

	*vcpu->doors->place->view->data = (struct view_data){
		.utc_ns = time_is_known() ? time_utc_ns(tsc) : 0,
		.tsc = tsc + vcpu->tsc_offset,
		.tsc_hz = time_tsc_hz(),
	};
}

static const char *lacks(const struct vcpu *vcpu)
{
	if (!vmx_capability_has(vcpu->capability, VMX_WORD_SECONDARY,
				SECONDARY_ENABLE_VM_FUNCTIONS) ||
	    (vcpu->capability->vm_functions & VM_FUNCTION_EPTP_SWITCHING) == 0)
		return "VMFUNC with EPTP switching";
	return vcpu->doors->place->view != NULL && vcpu->doors->place->view->list != NULL
		       ? NULL
		       : "memory, or guest-physical addresses, for a second view";
}

/* SDM, "VM-Function Controls" and "EPTP Switching". */
static int open(struct vcpu *vcpu)
{
	const struct door_view *view = vcpu->doors->place->view;

	/* Once: other CPUs may be reading it. Where TSCs move there is one CPU. */
	if (view->data->tsc_hz == 0)
		set_time(vcpu);
	vcpu->tsc_moved = set_time;
	vcpu->other_ept_pointer = view->list[EPTP_LIST_VIEW];
	vmwrite(VMCS_VM_FUNCTION_CONTROLS, VM_FUNCTION_EPTP_SWITCHING);
	vmwrite(VMCS_EPTP_LIST_ADDRESS, physical_of(view->list));
	vmwrite(VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS,
		vcpu->capability->secondary.value | SECONDARY_ENABLE_VM_FUNCTIONS);
	/* The tables are new, but this CPU may have cached what was at their address before. */
	tlb_invalidate_ept(vcpu);
	return 0;
}

static void describe(struct vcpu *vcpu, struct cpuid_result *r)
{
	uint64_t gpa = vcpu->doors->place->view->gpa;

	r->ebx = EPTP_LIST_VIEW;
	r->ecx = (uint32_t)gpa;
	r->edx = (uint32_t)(gpa >> 32);
}

const struct door door_view = {.lacks = lacks, .open = open, .describe = describe};
