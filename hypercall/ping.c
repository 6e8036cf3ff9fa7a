/* SPDX-License-Identifier: MIT */
/* ping: the smallest call there is. */
#include "hypercall/hypercall.h"

void hypercall_ping(struct vcpu *vcpu, bool wide)
{
	uint64_t cookie = hypercall_argument(vcpu, wide, 0);
	int64_t answer = wide ? (int64_t)cookie : (int32_t)cookie;

	if (__builtin_expect(answer < 0 && answer >= -SILL_MAX_ERRNO, false))
		answer = -SILL_EINVAL;
	hypercall_return(vcpu, wide, answer);
}
