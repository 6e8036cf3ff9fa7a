/* SPDX-License-Identifier: MIT */
/* unload: the guest goes on without Sill. */
#include "hypercall/hypercall.h"

void hypercall_unload(struct vcpu *vcpu, bool wide)
{
	if (vcpu->unload == NULL) {
		hypercall_return(vcpu, wide, -SILL_ENOTSUP);
		return;
	}
	/* Before: it need not come back. */
	hypercall_return(vcpu, wide, 0);
	vcpu->unload(vcpu);
}
