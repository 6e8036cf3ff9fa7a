/* SPDX-License-Identifier: MIT */
/*
 * One step of the guest with something lent to it that it doesn't have otherwise, then Sill again:
 * for what Sill can't do in the guest's place, as that would take a decoder for all that a CPU can
 * execute.
 */
#ifndef SILL_VMX_STEP_H
#define SILL_VMX_STEP_H

#include "vmx/vcpu.h"

/* Whether this CPU can be made to exit after a step. */
bool step_possible(const struct vcpu *vcpu);

/*
 * The guest makes its step, whatever that is (an instruction, one iteration of it, the delivery of
 * an event, marking a page-table entry), and exits: by the monitor trap flag, or on a CPU without
 * that by TIMER_STEP, after some microseconds in which it may have made more.
 */
void step_begin(struct vcpu *vcpu);

/* Whether it is still to come. */
bool step_is_pending(const struct vcpu *vcpu);

/* It has; or it need not exit any more. */
void step_end(struct vcpu *vcpu);

#endif
