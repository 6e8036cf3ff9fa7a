/* SPDX-License-Identifier: MIT */
/* The fields of a new VMCS that don't depend on what the guest starts with. */
#ifndef SILL_VMX_VMCS_SETUP_H
#define SILL_VMX_VMCS_SETUP_H

#include "vmx/vcpu.h"

/*
 * Writes the current VMCS, which belongs to this vCPU: all fields but the guest's registers and
 * the read shadows of CR0 and CR4. vcpu->cr0_owned, cr4_owned, ept and the bitmaps are set before.
 */
void vmcs_setup(struct vcpu *vcpu);

#endif
