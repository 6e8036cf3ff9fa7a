/* SPDX-License-Identifier: MIT */
/* The CPU instructions that C has no words for, and the bits that the tests name. */
#ifndef GUEST_CPU_H
#define GUEST_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RFLAGS_FIXED	     (1u << 1)
#define RFLAGS_STATUS	     0x8d5u /* OF, SF, ZF, AF, PF, CF */
#define RFLAGS_TF	     (1u << 8)
#define RFLAGS_IF	     (1u << 9)
#define RFLAGS_DF	     (1u << 10)
#define RFLAGS_RF	     (1u << 16)
#define RFLAGS_AC	     (1u << 18)
#define RFLAGS_ID	     (1u << 21)

#define CR0_MP		     (1ull << 1)
#define CR0_TS		     (1ull << 3)
#define CR0_NE		     (1ull << 5)
#define CR0_WP		     (1ull << 16)
#define CR0_AM		     (1ull << 18)
#define CR0_NW		     (1ull << 29)
#define CR0_CD		     (1ull << 30)
#define CR0_PG		     (1ull << 31)

#define CR4_TSD		     (1ull << 2)
#define CR4_PGE		     (1ull << 7)
#define CR4_UMIP	     (1ull << 11)
#define CR4_VMXE	     (1ull << 13)
#define CR4_SMXE	     (1ull << 14)
#define CR4_FSGSBASE	     (1ull << 16)
#define CR4_OSXSAVE	     (1ull << 18)
#define CR4_SMEP	     (1ull << 20)
#define CR4_SMAP	     (1ull << 21)
#define CR4_PKE		     (1ull << 22)
#define CR4_CET		     (1ull << 23)
#define CR4_PKS		     (1ull << 24)

#define IA32_TSC	     0x10u
#define IA32_APIC_BASE	     0x1bu
#define IA32_FEATURE_CONTROL 0x3au
#define IA32_TSC_ADJUST	     0x3bu
#define IA32_BIOS_SIGN_ID    0x8bu
#define IA32_SYSENTER_CS     0x174u
#define IA32_SYSENTER_ESP    0x175u
#define IA32_SYSENTER_EIP    0x176u
#define IA32_DEBUGCTL	     0x1d9u
#define IA32_PAT	     0x277u
#define IA32_VMX_BASIC	     0x480u
#define IA32_XSS	     0xda0u
#define IA32_EFER	     0xc0000080u
#define IA32_STAR	     0xc0000081u
#define IA32_LSTAR	     0xc0000082u
#define IA32_CSTAR	     0xc0000083u
#define IA32_FMASK	     0xc0000084u
#define IA32_FS_BASE	     0xc0000100u
#define IA32_GS_BASE	     0xc0000101u
#define IA32_KERNEL_GS_BASE  0xc0000102u
#define IA32_TSC_AUX	     0xc0000103u

#define DEBUGCTL_BTF	     (1ull << 1)

#define EFER_SCE	     (1ull << 0)
#define EFER_LME	     (1ull << 8)
#define EFER_LMA	     (1ull << 10)
#define EFER_NXE	     (1ull << 11)

struct cpuid_result {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_result r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

/* The same for a leaf that may lie above the CPU's highest: all zero then. */
static inline struct cpuid_result cpuid_or_zero(uint32_t leaf, uint32_t subleaf)
{
	if (cpuid(leaf & 0x80000000u, 0).eax < leaf)
		return (struct cpuid_result){0};
	return cpuid(leaf, subleaf);
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return low | (uint64_t)high << 32;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (uint64_t)high << 32;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %w1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %w1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}

#define READ_REGISTER(name)                                                         \
	static inline uint64_t read_##name(void)                                    \
	{                                                                           \
		uint64_t value;                                                     \
                                                                                    \
		__asm__ volatile("mov %%" #name ", %0" : "=r"(value) : : "memory"); \
		return value;                                                       \
	}                                                                           \
	static inline void write_##name(uint64_t value)                             \
	{                                                                           \
		__asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");     \
	}
READ_REGISTER(cr0)
READ_REGISTER(cr2)
READ_REGISTER(cr3)
READ_REGISTER(cr4)
READ_REGISTER(cr8)
READ_REGISTER(dr0)
READ_REGISTER(dr1)
READ_REGISTER(dr2)
READ_REGISTER(dr3)
READ_REGISTER(dr6)
READ_REGISTER(dr7)
#undef READ_REGISTER

static inline uint64_t xgetbv(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
	return low | (uint64_t)high << 32;
}

static inline void xsetbv(uint32_t index, uint64_t value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline void invlpg(const void *address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* Ends everything this program can end without a hypervisor, and stays. */
static inline _Noreturn void halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

#endif
