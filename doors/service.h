/* SPDX-License-Identifier: MIT */
/*
 * The services behind the doors, written once: echo, and what time it is. A message is a word or a
 * block; what the numbers mean is in include/sill/doors.h.
 */
#ifndef SILL_DOORS_SERVICE_H
#define SILL_DOORS_SERVICE_H

#include <sill/doors.h>
#include <sill/errno.h>

#include "vmx/vcpu.h"

#include <stddef.h>
#include <stdint.h>

/* Of a word; in two registers, so that the shortest doors need no memory for it. */
struct service_answer {
	uint64_t word;
	int64_t error; /* 0, or negative; then there is no word */
};

/* The two, for all services but the echo, which is answered where it is asked for. */
int64_t service_other_block(struct vcpu *vcpu, uint64_t service, void *data, uint64_t room);
struct service_answer service_other_word(struct vcpu *vcpu, uint64_t service);

/*
 * Answers a block in its place: size bytes of message at data, which has room for `room` bytes,
 * too: so much of the answer is wanted at the most. How many there are, or -SILL_ENOSYS,
 * -SILL_EINVAL (size or room is above SILL_BLOCK_MAX), or the service's own error.
 */
static inline int64_t service_block(struct vcpu *vcpu, uint64_t service, void *data, uint64_t size,
				    uint64_t room)
{
	if (size > SILL_BLOCK_MAX || room > SILL_BLOCK_MAX)
		return -SILL_EINVAL;
	if (service == SILL_SERVICE_ECHO)
		return (int64_t)(size < room ? size : room);
	return service_other_block(vcpu, service, data, room);
}

static inline struct service_answer service_word(struct vcpu *vcpu, uint64_t service, uint64_t word)
{
	if (service == SILL_SERVICE_ECHO)
		return (struct service_answer){word, 0};
	return service_other_word(vcpu, service);
}

#endif
