/* SPDX-License-Identifier: MIT */
/* Exceptions and NMIs that happen to Sill itself; see core/trap.h. */
#include "core/trap.h"

#include "core/cpu.h"
#include "core/panic.h"
#include "core/percpu.h"

/* "64-Bit IDT Gate Descriptors" */
struct __attribute__((packed)) gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

#define GATE_INTERRUPT 0x8e /* present, DPL 0, 64-bit interrupt gate */

/*
 * Stacks of their own for what can strike when the stack itself is bad, or between any two
 * instructions.
 */
#define IST_NMI		  1
#define IST_DOUBLE_FAULT  2
#define IST_MACHINE_CHECK 3

struct fixup {
	uint64_t fault_rip;
	uint64_t resume_rip;
};

extern const uint64_t trap_stubs[VECTOR_COUNT];		/* core/trap_entry.asm */
extern const struct fixup fixups_begin[], fixups_end[]; /* linker.ld */

static struct gate idt[VECTOR_COUNT];
static void (*nmi_receiver)(void);
static bool (*machine_check_receiver)(void);
static uint64_t survived_faults;

void trap_load_idt(void)
{
	const struct descriptor_table_pointer pointer = {
		.limit = sizeof(idt) - 1,
		.base = (uintptr_t)idt,
	};

	static bool filled; /* one table for all CPUs */

	for (int vector = 0; vector < VECTOR_COUNT && !filled; vector++) {
		uint64_t offset = trap_stubs[vector];

		idt[vector] = (struct gate){
			.offset_low = (uint16_t)offset,
			.selector = SELECTOR_CODE,
			.type = GATE_INTERRUPT,
			.offset_middle = (uint16_t)(offset >> 16),
			.offset_high = (uint32_t)(offset >> 32),
		};
	}
	idt[VECTOR_NMI].ist = IST_NMI;
	idt[VECTOR_DF].ist = IST_DOUBLE_FAULT;
	idt[VECTOR_MC].ist = IST_MACHINE_CHECK;
	filled = true;
	lidt(&pointer);
}

void trap_set_receivers(void (*nmi)(void), bool (*machine_check)(void))
{
	nmi_receiver = nmi;
	machine_check_receiver = machine_check;
}

uint64_t trap_survived_faults(void)
{
	return survived_faults;
}

const char *trap_name(uint64_t vector)
{
	static const char *const names[VECTOR_COUNT] = {
		[0] = "#DE divide error",
		[1] = "#DB debug exception",
		[2] = "NMI",
		[3] = "#BP breakpoint",
		[4] = "#OF overflow",
		[5] = "#BR bound range exceeded",
		[6] = "#UD invalid opcode",
		[7] = "#NM device not available",
		[8] = "#DF double fault",
		[9] = "coprocessor segment overrun",
		[10] = "#TS invalid TSS",
		[11] = "#NP segment not present",
		[12] = "#SS stack-segment fault",
		[13] = "#GP general protection",
		[14] = "#PF page fault",
		[16] = "#MF x87 floating-point error",
		[17] = "#AC alignment check",
		[18] = "#MC machine check",
		[19] = "#XM SIMD floating-point exception",
		[20] = "#VE virtualization exception",
		[21] = "#CP control protection exception",
	};

	return vector < VECTOR_COUNT && names[vector] != NULL ? names[vector] : "unknown vector";
}

static bool fix_up(struct trap_frame *frame)
{
	for (const struct fixup *fixup = fixups_begin; fixup < fixups_end; fixup++) {
		if (fixup->fault_rip == frame->rip) {
			frame->rip = fixup->resume_rip;
			survived_faults++;
			return true;
		}
	}
	return false;
}

/* Called by core/trap_entry.asm. */
void trap_handle(struct trap_frame *frame);
void trap_handle(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_NMI) {
		this_cpu()->nmi_count++;
		if (nmi_receiver != NULL)
			nmi_receiver();
		return;
	}
	if (frame->vector == VECTOR_MC && machine_check_receiver != NULL &&
	    machine_check_receiver())
		return;
	if ((frame->vector == VECTOR_GP || frame->vector == VECTOR_PF) && fix_up(frame))
		return;
	panic_exception(frame);
}
