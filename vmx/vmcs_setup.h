/* SPDX-License-Identifier: MIT */
/* Every field of a new VMCS. */
#ifndef SILL_VMX_VMCS_SETUP_H
#define SILL_VMX_VMCS_SETUP_H

#include "vmx/vcpu.h"

/*
 * Writes all fields of the current VMCS, which belongs to this vCPU, for a guest that starts at
 * eip in 32-bit protected mode.
 */
void vmcs_setup(struct vcpu *vcpu, uint32_t eip);

#endif
