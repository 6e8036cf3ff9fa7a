/* SPDX-License-Identifier: MIT */
/* The IDT, and exceptions that tests expect. */
#include <stddef.h>
#include "cpu.h"
#include "exceptions.h"
#include "ring3.h"
#include "tap.h"

struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

struct fixup {
	uint64_t at, resume;
};

struct __attribute__((packed)) gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

struct __attribute__((packed)) table_pointer {
	uint16_t limit;
	uint64_t base;
};

#define VECTOR_RING3_LEAVE 0x80
#define GATE_INTERRUPT	   0x8e
#define GATE_USER	   0xee

volatile struct caught caught = {.vector = NO_EXCEPTION};
volatile struct steps steps;
volatile bool nmi_expected;
volatile unsigned nmi_count;

extern const struct fixup fixups_start[], fixups_end[];
extern const uint64_t exception_stubs[32];
extern uint64_t catch_rsp;
extern char catch_resume[], ring3_leave[];

void exception_handler(struct frame *frame);
void load_tables(const void *idt_pointer);

static struct gate idt[256];

static void set_gate(unsigned vector, uint64_t address, uint8_t type, uint8_t ist)
{
	idt[vector] = (struct gate){
		.offset_low = (uint16_t)address,
		.selector = KERNEL_CODE64,
		.ist = ist,
		.type = type,
		.offset_middle = (uint16_t)(address >> 16),
		.offset_high = (uint32_t)(address >> 32),
	};
}

void exceptions_start(void)
{
	const struct table_pointer pointer = {sizeof(idt) - 1, (uint64_t)idt};

	for (unsigned v = 0; v < 32; v++)
		set_gate(v, exception_stubs[v], GATE_INTERRUPT, 0);
	set_gate(8, exception_stubs[8], GATE_INTERRUPT, 1);
	set_gate(VECTOR_DB, exception_stubs[VECTOR_DB], GATE_INTERRUPT, 2);
	set_gate(VECTOR_RING3_LEAVE, (uint64_t)ring3_leave, GATE_USER, 0);
	ring3_start();
	load_tables(&pointer);
}

void exceptions_set_gate(unsigned vector, void (*entry)(void))
{
	set_gate(vector, (uint64_t)entry, GATE_INTERRUPT, 0);
}

static void handle_step(struct frame *frame)
{
	if (steps.count < MOST_STEPS) {
		steps.rip[steps.count] = frame->rip;
		steps.dr6[steps.count] = read_dr6();
	}
	steps.count++;
	write_dr6(0xffff0ff0);
	frame->rflags |= RFLAGS_RF; /* past an instruction breakpoint */
	if (steps.count >= steps.stop_after)
		frame->rflags &= ~(uint64_t)RFLAGS_TF;
}

void exception_handler(struct frame *frame)
{
	if (frame->vector == VECTOR_DB && steps.stop_after) {
		handle_step(frame);
		return;
	}
	if (frame->vector == VECTOR_NMI && nmi_expected) {
		nmi_count++;
		return;
	}
	caught.vector = frame->vector;
	caught.error = frame->error;
	caught.cr2 = frame->vector == VECTOR_PF ? read_cr2() : 0;
	caught.rip = frame->rip;
	caught.cs = frame->cs;
	for (const struct fixup *f = fixups_start; f < fixups_end; f++) {
		if (f->at == frame->rip) {
			frame->rip = f->resume;
			return;
		}
	}
	if (catch_rsp) {
		frame->rip = (uint64_t)catch_resume;
		frame->rsp = catch_rsp;
		return;
	}
	tap_bail_out(
		"unexpected exception: vector %lu, error %lx, RIP %lx, CS %lx, RFLAGS %lx, RSP "
		"%lx, CR2 %lx",
		frame->vector, frame->error, frame->rip, frame->cs, frame->rflags, frame->rsp,
		read_cr2());
}

uint64_t try_rdmsr(uint32_t msr, uint64_t *value)
{
	uint32_t low = 0, high = 0;

	expect();
	__asm__ volatile(MAY_FAULT("rdmsr") : "+a"(low), "+d"(high) : "c"(msr) : "memory");
	*value = low | (uint64_t)high << 32;
	return caught.vector;
}

uint64_t try_wrmsr(uint32_t msr, uint64_t value)
{
	expect();
	__asm__ volatile(MAY_FAULT("wrmsr")
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
	return caught.vector;
}

#define TRY_WRITE_CR(n)                                                                   \
	uint64_t try_write_cr##n(uint64_t value)                                          \
	{                                                                                 \
		expect();                                                                 \
		__asm__ volatile(MAY_FAULT("mov %0, %%cr" #n) : : "r"(value) : "memory"); \
		return caught.vector;                                                     \
	}
TRY_WRITE_CR(0)
TRY_WRITE_CR(3)
TRY_WRITE_CR(4)
TRY_WRITE_CR(8)
#undef TRY_WRITE_CR

uint64_t try_xsetbv(uint32_t index, uint64_t value)
{
	expect();
	__asm__ volatile(MAY_FAULT("xsetbv")
			 :
			 : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
	return caught.vector;
}

uint64_t try_read8(const void *address)
{
	uint8_t value;

	expect();
	__asm__ volatile(MAY_FAULT("movb (%1), %0") : "=&q"(value) : "r"(address) : "memory");
	return caught.vector;
}

uint64_t try_write8(void *address, uint8_t value)
{
	expect();
	__asm__ volatile(MAY_FAULT("movb %1, (%0)") : : "r"(address), "q"(value) : "memory");
	return caught.vector;
}
