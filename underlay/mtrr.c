/* SPDX-License-Identifier: MIT */
/*
 * MTRRs in underlay mode; see underlay/mtrr.h.
 *
 * Each CPU has its own MTRRs, but SDM, "MTRR Considerations in MP Systems", wants them alike:
 * software gives each CPU the same values, while all others wait. So there is one copy of them,
 * to which the EPT is built, and each write by any CPU goes there as well: the first CPU's write
 * changes the types, the others' find nothing to do. And each CPU forgets what it has cached when
 * it writes its own MTRRs, which is when it would also do so natively.
 */
#include "underlay/mtrr.h"

#include <sill/errno.h>

#include "core/cpu.h"
#include "core/log.h"
#include "core/msr.h"
#include "core/safe_access.h"
#include "underlay/doors.h"
#include "underlay/memory.h"
#include "underlay/underlay.h"
#include "vmx/tlb.h"

/* Sill's copy of the MSR, NULL if it is none of these. */
static uint64_t *copy_of(uint32_t msr)
{
	struct mtrr_state *mtrr = &underlay.mtrr;

	if (msr == MSR_IA32_MTRR_DEF_TYPE)
		return &mtrr->default_type;
	if (msr >= MSR_IA32_MTRR_PHYSBASE(0) &&
	    msr < MSR_IA32_MTRR_PHYSBASE(mtrr->variable_count)) {
		struct mtrr_variable *range =
			&mtrr->variable[(msr - MSR_IA32_MTRR_PHYSBASE(0)) / 2];

		return msr % 2 == 0 ? &range->base : &range->mask;
	}
	for (uint32_t i = 0; (mtrr->capability & MTRRCAP_FIX) != 0 && i < MTRR_FIXED_COUNT; i++) {
		if (msr == mtrr_fixed_msr(i))
			return &mtrr->fixed[i];
	}
	return NULL;
}

bool underlay_mtrr_is(uint32_t msr)
{
	return copy_of(msr) != NULL;
}

/*
 * Is the EPT behind what the MTRRs say, as far as they are enabled? Not for one that only disables
 * or enables them; but the EPT may have been made while they were not enabled.
 */
static bool matters(uint32_t msr, uint64_t old, uint64_t value, bool retyped)
{
	uint64_t changed = old ^ value;

	if (msr == MSR_IA32_MTRR_DEF_TYPE && retyped)
		changed &= ~(uint64_t)MTRR_DEF_TYPE_ENABLE;
	return changed != 0;
}

int underlay_mtrr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value)
{
	static bool told, behind, retyped;
	uint64_t *copy = copy_of(msr);
	bool tell = false;

	if (copy == NULL || !safe_wrmsr(msr, value))
		return -SILL_EINVAL;
	spin_lock(&underlay.lock);
	behind |= matters(msr, *copy, value, retyped);
	*copy = value;
	/*
	 * Software disables the MTRRs of one CPU while it writes several of them, with CR0.CD set.
	 * The EPT is for all CPUs, and the others are not to find all memory uncacheable for that
	 * time: it follows when they are enabled again.
	 */
	if (behind && (underlay.mtrr.default_type & MTRR_DEF_TYPE_ENABLE) != 0) {
		behind = false;
		retyped = true;
		tell = ept_retype(&underlay.ept) != 0 && !told;
		underlay_doors_memory_changed();
		told |= tell;
		underlay_memory_describe();
	}
	spin_unlock(&underlay.lock);
	if (tell)
		log_warning("no memory left to follow the OS's MTRRs exactly: some of its memory "
			    "is uncacheable now, and slow (said once)");
	tlb_invalidate_ept(vcpu);
	return 0;
}
