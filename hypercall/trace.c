/* SPDX-License-Identifier: MIT */
/* Shows hypercalls and their answers; see hypercall/trace.h. */
#include "hypercall/trace.h"

#include "core/format.h"
#include "core/log.h"
#include "core/string.h"
#include "hypercall/hypercall.h"

#define MOST_ARGUMENTS 6

static const struct {
	const char *name;
	const char *arguments[MOST_ARGUMENTS + 1]; /* names; NULL ends them */
} calls[] = {
#define SILL_ARGS0()					  NULL
#define SILL_ARGS1(t0, n0)				  #n0
#define SILL_ARGS2(t0, n0, t1, n1)			  #n0, #n1
#define SILL_ARGS3(t0, n0, t1, n1, t2, n2)		  #n0, #n1, #n2
#define SILL_ARGS4(t0, n0, t1, n1, t2, n2, t3, n3)	  #n0, #n1, #n2, #n3
#define SILL_CALL(number, NAME, name, who, args, summary) [number] = {#name, {args}},
#include "hypercall/calls.def"
#undef SILL_CALL
};

struct call {
	bool wide;
	uint64_t number;
	uint64_t arguments[MOST_ARGUMENTS];
};

static struct {
	struct call call;
	bool open; /* begun and not answered */

	/* The last one shown. */
	bool any;
	struct call last;
	int64_t result;
	uint64_t repetitions;
} trace;

static const char *error_name(int64_t result)
{
	static const struct {
		int number;
		const char *name;
	} errors[] = {
		{SILL_EPERM, "-EPERM"},	  {SILL_EFAULT, "-EFAULT"}, {SILL_ENODEV, "-ENODEV"},
		{SILL_EINVAL, "-EINVAL"}, {SILL_ENOSYS, "-ENOSYS"}, {SILL_ENOTSUP, "-ENOTSUP"},
		{SILL_E2BIG, "-E2BIG"},	  {SILL_ENOMEM, "-ENOMEM"},
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (result == -errors[i].number)
			return errors[i].name;
	}
	return NULL;
}

static void tell_repetitions(void)
{
	if (trace.repetitions > 0)
		log_info("  ... and the same call %llu more times",
			 (unsigned long long)trace.repetitions);
	trace.repetitions = 0;
	trace.any = false;
}

static void tell_call(const struct vcpu *vcpu, const struct call *call, const char *answer)
{
	char text[160];
	size_t at = 0;

	if (call->number >= SILL_CALL_COUNT) {
		log_info("guest %u, CPL %u: hypercall %llu = %s", vcpu->guest_id, vcpu_cpl(),
			 (unsigned long long)call->number, answer);
		return;
	}
	text[0] = '\0';
	for (unsigned int i = 0; calls[call->number].arguments[i] != NULL; i++)
		at += (size_t)format(text + at, sizeof(text) - at, "%s%s 0x%llx", i > 0 ? ", " : "",
				     calls[call->number].arguments[i],
				     (unsigned long long)call->arguments[i]);
	log_info("guest %u, CPL %u: %s(%s)%s%s", vcpu->guest_id, vcpu_cpl(),
		 calls[call->number].name, text, answer[0] != '\0' ? " = " : "", answer);
}

void hypercall_trace_begin(const struct vcpu *vcpu, bool wide, uint64_t number)
{
	trace.call.wide = wide;
	trace.call.number = number;
	for (unsigned int i = 0; i < MOST_ARGUMENTS; i++)
		trace.call.arguments[i] = hypercall_argument(vcpu, wide, i);
	trace.open = true;
}

static int64_t result_of(const struct vcpu *vcpu)
{
	uint64_t rax = vcpu->registers.rax;

	return trace.call.wide ? (int64_t)rax : (int32_t)rax;
}

void hypercall_trace_answer(const struct vcpu *vcpu)
{
	int64_t result = result_of(vcpu);
	const char *error = error_name(result);
	char answer[24];

	trace.open = false;
	if (trace.any && trace.result == result &&
	    memcmp(&trace.call, &trace.last, sizeof(trace.call)) == 0) {
		trace.repetitions++;
		return;
	}
	tell_repetitions();
	format(answer, sizeof(answer), "%lld", (long long)result);
	tell_call(vcpu, &trace.call, error != NULL ? error : answer);
	trace.any = true;
	trace.last = trace.call;
	trace.result = result;
}

void hypercall_trace_end(const struct vcpu *vcpu)
{
	tell_repetitions();
	if (trace.open)
		tell_call(vcpu, &trace.call, "");
	trace.open = false;
}
