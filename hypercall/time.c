/* SPDX-License-Identifier: MIT */
/* time: what time it is, and the means to know it from then on. */
#include "doors/service.h"
#include "hypercall/hypercall.h"

void hypercall_time(struct vcpu *vcpu, bool wide)
{
	struct sill_time time;
	int64_t result = service_block(vcpu, SILL_SERVICE_TIME, &time, 0, sizeof(time));

	if (result < 0)
		hypercall_return(vcpu, wide, result);
	else
		hypercall_answer(vcpu, wide, 0, &time, sizeof(time));
}
