/* SPDX-License-Identifier: MIT */
/* The life of a vCPU: made once, begun for one guest after another, run until the guest ends. */
#ifndef SILL_VMX_VCPU_CREATE_H
#define SILL_VMX_VCPU_CREATE_H

#include "vmx/vcpu.h"

/* A vCPU at the top of a host stack of its own, or NULL: no memory. */
__attribute__((warn_unused_result)) struct vcpu *
vcpu_create(const struct vmx_capability *capability);

/*
 * Makes the vCPU current on this CPU, with no trace of a guest that ran on it before: its VMCS is
 * complete but for the guest's registers and the read shadows. Before: ept, the bitmaps, cr0_owned
 * and cr4_owned. After: the guest's registers, and the members that belong to the guest.
 */
void vcpu_begin(struct vcpu *vcpu);

/* Runs the guest until vcpu->end says how it ended. */
void vcpu_run(struct vcpu *vcpu);

/* The VMCS is written back to memory and no longer current. */
void vcpu_retire(struct vcpu *vcpu);

#endif
