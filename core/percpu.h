/* SPDX-License-Identifier: MIT */
/*
 * What each CPU has for itself. GS points at it, in the core and, by HOST_GS_BASE, after every VM
 * exit, so that a counter is one instruction away.
 */
#ifndef SILL_CORE_PERCPU_H
#define SILL_CORE_PERCPU_H

#include <stddef.h>
#include <stdint.h>

struct vcpu;

#define IST_STACK_COUNT 3
#define IST_STACK_PAGES 2

/* "Task State Segment (TSS) Structure in 64-bit Mode" */
struct __attribute__((packed)) tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map_base;
};

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS  0x18

struct percpu {
	struct percpu *self;
	uint32_t index; /* 0 is the CPU that entered the core */
	uint32_t apic_id;

	/* The vCPU that runs here, and is the current VMCS, or NULL. */
	struct vcpu *vcpu;

	/* Executed VMX instructions, in the order of enum vmx_instruction (vmx/instructions.h). */
	uint64_t vmx_count[16];

	/* NMIs that arrived while the CPU was in VMX root operation. */
	uint64_t nmi_count;

	uint64_t gdt[5];
	struct tss tss;

	/* For rooms above that need a little for each CPU: what VT-x offers on it. */
	uint8_t spare[640] __attribute__((aligned(16)));
	/* For vmx/counters.c: the CPU reads and writes it by its physical address. */
	uint8_t counters[64] __attribute__((aligned(16)));
};

static inline struct percpu *this_cpu(void)
{
	struct percpu *self;

	__asm__("mov %%gs:%c1, %0" : "=r"(self) : "i"(offsetof(struct percpu, self)));
	return self;
}

#endif
