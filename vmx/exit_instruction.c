/* SPDX-License-Identifier: MIT */
/* Exits of instructions that take no operands worth looking at. */
#include "core/cpu.h"
#include "vmx/exit.h"

bool exit_invalid_opcode(struct vcpu *vcpu)
{
	return vcpu_inject_ud(vcpu);
}

/*
 * WBINVD, WBNOINVD and INVD. INVD would throw away what Sill has written and the caches have not
 * yet passed on, so the guest gets the kind that writes back: SDM, "INVD".
 */
bool exit_wbinvd(struct vcpu *vcpu)
{
	wbinvd();
	return vcpu_advance(vcpu);
}
