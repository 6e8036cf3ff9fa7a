/* SPDX-License-Identifier: MIT */
/* For the repairs of Bochs in this folder: code of its that is replaced while it runs. */
#ifndef SILL_EMULATOR_PATCH_H
#define SILL_EMULATOR_PATCH_H

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATCH_JUMP_SIZE 12

/* movabs rax, target; jmp rax */
static inline void patch_write_jump(unsigned char *at, const void *target)
{
	static const unsigned char jump[PATCH_JUMP_SIZE] = {0x48, 0xb8, [10] = 0xff, 0xe0};

	memcpy(at, jump, sizeof(jump));
	memcpy(at + 2, &target, sizeof(target));
}

/* The code at from goes on at target. 0, or -1 if it can't be written to. */
static inline int patch_redirect(void *from, const void *target)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = (uintptr_t)from & ~(page - 1);
	size_t length = (uintptr_t)from + PATCH_JUMP_SIZE - start;

	if (mprotect((void *)start, length, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
		return -1;
	patch_write_jump(from, target);
	return mprotect((void *)start, length, PROT_READ | PROT_EXEC);
}

#endif
