/* SPDX-License-Identifier: MIT */
/* The end of Sill itself; see core/panic.h. */
#include "core/panic.h"

#include "core/console.h"
#include "core/cpu.h"
#include "core/finish.h"
#include "core/format.h"
#include "core/log.h"
#include "core/output_lock.h"
#include "core/safe_access.h"
#include "core/symbols.h"

#include <stddef.h>

static void (*opening)(void), (*hook)(void);

void panic_set_opening(void (*new_opening)(void))
{
	opening = new_opening;
}

void panic_set_hook(void (*new_hook)(void))
{
	hook = new_hook;
}

static bool read_word(uint64_t address, uint64_t *value)
{
	uint8_t bytes[sizeof(*value)];

	if (address % sizeof(*value) != 0)
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (!safe_read_byte((const void *)(uintptr_t)(address + i), &bytes[i]))
			return false;
	}
	__builtin_memcpy(value, bytes, sizeof(*value));
	return true;
}

/*
 * Frames lie on the stack, each above the one before. Anything else ends the backtrace: a damaged
 * chain, and the frame of a VM exit, where RBP still is the guest's.
 */
#define DEEPEST_STACK 0x10000u

static void tell_frames(uint64_t rip, uint64_t rbp, uint64_t rsp)
{
	const int deepest = 32;

	for (int depth = 0; depth < deepest; depth++) {
		uint64_t offset, next_rbp;
		const char *name = symbol_find(rip, &offset);

		if (name == NULL)
			log_error("  #%-2d %016llx", depth, (unsigned long long)rip);
		else
			log_error("  #%-2d %016llx %s+0x%llx", depth, (unsigned long long)rip, name,
				  (unsigned long long)offset);
		if (rbp - rsp >= DEEPEST_STACK || !read_word(rbp, &next_rbp) ||
		    !read_word(rbp + 8, &rip) || rip == 0)
			return;
		rsp = rbp + 1;
		rbp = next_rbp;
	}
}

static void show_registers(const struct trap_frame *f)
{
#define ROW(a, b, c, d)                                                           \
	log_error("  %-3s %016llx  %-3s %016llx  %-3s %016llx  %-3s %016llx", #a, \
		  (unsigned long long)f->a, #b, (unsigned long long)f->b, #c,     \
		  (unsigned long long)f->c, #d, (unsigned long long)f->d)
	ROW(rax, rbx, rcx, rdx);
	ROW(rsi, rdi, rbp, rsp);
	ROW(r8, r9, r10, r11);
	ROW(r12, r13, r14, r15);
#undef ROW
	log_error("  rip %016llx  rflags %08llx  cs %02llx  ss %02llx", (unsigned long long)f->rip,
		  (unsigned long long)f->rflags, (unsigned long long)f->cs,
		  (unsigned long long)f->ss);
}

static void show_control_registers(void)
{
	log_error("  cr0 %016llx  cr2 %016llx  cr3 %016llx  cr4 %016llx",
		  (unsigned long long)read_cr0(), (unsigned long long)read_cr2(),
		  (unsigned long long)read_cr3(), (unsigned long long)read_cr4());
}

/* What the report is about: the first panic's, whatever happens while it is told. */
static struct {
	const char *why;
	const struct trap_frame *frame; /* NULL: not an exception */
	uint64_t rip, rbp, rsp;
} subject;

static void open_console(void)
{
	if (opening != NULL)
		opening();
}

static void tell_why(void)
{
	log_error("panic: %s", subject.why);
}

static void tell_registers(void)
{
	if (subject.frame != NULL)
		show_registers(subject.frame);
	show_control_registers();
}

static void tell_backtrace(void)
{
	log_error("backtrace:");
	tell_frames(subject.rip, subject.rbp, subject.rsp);
}

static void tell_hook(void)
{
	if (hook != NULL)
		hook();
}

static void tell_end(void)
{
	log_error("This is a defect of Sill: please report the lines above.");
	finish_failed("Sill stopped itself (panic)");
}

/*
 * The report's steps. Each is begun once: a panic inside a step comes back here and goes on with
 * the next one, so that one bad pointer costs a few lines and not the report.
 */
static void (*const steps[])(void) = {open_console,   console_tell_rest, tell_why, tell_registers,
				      tell_backtrace, tell_hook,	 tell_end};
static volatile unsigned int next_step;

__attribute__((noreturn)) static void report(const char *why, const struct trap_frame *frame,
					     uint64_t rip, uint64_t rbp, uint64_t rsp)
{
	static bool reporting;

	__asm__ volatile("cli");
	output_locks_break();
	console_begin_panic();
	if (reporting) {
		log_error("panic while reporting a panic: %s", why);
	} else {
		reporting = true;
		log_start(SILL_LOG_DEBUG); /* nothing is held back now */
		subject.why = why;
		subject.frame = frame;
		subject.rip = rip;
		subject.rbp = rbp;
		subject.rsp = rsp;
	}
	while (next_step < sizeof(steps) / sizeof(steps[0]))
		steps[next_step++]();
	halt_forever();
}

void panic(const char *fmt, ...)
{
	char why[256];
	va_list arguments;

	va_start(arguments, fmt);
	vformat(why, sizeof(why), fmt, arguments);
	va_end(arguments);
	report(why, NULL, (uintptr_t)__builtin_return_address(0),
	       (uintptr_t)__builtin_frame_address(0), (uintptr_t)__builtin_frame_address(0));
}

void panic_exception(const struct trap_frame *frame)
{
	char why[160];

	if (frame->vector == VECTOR_PF)
		format(why, sizeof(why), "%s at %016llx: %s of %016llx, where %s",
		       trap_name(frame->vector), (unsigned long long)frame->rip,
		       (frame->error_code & 16) != 0  ? "execution"
		       : (frame->error_code & 2) != 0 ? "write"
						      : "read",
		       (unsigned long long)read_cr2(),
		       (frame->error_code & 1) != 0 ? "that is not allowed" : "nothing is mapped");
	else
		format(why, sizeof(why), "%s at %016llx, error code %llx", trap_name(frame->vector),
		       (unsigned long long)frame->rip, (unsigned long long)frame->error_code);
	report(why, frame, frame->rip, frame->rbp, frame->rsp);
}
