/* SPDX-License-Identifier: MIT */
/* What an exit must leave alone: general registers, flags, CR2, debug and system registers. */
#include "cpu.h"
#include "helpers.h"
#include "paging.h"
#include <sill/call.h>
#include "string.h"
#include "suite.h"
#include "tap.h"

/* An instruction that exits: what it needs in registers, and which it may change. */
struct exiting {
	const char *name;
	uint64_t (*function)(uint64_t);
	void (*prepare)(struct registers *r);
	void (*expected)(struct registers *r); /* from the prepared to the result */
};

#define COOKIE 0x1122334455667788ull

static void prepare_vmcall(struct registers *r)
{
	r->rax = SILL_CALL_PING;
	r->rdi = COOKIE;
}

static void expected_vmcall(struct registers *r)
{
	r->rax = COOKIE;
}

static void prepare_unknown(struct registers *r)
{
	r->rax = 12345;
}

static void expected_unknown(struct registers *r)
{
	r->rax = (uint64_t)-SILL_ENOSYS;
}

static void prepare_cpuid(struct registers *r)
{
	r->rax = 0xabcdef0100000000;
	r->rcx = 0xabcdef0200000000;
}

static void expected_cpuid(struct registers *r)
{
	struct cpuid_result c = cpuid(0, 0);

	r->rax = c.eax;
	r->rbx = c.ebx;
	r->rcx = c.ecx;
	r->rdx = c.edx;
}

static void prepare_rdmsr(struct registers *r)
{
	r->rcx = 0xabcdef0200000000 | IA32_FEATURE_CONTROL;
}

static void expected_rdmsr(struct registers *r)
{
	r->rax = 1;
	r->rdx = 0;
}

static void prepare_wrmsr(struct registers *r)
{
	r->rcx = 0xabcdef0200000000 | IA32_BIOS_SIGN_ID;
	r->rax = 0xabcdef0300000000;
	r->rdx = 0xabcdef0400000000;
}

static void prepare_port(struct registers *r)
{
	r->rdx = 0xabcdef01234503ff; /* the UART's scratch register */
	r->rax = 0xabcdef02345678a6;
}

static void expected_in(struct registers *r)
{
	r->rax = (r->rax & ~0xffull) | 0x3c;
}

static void prepare_xsetbv(struct registers *r)
{
	uint64_t xcr0 = xgetbv(0);

	r->rcx = 0xabcdef0200000000;
	r->rax = 0xabcdef0300000000 | (uint32_t)xcr0;
	r->rdx = 0xabcdef0400000000 | xcr0 >> 32;
}

static void prepare_read(struct registers *r)
{
	r->rsi = (uint64_t)fresh_page() + 8;
}

static void expected_read(struct registers *r)
{
	r->rax &= ~0xffull;
}

static void prepare_write(struct registers *r)
{
	r->rdi = (uint64_t)fresh_page() + 8;
}

static void nothing(struct registers *r)
{
	(void)r;
}

static const struct exiting exits[] = {
	{"VMCALL (ping)", exit_vmcall, prepare_vmcall, expected_vmcall},
	{"VMCALL (unknown)", exit_vmcall, prepare_unknown, expected_unknown},
	{"CPUID", exit_cpuid, prepare_cpuid, expected_cpuid},
	{"RDMSR", exit_rdmsr, prepare_rdmsr, expected_rdmsr},
	{"WRMSR", exit_wrmsr, prepare_wrmsr, nothing},
	{"OUT", exit_out, prepare_port, nothing},
	{"IN", exit_in, prepare_port, expected_in},
	{"WBINVD", exit_wbinvd, nothing, nothing},
	{"a first read of a page", exit_read, prepare_read, expected_read},
	{"a first write of a page", exit_write, prepare_write, nothing},
	{"XSETBV", exit_xsetbv, prepare_xsetbv, nothing},
};

static const struct {
	const char *name;
	uint64_t flags;
} flags[] = {
	{"no flag set", 0},    {"all status flags set", RFLAGS_STATUS},
	{"CF set", 1u << 0},   {"PF set", 1u << 2},
	{"AF set", 1u << 4},   {"ZF set", 1u << 6},
	{"SF set", 1u << 7},   {"OF set", 1u << 11},
	{"DF set", RFLAGS_DF}, {"AC set", RFLAGS_AC},
	{"ID set", RFLAGS_ID}, {"IF set", RFLAGS_IF},
	{"IOPL 3", 3u << 12},  {"NT set", 1u << 14},
};

static void general(const struct exiting *e)
{
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct registers r, expected;

		fill_pattern(&r);
		e->prepare(&r);
		r.rflags |= flags[i].flags;
		expected = r;
		e->expected(&expected);
		out8(0x3ff, 0x3c);
		e->function((uint64_t)&r);
		if (tap_ok(!memcmp(&r, &expected, sizeof(r)),
			   "%s preserves registers and flags, %s", e->name, flags[i].name))
			continue;
		for (unsigned n = 0; n < 16; n++) {
			static const char *const names[] = {
				"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8",
				"r9",  "r10", "r11", "r12", "r13", "r14", "r15", "rflags"};
			uint64_t got = (&r.rax)[n], want = (&expected.rax)[n];

			if (got != want)
				tap_note("%s: got %lx, expected %lx", names[n], got, want);
		}
	}
}

struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* Registers that no exit has any business with. */
struct system_state {
	uint64_t cr0, cr2, cr3, cr4;
	uint64_t dr0, dr1, dr2, dr3, dr6, dr7;
	uint64_t efer, star, lstar, cstar, fmask, fs, gs, kernel_gs, pat;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	struct table_register gdt, idt;
	uint16_t cs, ss, ds, es, fs_selector, gs_selector, ldt, tr;
};

static void read_state(struct system_state *s)
{
	memset(s, 0, sizeof(*s));
	s->cr0 = read_cr0();
	s->cr2 = read_cr2();
	s->cr3 = read_cr3();
	s->cr4 = read_cr4();
	s->dr0 = read_dr0();
	s->dr1 = read_dr1();
	s->dr2 = read_dr2();
	s->dr3 = read_dr3();
	s->dr6 = read_dr6();
	s->dr7 = read_dr7();
	s->efer = rdmsr(IA32_EFER);
	s->star = rdmsr(IA32_STAR);
	s->lstar = rdmsr(IA32_LSTAR);
	s->cstar = rdmsr(IA32_CSTAR);
	s->fmask = rdmsr(IA32_FMASK);
	s->fs = rdmsr(IA32_FS_BASE);
	s->gs = rdmsr(IA32_GS_BASE);
	s->kernel_gs = rdmsr(IA32_KERNEL_GS_BASE);
	s->pat = rdmsr(IA32_PAT);
	s->sysenter_cs = rdmsr(IA32_SYSENTER_CS);
	s->sysenter_esp = rdmsr(IA32_SYSENTER_ESP);
	s->sysenter_eip = rdmsr(IA32_SYSENTER_EIP);
	__asm__ volatile("sgdt %0" : "=m"(s->gdt));
	__asm__ volatile("sidt %0" : "=m"(s->idt));
	__asm__ volatile("mov %%cs, %0" : "=m"(s->cs));
	__asm__ volatile("mov %%ss, %0" : "=m"(s->ss));
	__asm__ volatile("mov %%ds, %0" : "=m"(s->ds));
	__asm__ volatile("mov %%es, %0" : "=m"(s->es));
	__asm__ volatile("mov %%fs, %0" : "=m"(s->fs_selector));
	__asm__ volatile("mov %%gs, %0" : "=m"(s->gs_selector));
	__asm__ volatile("sldt %0" : "=m"(s->ldt));
	__asm__ volatile("str %0" : "=m"(s->tr));
}

static void system_registers(const struct exiting *e)
{
	struct system_state before, after;
	struct registers r;

	fill_pattern(&r);
	e->prepare(&r);
	write_cr2(0xfedcba9876543);
	out8(0x3ff, 0x3c);
	read_state(&before);
	e->function((uint64_t)&r);
	read_state(&after);
	tap_ok(!memcmp(&before, &after, sizeof(before)),
	       "%s preserves CR2, debug and system registers", e->name);
	tap_equal(after.cr2, 0xfedcba9876543, "%s preserves CR2", e->name);
	tap_equal(after.dr7, before.dr7, "%s preserves DR7", e->name);
}

static void set_state(void)
{
	write_dr0(0x1111000011110000);
	write_dr1(0x22220000);
	write_dr2(0x33330000);
	write_dr3(0x44440000);
	write_dr6(0xffff4ff5); /* BS, B0, B2 */
	/* Breakpoints at addresses that nothing uses: G1 execution, L2 write, L3 read and write. */
	write_dr7(0x0000000000000400 | 1u << 3 | 1u << 4 | 1u << 6 | 1u << 24 | 3u << 28);
	wrmsr(IA32_STAR, 0x0018000800000000);
	wrmsr(IA32_LSTAR, 0xffff800012345678);
	wrmsr(IA32_CSTAR, 0xffff800087654321);
	wrmsr(IA32_FMASK, 0x12345);
	wrmsr(IA32_FS_BASE, 0x0000123412341234);
	wrmsr(IA32_GS_BASE, 0xffff900056785678);
	wrmsr(IA32_KERNEL_GS_BASE, 0xffffa0009abc9abc);
	wrmsr(IA32_SYSENTER_CS, 8);
	wrmsr(IA32_SYSENTER_ESP, 0xffff800000001000);
	wrmsr(IA32_SYSENTER_EIP, 0xffff800000002000);
}

void test_registers(void)
{
	unsigned count = sizeof(exits) / sizeof(exits[0]);

	if (CPUID_1_ECX(26)) {
		write_cr4(read_cr4() | CR4_OSXSAVE);
	} else {
		count--; /* XSETBV, the last */
		tap_skip("XSETBV preserves registers", "this CPU has no XSAVE");
	}
	for (unsigned i = 0; i < count; i++)
		general(&exits[i]);
	/* DR0's upper half is only writable in 64-bit mode, and any value goes. */
	set_state();
	for (unsigned i = 0; i < count; i++)
		system_registers(&exits[i]);
	write_dr7(0x400);
	write_dr6(0xffff0ff0);
}
