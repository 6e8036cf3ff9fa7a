/* SPDX-License-Identifier: MIT */
/* What several groups of tests need: calls from ring 3, and memory nobody has touched yet. */
#include "cpu.h"
#include "helpers.h"
#include "paging.h"
#include "ring3.h"
#include <sill/call.h>

USER_DATA struct registers user_registers;

void fill_pattern(struct registers *r)
{
	uint64_t *all = &r->rax;

	for (unsigned i = 0; i < 15; i++)
		all[i] = 0xf1e2d3c4b5a69788ull ^ 0x0101010101010101ull * i;
	r->rflags = RFLAGS_FIXED;
}

int64_t ring3_vmcall(uint64_t number, uint64_t a, uint64_t b, unsigned iopl)
{
	fill_pattern(&user_registers);
	user_registers.rax = number;
	user_registers.rdi = a;
	user_registers.rsi = b;
	ring3_run(exit_vmcall, (uint64_t)&user_registers, iopl);
	return (int64_t)user_registers.rax;
}

static int64_t end_line(int64_t answer)
{
	if (answer > 0)
		sill_console_write("\n", 1);
	return answer;
}

int64_t write_text(const char *text, uint64_t length)
{
	return end_line(sill_console_write(text, length));
}

int64_t ring3_write_text(const char *text, uint64_t length)
{
	return end_line(ring3_vmcall(SILL_CALL_CONSOLE_WRITE, (uint64_t)text, length, 3));
}

uint64_t guest_memory(void)
{
	static struct sill_info info;

	if (!info.memory)
		sill_info(&info, sizeof(info));
	return info.memory;
}

uint8_t *fresh_page(void)
{
	static uint64_t taken;

	taken += PAGE_SIZE;
	return (uint8_t *)(guest_memory() - taken);
}

unsigned physical_bits(void)
{
	uint32_t bits = cpuid_or_zero(0x80000008, 0).eax & 0xff;

	return bits ? bits : 36;
}
