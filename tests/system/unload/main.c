/* SPDX-License-Identifier: MIT */
/*
 * A UEFI program that Sill starts next, and that sends Sill away again from one CPU after another.
 * It compares what each CPU has before and after the call, and looks for traces of Sill.
 */
#include <efi.h>
#include <efilib.h>

#include "boot/mp_services.h"

#define CPUID_SIGNATURE	      0x40000000
#define SIGNATURE	      0x6c6c6953 /* "Sill" */
#define CPUID_1_ECX_VMX	      (1u << 5)
#define CALL_PING	      0
#define CALL_UNLOAD	      8
#define COOKIE		      0x1234567890
#define RFLAGS_IF	      (1ull << 9)

#define MSR_IA32_SYSENTER_CS  0x174
#define MSR_IA32_SYSENTER_ESP 0x175
#define MSR_IA32_SYSENTER_EIP 0x176
#define MSR_IA32_DEBUGCTL     0x1d9
#define MSR_IA32_PAT	      0x277
#define MSR_IA32_EFER	      0xc0000080
#define MSR_IA32_FS_BASE      0xc0000100
#define MSR_IA32_GS_BASE      0xc0000101

struct __attribute__((packed)) table {
	UINT16 limit;
	UINT64 base;
};

/* What must be the same before and after. */
struct state {
	UINT64 cr0, cr3, cr4, dr7, rflags;
	UINT64 msrs[8];
	struct table gdt, idt;
	UINT16 selectors[7]; /* ES, CS, SS, DS, FS, GS, LDTR */
	UINT16 tr;	     /* not compared if it was null */
};

static const UINT32 msr_numbers[8] = {
	MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP, MSR_IA32_DEBUGCTL,
	MSR_IA32_PAT,	      MSR_IA32_EFER,	     MSR_IA32_FS_BASE,	    MSR_IA32_GS_BASE,
};

/* What is done on a CPU, and what came of it. */
struct errand {
	BOOLEAN calls; /* for the unload; else the next CPUID is the moment */
	UINT64 ping;
	BOOLEAN was_beneath, is_beneath, had_vmx, has_vmx, vmcall_raised_ud, registers_kept;
	UINT64 result;
	struct state before, after;
	volatile BOOLEAN done;
};

static UINT64 read_msr(UINT32 msr)
{
	UINT32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return ((UINT64)high << 32) | low;
}

static void cpuid(UINT32 leaf, UINT32 r[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
			 : "a"(leaf), "c"(0));
}

static BOOLEAN is_beneath(void)
{
	UINT32 r[4];

	cpuid(CPUID_SIGNATURE, r);
	return r[1] == SIGNATURE && r[2] == SIGNATURE && r[3] == SIGNATURE;
}

static BOOLEAN shows_vmx(void)
{
	UINT32 r[4];

	cpuid(1, r);
	return (r[2] & CPUID_1_ECX_VMX) != 0;
}

static void read_state(struct state *s)
{
	__asm__ volatile("mov %%cr0, %0" : "=r"(s->cr0));
	__asm__ volatile("mov %%cr3, %0" : "=r"(s->cr3));
	__asm__ volatile("mov %%cr4, %0" : "=r"(s->cr4));
	__asm__ volatile("mov %%dr7, %0" : "=r"(s->dr7));
	__asm__ volatile("pushfq; pop %0" : "=r"(s->rflags));
	s->rflags &= ~0x8d5ull; /* arithmetic */
	for (UINTN i = 0; i < 8; i++)
		s->msrs[i] = read_msr(msr_numbers[i]);
	__asm__ volatile("sgdt %0" : "=m"(s->gdt));
	__asm__ volatile("sidt %0" : "=m"(s->idt));
	__asm__ volatile("mov %%es, %0" : "=r"(s->selectors[0]));
	__asm__ volatile("mov %%cs, %0" : "=r"(s->selectors[1]));
	__asm__ volatile("mov %%ss, %0" : "=r"(s->selectors[2]));
	__asm__ volatile("mov %%ds, %0" : "=r"(s->selectors[3]));
	__asm__ volatile("mov %%fs, %0" : "=r"(s->selectors[4]));
	__asm__ volatile("mov %%gs, %0" : "=r"(s->selectors[5]));
	__asm__ volatile("sldt %0" : "=r"(s->selectors[6]));
	__asm__ volatile("str %0" : "=r"(s->tr));
}

/*
 * UINT64 unload_call(UINT64 number, BOOLEAN *kept): makes the call with something else in each
 * register, and looks whether it is there afterwards.
 */
UINT64 unload_call(UINT64 number, BOOLEAN *kept);
__asm__(".text\n"
	"unload_call:\n"
	"	push	%rbx\n"
	"	push	%rbp\n"
	"	push	%r12\n"
	"	push	%r13\n"
	"	push	%r14\n"
	"	push	%r15\n"
	"	push	%rsi\n"
	"	mov	%rdi, %rax\n"
	"	mov	$0x1001, %ecx\n"
	"	mov	$0x1002, %edx\n"
	"	mov	$0x1003, %ebx\n"
	"	mov	$0x1005, %ebp\n"
	"	mov	$0x1006, %esi\n"
	"	mov	$0x1007, %edi\n"
	"	mov	$0x1008, %r8d\n"
	"	mov	$0x1009, %r9d\n"
	"	mov	$0x100a, %r10d\n"
	"	mov	$0x100b, %r11d\n"
	"	mov	$0x100c, %r12d\n"
	"	mov	$0x100d, %r13d\n"
	"	mov	$0x100e, %r14d\n"
	"	mov	$0x100f, %r15d\n"
	"	vmcall\n"
	"	sub	$0x1001, %rcx\n"
	"	sub	$0x1002, %rdx\n"
	"	sub	$0x1003, %rbx\n"
	"	sub	$0x1005, %rbp\n"
	"	sub	$0x1006, %rsi\n"
	"	sub	$0x1007, %rdi\n"
	"	sub	$0x1008, %r8\n"
	"	sub	$0x1009, %r9\n"
	"	sub	$0x100a, %r10\n"
	"	sub	$0x100b, %r11\n"
	"	sub	$0x100c, %r12\n"
	"	sub	$0x100d, %r13\n"
	"	sub	$0x100e, %r14\n"
	"	sub	$0x100f, %r15\n"
	"	or	%rdx, %rcx\n"
	"	or	%rbx, %rcx\n"
	"	or	%rbp, %rcx\n"
	"	or	%rsi, %rcx\n"
	"	or	%rdi, %rcx\n"
	"	or	%r8, %rcx\n"
	"	or	%r9, %rcx\n"
	"	or	%r10, %rcx\n"
	"	or	%r11, %rcx\n"
	"	or	%r12, %rcx\n"
	"	or	%r13, %rcx\n"
	"	or	%r14, %rcx\n"
	"	or	%r15, %rcx\n"
	"	sete	%cl\n"
	"	pop	%rsi\n"
	"	mov	%cl, (%rsi)\n"
	"	pop	%r15\n"
	"	pop	%r14\n"
	"	pop	%r13\n"
	"	pop	%r12\n"
	"	pop	%rbp\n"
	"	pop	%rbx\n"
	"	ret\n");

/* For #UD: goes on behind the VMCALL, with CF set. */
void ud_handler(void);
__asm__(".text\n"
	"ud_handler:\n"
	"	addq	$3, (%rsp)\n"
	"	orq	$1, 16(%rsp)\n"
	"	iretq\n");

static BOOLEAN vmcall_raises_ud(const struct state *state)
{
	static UINT64 gates[2 * 256];
	const struct table own = {.limit = sizeof(gates) - 1, .base = (UINTN)gates};
	UINTN handler = (UINTN)ud_handler;
	UINT64 rax = CALL_PING;
	BOOLEAN raised;

	CopyMem(gates, (void *)(UINTN)state->idt.base, state->idt.limit + 1);
	gates[12] = (handler & 0xffff) | (UINT64)state->selectors[1] << 16 | 0x8e0000000000 |
		    (handler >> 16 & 0xffff) << 48;
	gates[13] = handler >> 32;
	__asm__ volatile("cli\n\t"
			 "lidt (%[own])\n\t"
			 "clc\n\t"
			 "vmcall\n\t"
			 "setc %[raised]\n\t"
			 "lidt (%[idt])\n\t"
			 : [raised] "=&q"(raised), "+a"(rax)
			 : [own] "r"(&own), [idt] "r"(&state->idt)
			 : "memory", "cc");
	if (state->rflags & RFLAGS_IF)
		__asm__ volatile("sti");
	return raised;
}

static void look(struct errand *errand)
{
	UINT64 rax = CALL_PING, cookie = COOKIE;

	errand->was_beneath = is_beneath();
	errand->had_vmx = shows_vmx();
	if (!errand->was_beneath)
		return;
	__asm__ volatile("vmcall" : "+a"(rax) : "D"(cookie) : "memory", "cc");
	errand->ping = rax;
	read_state(&errand->before);
}

static VOID EFIAPI leave(VOID *argument)
{
	struct errand *errand = argument;

	if (errand->calls) {
		look(errand);
		if (errand->was_beneath)
			errand->result = unload_call(CALL_UNLOAD, &errand->registers_kept);
	}
	errand->is_beneath = is_beneath();
	errand->has_vmx = shows_vmx();
	if (errand->was_beneath && !errand->is_beneath) {
		read_state(&errand->after);
		errand->vmcall_raised_ud = vmcall_raises_ud(&errand->after);
	}
	errand->done = TRUE;
}

static UINTN tests, failures;

static void check(BOOLEAN good, UINTN cpu, const CHAR16 *what)
{
	failures += !good;
	Print(L"%sok %ld - CPU %ld: %s\n", good ? L"" : L"not ", ++tests, cpu, what);
}

static void check_equal(UINT64 before, UINT64 after, UINTN cpu, const CHAR16 *what)
{
	check(before == after, cpu, what);
	if (before != after)
		Print(L"# %lx before, %lx after\n", before, after);
}

static void judge(struct errand *errand, UINTN cpu)
{
	const struct state *before = &errand->before, *after = &errand->after;

	check(errand->done && errand->was_beneath, cpu, L"Sill lies beneath it");
	if (!errand->was_beneath)
		return;
	check(!errand->had_vmx, cpu, L"and hides VMX");
	check_equal(COOKIE, errand->ping, cpu, L"and answers");
	if (errand->calls) {
		check_equal(0, errand->result, cpu, L"it promises to go");
		check(errand->registers_kept, cpu, L"the general registers are as they were");
	}
	check(!errand->is_beneath, cpu, L"and has gone");
	check(errand->has_vmx, cpu, L"VMX is shown again");
	check(errand->vmcall_raised_ud, cpu, L"VMCALL raises #UD");
	check_equal(before->cr0, after->cr0, cpu, L"CR0");
	check_equal(before->cr3, after->cr3, cpu, L"CR3");
	check_equal(before->cr4, after->cr4, cpu, L"CR4");
	check_equal(before->dr7, after->dr7, cpu, L"DR7");
	check_equal(before->rflags, after->rflags, cpu, L"RFLAGS");
	for (UINTN i = 0; i < 8; i++) {
		check_equal(before->msrs[i], after->msrs[i], cpu, L"an MSR");
		if (before->msrs[i] != after->msrs[i])
			Print(L"# MSR %x\n", msr_numbers[i]);
	}
	check_equal(before->gdt.base, after->gdt.base, cpu, L"GDTR");
	check_equal(before->gdt.limit, after->gdt.limit, cpu, L"the GDT's limit");
	check_equal(before->idt.base, after->idt.base, cpu, L"IDTR");
	check_equal(before->idt.limit, after->idt.limit, cpu, L"the IDT's limit");
	for (UINTN i = 0; i < 7; i++)
		check_equal(before->selectors[i], after->selectors[i], cpu, L"a selector");
	if (before->tr != 0)
		check_equal(before->tr, after->tr, cpu, L"TR");
}

static BOOLEAN run(struct mp_services *services, UINTN cpu, struct errand *errand)
{
	SetMem(errand, sizeof(*errand), 0);
	errand->calls = TRUE;
	return !EFI_ERROR(
		services->startup_this_ap(services, leave, cpu, NULL, 1000000, errand, NULL));
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static EFI_GUID mp_services_protocol = MP_SERVICES_PROTOCOL;
	static struct errand boot_cpu, errand;
	struct mp_services *services;
	UINTN count = 1, enabled;

	InitializeLib(image, system);
	Print(L"unload: begins\n");
	look(&boot_cpu);
	if (!EFI_ERROR(uefi_call_wrapper(BS->LocateProtocol, 3, &mp_services_protocol, NULL,
					 (void **)&services)) &&
	    !EFI_ERROR(services->get_processor_count(services, &count, &enabled))) {
		for (UINTN i = 1; i < count; i++) {
			check(run(services, i, &errand), i, L"comes and goes");
			judge(&errand, i);
		}
	}
	/* Where other CPUs made the call before, the boot CPU leaves by its next CPUID. */
	boot_cpu.calls = count == 1;
	leave(&boot_cpu);
	judge(&boot_cpu, 0);

	/* The firmware goes on: its timer ticks, its CPUs come when they are called. */
	check(!EFI_ERROR(uefi_call_wrapper(BS->Stall, 1, 20000)), 0, L"time goes on");
	for (UINTN i = 1; i < count; i++)
		check(run(services, i, &errand) && errand.done && !errand.was_beneath, i,
		      L"works on without Sill");
	Print(L"1..%ld\nunload: ends with %ld failures\n", tests, failures);
	uefi_call_wrapper(RT->ResetSystem, 4, EfiResetShutdown, EFI_SUCCESS, 0, NULL);
	return EFI_SUCCESS;
}
