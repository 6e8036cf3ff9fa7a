/* SPDX-License-Identifier: MIT */
/* The general registers and flags that the functions of exits.asm load and store. */
#ifndef GUEST_REGISTERS_H
#define GUEST_REGISTERS_H

#include <stdint.h>

struct registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rflags;
};

/* Every one also runs at CPL 3, through ring3_run(), with the structure in USER_DATA. */
uint64_t exit_vmcall(uint64_t registers);
uint64_t exit_cpuid(uint64_t registers);
uint64_t exit_rdmsr(uint64_t registers);
uint64_t exit_wrmsr(uint64_t registers);
uint64_t exit_out(uint64_t registers);
uint64_t exit_in(uint64_t registers);
uint64_t exit_xsetbv(uint64_t registers);
uint64_t exit_wbinvd(uint64_t registers);
uint64_t exit_read(uint64_t registers);
uint64_t exit_write(uint64_t registers);
uint64_t vmcall32_ring0(uint64_t registers);
uint64_t vmcall32_ring3(uint64_t registers);
uint64_t vmcall16_ring0(uint64_t registers);
uint64_t vmcall16_ring3(uint64_t registers);

/* The instructions behind those that exit. */
extern char exit_vmcall_next[], exit_cpuid_next[], exit_rdmsr_next[], exit_out_next[],
	exit_in_next[], exit_wbinvd_next[], exit_read_next[];

#endif
