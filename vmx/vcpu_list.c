/* SPDX-License-Identifier: MIT */
/* All vCPUs; see vmx/vcpu_list.h. */
#include "vmx/vcpu_list.h"

#include <sill/errno.h>
#include <sill/handoff.h>

static struct vcpu *vcpus[SILL_MAX_CPUS];
static uint32_t count; /* rises when an entry is complete: others may be reading */

int vcpu_list_add(struct vcpu *vcpu)
{
	if (count == SILL_MAX_CPUS)
		return -SILL_ENOSPC;
	vcpus[count] = vcpu;
	__atomic_store_n(&count, count + 1, __ATOMIC_RELEASE);
	return 0;
}

uint32_t vcpu_list_count(void)
{
	return __atomic_load_n(&count, __ATOMIC_ACQUIRE);
}

const struct vcpu *vcpu_list_get(uint64_t number)
{
	return number < vcpu_list_count() ? vcpus[number] : NULL;
}
