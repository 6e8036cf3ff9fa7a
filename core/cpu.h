/* SPDX-License-Identifier: MIT */
/*
 * The privileged and machine-level instructions, each as one function that does nothing else.
 * Everything in Sill that cannot run in an ordinary process goes through this header (and
 * vmx/instructions.h for VMX itself), so that all the rest compiles and is tested on any host.
 */
#ifndef SILL_CORE_CPU_H
#define SILL_CORE_CPU_H

#include <stdint.h>

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

/* The caller must know that the MSR exists: an absent one raises #GP (see core/safe_access.h). */
static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return ((uint64_t)high << 32) | low;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline uint64_t rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return ((uint64_t)high << 32) | low;
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

#define CPU_DEFINE_REGISTER(name, instruction_name)                                        \
	static inline uint64_t read_##name(void)                                           \
	{                                                                                  \
		uint64_t value;                                                            \
                                                                                           \
		__asm__ volatile("mov %%" instruction_name ", %0" : "=r"(value));          \
		return value;                                                              \
	}                                                                                  \
	static inline void write_##name(uint64_t value)                                    \
	{                                                                                  \
		__asm__ volatile("mov %0, %%" instruction_name : : "r"(value) : "memory"); \
	}
CPU_DEFINE_REGISTER(cr0, "cr0")
CPU_DEFINE_REGISTER(cr2, "cr2")
CPU_DEFINE_REGISTER(cr3, "cr3")
CPU_DEFINE_REGISTER(cr4, "cr4")
CPU_DEFINE_REGISTER(dr0, "dr0")
CPU_DEFINE_REGISTER(dr1, "dr1")
CPU_DEFINE_REGISTER(dr2, "dr2")
CPU_DEFINE_REGISTER(dr3, "dr3")
CPU_DEFINE_REGISTER(dr6, "dr6")
CPU_DEFINE_REGISTER(dr7, "dr7")
#undef CPU_DEFINE_REGISTER

/* XCR0. Needs CR4.OSXSAVE. */
static inline void xsetbv(uint32_t index, uint64_t value)
{
	__asm__ volatile("xsetbv"
			 :
			 : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline uint64_t xgetbv(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(index));
	return ((uint64_t)high << 32) | low;
}

/* PKRU. Needs CR4.PKE. */
static inline uint32_t rdpkru(void)
{
	uint32_t value, unused;

	__asm__ volatile("rdpkru" : "=a"(value), "=d"(unused) : "c"(0));
	return value;
}

static inline void invlpg(const volatile void *address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static inline void wbinvd(void)
{
	__asm__ volatile("wbinvd" : : : "memory");
}

static inline void cpu_relax(void)
{
	__asm__ volatile("pause");
}

/* Stops this CPU for good. NMIs and SMIs may wake it; it goes back to sleep. */
__attribute__((noreturn)) static inline void halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

struct __attribute__((packed)) descriptor_table_pointer {
	uint16_t limit;
	uint64_t base;
};

static inline void lgdt(const struct descriptor_table_pointer *table)
{
	__asm__ volatile("lgdt %0" : : "m"(*table));
}

static inline void lidt(const struct descriptor_table_pointer *table)
{
	__asm__ volatile("lidt %0" : : "m"(*table));
}

static inline void sgdt(struct descriptor_table_pointer *table)
{
	__asm__ volatile("sgdt %0" : "=m"(*table));
}

static inline void sidt(struct descriptor_table_pointer *table)
{
	__asm__ volatile("sidt %0" : "=m"(*table));
}

#define CPU_DEFINE_SELECTOR(name, instruction)                               \
	static inline uint16_t read_##name(void)                             \
	{                                                                    \
		uint16_t selector;                                           \
                                                                             \
		__asm__ volatile(instruction : "=r"(selector) : : "memory"); \
		return selector;                                             \
	}
CPU_DEFINE_SELECTOR(es, "mov %%es, %0")
CPU_DEFINE_SELECTOR(cs, "mov %%cs, %0")
CPU_DEFINE_SELECTOR(ss, "mov %%ss, %0")
CPU_DEFINE_SELECTOR(ds, "mov %%ds, %0")
CPU_DEFINE_SELECTOR(fs, "mov %%fs, %0")
CPU_DEFINE_SELECTOR(gs, "mov %%gs, %0")
CPU_DEFINE_SELECTOR(ldtr, "sldt %0")
CPU_DEFINE_SELECTOR(tr, "str %0")
#undef CPU_DEFINE_SELECTOR

static inline void ltr(uint16_t selector)
{
	__asm__ volatile("ltr %0" : : "r"(selector));
}

#endif
