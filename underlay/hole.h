/* SPDX-License-Identifier: MIT */
/*
 * The hole in guest-physical memory where Sill itself is. Reads give all ones, as where no memory
 * is; fetched, these are an invalid opcode. Writes vanish.
 */
#ifndef SILL_UNDERLAY_HOLE_H
#define SILL_UNDERLAY_HOLE_H

#include "vmx/vcpu.h"

#include <stdint.h>

/* Makes underlay.arena the hole in underlay.ept. 0, -SILL_ENOMEM. */
__attribute__((warn_unused_result)) int hole_create(void);

/*
 * The guest is about to write to this page of the hole: after the return it can, and what it
 * writes will be gone.
 */
void hole_written(struct vcpu *vcpu, uint64_t page);

/* The guest has made its step: takes back what it was lent, if it was. */
void hole_step_ended(struct vcpu *vcpu);

#endif
