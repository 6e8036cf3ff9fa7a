/* SPDX-License-Identifier: MIT */
/* The doors in underlay mode: where they find their place in the machine's memory. */
#ifndef SILL_UNDERLAY_DOORS_H
#define SILL_UNDERLAY_DOORS_H

#include <stdint.h>

#include "vmx/vcpu.h"

/*
 * Makes room for the doors in this set (1u << SILL_DOOR_*), which all CPUs share; once, when the
 * EPT is complete and before any CPU is launched. -SILL_ENOMEM.
 */
__attribute__((warn_unused_result)) int underlay_doors_create(uint32_t wanted);

/* Opens them on one CPU, whose VMCS is set up. */
void underlay_doors_open(struct vcpu *vcpu);

/* This CPU starts anew: what its doors were told belonged to its old life. */
void underlay_doors_restart(struct vcpu *vcpu);

/* After a change of the EPT, with underlay.lock held. */
void underlay_doors_memory_changed(void);

/*
 * After a violation at gpa that the EPT has an answer to now: if the guest is in the second view,
 * which hides a GiB of that, and wants something there, it goes on in the ordinary one.
 */
void underlay_doors_leave_view(struct vcpu *vcpu, uint64_t gpa);

#endif
