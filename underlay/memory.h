/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical memory in underlay mode: one EPT for all CPUs. What the machine has is where it is
 * natively, with the memory types of the MTRRs; only Sill's own memory is a hole (underlay/hole.h).
 */
#ifndef SILL_UNDERLAY_MEMORY_H
#define SILL_UNDERLAY_MEMORY_H

#include <sill/handoff.h>

#include "vmx/vcpu.h"

#include <stdint.h>

/*
 * Fills in underlay.ept and underlay.arena; underlay.mtrr has been read before. Once, by the boot
 * CPU before it is launched. `ept_capabilities` is IA32_VMX_EPT_VPID_CAP.
 *
 * 0; -SILL_ENOMEM if the arena has not enough memory for the tables, which needs a CPU without
 * 1-GiB EPT pages and more than some hundred GiB of RAM; -SILL_ERANGE if there is RAM at
 * guest-physical addresses of more than 48 bits; the errors of ept_init().
 */
__attribute__((warn_unused_result)) int underlay_memory_create(const struct sill_handoff *handoff,
							       uint64_t ept_capabilities);

/* Shows what is mapped with which memory type, if the log has messages of level debug. */
void underlay_memory_describe(void);

/* For struct vcpu's grant. */
int underlay_memory_grant(struct vcpu *vcpu, uint64_t gpa);

#endif
