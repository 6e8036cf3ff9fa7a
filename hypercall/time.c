/* SPDX-License-Identifier: MIT */
/* time: what time it is, and the means to know it from then on. */
#include "core/cpu.h"
#include "core/time.h"
#include "hypercall/hypercall.h"

int64_t hypercall_time(struct vcpu *vcpu, bool wide)
{
	uint64_t tsc = rdtsc();
	struct sill_time time = {.tsc = tsc + vcpu->tsc_offset, .tsc_hz = time_tsc_hz()};

	if (!time_is_known())
		return -SILL_ENODEV;
	time.utc_ns = time_utc_ns(tsc);
	return hypercall_answer(vcpu, wide, &time, sizeof(time));
}
