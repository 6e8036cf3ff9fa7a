/* SPDX-License-Identifier: MIT */
/* What several groups of tests need: calls from ring 3, and memory nobody has touched yet. */
#ifndef GUEST_HELPERS_H
#define GUEST_HELPERS_H

#include <stdint.h>
#include "registers.h"

/* Registers where ring 3 can reach them. */
extern struct registers user_registers;

/* Fills every register with a pattern of its own, both halves used. The flags are all clear. */
void fill_pattern(struct registers *r);

/* A hypercall at CPL 3 with this I/O privilege level. */
int64_t ring3_vmcall(uint64_t number, uint64_t a, uint64_t b, unsigned iopl);

/*
 * console_write from ring 0 and ring 3 (granted by IOPL). What was written gets a line of its own,
 * so that no test result follows it on the same line.
 */
int64_t write_text(const char *text, uint64_t length);
int64_t ring3_write_text(const char *text, uint64_t length);

/* Memory of the guest in bytes, as Sill says. */
uint64_t guest_memory(void);

/*
 * A page near the top of RAM that this program has not touched yet: where Sill grants memory at
 * first touch, touching it leaves the guest. Each call answers another one.
 */
uint8_t *fresh_page(void);

/* Whether the CPU (as the guest sees it) has the feature. */
#define CPUID_1_ECX(bit) (1 & cpuid(1, 0).ecx >> (bit))
#define CPUID_1_EDX(bit) (1 & cpuid(1, 0).edx >> (bit))
#define CPUID_7_EBX(bit) (1 & cpuid_or_zero(7, 0).ebx >> (bit))
#define CPUID_7_ECX(bit) (1 & cpuid_or_zero(7, 0).ecx >> (bit))
#define CPUID_7_EDX(bit) (1 & cpuid_or_zero(7, 0).edx >> (bit))

/* Bits of a physical address. */
unsigned physical_bits(void);

#endif
