/* SPDX-License-Identifier: MIT */
/*
 * The VMX instructions. Each is counted (the proof shown at the end of a run) and checked: one
 * that fails is a defect of Sill, and is explained with its operands and the place it stands at.
 * SDM, "Conventions" in the chapter "VMX Instruction Reference": CF = 1 is VMfailInvalid, ZF = 1
 * VMfailValid, and JBE is taken for either.
 */
#ifndef SILL_VMX_INSTRUCTIONS_H
#define SILL_VMX_INSTRUCTIONS_H

#include "core/percpu.h"
#include "vmx/vmcs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* clang-format off */
#define VMX_INSTRUCTIONS(X) \
	X(VMXON) \
	X(VMXOFF) \
	X(VMCLEAR) \
	X(VMPTRLD) \
	X(VMREAD) \
	X(VMWRITE) \
	X(VMLAUNCH) \
	X(VMRESUME) \
	X(INVEPT) \
	X(INVVPID)
/* clang-format on */

enum vmx_instruction {
#define X(name) VMX_##name,
	VMX_INSTRUCTIONS(X)
#undef X
	VMX_INSTRUCTION_COUNT
};
_Static_assert(VMX_INSTRUCTION_COUNT <= sizeof(((struct percpu *)0)->vmx_count) / sizeof(uint64_t),
	       "a counter for each");

/* Panics: names the instruction, its operands, the VM-instruction error in words, the caller. */
__attribute__((noreturn, cold)) void vmx_instruction_failed(enum vmx_instruction instruction,
							    uint64_t operand, uint64_t value);

/*
 * %gs-relative: one instruction, and exact whatever interrupts it. The SDM's operands "m64" hold
 * a physical address.
 */
#define VMX_COUNT		 "incq %%gs:%c[count]\n\t"
#define VMX_COUNTER(instruction) offsetof(struct percpu, vmx_count[instruction])

/* VMREAD and VMWRITE as everything but the exit path uses them. */
uint64_t vmread(uint32_t field);
void vmwrite(uint32_t field, uint64_t value);

/*
 * For the exit path, where each instruction matters. A VMREAD fails for want of a current VMCS or
 * of the field. The first can't be after a VM exit, and the fields that are read in this way were
 * shown to exist by vcpu_begin(). Uncounted here: vcpu_account() knows how many there were.
 */
static inline uint64_t vmread_proven(uint32_t field)
{
	uint64_t value;

	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((uint64_t)field) : "cc", "memory");
	return value;
}

/* The same for VMWRITE: to a field that was written with vmwrite() when the VMCS was set up. */
static inline void vmwrite_proven(uint32_t field, uint64_t value)
{
	__asm__ volatile("vmwrite %0, %1" : : "r"(value), "r"((uint64_t)field) : "cc", "memory");
}

/* The same for paths that are not so hot that the number of times would follow from the exits. */
static inline uint64_t vmread_counted(uint32_t field)
{
	uint64_t value;

	__asm__ volatile(VMX_COUNT "vmread %[field], %[value]"
			 : [value] "=r"(value)
			 : [field] "r"((uint64_t)field), [count] "i"(VMX_COUNTER(VMX_VMREAD))
			 : "cc", "memory");
	return value;
}

static inline void vmwrite_counted(uint32_t field, uint64_t value)
{
	__asm__ volatile(VMX_COUNT "vmwrite %[value], %[field]"
			 :
			 : [value] "r"(value), [field] "r"((uint64_t)field),
			   [count] "i"(VMX_COUNTER(VMX_VMWRITE))
			 : "cc", "memory");
}

/* For explanations that look at every field there might be. False: this CPU has no such field. */
__attribute__((warn_unused_result)) static inline bool vmread_if_present(uint32_t field,
									 uint64_t *value)
{
	bool done;

	__asm__ volatile(VMX_COUNT "vmread %[field], %[value]"
			 : [value] "=r"(*value), "=@cca"(done)
			 : [field] "r"((uint64_t)field), [count] "i"(VMX_COUNTER(VMX_VMREAD))
			 : "memory");
	return done;
}

#define VMX_DEFINE_POINTER_INSTRUCTION(name, NAME)                                               \
	static inline void name(uint64_t physical)                                               \
	{                                                                                        \
		__asm__ goto volatile(VMX_COUNT #name " %[physical]\n\t"                         \
						      "jbe %l[failed]"                           \
				      :                                                          \
				      : [physical] "m"(physical), [count] "i"(VMX_COUNTER(NAME)) \
				      : "cc", "memory"                                           \
				      : failed);                                                 \
		return;                                                                          \
	failed:                                                                                  \
		vmx_instruction_failed(NAME, physical, 0);                                       \
	}
VMX_DEFINE_POINTER_INSTRUCTION(vmxon, VMX_VMXON)
VMX_DEFINE_POINTER_INSTRUCTION(vmclear, VMX_VMCLEAR)
VMX_DEFINE_POINTER_INSTRUCTION(vmptrld, VMX_VMPTRLD)
#undef VMX_DEFINE_POINTER_INSTRUCTION

static inline void vmxoff(void)
{
	__asm__ goto volatile(VMX_COUNT "vmxoff\n\tjbe %l[failed]"
			      :
			      : [count] "i"(VMX_COUNTER(VMX_VMXOFF))
			      : "cc", "memory"
			      : failed);
	return;
failed:
	vmx_instruction_failed(VMX_VMXOFF, 0, 0);
}

#define VMX_DEFINE_INVALIDATION(name, NAME)                                             \
	static inline void name(uint64_t type, uint64_t first, uint64_t second)         \
	{                                                                               \
		const struct {                                                          \
			uint64_t first, second;                                         \
		} descriptor = {first, second};                                         \
                                                                                        \
		__asm__ goto volatile(VMX_COUNT #name " %[descriptor], %[type]\n\t"     \
						      "jbe %l[failed]"                  \
				      :                                                 \
				      : [descriptor] "m"(descriptor), [type] "r"(type), \
					[count] "i"(VMX_COUNTER(NAME))                  \
				      : "cc", "memory"                                  \
				      : failed);                                        \
		return;                                                                 \
	failed:                                                                         \
		vmx_instruction_failed(NAME, type, first);                              \
	}
VMX_DEFINE_INVALIDATION(invept, VMX_INVEPT)   /* descriptor: EPT pointer, 0 */
VMX_DEFINE_INVALIDATION(invvpid, VMX_INVVPID) /* descriptor: VPID, linear address */
#undef VMX_DEFINE_INVALIDATION

#endif
