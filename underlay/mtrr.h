/* SPDX-License-Identifier: MIT */
/* MTRRs in underlay mode: the guest writes the CPU's own, and the EPT's memory types follow. */
#ifndef SILL_UNDERLAY_MTRR_H
#define SILL_UNDERLAY_MTRR_H

#include "vmx/vcpu.h"

#include <stdbool.h>
#include <stdint.h>

/* The MSRs for which underlay_mtrr_is() can be true: for whoever fills in a bitmap. */
#define UNDERLAY_MTRR_FIRST 0x200u
#define UNDERLAY_MTRR_LAST  0x2ffu

/*
 * Whether this is an MTRR of the machine that can be written to: underlay_mtrr_write() is to be
 * called for a WRMSR to it, which has to be intercepted on all CPUs. Reads need no help.
 */
bool underlay_mtrr_is(uint32_t msr);

/*
 * The guest's WRMSR to an MTRR of this CPU, wholly: writes the MSR, gives the EPT the new types,
 * and makes this CPU forget the old ones. -SILL_EINVAL if the CPU does not take the value: #GP(0).
 */
__attribute__((warn_unused_result)) int underlay_mtrr_write(struct vcpu *vcpu, uint32_t msr,
							    uint64_t value);

#endif
