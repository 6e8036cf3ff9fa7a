/* SPDX-License-Identifier: MIT */
/* The services behind the doors; see doors/service.h. */
#include "doors/service.h"

#include <sill/errno.h>
#include <sill/hypercall.h>

#include "core/cpu.h"
#include "core/string.h"
#include "core/time.h"

static int64_t time_block(const struct vcpu *vcpu, void *data, uint64_t room)
{
	uint64_t tsc = rdtsc();
	struct sill_time time = {.tsc = tsc + vcpu->tsc_offset, .tsc_hz = time_tsc_hz()};

	if (!time_is_known())
		return -SILL_ENODEV;
	time.utc_ns = time_utc_ns(tsc);
	if (room > sizeof(time))
		room = sizeof(time);
	memcpy(data, &time, room);
	return (int64_t)room;
}

int64_t service_other_block(struct vcpu *vcpu, uint64_t service, void *data, uint64_t room)
{
	return service == SILL_SERVICE_TIME ? time_block(vcpu, data, room) : -SILL_ENOSYS;
}

struct service_answer service_other_word(struct vcpu *vcpu, uint64_t service)
{
	(void)vcpu;
	if (service != SILL_SERVICE_TIME)
		return (struct service_answer){0, -SILL_ENOSYS};
	if (!time_is_known())
		return (struct service_answer){0, -SILL_ENODEV};
	return (struct service_answer){time_utc_ns(rdtsc()), 0};
}
