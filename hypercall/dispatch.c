/* SPDX-License-Identifier: MIT */
/* VMCALL: from the guest's registers to the service in the table. */
#include "hypercall/doorbell.h"
#include "hypercall/hypercall.h"
#include "hypercall/trace.h"
#include "vmx/exit.h"
#include "vmx/guest_memory.h"

/*
 * Who may call what: the rows marked GRANTED are reached through a guard, so are those marked
 * SUPERVISOR, the others as they are.
 */
#define CALLER_ANYONE(name)	hypercall_##name
#define CALLER_GRANTED(name)	guarded_##name
#define CALLER_SUPERVISOR(name) guarded_##name

#define GUARD_ANYONE(name)
#define GUARD_GRANTED(name)                                        \
	static void guarded_##name(struct vcpu *vcpu, bool wide)   \
	{                                                          \
		if (doorbell_granted(vcpu))                        \
			hypercall_##name(vcpu, wide);              \
		else                                               \
			hypercall_return(vcpu, wide, -SILL_EPERM); \
	}
#define GUARD_SUPERVISOR(name)                                     \
	static void guarded_##name(struct vcpu *vcpu, bool wide)   \
	{                                                          \
		if (vcpu_cpl() == 0)                               \
			hypercall_##name(vcpu, wide);              \
		else                                               \
			hypercall_return(vcpu, wide, -SILL_EPERM); \
	}
#define SILL_CALL(number, NAME, name, who, arguments, summary) GUARD_##who(name)
#include "hypercall/calls.def"
#undef SILL_CALL

static hypercall_service *const calls[] = {
#define SILL_CALL(number, NAME, name, who, arguments, summary) [number] = CALLER_##who(name),
#include "hypercall/calls.def"
#undef SILL_CALL
};
_Static_assert(sizeof(calls) / sizeof(calls[0]) == SILL_CALL_COUNT, "a row for each number");

static void serve(struct vcpu *vcpu, bool wide, uint64_t number)
{
	if (number < SILL_CALL_COUNT)
		calls[number](vcpu, wide);
	else
		hypercall_return(vcpu, wide, -SILL_ENOSYS);
}

__attribute__((cold, noinline)) static void serve_narrow(struct vcpu *vcpu)
{
	serve(vcpu, false, (uint32_t)vcpu->registers.rax);
}

/* Apart, or the compiler loads RAX into a register before it compares: an instruction of ping's. */
__attribute__((hot, noinline)) static void serve_wide(struct vcpu *vcpu)
{
	serve(vcpu, true, vcpu->registers.rax);
}

/*
 * The commonest call goes the shortest way: hypercall_ping() for a 64-bit caller, without the
 * table. It is at once what the other doors are compared with (docs/doors.md).
 */
__attribute__((hot)) void exit_hypercall(struct vcpu *vcpu)
{
	struct vcpu_registers *r = &vcpu->registers;

	if (__builtin_expect((vmread_proven(VMCS_GUEST_CS_ACCESS_RIGHTS) & SEGMENT_L) == 0,
			     false)) {
		serve_narrow(vcpu);
	} else if (r->rax == SILL_CALL_PING && r->rdi < (uint64_t)-SILL_MAX_ERRNO) {
		r->rax = r->rdi;
		vcpu_advance_inline(vcpu);
	} else {
		serve_wide(vcpu);
	}
}

void exit_hypercall_shown(struct vcpu *vcpu)
{
	bool wide = (vmread_proven(VMCS_GUEST_CS_ACCESS_RIGHTS) & SEGMENT_L) != 0;
	uint64_t number = wide ? vcpu->registers.rax : (uint32_t)vcpu->registers.rax;

	hypercall_trace_begin(vcpu, wide, number);
	serve(vcpu, wide, number);
	hypercall_trace_answer(vcpu);
}

void hypercall_answer(struct vcpu *vcpu, bool wide, unsigned int index, const void *structure,
		      size_t size)
{
	uint64_t room = hypercall_argument(vcpu, wide, index + 1);
	int64_t result;

	if (room < size)
		size = room;
	/* Nothing that a call answers with is of use below this. */
	if (room < 8)
		result = -SILL_EINVAL;
	else if (guest_write(vcpu, hypercall_argument(vcpu, wide, index), structure, size, NULL) !=
		 0)
		result = -SILL_EFAULT;
	else
		result = (int64_t)size;
	hypercall_return(vcpu, wide, result);
}
