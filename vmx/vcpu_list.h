/* SPDX-License-Identifier: MIT */
/* All vCPUs, in the order in which they were made: for those who count or show them. */
#ifndef SILL_VMX_VCPU_LIST_H
#define SILL_VMX_VCPU_LIST_H

#include "vmx/vcpu.h"

/* By vcpu_create() alone, which runs on one CPU at a time. -SILL_ENOSPC: there are too many. */
__attribute__((warn_unused_result)) int vcpu_list_add(struct vcpu *vcpu);

uint32_t vcpu_list_count(void);

/* Number 0 to count - 1; NULL for any other. */
const struct vcpu *vcpu_list_get(uint64_t number);

#endif
