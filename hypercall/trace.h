/* SPDX-License-Identifier: MIT */
/* Shows hypercalls and their answers on the console, for people who want to see them. */
#ifndef SILL_HYPERCALL_TRACE_H
#define SILL_HYPERCALL_TRACE_H

#include "vmx/vcpu.h"

/* A call that was answered. Repetitions of the same call are counted, not shown. */
void hypercall_trace(const struct vcpu *vcpu, bool wide, uint64_t number, int64_t result);

/* Shows what is still only counted, and forgets: between one guest and the next. */
void hypercall_trace_end(void);

#endif
