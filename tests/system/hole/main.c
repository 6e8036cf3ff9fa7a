/* SPDX-License-Identifier: MIT */
/*
 * A UEFI program that does to memory what an OS never should, for the test of underlay mode: it
 * reads, writes and executes the memory that Sill has reserved, reaches for addresses where nothing
 * is, and changes the MTRRs. It says in TAP what it finds. Started by Sill (next = ...).
 *
 * UEFI does not say which reserved range is Sill's: it is the one that reads as all ones.
 */
#include <efi.h>
#include <efilib.h>

#include <sill/hypercall.h>

#include "boot/mp_services.h"
#include "core/msr.h"
#include "vmx/exit_reason.h"

#define PAGE 4096u
#define ONES (~0ull)

static UINTN tests;

static void ok(BOOLEAN good, const CHAR16 *what)
{
	Print(L"%sok %d - %s\n", good ? L"" : L"not ", ++tests, what);
}

/* ---- Instructions that may fault, on a stack that may be nowhere. ---- */

extern UINT64 guard_call(void (*function)(UINT8 *), UINT8 *argument) __attribute__((sysv_abi));
extern UINT64 guard_rip;
extern UINT8 guard_ud[], guard_gp[], guard_pf[], guard_int[];
#define NO_FAULT 256

/*
 * guard_call() answers the vector of the exception that ended the call, which leaves its address in
 * guard_rip, or NO_FAULT. Nothing is taken from the stack of who raised it but that address.
 */
__asm__(".text\n"
	"guard_call:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	mov %rsp, guard_rsp(%rip)\n"
	"	mov %rdi, %rax; mov %rsi, %rdi; cld\n"
	"	call *%rax\n"
	"	mov $256, %eax\n"
	"guard_back:\n"
	"	mov guard_rsp(%rip), %rsp\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	"guard_ud:	mov (%rsp), %rax; mov %rax, guard_rip(%rip); mov $6, %eax; jmp guard_back\n"
	"guard_gp:	mov 8(%rsp), %rax; mov %rax, guard_rip(%rip); mov $13, %eax; jmp guard_back\n"
	"guard_pf:	mov 8(%rsp), %rax; mov %rax, guard_rip(%rip); mov $14, %eax; jmp guard_back\n"
	"guard_int:	mov (%rsp), %rax; mov %rax, guard_rip(%rip); mov $129, %eax; jmp guard_back\n"
	".data\n"
	".balign 8\n"
	"guard_rsp: .quad 0\n"
	"guard_rip: .quad 0\n"
	".text\n"
	".hidden guard_call; .hidden guard_rip; .hidden guard_ud; .hidden guard_gp\n"
	".hidden guard_pf; .hidden guard_int\n");

struct __attribute__((packed)) table_register {
	UINT16 limit;
	UINT64 base;
};

struct gate {
	UINT16 offset_low, selector, attributes, offset_middle;
	UINT32 offset_high, reserved;
};

static struct gate gates[256];

static void set_gate(unsigned int vector, const UINT8 *handler)
{
	UINT64 address = (UINT64)handler;
	struct gate *gate = &gates[vector];

	__asm__("mov %%cs, %0" : "=r"(gate->selector));
	gate->offset_low = (UINT16)address;
	gate->offset_middle = (UINT16)(address >> 16);
	gate->offset_high = (UINT32)(address >> 32);
	gate->attributes = 0x8e00;
}

/* With interrupts off, and the handlers above for the call's time. */
static UINT64 guarded(void (*function)(UINT8 *), UINT8 *argument)
{
	struct table_register old, mine = {sizeof(gates) - 1, (UINT64)gates};
	UINT64 vector, flags;

	__asm__ volatile("pushfq; pop %0; cli; sidt %1" : "=r"(flags), "=m"(old));
	CopyMem(gates, (void *)old.base, old.limit + 1u);
	set_gate(6, guard_ud);
	set_gate(13, guard_gp);
	set_gate(14, guard_pf);
	set_gate(129, guard_int);
	__asm__ volatile("lidt %0" : : "m"(mine));
	vector = guard_call(function, argument);
	__asm__ volatile("lidt %0; push %1; popfq" : : "m"(old), "r"(flags) : "cc", "memory");
	return vector;
}

/* ---- Sill. ---- */

static INT64 hypercall(UINT64 number, UINT64 first, UINT64 second, UINT64 third)
{
	INT64 result;

	__asm__ volatile("vmcall"
			 : "=a"(result)
			 : "a"(number), "D"(first), "S"(second), "d"(third)
			 : "memory");
	return result;
}

static UINT64 exits(unsigned int reason)
{
	static struct sill_stats stats;
	UINT64 sum = 0;

	for (UINT64 cpu = 0; hypercall(SILL_CALL_STATS, cpu, (UINT64)&stats, sizeof(stats)) > 0;
	     cpu++)
		sum += stats.exits[reason];
	return sum;
}

/* How often a text stands in Sill's log. */
static UINTN in_log(const char *text)
{
	static struct sill_log log;
	UINTN count = 0, matched = 0;

	for (log.from = 0;
	     hypercall(SILL_CALL_LOG, (UINT64)&log, sizeof(log), 0) > 0 && log.length > 0;
	     log.from += log.length) {
		for (UINT64 i = 0; i < log.length; i++) {
			matched = log.text[i] == text[matched] ? matched + 1
				  : log.text[i] == text[0]     ? 1
							       : 0;
			if (text[matched] == 0) {
				count++;
				matched = 0;
			}
		}
	}
	return count;
}

/* ---- The hole. ---- */

static UINT8 *hole;
static UINT64 hole_size;

static BOOLEAN all_ones(const UINT8 *at, UINT64 size)
{
	UINT64 count = size / 8, value = ONES;

	__asm__ volatile("cld; repe scasq" : "+D"(at), "+c"(count) : "a"(value) : "cc", "memory");
	return count == 0 && ((const UINT64 *)at)[-1] == ONES;
}

static BOOLEAN find_hole(void)
{
	UINTN entries, key, size;
	UINT32 version;
	EFI_MEMORY_DESCRIPTOR *map = LibMemoryMap(&entries, &key, &size, &version);
	UINTN found = 0;

	for (UINTN i = 0; map != NULL && i < entries; i++) {
		EFI_MEMORY_DESCRIPTOR *range = (EFI_MEMORY_DESCRIPTOR *)((UINT8 *)map + i * size);

		if (range->Type != EfiReservedMemoryType ||
		    !all_ones((UINT8 *)range->PhysicalStart, range->NumberOfPages * PAGE))
			continue;
		hole = (UINT8 *)range->PhysicalStart;
		hole_size = range->NumberOfPages * PAGE;
		found++;
	}
	Print(L"# %d reserved range(s) of all ones; the last: %lx, %ld KiB\n", found, hole,
	      hole_size / 1024);
	return found == 1;
}

static BOOLEAN nothing_there(void)
{
	return all_ones(hole, hole_size);
}

static void store_each_size(UINT8 *at)
{
	*(volatile UINT8 *)at = 1;
	*(volatile UINT16 *)(at + 2) = 2;
	*(volatile UINT32 *)(at + 4) = 4;
	*(volatile UINT64 *)(at + 8) = 8;
	/* Over the end of a page. */
	*(volatile UINT64 *)(at + PAGE - 3) = 8;
}

static UINT64 seen;

static void modify(UINT8 *at)
{
	UINT64 value = 5;

	__asm__ volatile("lock xadd %0, %1" : "+r"(value), "+m"(*(UINT64 *)at) : : "cc");
	seen = value;
	__asm__ volatile("incq %0; notq %0; lock btrq $3, %0" : "+m"(*(UINT64 *)at) : : "cc");
}

static void push_and_pop(UINT8 *at)
{
	__asm__ volatile("mov %%rsp, %%rbx; mov %1, %%rsp; push $77; pop %0; mov %%rbx, %%rsp"
			 : "=r"(seen)
			 : "r"(at + 64)
			 : "rbx", "memory");
}

static void fill(UINT8 *at)
{
	UINT64 count = 3 * PAGE / 2;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(0x5a) : "memory");
	seen = (UINT64)at + count;
}

static void copy_within(UINT8 *at)
{
	UINT64 count = 100;
	UINT8 *from = at + PAGE - 400, *to = at + 2 * PAGE - 400;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
	seen = (UINT64)to + count;
}

/* 512 bytes at once, over the end of a page. */
static void save_fpu(UINT8 *at)
{
	__asm__ volatile("fxsave (%0)" : : "r"(at + PAGE - 256) : "memory");
}

static void compare_and_swap(UINT8 *at)
{
	UINT64 low = ONES, high = ONES;

	__asm__ volatile("lock cmpxchg16b %2; setz %%cl; movzbl %%cl, %%ecx"
			 : "+a"(low), "+d"(high), "+m"(*(UINT64 *)at), "=&c"(seen)
			 : "b"(1ull), "3"(2ull)
			 : "cc", "memory");
}

static void interrupt_there(UINT8 *at)
{
	__asm__ volatile("mov %0, %%rsp; int $129" : : "r"(at + 256) : "memory");
}

/* The frame takes both sides of a page's end. */
static void fault_there(UINT8 *at)
{
	__asm__ volatile("mov %0, %%rsp; ud2" : : "r"(at + PAGE + 16) : "memory");
}

static void execute_there(UINT8 *at)
{
	__asm__ volatile("jmp *%0" : : "r"(at + 100));
}

static void test_hole(void)
{
	UINT64 violations;

	ok(find_hole(), L"one reserved range reads as all ones");
	if (hole == NULL)
		return;
	violations = exits(EXIT_REASON_EPT_VIOLATION);
	ok(nothing_there() && exits(EXIT_REASON_EPT_VIOLATION) == violations,
	   L"reading it causes no exits");
	ok(in_log("the OS wrote to Sill's memory") == 0, L"nothing is said until it is written to");

	ok(guarded(store_each_size, hole) == NO_FAULT && nothing_there(), L"stores vanish");
	ok(exits(EXIT_REASON_EPT_VIOLATION) > violations, L"they do cause EPT violations");
	ok(in_log("the OS wrote to Sill's memory") == 1, L"the first is told");
	ok(guarded(store_each_size, hole + hole_size - 2 * PAGE) == NO_FAULT && nothing_there(),
	   L"stores to its last pages vanish");
	ok(guarded(modify, hole + PAGE) == NO_FAULT && seen == ONES && nothing_there(),
	   L"read and write in one instruction");
	ok(guarded(push_and_pop, hole + 2 * PAGE) == NO_FAULT && nothing_there(), L"PUSH and POP");
	ok(guarded(fill, hole + 100) == NO_FAULT && seen == (UINT64)hole + 100 + 3 * PAGE / 2 &&
		   nothing_there(),
	   L"REP STOSB over several pages");
	ok(guarded(copy_within, hole) == NO_FAULT && seen == (UINT64)hole + 2 * PAGE + 400 &&
		   nothing_there(),
	   L"REP MOVSQ inside, over the ends of pages");
	ok(guarded(save_fpu, hole) == NO_FAULT && nothing_there(), L"FXSAVE over a page's end");
	ok(guarded(compare_and_swap, hole + 5 * PAGE) == NO_FAULT && nothing_there() && seen == 1,
	   L"CMPXCHG16B finds ones");
	ok(guarded(interrupt_there, hole) == 129 && nothing_there(),
	   L"INT n with its stack there is delivered once");
	ok(guarded(fault_there, hole) == 6 && nothing_there(),
	   L"an exception with its stack there is delivered");
	ok(guarded(execute_there, hole) == 6 && guard_rip == (UINT64)hole + 100,
	   L"what is fetched there is an invalid opcode");
	ok(hypercall(SILL_CALL_INFO, (UINT64)hole, 8, 0) == -14,
	   L"Sill itself answers -EFAULT when it is to write there");
	ok(in_log("the OS wrote to Sill's memory") == 1, L"all this is told once");
	Print(L"# exits: %ld EPT violations, %ld monitor traps, %ld timers\n",
	      exits(EXIT_REASON_EPT_VIOLATION), exits(EXIT_REASON_MONITOR_TRAP_FLAG),
	      exits(EXIT_REASON_VMX_PREEMPTION_TIMER_EXPIRED));
}

/* ---- Several CPUs at once. ---- */

static volatile BOOLEAN ap_done;
static volatile UINT64 ap_rounds;

static void hammer(UINT8 *at)
{
	for (unsigned int i = 0; i < 300; i++) {
		*(volatile UINT64 *)(at + i % 4 * PAGE + i * 8 % PAGE) = i;
		*(volatile UINT64 *)(at + PAGE - 4) = i;
	}
}

static VOID EFIAPI ap_hammers(VOID *argument)
{
	hammer(argument);
	ap_rounds = 300;
	ap_done = TRUE;
}

static void test_cpus(void)
{
	EFI_GUID guid = MP_SERVICES_PROTOCOL;
	struct mp_services *services;
	EFI_EVENT event;
	UINTN all, enabled;

	if (EFI_ERROR(LibLocateProtocol(&guid, (VOID **)&services)) ||
	    EFI_ERROR(services->get_processor_count(services, &all, &enabled)) || enabled < 2) {
		Print(L"ok %d - two CPUs write at once # skip only one CPU\n", ++tests);
		return;
	}
	uefi_call_wrapper(BS->CreateEvent, 5, 0, 0, NULL, NULL, &event);
	if (EFI_ERROR(services->startup_this_ap(services, ap_hammers, 1, event, 0, hole, NULL))) {
		ok(FALSE, L"the second CPU starts");
		return;
	}
	hammer(hole + 2 * PAGE);
	for (UINTN ms = 0; !ap_done && ms < 10000; ms++)
		uefi_call_wrapper(BS->Stall, 1, 1000);
	ok(ap_done && ap_rounds == 300, L"two CPUs write at once");
	/* Each may have the other's pages cached until the MTRRs or a write make it forget. */
	guarded(store_each_size, hole);
	ok(nothing_there(), L"and nothing is left of it");
}

/* ---- Where nothing is. ---- */

/* Gives back what a page far up reads as, through tables of its own in the firmware's root. */
static UINT64 read_far(UINT64 physical)
{
	static UINT8 room[3 * PAGE];
	UINT64 *table = (UINT64 *)(((UINT64)room + PAGE - 1) & ~(UINT64)(PAGE - 1));
	UINT64 *directory = table + 512, *root, cr3, cr0, old;
	UINT64 value;

	__asm__ volatile("mov %%cr3, %0; mov %%cr0, %1" : "=r"(cr3), "=r"(cr0));
	root = (UINT64 *)(cr3 & ~(UINT64)(PAGE - 1));
	table[0] = (UINT64)directory | 3;
	directory[0] = (physical & ~0x1fffffull) | 0x83;
	/* The firmware may have its tables write-protected. */
	__asm__ volatile("cli; mov %0, %%cr0" : : "r"(cr0 & ~0x10000ull));
	old = root[255];
	root[255] = (UINT64)table | 3;
	__asm__ volatile("mov %0, %%cr3" : : "r"(cr3) : "memory");
	value = *(volatile UINT64 *)((255ull << 39) + (physical & 0x1fffff));
	*(volatile UINT64 *)((255ull << 39) + (physical & 0x1fffff)) = 1;
	root[255] = old;
	__asm__ volatile("mov %0, %%cr3; mov %1, %%cr0; sti" : : "r"(cr3), "r"(cr0) : "memory");
	return value;
}

static void test_far(void)
{
	UINT32 eax = 0x80000008, ebx, ecx = 0, edx;
	UINT64 violations = exits(EXIT_REASON_EPT_VIOLATION), end;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	end = 1ull << (eax & 0xff);
	Print(L"# %d physical-address bits; the last page reads %lx\n", eax & 0xff,
	      read_far(end - PAGE));
	ok(exits(EXIT_REASON_EPT_VIOLATION) == violations + 1, L"a far address costs one exit");
	(void)read_far(end - PAGE);
	(void)read_far(end - (1ull << 30));
	ok(exits(EXIT_REASON_EPT_VIOLATION) == violations + 1, L"and none for the GiB around it");
	(void)read_far(0x100000000ull - PAGE);
	ok(exits(EXIT_REASON_EPT_VIOLATION) == violations + 1, L"and none below 4 GiB");
}

/* ---- MTRRs. ---- */

static UINT64 read_msr(UINT32 msr)
{
	UINT32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return ((UINT64)high << 32) | low;
}

static void write_msr(UINT32 msr, UINT64 value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((UINT32)value), "d"((UINT32)(value >> 32))
			 : "memory");
}

/* SDM, "MemTypeSet() Function": the changes are made with caches and MTRRs off. */
static UINT64 mtrrs_off(UINT64 *cr0)
{
	UINT64 type = read_msr(MSR_IA32_MTRR_DEF_TYPE);

	__asm__ volatile("cli; mov %%cr0, %0" : "=r"(*cr0));
	__asm__ volatile("mov %0, %%cr0; wbinvd" : : "r"(*cr0 | 0x40000000) : "memory");
	write_msr(MSR_IA32_MTRR_DEF_TYPE, type & ~(UINT64)MTRR_DEF_TYPE_ENABLE);
	return type;
}

static void mtrrs_on(UINT64 type, UINT64 cr0)
{
	__asm__ volatile("wbinvd" : : : "memory");
	write_msr(MSR_IA32_MTRR_DEF_TYPE, type);
	__asm__ volatile("mov %0, %%cr0; sti" : : "r"(cr0) : "memory");
}

static BOOLEAN write_range(UINT32 n, UINT64 base, UINT64 mask)
{
	UINT64 cr0, type = mtrrs_off(&cr0);

	write_msr(MSR_IA32_MTRR_PHYSBASE(n), base);
	write_msr(MSR_IA32_MTRR_PHYSMASK(n), mask);
	mtrrs_on(type, cr0);
	return read_msr(MSR_IA32_MTRR_PHYSBASE(n)) == base &&
	       read_msr(MSR_IA32_MTRR_PHYSMASK(n)) == mask &&
	       read_msr(MSR_IA32_MTRR_DEF_TYPE) == type;
}

static UINT32 free_range(void)
{
	UINT32 count = read_msr(MSR_IA32_MTRRCAP) & MTRRCAP_VCNT_MASK, n = 0;

	while (n < count && (read_msr(MSR_IA32_MTRR_PHYSMASK(n)) & MTRR_PHYSMASK_VALID) != 0)
		n++;
	return n;
}

static void write_a_bad_type(UINT8 *at)
{
	(void)at;
	write_msr(MSR_IA32_MTRR_PHYSBASE(free_range()), 0x40000002);
}

/* The memory types of the EPT that result are in Sill's log, where the test looks for them. */
static void test_mtrrs(void)
{
	UINT32 eax = 0x80000008, ebx, ecx = 0, edx, n = free_range();
	UINT64 writes = exits(EXIT_REASON_WRMSR), mask;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	mask = (1ull << (eax & 0xff)) - 1;
	ok(guarded(write_a_bad_type, NULL) == 13, L"a reserved memory type raises #GP");
	/* RAM that is write-back: write-through wins over that. */
	ok(write_range(n, 0x10000000 | 4, (mask & ~0xffffffull) | MTRR_PHYSMASK_VALID),
	   L"an MTRR is written: 16 MiB");
	ok(write_range(n, 0x11003000, (mask & ~0xfffull) | MTRR_PHYSMASK_VALID),
	   L"and again: 4 KiB");
	ok(write_range(n, 0, 0), L"and given back");
	ok(exits(EXIT_REASON_WRMSR) == writes + 13, L"each write is one exit");
	if (hole != NULL)
		ok(nothing_there(), L"the reserved range is as it was");
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	InitializeLib(image, system);
	uefi_call_wrapper(BS->SetWatchdogTimer, 4, 0, 0, 0, NULL);
	Print(L"\n# what an OS finds where Sill is\n");
	test_hole();
	if (hole != NULL)
		test_cpus();
	test_far();
	test_mtrrs();
	Print(L"1..%d\n", tests);
	uefi_call_wrapper(RT->ResetSystem, 4, EfiResetShutdown, EFI_SUCCESS, 0, NULL);
	return EFI_DEVICE_ERROR;
}
