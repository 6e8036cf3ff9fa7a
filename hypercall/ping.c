/* SPDX-License-Identifier: MIT */
/* ping: the smallest call there is. */
#include "hypercall/hypercall.h"

void hypercall_ping(struct vcpu *vcpu, bool wide)
{
	uint64_t cookie = hypercall_argument(vcpu, wide, 0);
	uint64_t answer = wide ? cookie : (uint64_t)(int32_t)cookie;

	if (__builtin_expect(answer >= (uint64_t)-SILL_MAX_ERRNO, false))
		hypercall_return(vcpu, wide, -SILL_EINVAL);
	else
		hypercall_return(vcpu, wide, (int64_t)answer);
}
