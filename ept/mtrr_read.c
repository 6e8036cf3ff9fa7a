/* SPDX-License-Identifier: MIT */
/*
 * Reads this CPU's MTRRs. See mtrr_read.h.
 */
#include "ept/mtrr_read.h"

#include <sill/errno.h>

#include "core/cpu.h"
#include "core/msr.h"
#include "core/string.h"

int mtrr_read(struct mtrr_state *state, uint32_t physical_bits)
{
	uint64_t count;

	memset(state, 0, sizeof(*state));
	state->physical_bits = physical_bits;
	state->capability = rdmsr(MSR_IA32_MTRRCAP);
	state->default_type = rdmsr(MSR_IA32_MTRR_DEF_TYPE);

	/* SDM, "MTRR Feature Identification": without the FIX flag the registers don't exist. */
	if (state->capability & MTRRCAP_FIX) {
		for (uint32_t i = 0; i < MTRR_FIXED_COUNT; i++)
			state->fixed[i] = rdmsr(mtrr_fixed_msr(i));
	}

	count = state->capability & MTRRCAP_VCNT_MASK;
	state->variable_count = (uint32_t)(count < MTRR_VARIABLE_MAX ? count : MTRR_VARIABLE_MAX);
	for (uint32_t i = 0; i < state->variable_count; i++) {
		state->variable[i].base = rdmsr(MSR_IA32_MTRR_PHYSBASE(i));
		state->variable[i].mask = rdmsr(MSR_IA32_MTRR_PHYSMASK(i));
	}
	return count > MTRR_VARIABLE_MAX ? -SILL_E2BIG : 0;
}
