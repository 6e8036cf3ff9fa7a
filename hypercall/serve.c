/* SPDX-License-Identifier: MIT */
/* serve: a block of bytes for one of the services behind the doors. */
#include "doors/service.h"
#include "hypercall/hypercall.h"
#include "vmx/guest_memory.h"

void hypercall_serve(struct vcpu *vcpu, bool wide)
{
	uint64_t service = hypercall_argument(vcpu, wide, 0);
	uint64_t data = hypercall_argument(vcpu, wide, 1);
	uint64_t size = hypercall_argument(vcpu, wide, 2);
	uint64_t room = hypercall_argument(vcpu, wide, 3);
	uint8_t block[SILL_BLOCK_MAX];
	int64_t result;

	if (size > sizeof(block)) {
		hypercall_return(vcpu, wide, -SILL_EINVAL);
		return;
	}
	if (guest_read(vcpu, data, block, size, NULL) != 0) {
		hypercall_return(vcpu, wide, -SILL_EFAULT);
		return;
	}
	result = service_block(vcpu, service, block, size, room);
	if (result > 0 && guest_write(vcpu, data, block, (size_t)result, NULL) != 0)
		result = -SILL_EFAULT;
	hypercall_return(vcpu, wide, result);
}
