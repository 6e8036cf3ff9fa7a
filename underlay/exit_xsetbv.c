/* SPDX-License-Identifier: MIT */
/*
 * XSETBV under an OS: done as it asks. Whether XCR0 takes the value is for the CPU to say, which
 * knows the rules of components that are yet to be invented. The guest's XCR0 stays in the CPU:
 * Sill uses no extended state.
 */
#include "core/safe_access.h"
#include "vmx/exit.h"

void underlay_exit_xsetbv(struct vcpu *vcpu)
{
	uint64_t value = vcpu->registers.rdx << 32 | (uint32_t)vcpu->registers.rax;

	/*
	 * The CPU has checked CR4.OSXSAVE before the exit, and the CPL ("Relative Priority of
	 * Faults and VM Exits"). Bochs exits before it looks at the CPL.
	 */
	if (vcpu_cpl() == 0 && safe_xsetbv((uint32_t)vcpu->registers.rcx, value))
		vcpu_advance(vcpu);
	else
		vcpu_inject_gp(vcpu);
}
