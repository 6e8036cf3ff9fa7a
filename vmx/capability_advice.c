/* SPDX-License-Identifier: MIT */
/* What a person can do if Sill cannot run on a machine. Only the loader has use for it. */
#include "vmx/capability.h"

const char *vmx_capability_advice(const struct vmx_capability *capability)
{
	switch (capability->verdict) {
	case VMX_USABLE:
	case VMX_FACTS_INCOMPLETE:
		return "";
	case VMX_LOCKED_OFF:
		return "Switch it on in the firmware's set-up, where it is usually called \"Intel "
		       "Virtualization Technology\", \"VT-x\" or \"Vanderpool\", under Advanced, CPU "
		       "or Security; then switch the machine off and on, since the lock lasts until "
		       "a reset.";
	case VMX_LOCKED_FOR_SMX_ONLY:
		return "Firmware allows VT-x only after a measured launch: switch \"Intel TXT\" (Trusted "
		       "Execution Technology) off, or VT-x fully on, in the firmware's set-up.";
	case VMX_CONTROL_MISSING:
	case VMX_CONTROL_FORCED:
		return "No setting changes that on a real machine: try another one. In a virtual machine "
		       "or an emulator, another CPU model may have it.";
	case VMX_NOT_INTEL:
		break;
	default:
		if (capability->virtual_machine)
			return "This is a virtual machine: ask the hypervisor below for nested "
			       "virtualisation (for QEMU with KVM: load kvm_intel with nested=1 and "
			       "use -cpu host), or start on the bare machine.";
		break;
	}
	return "Sill needs a processor with Intel VT-x, EPT and unrestricted guest: any 64-bit Intel "
	       "Core or Xeon since 2010 (Westmere) has them.";
}
