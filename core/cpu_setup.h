/* SPDX-License-Identifier: MIT */
/* A CPU as the core wants it: its own GDT, TSS, IDT, stacks, control registers and PAT. */
#ifndef SILL_CORE_CPU_SETUP_H
#define SILL_CORE_CPU_SETUP_H

#include "core/percpu.h"

/*
 * The core's IA32_PAT: as after power-up, except that entry 1 is write-combining (WC), for the
 * framebuffer. SDM, "Programming the PAT".
 */
#define CORE_PAT		  0x0007040600070106ull
#define PAT_INDEX_WRITE_COMBINING 1u
#define PAT_INDEX_UNCACHEABLE	  3u

/* Control-register and EFER bits that Sill names. SDM, "Control Registers". */
#define CR0_PE	       (1ull << 0)
#define CR0_MP	       (1ull << 1)
#define CR0_EM	       (1ull << 2)
#define CR0_TS	       (1ull << 3)
#define CR0_ET	       (1ull << 4)
#define CR0_NE	       (1ull << 5)
#define CR0_WP	       (1ull << 16)
#define CR0_AM	       (1ull << 18)
#define CR0_NW	       (1ull << 29)
#define CR0_CD	       (1ull << 30)
#define CR0_PG	       (1ull << 31)

#define CR4_VME	       (1ull << 0)
#define CR4_PVI	       (1ull << 1)
#define CR4_TSD	       (1ull << 2)
#define CR4_DE	       (1ull << 3)
#define CR4_PSE	       (1ull << 4)
#define CR4_PAE	       (1ull << 5)
#define CR4_MCE	       (1ull << 6)
#define CR4_PGE	       (1ull << 7)
#define CR4_PCE	       (1ull << 8)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP       (1ull << 11)
#define CR4_LA57       (1ull << 12)
#define CR4_VMXE       (1ull << 13)
#define CR4_SMXE       (1ull << 14)
#define CR4_FSGSBASE   (1ull << 16)
#define CR4_PCIDE      (1ull << 17)
#define CR4_OSXSAVE    (1ull << 18)
#define CR4_KL	       (1ull << 19)
#define CR4_SMEP       (1ull << 20)
#define CR4_SMAP       (1ull << 21)
#define CR4_PKE	       (1ull << 22)
#define CR4_CET	       (1ull << 23)
#define CR4_FRED       (1ull << 32)

#define RFLAGS_FIXED   (1ull << 1)
#define RFLAGS_CF      (1ull << 0)
#define RFLAGS_ZF      (1ull << 6)
#define RFLAGS_TF      (1ull << 8)
#define RFLAGS_IF      (1ull << 9)
#define RFLAGS_DF      (1ull << 10)
#define RFLAGS_IOPL    (3ull << 12)
#define RFLAGS_RF      (1ull << 16)
#define RFLAGS_VM      (1ull << 17)
#define RFLAGS_AC      (1ull << 18)

/* Sets up the CPU that calls; from then on exceptions are reported. NULL: no memory for it. */
__attribute__((warn_unused_result)) struct percpu *cpu_setup(uint32_t index);

#endif
