/* SPDX-License-Identifier: MIT */
/* Running functions at CPL 3, with or without the grant of I/O ports: the TSS and its bitmap. */
#include "cpu.h"
#include "ring3.h"
#include "string.h"

#define TSS_SELECTOR 0x48

extern uint8_t tss[TSS_BITMAP_OFFSET + 8192 + 1];
extern uint64_t gdt[];
extern char ist_stack_tops[];

uint64_t ring3_enter(uint64_t (*function)(uint64_t), uint64_t argument, uint64_t rflags);

static void set_descriptor(unsigned limit)
{
	uint64_t base = (uint64_t)tss;

	gdt[TSS_SELECTOR / 8] = (limit & 0xffff) | (base & 0xffffff) << 16 | 0x89ull << 40 |
				(uint64_t)(limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
	gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
}

void ring3_start(void)
{
	uint64_t ist1 = (uint64_t)ist_stack_tops;
	uint64_t ist2 = (uint64_t)ist_stack_tops + 8192;
	uint16_t bitmap = TSS_BITMAP_OFFSET;

	memset(tss, 0, TSS_BITMAP_OFFSET);
	memset(tss + TSS_BITMAP_OFFSET, 0xff, 8192 + 1);
	memcpy(tss + 0x24, &ist1, 8);
	memcpy(tss + 0x2c, &ist2, 8);
	memcpy(tss + 0x66, &bitmap, 2);
	set_descriptor(TSS_WHOLE);
}

void ring3_ports(unsigned tss_limit, int granted_port)
{
	memset(tss + TSS_BITMAP_OFFSET, 0xff, 8192 + 1);
	if (granted_port >= 0)
		tss[TSS_BITMAP_OFFSET + granted_port / 8] &= ~(1u << granted_port % 8);
	set_descriptor(tss_limit);
	__asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR) : "memory");
}

uint64_t ring3_run(uint64_t (*function)(uint64_t), uint64_t argument, unsigned iopl)
{
	return ring3_enter(function, argument, RFLAGS_FIXED | (uint64_t)iopl << 12);
}
