/* SPDX-License-Identifier: MIT */
/*
 * Single steps, breakpoints and interrupt shadows around instructions that exit: Sill advances RIP
 * itself there, and what the CPU would do at the end of the instruction is then Sill's to do.
 */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "ring3.h"
#include <sill/call.h>
#include "suite.h"
#include "tap.h"

#define DR6_B0	       (1u << 0)
#define DR6_B1	       (1u << 1)
#define DR6_BS	       (1u << 14)
#define DR7_FIXED      0x400u
#define DR7_L0	       (1u << 0)
#define DR7_L1	       (1u << 2)
#define DR7_RW0_ACCESS (3u << 16)
#define DR7_LEN0_2     (1u << 18)

/* From exits.asm. */
void mov_ss_cpuid(uint64_t rflags);
void mov_ss_vmcall(uint64_t rflags);
void breakpoint_cpuid(const uint16_t *selector);
void breakpoint_vmcall(const uint16_t *selector);
uint64_t sti_cpuid(void);
uint64_t sti_vmcall(void);
extern char mov_ss_cpuid_next[], mov_ss_vmcall_next[], breakpoint_cpuid_next[],
	breakpoint_vmcall_next[];

static void prepare_vmcall(struct registers *r)
{
	r->rax = SILL_CALL_PING;
	r->rdi = 7;
}

static void prepare_cpuid(struct registers *r)
{
	r->rax = 0;
	r->rcx = 0;
}

static void prepare_rdmsr(struct registers *r)
{
	r->rcx = IA32_FEATURE_CONTROL;
}

static void prepare_port(struct registers *r)
{
	r->rdx = 0x3ff;
}

static void prepare_nothing(struct registers *r)
{
	(void)r;
}

static void prepare_read(struct registers *r)
{
	r->rsi = (uint64_t)fresh_page();
}

static const struct {
	const char *name;
	uint64_t (*function)(uint64_t);
	void (*prepare)(struct registers *r);
	char *next;
	unsigned length;
} exits[] = {
	{"VMCALL", exit_vmcall, prepare_vmcall, exit_vmcall_next, 3},
	{"CPUID", exit_cpuid, prepare_cpuid, exit_cpuid_next, 2},
	{"RDMSR", exit_rdmsr, prepare_rdmsr, exit_rdmsr_next, 2},
	{"OUT", exit_out, prepare_port, exit_out_next, 1},
	{"IN", exit_in, prepare_port, exit_in_next, 1},
	{"WBINVD", exit_wbinvd, prepare_nothing, exit_wbinvd_next, 2},
	{"a first touch", exit_read, prepare_read, exit_read_next, 2},
};

static void single_step(unsigned i)
{
	struct registers r;

	fill_pattern(&r);
	exits[i].prepare(&r);
	r.rflags |= RFLAGS_TF;
	expect_steps(1);
	exits[i].function((uint64_t)&r);
	tap_equal(steps.count, 1, "single step over %s: one #DB", exits[i].name);
	tap_equal(steps.rip[0], (uint64_t)exits[i].next,
		  "single step over %s: at the next instruction", exits[i].name);
	tap_equal(steps.dr6[0] & (DR6_BS | 0xf), DR6_BS, "single step over %s: DR6 says BS",
		  exits[i].name);

	fill_pattern(&r);
	exits[i].prepare(&r);
	r.rflags |= RFLAGS_TF;
	expect_steps(2);
	exits[i].function((uint64_t)&r);
	tap_ok(steps.count == 2 && steps.rip[0] == (uint64_t)exits[i].next &&
		       steps.rip[1] == (uint64_t)exits[i].next + 1,
	       "single steps go on after %s", exits[i].name);
	steps.stop_after = 0;
}

/* The same in ring 3, where #DB changes the stack. */
static void single_step_ring3(void)
{
	fill_pattern(&user_registers);
	prepare_vmcall(&user_registers);
	user_registers.rflags |= RFLAGS_TF;
	expect_steps(1);
	ring3_run(exit_vmcall, (uint64_t)&user_registers, 0);
	tap_ok(steps.count == 1 && steps.rip[0] == (uint64_t)exit_vmcall_next,
	       "single step over VMCALL in ring 3");
	tap_equal(user_registers.rax, 7, "single step over VMCALL in ring 3: it was served once");
	steps.stop_after = 0;
}

static void breakpoints(unsigned i)
{
	struct registers r;
	const uint64_t next = (uint64_t)exits[i].next, at = next - exits[i].length;

	fill_pattern(&r);
	exits[i].prepare(&r);
	write_dr6(0xffff0ff0);
	write_dr0(at);
	write_dr1(next);
	write_dr7(DR7_FIXED | DR7_L0 | DR7_L1);
	expect_steps(MOST_STEPS);
	exits[i].function((uint64_t)&r);
	write_dr7(DR7_FIXED);
	tap_ok(steps.count == 2 && steps.rip[0] == at && steps.rip[1] == next,
	       "breakpoints at %s and behind it: one #DB each", exits[i].name);
	if (steps.count != 2)
		tap_note("%u #DB, the first at %lx, %s at %lx", steps.count, steps.rip[0],
			 exits[i].name, at);
	steps.stop_after = 0;
}

static void mov_ss(const char *name, void (*function)(uint64_t), const char *next)
{
	expect_steps(1);
	function(RFLAGS_FIXED | RFLAGS_TF);
	tap_ok(steps.count == 1 && steps.rip[0] == (uint64_t)next,
	       "single step over MOV SS and %s: one #DB, behind both", name);
	if (steps.rip[0] != (uint64_t)next)
		tap_note("it came at %lx, not %lx", steps.rip[0], (uint64_t)next);
	steps.stop_after = 0;
}

static void breakpoint_mov_ss(const char *name, void (*function)(const uint16_t *),
			      const char *next)
{
	static __attribute__((aligned(16))) const uint16_t selector = KERNEL_DATA;

	write_dr6(0xffff0ff0);
	write_dr0((uint64_t)&selector);
	write_dr7(DR7_FIXED | DR7_L0 | DR7_RW0_ACCESS | DR7_LEN0_2);
	expect_steps(MOST_STEPS);
	function(&selector);
	write_dr7(DR7_FIXED);
	/*
	 * Processors deliver the held-back breakpoint behind the second instruction; an emulator
	 * may drop it. Anywhere else, or twice, it would be wrong.
	 */
	if (steps.count == 0)
		tap_skip("data breakpoint on MOV SS before an exit",
			 "this CPU drops the breakpoint");
	else
		tap_ok(steps.count == 1 && steps.rip[0] == (uint64_t)next &&
			       (steps.dr6[0] & 0xf) == DR6_B0,
		       "data breakpoint on MOV SS before %s: one #DB, behind both", name);
	steps.stop_after = 0;
}

/*
 * With IA32_DEBUGCTL.BTF single steps are from branch to branch: none is due after CPUID, and
 * delivering one clears BTF.
 */
static void branch_steps(void)
{
	uint64_t target;

	tap_equal(try_wrmsr(IA32_DEBUGCTL, DEBUGCTL_BTF), NO_EXCEPTION,
		  "IA32_DEBUGCTL.BTF can be set");
	tap_equal(rdmsr(IA32_DEBUGCTL) & DEBUGCTL_BTF, DEBUGCTL_BTF, "and reads so");
	expect_steps(1);
	__asm__ volatile("xor %%eax, %%eax\n\t"
			 "pushfq\n\t"
			 "orl %1, (%%rsp)\n\t"
			 "lea 1f(%%rip), %%rsi\n\t"
			 "popfq\n\t"
			 "cpuid\n\t"
			 "jmp 1f\n\t"
			 "nop\n"
			 "1:\tnop"
			 : "=&S"(target)
			 : "i"(RFLAGS_TF)
			 : "eax", "ebx", "ecx", "edx", "memory", "cc");
	steps.stop_after = 0;
	tap_equal(steps.count, 1, "BTF: one #DB");
	tap_equal(steps.rip[0], target, "BTF: it comes behind the branch, not behind CPUID");
	tap_equal(rdmsr(IA32_DEBUGCTL) & DEBUGCTL_BTF, 0, "BTF: it reads 0 then");
	wrmsr(IA32_DEBUGCTL, 0);
}

void test_debug(void)
{
	const unsigned count = sizeof(exits) / sizeof(exits[0]);

	for (unsigned i = 0; i < count; i++)
		single_step(i);
	single_step_ring3();
	for (unsigned i = 0; i < count; i++)
		breakpoints(i);
	mov_ss("CPUID", mov_ss_cpuid, mov_ss_cpuid_next);
	mov_ss("VMCALL", mov_ss_vmcall, mov_ss_vmcall_next);
	breakpoint_mov_ss("CPUID", breakpoint_cpuid, breakpoint_cpuid_next);
	breakpoint_mov_ss("VMCALL", breakpoint_vmcall, breakpoint_vmcall_next);
	branch_steps();
	tap_ok(sti_cpuid() & RFLAGS_IF,
	       "CPUID in the shadow of STI: the guest goes on with IF set");
	tap_ok(sti_vmcall() & RFLAGS_IF,
	       "VMCALL in the shadow of STI: the guest goes on with IF set");
}
