/* SPDX-License-Identifier: MIT */
/* time: what time it is, and the means to know it from then on. */
#include "core/cpu.h"
#include "core/time.h"
#include "hypercall/hypercall.h"

void hypercall_time(struct vcpu *vcpu, bool wide)
{
	uint64_t tsc = rdtsc();
	struct sill_time time = {.tsc = tsc + vcpu->tsc_offset, .tsc_hz = time_tsc_hz()};

	if (!time_is_known()) {
		hypercall_return(vcpu, wide, -SILL_ENODEV);
		return;
	}
	time.utc_ns = time_utc_ns(tsc);
	hypercall_answer(vcpu, wide, 0, &time, sizeof(time));
}
