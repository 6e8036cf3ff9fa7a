/* SPDX-License-Identifier: MIT */
/*
 * probe avx ROUNDS   computes in all sixteen 256-bit registers at once, again and again, with
 * CPUID, which exits, between the rounds: exit status 0 if every result is right, 3 if the CPU or
 * the kernel has no AVX2
 */
#include <cpuid.h>
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe.h"

#define REGISTERS 16

/*
 * In assembler, so that values are in registers and nowhere else when the exit happens: each
 * YMMn goes from v to 3 * v in each of its 8 elements.
 */
static __attribute__((target("avx2"))) void rounds(uint32_t (*values)[8], unsigned int count)
{
	static const uint32_t leaf;

	for (unsigned int i = 0; i < count; i++) {
		uint32_t eax = leaf, ecx = 0, ebx, edx;

#define STEP(n)                                            \
	"vmovdqu " #n "*32(%[values]), %%ymm" #n "\n\t"    \
	"vpaddd %%ymm" #n ", %%ymm" #n ", %%ymm" #n "\n\t" \
	"vpaddd " #n "*32(%[values]), %%ymm" #n ", %%ymm" #n "\n\t"
#define KEEP(n) "vmovdqu %%ymm" #n ", " #n "*32(%[values])\n\t"
		__asm__ volatile(
			STEP(0) STEP(1) STEP(2) STEP(3) STEP(4) STEP(5) STEP(6) STEP(7) STEP(8)
				STEP(9) STEP(10) STEP(11) STEP(12) STEP(13) STEP(14)
					STEP(15) "cpuid\n\t" KEEP(0) KEEP(1) KEEP(2) KEEP(3) KEEP(4)
						KEEP(5) KEEP(6) KEEP(7) KEEP(8) KEEP(9) KEEP(10)
							KEEP(11) KEEP(12) KEEP(13) KEEP(14) KEEP(15)
			: "+a"(eax), "=&b"(ebx), "+c"(ecx), "=&d"(edx)
			: [values] "r"(values)
			: "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			  "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	}
}

int probe_avx(int argc, char **argv)
{
	static uint32_t values[REGISTERS][8];
	uint32_t power = 1;
	unsigned int count;

	if (argc != 1)
		return 2;
	if (!__builtin_cpu_supports("avx2")) {
		printf("probe: avx: there is no AVX2\n");
		return 3;
	}
	count = (unsigned int)strtoul(argv[0], NULL, 0);
	for (uint32_t i = 0; i < REGISTERS; i++)
		for (uint32_t j = 0; j < 8; j++)
			values[i][j] = i * 8 + j + 1;
	rounds(values, count);
	for (unsigned int i = 0; i < count; i++)
		power *= 3;
	for (uint32_t i = 0; i < REGISTERS; i++) {
		for (uint32_t j = 0; j < 8; j++) {
			if (values[i][j] != (i * 8 + j + 1) * power) {
				printf("probe: avx: element %u of YMM%u is %08x, not %08x\n", j, i,
				       values[i][j], (i * 8 + j + 1) * power);
				return 1;
			}
		}
	}
	return 0;
}
