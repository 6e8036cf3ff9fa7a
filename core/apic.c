/* SPDX-License-Identifier: MIT */
/* The local APIC; see core/apic.h. SDM, chapter "Advanced Programmable Interrupt Controller". */
#include "core/apic.h"

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/msr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define APIC_BASE_ADDRESS 0x000ffffffffff000ull

#define APIC_EOI	  0x0b0
#define APIC_SVR	  0x0f0
#define APIC_ID		  0x020
#define APIC_ICR	  0x300 /* the upper half, in xAPIC mode, 10h above */

#define ICR_NMI		  0x00000400u /* delivery mode */
#define ICR_SIPI	  0x00000600u
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

void apic_map(void)
{
	uint64_t base = rdmsr(MSR_IA32_APIC_BASE);

	if ((base & APIC_BASE_X2APIC) == 0 && registers == NULL)
		registers = memory_map_device(base & APIC_BASE_ADDRESS, PAGE_SIZE,
					      PAT_INDEX_UNCACHEABLE);
}

void apic_silence(void)
{
	uint64_t base = rdmsr(MSR_IA32_APIC_BASE);

	outb(0x21, 0xff); /* the masks of the two 8259s */
	outb(0xa1, 0xff);
	if ((base & APIC_BASE_ENABLE) == 0)
		return;
	apic_map();
	/*
	 * "Local APIC State After It Has Been Software Disabled": all its own sources are masked.
	 */
	apic_write(APIC_SVR, 0xff);
}

/* SDM, "Interrupt Command Register (ICR)". */
static void send(uint32_t apic_id, uint32_t command)
{
	if ((rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_X2APIC) != 0) {
		wrmsr(MSR_IA32_X2APIC_ICR, (uint64_t)apic_id << 32 | command);
	} else if (registers != NULL) {
		apic_write(APIC_ICR + 0x10, apic_id << 24);
		apic_write(APIC_ICR, command);
	}
}

/* A self-IPI in the SDM's sense has a vector; an NMI has to be sent to the CPU's own APIC ID. */
void apic_send_nmi_to_self(void)
{
	bool x2apic = (rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_X2APIC) != 0;

	if (x2apic)
		send((uint32_t)rdmsr(MSR_IA32_X2APIC_APICID), ICR_ASSERT | ICR_NMI);
	else if (registers != NULL)
		send(registers[APIC_ID / sizeof(uint32_t)] >> 24, ICR_ASSERT | ICR_NMI);
}

void apic_send_sipi(uint32_t apic_id, uint32_t vector)
{
	send(apic_id, ICR_ASSERT | ICR_SIPI | vector);
}

void apic_end_of_interrupt(void)
{
	apic_write(APIC_EOI, 0);
}
