/* SPDX-License-Identifier: MIT */
/* Shows hypercalls and their answers; see hypercall/trace.h. */
#include "hypercall/trace.h"

#include "core/format.h"
#include "core/log.h"
#include "hypercall/hypercall.h"

#define MOST_ARGUMENTS 6

static const struct {
	const char *name;
	const char *arguments[MOST_ARGUMENTS + 1]; /* names; NULL ends them */
} calls[] = {
#define SILL_ARGS1(t0, n0)			     #n0
#define SILL_ARGS2(t0, n0, t1, n1)		     #n0, #n1
#define SILL_ARGS3(t0, n0, t1, n1, t2, n2)	     #n0, #n1, #n2
#define SILL_CALL(number, NAME, name, who, args, summary) [number] = {#name, {args}},
#include "hypercall/calls.def"
#undef SILL_CALL
};

static struct {
	bool any;
	bool wide;
	uint64_t number;
	int64_t result;
	uint64_t repetitions;
} last;

static const char *error_name(int64_t result)
{
	static const struct {
		int number;
		const char *name;
	} errors[] = {
		{SILL_EPERM, "-EPERM"},	  {SILL_EFAULT, "-EFAULT"}, {SILL_ENODEV, "-ENODEV"},
		{SILL_EINVAL, "-EINVAL"}, {SILL_ENOSYS, "-ENOSYS"},
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (result == -errors[i].number)
			return errors[i].name;
	}
	return NULL;
}

void hypercall_trace_end(void)
{
	if (last.repetitions > 0)
		log_info("  ... and the same call %llu more times",
			 (unsigned long long)last.repetitions);
	last.repetitions = 0;
	last.any = false;
}

void hypercall_trace(const struct vcpu *vcpu, bool wide, uint64_t number, int64_t result)
{
	char text[160], answer[32];
	size_t at = 0;

	if (last.any && last.wide == wide && last.number == number && last.result == result) {
		last.repetitions++;
		return;
	}
	hypercall_trace_end();
	last.any = true;
	last.wide = wide;
	last.number = number;
	last.result = result;

	if (error_name(result) != NULL)
		format(answer, sizeof(answer), "%s", error_name(result));
	else
		format(answer, sizeof(answer), "%lld", (long long)result);
	if (number >= SILL_CALL_COUNT) {
		log_info("guest %u, CPL %u: hypercall %llu = %s", vcpu->guest_id, vcpu_cpl(),
			 (unsigned long long)number, answer);
		return;
	}
	text[0] = '\0';
	for (unsigned int i = 0; calls[number].arguments[i] != NULL && at < sizeof(text); i++)
		at += (size_t)format(text + at, sizeof(text) - at, "%s%s 0x%llx",
				     i > 0 ? ", " : "", calls[number].arguments[i],
				     (unsigned long long)hypercall_argument(vcpu, wide, i));
	log_info("guest %u, CPL %u: %s(%s) = %s", vcpu->guest_id, vcpu_cpl(), calls[number].name,
		 text, answer);
}
