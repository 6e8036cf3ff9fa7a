/* SPDX-License-Identifier: MIT */
/* The local APIC; see core/apic.h. SDM, chapter "Advanced Programmable Interrupt Controller". */
#include "core/apic.h"

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/msr.h"

#include <stddef.h>
#include <stdint.h>

#define APIC_BASE_ADDRESS 0x000ffffffffff000ull

#define APIC_EOI	  0x0b0
#define APIC_SVR	  0x0f0
#define APIC_ID		  0x020
#define APIC_ICR	  0x300 /* the upper half, in xAPIC mode, 10h above */

#define ICR_NMI		  0x00000400u /* delivery mode */
#define ICR_ASSERT	  0x00004000u

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
	/*
	 * "Local APIC State After It Has Been Software Disabled": all its own sources are masked.
	 */
	apic_write(APIC_SVR, 0xff);
}

/* A self-IPI in the SDM's sense has a vector; an NMI has to be sent to the CPU's own APIC ID. */
void apic_send_nmi_to_self(void)
{
	if ((rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_X2APIC) != 0) {
		uint64_t id = rdmsr(MSR_IA32_X2APIC_APICID);

		wrmsr(MSR_IA32_X2APIC_ICR, id << 32 | ICR_ASSERT | ICR_NMI);
	} else if (registers != NULL) {
		uint32_t id = registers[APIC_ID / sizeof(uint32_t)];

		apic_write(APIC_ICR + 0x10, id);
		apic_write(APIC_ICR, ICR_ASSERT | ICR_NMI);
	}
}

void apic_end_of_interrupt(void)
{
	apic_write(APIC_EOI, 0);
}
