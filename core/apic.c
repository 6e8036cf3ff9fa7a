/* SPDX-License-Identifier: MIT */
/* The local APIC; see core/apic.h. SDM, chapter "Advanced Programmable Interrupt Controller". */
#include "core/apic.h"

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/msr.h"

#include <stddef.h>
#include <stdint.h>

#define APIC_BASE_ADDRESS  0x000ffffffffff000ull

#define APIC_EOI  0x0b0
#define APIC_SVR  0x0f0

/* x2APIC: MSR 800h + the register's offset / 16. */
#define X2APIC_MSR(offset) (MSR_IA32_X2APIC_FIRST + (offset) / 16)

static volatile uint32_t *registers; /* NULL: x2APIC mode, or disabled */

static void apic_write(uint32_t offset, uint32_t value)
{
	if ((rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_X2APIC) != 0)
		wrmsr(X2APIC_MSR(offset), value);
	else if (registers != NULL)
		registers[offset / sizeof(uint32_t)] = value;
}

void apic_silence(void)
{
	uint64_t base = rdmsr(MSR_IA32_APIC_BASE);

	outb(0x21, 0xff); /* the masks of the two 8259s */
	outb(0xa1, 0xff);
	if ((base & APIC_BASE_ENABLE) == 0)
		return;
	if ((base & APIC_BASE_X2APIC) == 0 && registers == NULL)
		registers = memory_map_device(base & APIC_BASE_ADDRESS, PAGE_SIZE,
					      PAT_INDEX_UNCACHEABLE);
	/* "Local APIC State After It Has Been Software Disabled": all its own sources are masked. */
	apic_write(APIC_SVR, 0xff);
}

void apic_end_of_interrupt(void)
{
	apic_write(APIC_EOI, 0);
}
