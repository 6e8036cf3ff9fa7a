/* SPDX-License-Identifier: MIT */
/* Shows hypercalls and their answers on the console, for people who want to see them. */
#ifndef SILL_HYPERCALL_TRACE_H
#define SILL_HYPERCALL_TRACE_H

#include "vmx/vcpu.h"

/* A call begins; its arguments are noted before they can change. */
void hypercall_trace_begin(const struct vcpu *vcpu, bool wide, uint64_t number);

/* It was answered. Shown in one line; repetitions of the same call are counted, not shown. */
void hypercall_trace_answer(const struct vcpu *vcpu);

/* Between one guest and the next: shows what is only counted, and a call that never returned. */
void hypercall_trace_end(const struct vcpu *vcpu);

#endif
