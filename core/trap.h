/* SPDX-License-Identifier: MIT */
/* Exceptions and NMIs that happen to Sill itself. */
#ifndef SILL_CORE_TRAP_H
#define SILL_CORE_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#define VECTOR_DE    0
#define VECTOR_DB    1
#define VECTOR_NMI   2
#define VECTOR_BP    3
#define VECTOR_UD    6
#define VECTOR_NM    7
#define VECTOR_DF    8
#define VECTOR_TS    10
#define VECTOR_NP    11
#define VECTOR_SS    12
#define VECTOR_GP    13
#define VECTOR_PF    14
#define VECTOR_AC    17
#define VECTOR_MC    18
#define VECTOR_CP    21
#define VECTOR_COUNT 32

/* What core/trap_entry.asm leaves on the stack. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector;
	uint64_t error_code; /* 0 for vectors that have none */
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Fills in the IDT and loads it on this CPU. */
void trap_load_idt(void);

/*
 * Who gets the NMIs and machine checks that arrive in VMX root operation: set once by the room that
 * can deliver them to a guest. They run inside the handlers. machine_check answers false if it has
 * nobody to give it to, and then the machine check is the end of Sill.
 */
void trap_set_receivers(void (*nmi)(void), bool (*machine_check)(void));

/* Page faults of the core that were expected and survived (core/safe_access.h). */
uint64_t trap_survived_faults(void);

/*
 * Takes the CPU out of the state "NMIs blocked" that a VM exit due to an NMI leaves behind: only
 * an IRET does that. SDM, "Handling Multiple NMIs".
 */
void trap_unblock_nmi(void);

/* "page fault" and the like, for any vector. */
const char *trap_name(uint64_t vector);

#endif
