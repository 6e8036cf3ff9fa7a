/* SPDX-License-Identifier: MIT */
/* log: Sill's messages, for those who ask later. */
#include "core/memory_log.h"
#include "hypercall/hypercall.h"
#include "vmx/guest_memory.h"

void hypercall_log(struct vcpu *vcpu, bool wide)
{
	const uint64_t head = offsetof(struct sill_log, text);
	uint64_t size = hypercall_argument(vcpu, wide, 1);
	struct sill_log log;

	if (size < head) {
		hypercall_return(vcpu, wide, -SILL_EINVAL);
		return;
	}
	if (size > sizeof(log))
		size = sizeof(log);
	if (guest_read(vcpu, hypercall_argument(vcpu, wide, 0), &log.from, sizeof(log.from),
		       NULL) != 0) {
		hypercall_return(vcpu, wide, -SILL_EFAULT);
		return;
	}
	log.length = memory_log_read(&log.from, log.text, size - head);
	hypercall_answer(vcpu, wide, 0, &log, head + log.length);
}
