/* SPDX-License-Identifier: MIT */
/*
 * XSETBV: carried out as the guest asks, if a CPU would take the value. Done unchecked, a bad one
 * would raise #GP in Sill. The guest's XCR0 stays in the CPU: Sill uses no extended state.
 */
#include "core/cpu.h"
#include "vmx/exit.h"

#define XCR0_X87    (1ull << 0)
#define XCR0_SSE    (1ull << 1)
#define XCR0_AVX    (1ull << 2)
#define XCR0_AVX512 (7ull << 5) /* opmask, upper halves, upper registers */

/* SDM, "Extended Control Registers (Including XCR0)". */
static bool is_valid(uint64_t value, uint64_t allowed)
{
	uint64_t avx512 = value & XCR0_AVX512;

	return (value & ~allowed) == 0 && (value & XCR0_X87) != 0 &&
	       ((value & XCR0_AVX) == 0 || (value & XCR0_SSE) != 0) &&
	       (avx512 == 0 || (avx512 == XCR0_AVX512 && (value & XCR0_AVX) != 0));
}

void exit_xsetbv(struct vcpu *vcpu)
{
	uint64_t value = vcpu->registers.rdx << 32 | (uint32_t)vcpu->registers.rax;

	/*
	 * The CPU has checked CR4.OSXSAVE before the exit, and the CPL ("Relative Priority of
	 * Faults and VM Exits"). Bochs exits before it looks at the CPL.
	 */
	if (vcpu_cpl() != 0 || (uint32_t)vcpu->registers.rcx != 0 ||
	    !is_valid(value, vcpu->xcr0_allowed)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	xsetbv(0, value);
	vcpu_advance(vcpu);
}
