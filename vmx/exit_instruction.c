/* SPDX-License-Identifier: MIT */
/* Exits of instructions that take no operands worth looking at. */
#include "core/cpu.h"
#include "vmx/deadline.h"
#include "vmx/exit.h"

void exit_invalid_opcode(struct vcpu *vcpu)
{
	vcpu_inject_ud(vcpu);
}

/*
 * WBINVD, WBNOINVD and INVD. INVD would throw away what Sill has written and the caches have not
 * yet passed on, so the guest gets the kind that writes back: SDM, "INVD".
 */
void exit_wbinvd(struct vcpu *vcpu)
{
	deadline_check(vcpu);
	wbinvd();
	vcpu_advance(vcpu);
}

/* CPUID shows no performance counters, so every number of one is out of range: SDM, "RDPMC". */
void exit_rdpmc(struct vcpu *vcpu)
{
	vcpu_inject_gp(vcpu);
}

/* XSAVES and XRSTORS of a component that is hidden: of a reserved bit of IA32_XSS. */
void exit_xsaves(struct vcpu *vcpu)
{
	vcpu_inject_gp(vcpu);
}
