/* SPDX-License-Identifier: MIT */
/*
 * A guest's access to memory that EPT keeps from it, made for it by Sill: what the instruction is,
 * and what has to be done so that the guest finds it executed. For MOVs only (vmx/instruction.h).
 */
#ifndef SILL_VMX_ACCESS_H
#define SILL_VMX_ACCESS_H

#include "vmx/guest_memory.h"
#include "vmx/instruction.h"

/*
 * Places in the guest's code that are remembered: two of each set, which is chosen by the address,
 * so that a driver's read and its write can't take turns in driving each other out. A power of 2.
 */
#define ACCESS_SETS 8
#define ACCESS_WAYS 2 /* vmx/access.c looks at one and the other */

/* An instruction that was decoded, and what has to be as it was for it to be the same. */
struct access_site {
	uint64_t rip;
	struct guest_translation code; /* with the 16 bytes from RIP on */
	struct instruction instruction;
};

/* Of one vCPU. All zero at first; zeroed again when EPT maps other memory. */
struct access_memory {
	struct access_site sites[ACCESS_SETS][ACCESS_WAYS];
	uint8_t next_way[ACCESS_SETS]; /* that gives way to a new one */
	struct guest_translation data;
};

struct access {
	const struct instruction *instruction;
	bool is_store;
	unsigned int bytes;  /* 1, 2, 4 or 8 */
	unsigned int offset; /* within its page, which it doesn't leave */
	uint64_t value;	     /* of a store */
};

/*
 * In the handler of an EPT violation: what it wants. NULL, or why Sill can't do it, in words; then
 * nothing has happened yet.
 */
__attribute__((warn_unused_result)) const char *access_decode(struct vcpu *vcpu,
							      struct access_memory *memory,
							      uint64_t gpa, uint64_t qualification,
							      struct access *access);

/*
 * A store to RAM, in one access as the CPU's, for a page that EPT lets the guest only read; with
 * the marks in the guest's page tables that the CPU would have set. -SILL_EFAULT: these tables have
 * changed since the CPU looked.
 */
__attribute__((warn_unused_result)) int access_store(struct vcpu *vcpu,
						     struct access_memory *memory,
						     const struct access *access, uint64_t gpa);

/* The instruction is done; value: what a load found. */
void access_finish(struct vcpu *vcpu, const struct access *access, uint64_t value);

#endif
