/* SPDX-License-Identifier: MIT */
/* Inside the hypercall room: how a service sees its caller. The ABI is include/sill/hypercall.h. */
#ifndef SILL_HYPERCALL_HYPERCALL_H
#define SILL_HYPERCALL_HYPERCALL_H

#include <sill/errno.h>
#include <sill/handoff.h>
#include <sill/hypercall.h>

#include "vmx/vcpu.h"

/*
 * A service: one file hypercall/<name>.c each, declared by its row in calls.def. wide: the caller
 * is 64-bit code. The result goes to RAX (or EAX).
 */
typedef int64_t hypercall_service(struct vcpu *vcpu, bool wide);

#define SILL_CALL(number, NAME, name, who, arguments, summary)                                     \
	hypercall_service hypercall_##name;
#include "hypercall/calls.def"
#undef SILL_CALL

/* Argument 0 to 5, zero-extended from 32 bits if the caller is not wide. */
static inline uint64_t hypercall_argument(const struct vcpu *vcpu, bool wide, unsigned int index)
{
	const struct vcpu_registers *r = &vcpu->registers;
	const uint64_t wide_order[] = {r->rdi, r->rsi, r->rdx, r->r10, r->r8, r->r9};
	const uint64_t narrow_order[] = {r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp};

	return wide ? wide_order[index] : (uint32_t)narrow_order[index];
}

/*
 * For services that answer with a structure: argument 0 is where to, argument 1 how much of it the
 * caller knows. Result of the call: the bytes written, or an error.
 */
int64_t hypercall_answer(struct vcpu *vcpu, bool wide, const void *structure, size_t size);

/* What the services tell of the machine; once, before the first guest. */
void hypercall_start(const struct sill_handoff *handoff);

/* SILL_FEATURE_* that this machine has. */
uint32_t hypercall_features(void);

#endif
