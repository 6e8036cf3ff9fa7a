/* SPDX-License-Identifier: MIT */
/* Guest mode: the configured guests, one after another. */
#ifndef SILL_GUEST_RUN_H
#define SILL_GUEST_RUN_H

#include <sill/handoff.h>

#include "ept/memory_type.h"
#include "vmx/capability.h"

/* Runs all guests; answers how many of them did not exit with status 0. */
uint32_t guests_run(const struct sill_handoff *handoff, const struct vmx_capability *capability,
		    const struct mtrr_state *mtrr);

/* TSC ticks from the loader's entry to the first guest's first instruction; 0 if there was none. */
uint64_t guests_ticks_to_first(void);

#endif
