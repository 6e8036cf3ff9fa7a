/* SPDX-License-Identifier: MIT */
/*
 * CR0 and CR4 under an OS: all bits are its own but those that VMX fixes and those of features that
 * it does not see. vmx/exit_control_register.c answers the writes that touch these. SDM,
 * "Guest/Host Masks and Read Shadows for CR0 and CR4", "VMX-Fixed Bits in CR0" and in CR4.
 */
#include "underlay/control_registers.h"

#include "core/cpu_setup.h"

void underlay_choose_owned_bits(struct vcpu *vcpu)
{
	const struct vmx_capability *c = vcpu->capability;

	/*
	 * CR0.NE is 1 in truth, and the guest reads what it wrote. The difference shows only to an
	 * OS that leaves it 0 and unmasks x87 exceptions: it gets #MF, where it waits for IRQ 13.
	 *
	 * CD and NW are the guest's: MOV to CR0 sets them in the CPU, and no VM exit or entry
	 * changes that ("Saving Control Registers, Debug Registers, and MSRs", "Loading Host
	 * Control Registers, Debug Registers, MSRs"). So Sill runs without caches where the guest
	 * does: slowly, but right, for with CD alone what is in the cache stays coherent ("Cache
	 * Control"). With NW too it would not, neither for Sill nor for the OS, which is why none
	 * sets it on a CPU that has left its reset behind.
	 */
	vcpu->cr0_owned = c->guest_cr0_fixed0 | ~c->cr0_fixed1;
	/* All of these read as 0. Setting one is #GP, as on a CPU that lacks the feature. */
	vcpu->cr4_owned = CR4_VMXE | CR4_SMXE | CR4_FRED | c->cr4_fixed0 | ~c->cr4_fixed1;
	vcpu->cr4_forced = c->cr4_fixed0;
}
