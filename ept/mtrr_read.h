/* SPDX-License-Identifier: MIT */
/*
 * Reads this CPU's MTRRs. Apart from memory_type.h because it executes RDMSR.
 */
#ifndef SILL_EPT_MTRR_READ_H
#define SILL_EPT_MTRR_READ_H

#include "ept/memory_type.h"

/*
 * Fills in *state with the MTRRs of the CPU it runs on. `physical_bits` is CPUID 80000008h
 * EAX[7:0]. The CPU must have MTRRs (CPUID.01H:EDX[12], which every CPU with VMX sets): without
 * them the first RDMSR raises #GP.
 *
 * 0, or -SILL_E2BIG if the CPU has more variable ranges than the structure holds; the state then
 * has all that fit and must not be used to build EPT entries.
 */
__attribute__((warn_unused_result)) int mtrr_read(struct mtrr_state *state, uint32_t physical_bits);

#endif
