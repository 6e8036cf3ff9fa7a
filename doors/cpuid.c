/* SPDX-License-Identifier: MIT */
/*
 * The door CPUID, and the leaf that describes all doors. CPUID exits whatever a hypervisor sets
 * (SDM, "Instructions That Cause VM Exits Unconditionally"), faults nowhere and works at each
 * privilege level: that is why a guest looks for its hypervisor with it.
 */
#include "doors/doors.h"
#include "doors/service.h"
#include "vmx/cpuid_answer.h"
#include "vmx/exit.h"

const struct door door_cpuid = {0};

__attribute__((noinline)) static void describe(struct vcpu *vcpu)
{
	struct cpuid_result r = {0};

	doors_describe(vcpu, (uint32_t)vcpu->registers.rcx, &r);
	cpuid_answer(vcpu, r);
}

void doors_cpuid(struct vcpu *vcpu)
{
	struct vcpu_registers *r = &vcpu->registers;
	struct service_answer answer;

	if ((uint32_t)r->rax != SILL_CPUID_SERVE) {
		describe(vcpu);
		return;
	}
	answer = service_word(vcpu, (uint32_t)r->rbx, r->rdx << 32 | (uint32_t)r->rcx);
	r->rax = (uint32_t)answer.error;
	/* CPUID clears the upper halves of the four registers. */
	r->rbx = (uint32_t)r->rbx;
	r->rcx = (uint32_t)answer.word;
	r->rdx = answer.word >> 32;
	vcpu_advance(vcpu);
}

/* With the door closed: the leaves that hypervisors have are there as little as others. */
void doors_cpuid_hidden(struct vcpu *vcpu)
{
	if (((uint32_t)vcpu->registers.rax & 0xf0000000) == SILL_CPUID_SIGNATURE)
		cpuid_answer(vcpu, (struct cpuid_result){0});
	else
		vcpu->doors->cpuid(vcpu);
}
