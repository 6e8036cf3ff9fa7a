/* SPDX-License-Identifier: MIT */
/*
 * The proof that VT-x is a set of CPU instructions and no BIOS feature: what was asked of the CPU,
 * what the firmware had a say in, and that nothing of the firmware is in use.
 */
#ifndef SILL_DEBUG_PROOF_H
#define SILL_DEBUG_PROOF_H

#include <sill/handoff.h>

#include "vmx/capability.h"

/* At the start, before IA32_FEATURE_CONTROL is touched. Panics if firmware memory is mapped. */
void proof_begin(const struct sill_handoff *handoff, const struct vmx_facts *facts,
		 const struct vmx_capability *capability);

/* At the end: the VMX instructions that this CPU executed, and the firmware calls. */
void proof_end(const struct sill_handoff *handoff);

#endif
