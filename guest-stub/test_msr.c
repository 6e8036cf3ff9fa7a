/* SPDX-License-Identifier: MIT */
/* Model-specific registers: which the guest has, and what an invalid access does. */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "suite.h"
#include "tap.h"

static void read_gp(const char *name, uint32_t msr)
{
	uint64_t value;

	tap_equal(try_rdmsr(msr, &value), VECTOR_GP, "RDMSR of %s (%x): #GP", name, msr);
}

static void write_gp(const char *name, uint32_t msr, uint64_t value)
{
	tap_equal(try_wrmsr(msr, value), VECTOR_GP, "WRMSR of %s (%x) with %lx: #GP", name, msr,
		  value);
	if (caught.vector == VECTOR_GP)
		tap_equal(caught.error, 0, "its error code is 0");
}

/* A register that keeps what is written. */
static void keeps(const char *name, uint32_t msr, uint64_t value)
{
	uint64_t old = 0, got = 0;

	try_rdmsr(msr, &old);
	tap_equal(try_wrmsr(msr, value), NO_EXCEPTION, "%s can be written", name);
	try_rdmsr(msr, &got);
	tap_equal(got, value, "%s keeps %lx", name, value);
	wrmsr(msr, old);
}

static void plain(void)
{
	static const struct {
		const char *name;
		uint32_t msr;
		uint64_t value;
		bool address;
	} list[] = {
		{"IA32_STAR", IA32_STAR, 0x001b000812345678, false},
		{"IA32_LSTAR", IA32_LSTAR, 0xffff812345678000, true},
		{"IA32_CSTAR", IA32_CSTAR, 0xffff8abcdef01000, true},
		{"IA32_FMASK", IA32_FMASK, 0x47700, false},
		{"IA32_FS_BASE", IA32_FS_BASE, 0x00007abcdef01234, true},
		{"IA32_GS_BASE", IA32_GS_BASE, 0xffff8abcdef05678, true},
		{"IA32_KERNEL_GS_BASE", IA32_KERNEL_GS_BASE, 0xffff9abcdef09abc, true},
		{"IA32_SYSENTER_CS", IA32_SYSENTER_CS, 0x10, false},
		{"IA32_SYSENTER_ESP", IA32_SYSENTER_ESP, 0xffff8000deadb000, true},
		{"IA32_SYSENTER_EIP", IA32_SYSENTER_EIP, 0xffff8000beef0000, true},
	};

	for (unsigned i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		keeps(list[i].name, list[i].msr, list[i].value);
		if (list[i].address)
			write_gp(list[i].name, list[i].msr, 0x1234567890abcdef);
	}
	if (cpuid_or_zero(0x80000001, 0).edx >> 27 & 1)
		keeps("IA32_TSC_AUX", IA32_TSC_AUX, 0x1234);
	else
		read_gp("IA32_TSC_AUX without RDTSCP", IA32_TSC_AUX);
}

static void swapgs_and_bases(void)
{
	uint64_t gs = rdmsr(IA32_GS_BASE), kernel_gs = rdmsr(IA32_KERNEL_GS_BASE);

	wrmsr(IA32_GS_BASE, 0x1111000);
	wrmsr(IA32_KERNEL_GS_BASE, 0x2222000);
	__asm__ volatile("swapgs" : : : "memory");
	tap_ok(rdmsr(IA32_GS_BASE) == 0x2222000 && rdmsr(IA32_KERNEL_GS_BASE) == 0x1111000,
	       "SWAPGS exchanges the bases that the MSRs show");
	wrmsr(IA32_GS_BASE, gs);
	wrmsr(IA32_KERNEL_GS_BASE, kernel_gs);
}

static void pat(void)
{
	const uint64_t old = rdmsr(IA32_PAT);

	tap_equal(old, 0x0007040600070406, "IA32_PAT has its value after reset");
	keeps("IA32_PAT", IA32_PAT, 0x0007010600070406);
	keeps("IA32_PAT with every type", IA32_PAT, 0x0606070605040100);
	write_gp("IA32_PAT", IA32_PAT, 0x0007040600070402); /* reserved types */
	write_gp("IA32_PAT", IA32_PAT, 0x0307040600070406);
	write_gp("IA32_PAT", IA32_PAT, 0x0007080600070406);
	write_gp("IA32_PAT", IA32_PAT, 0x00ff040600070406);
	tap_equal(rdmsr(IA32_PAT), old, "IA32_PAT is unchanged by it");
}

static void efer(void)
{
	const uint64_t old = rdmsr(IA32_EFER);

	tap_equal(old & (EFER_LME | EFER_LMA), EFER_LME | EFER_LMA,
		  "IA32_EFER: LME and LMA are set");
	keeps("IA32_EFER without NXE", IA32_EFER, old & ~EFER_NXE);
	keeps("IA32_EFER with SCE", IA32_EFER, old | EFER_SCE);
	write_gp("IA32_EFER with bit 1", IA32_EFER, old | 1u << 1);
	write_gp("IA32_EFER with bit 9", IA32_EFER, old | 1u << 9);
	write_gp("IA32_EFER with SVME", IA32_EFER, old | 1u << 12);
	write_gp("IA32_EFER with bit 63", IA32_EFER, old | 1ull << 63);
	write_gp("IA32_EFER without LME in 64-bit mode", IA32_EFER, old & ~EFER_LME);
	tap_equal(try_wrmsr(IA32_EFER, old & ~EFER_LMA), NO_EXCEPTION,
		  "IA32_EFER: a written LMA is ignored");
	tap_equal(rdmsr(IA32_EFER), old, "IA32_EFER is unchanged by all that");
}

static void system_call(void)
{
	/* SYSCALL's target is what LSTAR says: in the guest's own register, not the host's. */
	const uint64_t old = rdmsr(IA32_EFER);

	wrmsr(IA32_EFER, old & ~EFER_SCE);
	tap_equal(TRY("syscall"), VECTOR_UD, "SYSCALL without EFER.SCE: #UD");
	wrmsr(IA32_EFER, old);
}

void test_msr(void)
{
	uint64_t value;

	plain();
	swapgs_and_bases();
	pat();
	efer();
	system_call();

	tap_equal(try_rdmsr(IA32_FEATURE_CONTROL, &value), NO_EXCEPTION,
		  "IA32_FEATURE_CONTROL can be read");
	tap_equal(value, 1, "IA32_FEATURE_CONTROL: locked, VMX off");
	write_gp("IA32_FEATURE_CONTROL", IA32_FEATURE_CONTROL, 5);
	write_gp("IA32_FEATURE_CONTROL", IA32_FEATURE_CONTROL, 1);
	tap_equal(try_rdmsr(IA32_APIC_BASE, &value), NO_EXCEPTION, "IA32_APIC_BASE can be read");
	tap_ok(!(value & 1u << 11), "IA32_APIC_BASE: the APIC is off");
	tap_ok(value & 1u << 8, "IA32_APIC_BASE: the boot processor");
	tap_equal(value & ~0xfffull, 0xfee00000, "IA32_APIC_BASE: the usual address");
	tap_equal(try_wrmsr(IA32_BIOS_SIGN_ID, 0), NO_EXCEPTION, "IA32_BIOS_SIGN_ID takes a 0");
	tap_equal(try_rdmsr(IA32_BIOS_SIGN_ID, &value), NO_EXCEPTION,
		  "IA32_BIOS_SIGN_ID can be read");

	if (CPUID_1_ECX(26) && cpuid(0xd, 1).eax >> 3 & 1) {
		tap_equal(try_rdmsr(IA32_XSS, &value), NO_EXCEPTION, "IA32_XSS can be read");
		tap_equal(value, 0, "IA32_XSS reads 0");
		write_gp("IA32_XSS", IA32_XSS, 1ull << 8);
	}

	for (uint32_t msr = IA32_VMX_BASIC; msr <= IA32_VMX_BASIC + 0x11; msr++)
		read_gp("a VMX capability", msr);
	write_gp("IA32_VMX_BASIC", IA32_VMX_BASIC, 0);
	read_gp("IA32_SMBASE", 0x9e);
	read_gp("an x2APIC register", 0x802);
	read_gp("IA32_TSC_DEADLINE", 0x6e0);
	read_gp("IA32_MTRR_DEF_TYPE", 0x2ff);
	read_gp("IA32_MTRRCAP", 0xfe);
	read_gp("IA32_PERF_GLOBAL_CTRL", 0x38f);
	read_gp("IA32_S_CET", 0x6a2);
	read_gp("IA32_PKRS", 0x6e1);
	read_gp("IA32_RTIT_CTL", 0x570);
	read_gp("VM_HSAVE_PA", 0xc0010117);
	read_gp("an unknown MSR", 0x1fff);
	read_gp("an MSR outside the bitmap", 0x2000);
	read_gp("an MSR outside the bitmap", 0x40000000);
	read_gp("an MSR outside the bitmap", 0xbfffffff);
	read_gp("an MSR outside the bitmap", 0xc0002000);
	read_gp("the last MSR", 0xffffffff);
	write_gp("an unknown MSR", 0x1fff, 0);
	write_gp("an MSR outside the bitmap", 0x2000, 0);
	write_gp("an MSR outside the bitmap", 0x40000000, 0);
	write_gp("the last MSR", 0xffffffff, 0);
	write_gp("the microcode update trigger's neighbour", 0x7a, 0);
	if (CPUID_7_EBX(1))
		keeps("IA32_TSC_ADJUST", IA32_TSC_ADJUST, 0);
	else
		read_gp("IA32_TSC_ADJUST, which CPUID hides", IA32_TSC_ADJUST);
}
