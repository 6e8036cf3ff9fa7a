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
 * is 64-bit code. It ends by giving its answer with hypercall_return(), as its last act; that
 * way nothing has to be kept over a call on the shortest path into Sill and back.
 */
typedef void hypercall_service(struct vcpu *vcpu, bool wide);

static inline void hypercall_return(struct vcpu *vcpu, bool wide, int64_t result)
{
	uint64_t *rax = &vcpu->registers.rax;

	/* Of a 32-bit caller's registers nothing above bit 31 is changed. */
	*rax = wide ? (uint64_t)result : (*rax & ~0xffffffffull) | (uint32_t)result;
	vcpu_advance(vcpu);
}

#define SILL_CALL(number, NAME, name, who, arguments, summary) hypercall_service hypercall_##name;
#include "hypercall/calls.def"
#undef SILL_CALL

/* Argument 0 to 5, zero-extended from 32 bits if the caller is not wide. */
static inline uint64_t hypercall_argument(const struct vcpu *vcpu, bool wide, unsigned int index)
{
	const struct vcpu_registers *r = &vcpu->registers;
	const uint64_t *const wide_order[] = {&r->rdi, &r->rsi, &r->rdx, &r->r10, &r->r8, &r->r9};
	const uint64_t *const narrow_order[] = {&r->rbx, &r->rcx, &r->rdx,
						&r->rsi, &r->rdi, &r->rbp};

	return wide ? *wide_order[index] : (uint32_t)*narrow_order[index];
}

/*
 * For services that answer with a structure: the argument with this index is where to, the next one
 * how much of it the caller knows. The call's result is the bytes written, or an error.
 */
void hypercall_answer(struct vcpu *vcpu, bool wide, unsigned int index, const void *structure,
		      size_t size);

/* The display that display_info describes; once, before the first guest. */
void display_info_start(const struct sill_framebuffer *framebuffer);
bool display_info_present(void);

/* SILL_FEATURE_* for this guest on this machine. Once all else of the vCPU is set. */
uint32_t hypercall_features(const struct vcpu *vcpu);

#endif
