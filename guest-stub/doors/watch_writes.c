/* SPDX-License-Identifier: MIT */
/*
 * A watched page is written by every kind of instruction: each has to do to it what it does to any
 * page.
 */
#include "cpu.h"
#include "exceptions.h"
#include "string.h"
#include "tap.h"
#include "watch.h"

static char plain[PAGE_SIZE] __attribute__((aligned(4096)));

/* Writes of every kind: to(page, from) does one to a page, whatever that page is. */
typedef void writer(char *page, const char *from);

static void stosb(char *page, const char *from)
{
	uint64_t count = 100;
	char *at = page + 101;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(from[3]) : "memory");
}

static void stosq_down(char *page, const char *from)
{
	uint64_t count = 20;
	char *at = page + 1000;

	__asm__ volatile("std; rep stosq; cld"
			 : "+D"(at), "+c"(count)
			 : "a"(*(const any64 *)from)
			 : "memory", "cc");
}

static void movsb(char *page, const char *from)
{
	memcpy(page + 77, from, 200);
}

static void movs_within(char *page, const char *from)
{
	uint64_t count = 30;
	char *source = page + 64, *at = page + 68;

	(void)from;
	__asm__ volatile("rep movsl" : "+D"(at), "+S"(source), "+c"(count) : : "memory");
}

static void xchg(char *page, const char *from)
{
	uint64_t value = *(const any64 *)from;

	__asm__ volatile("xchg %0, %1" : "+r"(value), "+m"(*(any64 *)(page + 40)) : : "memory");
	*(volatile any64 *)(page + 48) = value;
}

static void arithmetic(char *page, const char *from)
{
	__asm__ volatile("addq %1, 40(%0)\n\t"
			 "sbbl %k1, 52(%0)\n\t"
			 "lock orl $0x80, 60(%0)\n\t"
			 "lock xaddq %1, 64(%0)\n\t"
			 "notb 73(%0)\n\t"
			 "btsl $5, 80(%0)\n\t"
			 "incw 91(%0)\n\t"
			 "setc 95(%0)"
			 :
			 : "r"(page), "r"(*(const any64 *)from)
			 : "memory", "cc");
}

static void compare_exchange(char *page, const char *from)
{
	uint64_t rax = *(any64 *)(page + 112), other = rax ^ 1;

	__asm__ volatile("lock cmpxchgq %2, 112(%1)\n\t"
			 "mov %3, %%rax\n\t"
			 "lock cmpxchgq %2, 120(%1)"
			 : "+a"(rax)
			 : "r"(page), "r"(*(const any64 *)from), "r"(other)
			 : "memory", "cc");
}

/* The stack in the page. RBP, which ENTER pushes, is the same each time. */
static void push_pop(char *page, const char *from)
{
	__asm__ volatile("mov %%rsp, %%r12\n\t"
			 "mov %%rbp, %%r13\n\t"
			 "lea 800(%0), %%rsp\n\t"
			 "push %1\n\t"
			 "pushq $-5\n\t"
			 "pushq (%2)\n\t"
			 "call 1f\n\t"
			 "jmp 2f\n"
			 "1: pushq $77\n\t"
			 "popq 1000(%0)\n\t"
			 "ret\n"
			 "2: popw 1010(%0)\n\t"
			 "mov $0x1234, %%ebp\n\t"
			 "enter $16, $0\n\t"
			 "leave\n\t"
			 "mov %%r13, %%rbp\n\t"
			 "mov %%r12, %%rsp"
			 :
			 : "r"(page), "r"(*(const any64 *)from), "r"(from)
			 : "r12", "r13", "memory", "cc");
}

/* So that the CPU itself writes there: an exception is delivered onto that stack. */
static void exception_frame(char *page, const char *from)
{
	(void)from;
	expect();
	__asm__ volatile("mov %%rsp, %%r12\n\t"
			 "lea 4000(%0), %%rsp\n" MAY_FAULT("ud2") "mov %%r12, %%rsp"
			 :
			 : "r"(page)
			 : "r12", "memory", "cc");
	page[64] = (char)caught.vector;
}

static void sse(char *page, const char *from)
{
	__asm__ volatile("movups (%1), %%xmm0\n\t"
			 "movups %%xmm0, 129(%0)\n\t"
			 "movaps %%xmm0, 160(%0)\n\t"
			 "movntdq %%xmm0, 176(%0)\n\t"
			 "movlps %%xmm0, 200(%0)\n\t"
			 "movss %%xmm0, 211(%0)\n\t"
			 "movnti %%rax, 220(%0)"
			 :
			 : "r"(page), "r"(from), "a"(*(const any64 *)from)
			 : "memory");
}

static void moves(char *page, const char *from)
{
	__asm__ volatile("movb %%al, 300(%0)\n\t"
			 "movb %%ah, 301(%0)\n\t"
			 "movw %%ax, 303(%0)\n\t"
			 "movl %%eax, 307(%0)\n\t"
			 "movq %%rax, 313(%0)\n\t"
			 "movb $0x81, 322(%0)\n\t"
			 "movw $0x8182, 323(%0)\n\t"
			 "movl $0x81828384, 325(%0)\n\t"
			 "movq $-0x1234567, 331(%0)\n\t"
			 "movq %%rax, %%fs:341\n\t"
			 "movq %%rax, 4088(%0)"
			 :
			 : "r"(page), "a"(*(const any64 *)from)
			 : "memory");
}

static void x87_and_tables(char *page, const char *from)
{
	(void)from;
	__asm__ volatile("fninit\n\t"
			 "fld1\n\t"
			 "fstpt 400(%0)\n\t"
			 "fnstcw 411(%0)\n\t"
			 "sgdt 460(%0)\n\t"
			 "fninit"
			 :
			 : "r"(page)
			 : "memory");
}

static const struct {
	const char *name;
	writer *write;
	bool own_stack; /* much of it is written, the page's address among it */
} writers[] = {
	{"REP STOSB", stosb, false},
	{"REP STOSQ downwards", stosq_down, false},
	{"REP MOVSB", movsb, false},
	{"REP MOVSD within it", movs_within, false},
	{"XCHG", xchg, false},
	{"ADD, OR, XADD and the like", arithmetic, false},
	{"CMPXCHG", compare_exchange, false},
	{"PUSH, POP, CALL, ENTER", push_pop, false},
	{"the delivery of an exception", exception_frame, true},
	{"SSE", sse, false},
	{"MOV", moves, false},
	{"x87 and SGDT", x87_and_tables, false},
};

#define COMPARED_WITH_OWN_STACK 2048u

/* The page's content in one go, which would take long while it is watched. */
static void place(struct sill_letter *letter, const void *content)
{
	watch_page(NULL);
	memcpy(letter, content, sizeof(*letter));
	watch_page(letter);
}

void watch_test_writes(struct sill_letter *letter)
{
	static uint64_t from[32];

	fill_mixed(from, sizeof(from), 5);
	for (unsigned i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		const char *got = (const char *)letter;
		uint64_t before;
		unsigned same = 0;

		fill_mixed(plain, sizeof(plain), i);
		/* The state is not SENT, or Sill would answer. */
		memset(plain, 0, 32);
		place(letter, plain);
		wrmsr(IA32_FS_BASE, (uint64_t)plain);
		writers[i].write(plain, (const char *)from);
		wrmsr(IA32_FS_BASE, (uint64_t)letter);
		before = exits_for_reason(EXIT_REASON_EPT);
		writers[i].write((char *)letter, (const char *)from);
		tap_ok(exits_for_reason(EXIT_REASON_EPT) > before, "watch: %s: leaves the guest",
		       writers[i].name);
		while (same < sizeof(*letter) && got[same] == plain[same])
			same++;
		if (!tap_ok(same >= (writers[i].own_stack ? COMPARED_WITH_OWN_STACK
							  : sizeof(*letter)),
			    "watch: %s: does to the page what it does to any", writers[i].name))
			tap_note("at %u is %x, and should be %x", same, (uint8_t)got[same],
				 (uint8_t)plain[same]);
	}
	wrmsr(IA32_FS_BASE, 0);
}
