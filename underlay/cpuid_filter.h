/* SPDX-License-Identifier: MIT */
/*
 * What an OS on top of Sill sees of CPUID: the CPU's own answer, less VMX and SMX, less what would
 * not work in VMX non-root operation on this CPU. Unlike a guest in guest mode it is shown every
 * feature that is not named here. Pure.
 */
#ifndef SILL_UNDERLAY_CPUID_FILTER_H
#define SILL_UNDERLAY_CPUID_FILTER_H

#include "core/cpu_setup.h"
#include "vmx/capability.h"

#include <stdbool.h>
#include <stdint.h>

/* What the answer depends on besides the CPU. */
struct cpuid_view {
	const struct vmx_capability *capability; /* with the controls as they are in the VMCS */
	uint64_t cr4;				 /* the guest's */
	bool in_64_bit_code;			 /* executed in 64-bit mode */
	bool show_hypervisor;			 /* leaf 1's hypervisor-present bit is to be set */
};

/*
 * Makes of the answer that the CPU gave Sill (in 64-bit mode, with Sill's CR4) the one for the
 * guest. `highest` is the highest basic leaf, EAX of leaf 0: a leaf above it is answered with the
 * highest one's data, and treated so.
 */
void cpuid_filter(const struct cpuid_view *view, uint32_t highest, uint32_t leaf, uint32_t subleaf,
		  struct vmx_cpuid *answer);

/*
 * The same for leaf 1 alone, which is asked for more often than all others. SDM, "CPUID—CPU
 * Identification": bits 5 VMX, 6 SMX, 27 OSXSAVE, 31 reserved for hypervisors.
 */
static inline uint32_t cpuid_filter_leaf_1_ecx(const struct cpuid_view *view, uint32_t ecx)
{
	ecx &= ~(1u << 5 | 1u << 6 | 1u << 27);
	/* OSXSAVE follows CR4, and the CPU answered with Sill's: bit 18 there. */
	return ecx | ((uint32_t)(view->cr4 & CR4_OSXSAVE) << (27 - 18)) |
	       (uint32_t)view->show_hypervisor << 31;
}

#endif
