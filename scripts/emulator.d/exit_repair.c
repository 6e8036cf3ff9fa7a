/* SPDX-License-Identifier: MIT */
/*
 * A repair for Bochs with several CPUs, loaded into it with LD_PRELOAD.
 *
 * Bochs keeps the address of the instruction that it executes (prev_rip) apart from RIP, and a VM
 * exit saves that address as the guest's RIP. When an exception has been delivered, the loop for
 * one CPU (BX_CPU_C::cpu_loop) sets prev_rip to RIP and forgets a stack pointer to go back to; the
 * loop for several (in main.cc, around BX_CPU_C::cpu_run_trace) forgets to do so, up to 3.1 and
 * later. If the next thing that happens is a VM exit between two instructions, as by the
 * VMX-preemption timer, the guest goes on at the instruction that faulted, but with the stack and
 * the privilege of the exception's handler. Linux dies of that within seconds.
 *
 * The constructor below makes BX_CPU_C::handleAsyncEvent(), which is always called between two
 * instructions, begin with what cpu_loop does. Where the fields are is read out of cpu_loop's own
 * code, and nothing is changed unless that and the beginning of handleAsyncEvent are as expected.
 *
 * SILL_EMULATOR_REPAIR in the environment: "report" says on standard error what was done.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "patch.h"

/* How far into cpu_loop what is looked for can be. */
#define SEARCHED 256

/*
 * mov rax,[rdx+RIP]; mov byte [rdx+speculative_rsp],0; mov [rdx+prev_rip],rax: the bytes, and 1 for
 * those that are an offset's.
 */
static const unsigned char commit[] = {0x48, 0x8b, 0x82, 0,    0,    0,	   0, 0xc6, 0x82, 0, 0,
				       0,    0,	   0,	 0x48, 0x89, 0x82, 0, 0,    0,	  0};
static const unsigned char varies[] = {0, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1,
				       1, 1, 0, 0, 0, 0, 1, 1, 1, 1};

/* endbr64; push rbp; push rbx; mov rbx,rdi; sub rsp,8: they can be executed anywhere. */
static const unsigned char beginning[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x53, 0x48,
					  0x89, 0xfb, 0x48, 0x83, 0xec, 0x08};
_Static_assert(sizeof(beginning) >= PATCH_JUMP_SIZE, "a jump fits into it");

static bool is_commit(const unsigned char *at)
{
	for (size_t i = 0; i < sizeof(commit); i++) {
		if (!varies[i] && at[i] != commit[i])
			return false;
	}
	return true;
}

/* What cpu_loop does, with RDI for RDX; the beginning that is replaced; and on behind it. */
static unsigned char *make_code(const unsigned char *theirs, unsigned char *function)
{
	unsigned char *code =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t size = sizeof(commit);

	if (code == MAP_FAILED)
		return NULL;
	memcpy(code, theirs, sizeof(commit));
	code[2] = code[8] = code[16] = 0x87; /* ModRM: RAX or /0, [RDI + offset] */
	memcpy(code + size, beginning, sizeof(beginning));
	size += sizeof(beginning);
	patch_write_jump(code + size, function + sizeof(beginning));
	return mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0 ? code : NULL;
}

static const char *repair(void)
{
	unsigned char *loop = dlsym(RTLD_DEFAULT, "_ZN8BX_CPU_C8cpu_loopEv");
	unsigned char *function = dlsym(RTLD_DEFAULT, "_ZN8BX_CPU_C16handleAsyncEventEv");
	unsigned char *code;
	size_t at = 0;

	if (loop == NULL || function == NULL)
		return "its functions are not found, nothing changed";
	while (at < SEARCHED && !is_commit(loop + at))
		at++;
	if (at == SEARCHED || memcmp(function, beginning, sizeof(beginning)) != 0)
		return "its code is not the expected, nothing changed";
	code = make_code(loop + at, function);
	if (code == NULL || patch_redirect(function, code) != 0)
		return "its code could not be changed";
	return "repaired for several CPUs";
}

__attribute__((constructor)) static void repair_exits(void)
{
	const char *report = getenv("SILL_EMULATOR_REPAIR");
	const char *outcome = repair();

	if (report != NULL && strcmp(report, "report") == 0)
		fprintf(stderr, "sill: VM exits between instructions: %s\n", outcome);
}
