/* SPDX-License-Identifier: MIT */
/* The VMX instructions: the guest is not given them, at any privilege level. */
#include "cpu.h"
#include "exceptions.h"
#include "paging.h"
#include "ring3.h"
#include "suite.h"
#include "tap.h"

/* Operands of which no instruction here should ever take a look. */
USER_DATA static uint64_t operand[4] __attribute__((aligned(16)));

/*
 * The operand in RDI, a register operand in RAX. VMFUNC takes the number of a VM function there: 1
 * is none that Sill has a use for.
 */
#define VMX_INSTRUCTIONS                                                   \
	X(vmxon, "VMXON", "vmxon (%%rdi)")                                 \
	X(vmxoff, "VMXOFF", "vmxoff")                                      \
	X(vmclear, "VMCLEAR", "vmclear (%%rdi)")                           \
	X(vmptrld, "VMPTRLD", "vmptrld (%%rdi)")                           \
	X(vmptrst, "VMPTRST", "vmptrst (%%rdi)")                           \
	X(vmread, "VMREAD", "vmread %%rax, %%rdx")                         \
	X(vmread_memory, "VMREAD to memory", "vmread %%rax, (%%rdi)")      \
	X(vmwrite, "VMWRITE", "vmwrite %%rdx, %%rax")                      \
	X(vmwrite_memory, "VMWRITE from memory", "vmwrite (%%rdi), %%rax") \
	X(vmlaunch, "VMLAUNCH", "vmlaunch")                                \
	X(vmresume, "VMRESUME", "vmresume")                                \
	X(invept, "INVEPT", "invept (%%rdi), %%rax")                       \
	X(invvpid, "INVVPID", "invvpid (%%rdi), %%rax")                    \
	X(vmfunc, "VMFUNC", "vmfunc")

#define X(id, name, instruction)                                        \
	USER_CODE static uint64_t do_##id(uint64_t address)             \
	{                                                               \
		__asm__ volatile(MAY_FAULT(instruction)                 \
				 :                                      \
				 : "D"(address), "a"(1), "c"(0), "d"(0) \
				 : "memory", "cc");                     \
		return 0;                                               \
	}
VMX_INSTRUCTIONS
#undef X

static const struct {
	const char *name;
	uint64_t (*run)(uint64_t);
} instructions[] = {
#define X(id, name, instruction) {name, do_##id},
	VMX_INSTRUCTIONS
#undef X
};

void test_vmx(void)
{
	for (unsigned i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		expect();
		instructions[i].run((uint64_t)operand);
		tap_equal(caught.vector, VECTOR_UD, "%s in ring 0: #UD", instructions[i].name);
		expect();
		ring3_run(instructions[i].run, (uint64_t)operand, 0);
		tap_equal(caught.vector, VECTOR_UD, "%s in ring 3: #UD", instructions[i].name);
	}
	expect();
	do_vmclear((uint64_t)TEST_4K(1));
	tap_equal(caught.vector, VECTOR_UD, "VMCLEAR of unmapped memory: #UD, not #PF");
	tap_ok(!operand[0] && !operand[1], "none of them wrote its operand");
}
