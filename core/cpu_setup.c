/* SPDX-License-Identifier: MIT */
/* A CPU as the core wants it; see core/cpu_setup.h. */
#include "core/cpu_setup.h"

#include "core/cpu.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/trap.h"

/*
 * Descriptors of flat 64-bit code and data at CPL 0. SDM, "Code- and Data-Segment Descriptor Types"
 */
#define DESCRIPTOR_CODE 0x00af9b000000ffffull
#define DESCRIPTOR_DATA 0x00cf93000000ffffull

extern char load_segments[]; /* core/entry.asm */

static void set_tss_descriptor(struct percpu *cpu)
{
	uint64_t base = (uintptr_t)&cpu->tss;
	uint64_t limit = sizeof(struct tss) - 1;

	/* "TSS Descriptor in 64-bit mode": present, type 9 (available 64-bit TSS). */
	cpu->gdt[3] = limit | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
	cpu->gdt[4] = base >> 32;
}

static void load_gdt(struct percpu *cpu)
{
	const struct descriptor_table_pointer gdt = {
		.limit = sizeof(cpu->gdt) - 1,
		.base = (uintptr_t)cpu->gdt,
	};

	cpu->gdt[1] = DESCRIPTOR_CODE;
	cpu->gdt[2] = DESCRIPTOR_DATA;
	set_tss_descriptor(cpu);
	lgdt(&gdt);
	((void (*)(void))load_segments)();
	ltr(SELECTOR_TSS);
	wrmsr(MSR_IA32_GS_BASE, (uintptr_t)cpu);
}

/*
 * What firmware left in the control registers is replaced as a whole. CR4.OSXSAVE is needed to
 * execute XSETBV for a guest, CR4.PKE to read its PKRU; the core itself uses neither. Machine
 * checks are wanted: without CR4.MCE one would shut the processor down without a word.
 */
static void set_control_registers(void)
{
	struct cpuid_result features = cpuid(1, 0), extended = {0};
	uint64_t cr4 = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (cpuid(0, 0).eax >= 7)
		extended = cpuid(7, 0);
	if ((features.ecx & 1u << 26) != 0)
		cr4 |= CR4_OSXSAVE;
	if ((extended.ecx & 1u << 3) != 0)
		cr4 |= CR4_PKE;
	if ((extended.ebx & 1u << 7) != 0)
		cr4 |= CR4_SMEP;
	if ((extended.ebx & 1u << 20) != 0)
		cr4 |= CR4_SMAP;
	write_cr4(cr4);
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);

	/* SDM, "Programming the PAT": nothing is mapped yet with an entry that changes. */
	wrmsr(MSR_IA32_PAT, CORE_PAT);
}

struct percpu *cpu_setup(uint32_t index)
{
	struct percpu *cpu = page_allocate();

	_Static_assert(sizeof(struct percpu) <= PAGE_SIZE, "per-CPU data fits into its page");
	if (cpu == NULL)
		return NULL;
	cpu->self = cpu;
	cpu->index = index;
	cpu->apic_id = cpuid(1, 0).ebx >> 24;
	for (int i = 0; i < IST_STACK_COUNT; i++) {
		char *stack = stack_allocate(IST_STACK_PAGES);

		if (stack == NULL)
			return NULL;
		cpu->tss.ist[i] = (uintptr_t)stack + IST_STACK_PAGES * PAGE_SIZE;
	}
	cpu->tss.io_map_base = sizeof(struct tss);

	load_gdt(cpu);
	trap_load_idt();
	set_control_registers();
	return cpu;
}
