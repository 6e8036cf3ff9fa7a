/* SPDX-License-Identifier: MIT */
/* How an answer to CPUID reaches the guest, and the leaves by which it finds Sill. */
#ifndef SILL_VMX_CPUID_ANSWER_H
#define SILL_VMX_CPUID_ANSWER_H

#include <sill/hypercall.h>

#include "core/cpu.h"
#include "vmx/vcpu.h"

static inline void cpuid_answer(struct vcpu *vcpu, struct cpuid_result r)
{
	vcpu->registers.rax = r.eax;
	vcpu->registers.rbx = r.ebx;
	vcpu->registers.rcx = r.ecx;
	vcpu->registers.rdx = r.edx;
	vcpu_advance(vcpu);
}

/* Leaf SILL_CPUID_SIGNATURE. */
static inline void cpuid_answer_signature(struct vcpu *vcpu)
{
	cpuid_answer(vcpu, (struct cpuid_result){SILL_CPUID_MAX, SILL_SIGNATURE, SILL_SIGNATURE,
						 SILL_SIGNATURE});
}

/* Leaf SILL_CPUID_FEATURES. */
static inline void cpuid_answer_features(struct vcpu *vcpu)
{
	cpuid_answer(vcpu, (struct cpuid_result){SILL_ABI_VERSION, vcpu->hypercall_features,
						 SILL_CALL_COUNT, SILL_DOORBELL_PORT});
}

#endif
