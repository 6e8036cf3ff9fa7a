/* SPDX-License-Identifier: MIT */
/* What the CPU remembers of a guest's translations; see vmx/tlb.h. */
#include "vmx/tlb.h"

void tlb_flush_guest(const struct vcpu *vcpu)
{
	uint64_t capabilities = vcpu->capability->ept_vpid_cap;

	if ((vcpu->capability->secondary.value & SECONDARY_ENABLE_VPID) == 0)
		return;
	if ((capabilities & VPID_CAP_SINGLE_CONTEXT) != 0)
		invvpid(INVVPID_SINGLE_CONTEXT, GUEST_VPID, 0);
	else
		invvpid(INVVPID_ALL_CONTEXT, 0, 0);
}

void tlb_invalidate_ept(const struct vcpu *vcpu)
{
	uint64_t capabilities = vcpu->capability->ept_vpid_cap;

	if ((capabilities & EPT_CAP_INVEPT_SINGLE_CONTEXT) == 0) {
		invept(INVEPT_ALL_CONTEXT, 0, 0);
		return;
	}
	invept(INVEPT_SINGLE_CONTEXT, ept_pointer(vcpu->ept, false), 0);
	/* Most of the tables are the same, but what comes out of them is cached by the root. */
	if (vcpu->other_ept_pointer != 0)
		invept(INVEPT_SINGLE_CONTEXT, vcpu->other_ept_pointer, 0);
}

void tlb_flush_ept(struct vcpu *vcpu)
{
	if (!vcpu->ept->stale)
		return;
	tlb_invalidate_ept(vcpu);
	vcpu->ept->stale = false;
}
