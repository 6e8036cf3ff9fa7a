/* SPDX-License-Identifier: MIT */
/* ping: the smallest call there is. */
#include "hypercall/hypercall.h"

int64_t hypercall_ping(struct vcpu *vcpu, bool wide)
{
	uint64_t cookie = hypercall_argument(vcpu, wide, 0);
	uint64_t first_error = wide ? (uint64_t)-SILL_MAX_ERRNO : (uint32_t)-SILL_MAX_ERRNO;

	return cookie >= first_error ? -SILL_EINVAL : (int64_t)cookie;
}
