/* SPDX-License-Identifier: MIT */
/*
 * Sill's hypercalls as C functions, for 64-bit programs: one sill_<name>() for each row of
 * hypercall/calls.def, with the row's arguments. Each answers what came back in RAX: a value, or
 * -4095 to -1 for an error (sill/errno.h).
 *
 * Where Sill is absent VMCALL raises #UD: ask sill_present() first.
 */
#ifndef SILL_CALL_H
#define SILL_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sill/channel.h>
#include <sill/doors.h>
#include <sill/errno.h>
#include <sill/hypercall.h>

/* Whether Sill runs beneath this program. May be asked anywhere, at every privilege level. */
static inline bool sill_present(void)
{
	uint32_t eax, ebx, ecx, edx;

	/* Where no hypervisor is, the leaf may answer with anything but our signature. */
	__asm__ volatile("cpuid"
			 : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx)
			 : "a"(SILL_CPUID_SIGNATURE), "c"(0));
	return ebx == SILL_SIGNATURE && ecx == SILL_SIGNATURE && edx == SILL_SIGNATURE &&
	       eax >= SILL_CPUID_FEATURES;
}

/* A bit for each door that is open, by number: sill/doors.h. Only if sill_present(). */
static inline uint32_t sill_doors_open(void)
{
	uint32_t eax, ebx, ecx, edx;

	__asm__ volatile("cpuid"
			 : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx)
			 : "a"(SILL_CPUID_DOORS), "c"(SILL_DOORS_OPEN));
	return eax;
}

static inline bool sill_is_error(int64_t answer)
{
	return answer < 0 && answer >= -SILL_MAX_ERRNO;
}

static inline int64_t sill_vmcall0(uint64_t number)
{
	int64_t answer;

	__asm__ volatile("vmcall" : "=a"(answer) : "a"(number) : "memory");
	return answer;
}

static inline int64_t sill_vmcall1(uint64_t number, uint64_t a)
{
	int64_t answer;

	__asm__ volatile("vmcall" : "=a"(answer) : "a"(number), "D"(a) : "memory");
	return answer;
}

static inline int64_t sill_vmcall2(uint64_t number, uint64_t a, uint64_t b)
{
	int64_t answer;

	__asm__ volatile("vmcall" : "=a"(answer) : "a"(number), "D"(a), "S"(b) : "memory");
	return answer;
}

static inline int64_t sill_vmcall3(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	int64_t answer;

	__asm__ volatile("vmcall" : "=a"(answer) : "a"(number), "D"(a), "S"(b), "d"(c) : "memory");
	return answer;
}

static inline int64_t sill_vmcall4(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t r10 __asm__("r10") = d;
	int64_t answer;

	__asm__ volatile("vmcall"
			 : "=a"(answer)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "memory");
	return answer;
}

/* A row's arguments, as parameters and as a call. */
#define SILL_PARAMETERS_SILL_ARGS0()			   void
#define SILL_PARAMETERS_SILL_ARGS1(t, a)		   t a
#define SILL_PARAMETERS_SILL_ARGS2(t, a, u, b)		   t a, u b
#define SILL_PARAMETERS_SILL_ARGS3(t, a, u, b, v, c)	   t a, u b, v c
#define SILL_PARAMETERS_SILL_ARGS4(t, a, u, b, v, c, w, d) t a, u b, v c, w d
#define SILL_VMCALL_SILL_ARGS0()			   sill_vmcall0(number)
#define SILL_VMCALL_SILL_ARGS1(t, a)			   sill_vmcall1(number, (uint64_t)(a))
#define SILL_VMCALL_SILL_ARGS2(t, a, u, b)		   sill_vmcall2(number, (uint64_t)(a), (uint64_t)(b))
#define SILL_VMCALL_SILL_ARGS3(t, a, u, b, v, c) \
	sill_vmcall3(number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c))
#define SILL_VMCALL_SILL_ARGS4(t, a, u, b, v, c, w, d) \
	sill_vmcall4(number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d))

#define SILL_CALL(value, NAME, name, who, arguments, summary)          \
	static inline int64_t sill_##name(SILL_PARAMETERS_##arguments) \
	{                                                              \
		const uint64_t number = SILL_CALL_##NAME;              \
                                                                       \
		return SILL_VMCALL_##arguments;                        \
	}
#include "../../hypercall/calls.def"
#undef SILL_CALL

#endif
