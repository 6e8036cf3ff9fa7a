/* SPDX-License-Identifier: MIT */
/* A machine's memory: RAM, the hole below 1 MiB, and the pages that are granted at first touch. */
#ifndef SILL_GUEST_MEMORY_H
#define SILL_GUEST_MEMORY_H

#include "guest/machine.h"

/*
 * Zeroes the RAM and builds the EPT. ept_capabilities is IA32_VMX_EPT_VPID_CAP; *mtrr has to stay.
 * 0, or the error of ept/ept.h.
 */
__attribute__((warn_unused_result)) int machine_memory_create(struct machine *machine,
							      uint64_t ept_capabilities,
							      const struct mtrr_state *mtrr);
void machine_memory_destroy(struct machine *machine);

/* Shows what the guest can reach, and that it is nothing but its RAM: panics if it isn't. */
void machine_memory_describe(const struct machine *machine);

/*
 * Lays out what lies beyond RAM for the doors in this set: the registers of MMIO, and the second
 * view.
 */
void machine_memory_add_doors(struct machine *machine, uint32_t wanted);

/* For struct vcpu's grant. */
int machine_grant(struct vcpu *vcpu, uint64_t gpa);

#endif
