/* SPDX-License-Identifier: MIT */
/* exit: the guest's own word on how it ended. */
#include "hypercall/hypercall.h"

void hypercall_exit(struct vcpu *vcpu, bool wide)
{
	bool may_exit = vcpu->capability->mode == SILL_MODE_GUEST;
	uint64_t status = hypercall_argument(vcpu, wide, 0);

	if (may_exit && status <= 255)
		vcpu_exit(vcpu, (uint32_t)status);
	hypercall_return(vcpu, wide, may_exit ? -SILL_EINVAL : -SILL_ENOTSUP);
}
