/* SPDX-License-Identifier: MIT */
/* The life of a vCPU: made once, started for one guest after another, run until the guest ends. */
#ifndef SILL_VMX_VCPU_CREATE_H
#define SILL_VMX_VCPU_CREATE_H

#include "vmx/vcpu.h"

/* A vCPU at the top of a host stack of its own, or NULL: no memory. */
__attribute__((warn_unused_result)) struct vcpu *
vcpu_create(const struct vmx_capability *capability);

/* Where a guest begins: 32-bit protected mode, flat segments, paging and interrupts off. */
struct vcpu_start {
	uint32_t eip;
	uint32_t eax, ebx;
};

/*
 * Makes the vCPU current on this CPU, in the state after power-up except for *start, with no trace
 * of a guest that ran on it before. The caller fills in the vCPU's members that belong to the
 * guest afterwards.
 */
void vcpu_start(struct vcpu *vcpu, struct ept *ept, const struct vcpu_start *start);

/* Runs the guest until vcpu->end says how it ended. */
void vcpu_run(struct vcpu *vcpu);

/* The VMCS is written back to memory and no longer current. */
void vcpu_retire(struct vcpu *vcpu);

#endif
