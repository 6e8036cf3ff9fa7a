/* SPDX-License-Identifier: MIT */
/* VMCALL: from the guest's registers to the service in the table, and back. */
#include "hypercall/doorbell.h"
#include "hypercall/hypercall.h"
#include "hypercall/trace.h"
#include "vmx/exit.h"
#include "vmx/guest_memory.h"

enum caller {
	ANYONE,
	GRANTED,
};

static const struct {
	hypercall_service *serve;
	enum caller who;
} calls[] = {
#define SILL_CALL(number, NAME, name, who, arguments, summary)                                     \
	[number] = {hypercall_##name, who},
#include "hypercall/calls.def"
#undef SILL_CALL
};
_Static_assert(sizeof(calls) / sizeof(calls[0]) == SILL_CALL_COUNT, "a row for each number");

__attribute__((hot)) bool exit_hypercall(struct vcpu *vcpu)
{
	bool wide = vcpu_in_64_bit_code();
	uint64_t rax = vcpu->registers.rax;
	uint64_t number = wide ? rax : (uint32_t)rax;
	int64_t result;

	if (number >= SILL_CALL_COUNT)
		result = -SILL_ENOSYS;
	else if (calls[number].who == GRANTED && !doorbell_granted(vcpu))
		result = -SILL_EPERM;
	else
		result = calls[number].serve(vcpu, wide);

	if (__builtin_expect(vcpu->hypercall_watched, false)) {
		if (vcpu->trace_hypercalls)
			hypercall_trace(vcpu, wide, number, result);
		if (vcpu->end != VCPU_RUNNING)
			return false;
	}
	vcpu->registers.rax = wide ? (uint64_t)result : (rax & ~0xffffffffull) | (uint32_t)result;
	return vcpu_advance(vcpu);
}

int64_t hypercall_answer(struct vcpu *vcpu, bool wide, const void *structure, size_t size)
{
	uint64_t room = hypercall_argument(vcpu, wide, 1);

	/* Nothing that a call answers with is of use below this. */
	if (room < 8)
		return -SILL_EINVAL;
	if (room < size)
		size = room;
	if (guest_write(vcpu, hypercall_argument(vcpu, wide, 0), structure, size, NULL) != 0)
		return -SILL_EFAULT;
	return (int64_t)size;
}
