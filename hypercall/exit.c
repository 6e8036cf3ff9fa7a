/* SPDX-License-Identifier: MIT */
/* exit: the guest's own word on how it ended. */
#include "hypercall/hypercall.h"

int64_t hypercall_exit(struct vcpu *vcpu, bool wide)
{
	uint64_t status = hypercall_argument(vcpu, wide, 0);

	if (status > 255)
		return -SILL_EINVAL;
	vcpu->end = VCPU_EXITED;
	vcpu->status = (uint32_t)status;
	vcpu->hypercall_watched = true;
	return 0;
}
