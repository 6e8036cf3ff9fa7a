/* SPDX-License-Identifier: MIT */
/*
 * A UEFI program that looks, as an OS would, for VMX, SMX and whatever else Sill hides, and for
 * what it must not disturb. It prints TAP. With the option "triple-fault" it ends in one.
 *
 * It is for tests: Sill starts it as the next program.
 */
#include <efi.h>
#include <efilib.h>

#define NO_FAULT		   (-1)
#define UD			   6
#define GP			   13
#define PF			   14

#define IA32_APIC_BASE		   0x1b
#define IA32_FEATURE_CONTROL	   0x3a
#define IA32_BIOS_UPDT_TRIG	   0x79
#define IA32_SMM_MONITOR_CTL	   0x9b
#define IA32_MTRR_DEF_TYPE	   0x2ff
#define IA32_VMX_FIRST		   0x480
#define IA32_VMX_LAST		   0x493
#define IA32_EFER		   0xc0000080u

#define CR0_NE			   (1ull << 5)
#define CR0_CD			   (1ull << 30)
#define CR4_VMXE		   (1ull << 13)
#define CR4_SMXE		   (1ull << 14)
#define CR4_OSXSAVE		   (1ull << 18)
#define CR4_PKE			   (1ull << 22)

#define CPUID_1_ECX_VMX		   (1u << 5)
#define CPUID_1_ECX_SMX		   (1u << 6)
#define CPUID_1_ECX_XSAVE	   (1u << 26)
#define CPUID_1_ECX_OSXSAVE	   (1u << 27)
#define CPUID_1_ECX_HYPERVISOR	   (1u << 31)
#define CPUID_7_EBX_INVPCID	   (1u << 10)
#define CPUID_7_ECX_PKU		   (1u << 3)
#define CPUID_7_ECX_OSPKE	   (1u << 4)
#define CPUID_7_ECX_WAITPKG	   (1u << 5)
#define CPUID_D_1_EAX_XSAVES	   (1u << 3)
#define CPUID_80000001_EDX_SYSCALL (1u << 11)
#define CPUID_80000001_EDX_RDTSCP  (1u << 27)

#define SILL_SIGNATURE		   0x6c6c6953u

/* What the handlers below leave behind, and where they go on. */
__attribute__((visibility("hidden"))) INTN fault_vector;
__attribute__((visibility("hidden"))) UINT64 fault_error, fault_resume;

void on_ud(void);
void on_gp(void);
void on_pf(void);
__asm__(".text\n"
	"on_ud:	movq	$6, fault_vector(%rip)\n"
	"	jmp	1f\n"
	"on_gp:	movq	$13, fault_vector(%rip)\n"
	"	popq	fault_error(%rip)\n"
	"	jmp	1f\n"
	"on_pf:	movq	$14, fault_vector(%rip)\n"
	"	popq	fault_error(%rip)\n"
	"1:	pushq	%rax\n"
	"	movq	fault_resume(%rip), %rax\n"
	"	movq	%rax, 8(%rsp)\n"
	"	popq	%rax\n"
	"	iretq\n");

/* An instruction of which fault_vector tells whether and how it faulted. Uses R11. */
#define GUARDED(instruction)                \
	"movq $-1, fault_vector(%%rip)\n\t" \
	"leaq 1f(%%rip), %%r11\n\t"         \
	"movq %%r11, fault_resume(%%rip)\n\t" instruction "\n1:"

static UINTN tests;

static void check(BOOLEAN good, CHAR16 *what)
{
	Print(L"%sok %ld - %s\n", good ? L"" : L"not ", ++tests, what);
}

static void check_fault(INTN expected, CHAR16 *what)
{
	INTN vector = fault_vector;

	check(vector == expected, what);
	if (vector != expected)
		Print(L"# exception %ld where %ld is due (-1 = none)\n", vector, expected);
}

struct registers {
	UINT32 eax, ebx, ecx, edx;
};

static struct registers cpuid(UINT32 leaf, UINT32 subleaf)
{
	struct registers r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

/* Instructions from before CPUID to behind it: in the emulator one tick of the TSC is one. */
#define MEASURED(instruction)                                    \
	__asm__ volatile("rdtsc\n\t"                             \
			 "mov %%eax, %%esi\n\t"                  \
			 "mov %k1, %%eax\n\t"                    \
			 "mov %k2, %%ecx\n\t" instruction "\n\t" \
			 "rdtsc\n\t"                             \
			 "sub %%esi, %%eax"                      \
			 : "=&a"(ticks)                          \
			 : "r"(leaf), "r"(subleaf)               \
			 : "rbx", "rcx", "rdx", "rsi")

static UINT32 length_of_cpuid(UINT32 leaf, UINT32 subleaf)
{
	UINT32 least = ~0u, nothing = ~0u, ticks;

	for (UINTN i = 0; i < 8; i++) {
		MEASURED("cpuid");
		if (ticks < least)
			least = ticks;
		MEASURED("");
		if (ticks < nothing)
			nothing = ticks;
	}
	return least - nothing;
}

static UINT64 read_msr(UINT32 msr)
{
	UINT32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return ((UINT64)high << 32) | low;
}

static void try_rdmsr(UINT32 msr)
{
	UINT32 low, high;

	__asm__ volatile(GUARDED("rdmsr") : "=a"(low), "=d"(high) : "c"(msr) : "r11", "memory");
}

static void try_wrmsr(UINT32 msr, UINT64 value)
{
	__asm__ volatile(GUARDED("wrmsr")
			 :
			 : "c"(msr), "a"((UINT32)value), "d"((UINT32)(value >> 32))
			 : "r11", "memory");
}

static void try_xsetbv(UINT32 index, UINT64 value)
{
	__asm__ volatile(GUARDED("xsetbv")
			 :
			 : "c"(index), "a"((UINT32)value), "d"((UINT32)(value >> 32))
			 : "r11", "memory");
}

static UINT64 read_cr0(void)
{
	UINT64 value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static UINT64 read_cr2(void)
{
	UINT64 value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

static UINT64 read_cr4(void)
{
	UINT64 value;

	__asm__ volatile("mov %%cr4, %0" : "=r"(value));
	return value;
}

static void try_write_cr0(UINT64 value)
{
	__asm__ volatile(GUARDED("mov %0, %%cr0") : : "r"(value) : "r11", "memory");
}

static void try_write_cr4(UINT64 value)
{
	__asm__ volatile(GUARDED("mov %0, %%cr4") : : "r"(value) : "r11", "memory");
}

struct __attribute__((packed)) gate {
	UINT16 offset_low, selector;
	UINT8 ist, type;
	UINT16 offset_middle;
	UINT32 offset_high, reserved;
};

struct __attribute__((packed)) table {
	UINT16 limit;
	UINT64 base;
};

static struct gate gates[256];
static struct table firmware_idt;

static void catch (UINTN vector, void (*handler)(void))
{
	UINT64 offset = (UINTN)handler;
	UINT16 cs;

	__asm__ volatile("mov %%cs, %0" : "=r"(cs));
	gates[vector] = (struct gate){
		.offset_low = (UINT16)offset,
		.selector = cs,
		.type = 0x8e,
		.offset_middle = (UINT16)(offset >> 16),
		.offset_high = (UINT32)(offset >> 32),
	};
}

/* The firmware's own handlers, but for the three exceptions that are provoked here. */
static void take_exceptions(void)
{
	const struct table own = {sizeof(gates) - 1, (UINTN)gates};

	__asm__ volatile("sidt %0" : "=m"(firmware_idt));
	for (UINTN i = 0; i < (firmware_idt.limit + 1u) / sizeof(gates[0]) && i < 256; i++)
		gates[i] = ((const struct gate *)firmware_idt.base)[i];
	catch (UD, on_ud);
	catch (GP, on_gp);
	catch (PF, on_pf);
	__asm__ volatile("lidt %0" : : "m"(own));
}

static void test_cpuid(void)
{
	struct registers r = cpuid(1, 0);

	check((r.ecx & (CPUID_1_ECX_VMX | CPUID_1_ECX_SMX)) == 0, L"CPUID shows no VMX, no SMX");
	Print(L"# hypervisor-present bit: %d\n", (r.ecx & CPUID_1_ECX_HYPERVISOR) != 0);
	r = cpuid(0x40000000, 0);
	check(r.eax == 0x40000003 && r.ebx == SILL_SIGNATURE && r.ecx == SILL_SIGNATURE &&
		      r.edx == SILL_SIGNATURE,
	      L"leaf 40000000h has Sill's signature");
	check(cpuid(0x40000001, 0).eax == 1, L"leaf 40000001h has the ABI's version");
	check(cpuid(0x40000002, 0).eax == 1, L"leaf 40000002h: the door VMCALL is open");
	check(cpuid(0x40000002, 4).eax == 2, L"and the door MMIO is not, as nobody asked for it");
	r = cpuid(0x40000004, 0);
	check((r.eax | r.ebx | r.ecx | r.edx) == 0, L"leaf 40000004h is empty");
	check((cpuid(0x80000001, 0).edx & CPUID_80000001_EDX_SYSCALL) != 0,
	      L"SYSCALL is shown to 64-bit code");
}

/* Those that programs ask for when they start. */
static void test_length_of_cpuid(void)
{
	static const UINT32 leaves[] = {0,   1,	  2,	      4,	  7,
					0xb, 0xd, 0x40000000, 0x80000000, 0x80000001};

	for (UINTN i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		Print(L"# CPUID %08x: %d instructions\n", leaves[i], length_of_cpuid(leaves[i], 0));
}

static void test_cpuid_follows_cr4(void)
{
	UINT64 cr4 = read_cr4();

	if ((cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE) != 0) {
		try_write_cr4(cr4 & ~CR4_OSXSAVE);
		check((cpuid(1, 0).ecx & CPUID_1_ECX_OSXSAVE) == 0, L"OSXSAVE is 0 as in CR4");
		try_write_cr4(cr4 | CR4_OSXSAVE);
		check((cpuid(1, 0).ecx & CPUID_1_ECX_OSXSAVE) != 0, L"OSXSAVE is 1 as in CR4");
	}
	if ((cpuid(7, 0).ecx & CPUID_7_ECX_PKU) != 0) {
		try_write_cr4(cr4 & ~CR4_PKE);
		check((cpuid(7, 0).ecx & CPUID_7_ECX_OSPKE) == 0, L"OSPKE is 0 as in CR4");
		try_write_cr4(cr4 | CR4_PKE);
		check((cpuid(7, 0).ecx & CPUID_7_ECX_OSPKE) != 0, L"OSPKE is 1 as in CR4");
	}
	try_write_cr4(cr4);
}

static void test_msrs(void)
{
	UINT64 value = read_msr(IA32_FEATURE_CONTROL);
	BOOLEAN absent = TRUE;

	check((value & 7) == 1, L"IA32_FEATURE_CONTROL is locked without VMX");
	try_wrmsr(IA32_FEATURE_CONTROL, value);
	check_fault(GP, L"IA32_FEATURE_CONTROL can't be written");
	for (UINT32 msr = IA32_VMX_FIRST; msr <= IA32_VMX_LAST; msr++) {
		try_rdmsr(msr);
		absent = absent && fault_vector == GP && fault_error == 0;
		try_wrmsr(msr, 0);
		absent = absent && fault_vector == GP && fault_error == 0;
	}
	check(absent, L"there are no VMX capability MSRs");
	try_rdmsr(IA32_SMM_MONITOR_CTL);
	check_fault(GP, L"there is no IA32_SMM_MONITOR_CTL");
	value = read_msr(IA32_EFER);
	try_wrmsr(IA32_EFER, value);
	check_fault(NO_FAULT, L"IA32_EFER can be written");
}

static void test_mtrrs(void)
{
	UINT64 value = read_msr(IA32_MTRR_DEF_TYPE);

	try_wrmsr(IA32_MTRR_DEF_TYPE, value);
	check_fault(NO_FAULT, L"IA32_MTRR_DEF_TYPE can be written");
	try_wrmsr(IA32_MTRR_DEF_TYPE, (value & ~0xffull) | 2);
	check_fault(GP, L"a reserved memory type is #GP");
	check(read_msr(IA32_MTRR_DEF_TYPE) == value, L"IA32_MTRR_DEF_TYPE is what it was");
}

/* Sill's memory: reserved, large, and all ones. */
static UINT64 find_arena(void)
{
	EFI_MEMORY_DESCRIPTOR *map;
	UINTN entries, key, size;
	UINT32 version;
	UINT64 found = 0;

	map = LibMemoryMap(&entries, &key, &size, &version);
	for (UINTN i = 0; map != NULL && i < entries; i++) {
		const EFI_MEMORY_DESCRIPTOR *d = (void *)((UINT8 *)map + i * size);

		if (d->Type == EfiReservedMemoryType && d->NumberOfPages >= 32 &&
		    d->PhysicalStart < 1ull << 32 && *(volatile UINT64 *)d->PhysicalStart == ~0ull)
			found = d->PhysicalStart;
	}
	FreePool(map);
	return found;
}

static void test_apic_base(void)
{
	UINT64 value = read_msr(IA32_APIC_BASE), arena = find_arena();

	try_wrmsr(IA32_APIC_BASE, value);
	check_fault(NO_FAULT, L"IA32_APIC_BASE can be written");
	check(arena != 0, L"there is reserved memory that reads as all ones");
	if (arena != 0)
		try_wrmsr(IA32_APIC_BASE, (value & 0xfff) | arena);
	check_fault(GP, L"no local APIC can lie there");
	check(read_msr(IA32_APIC_BASE) == value, L"IA32_APIC_BASE is what it was");
}

static void test_control_registers(void)
{
	UINT64 cr0 = read_cr0(), cr4 = read_cr4();

	check((cr4 & (CR4_VMXE | CR4_SMXE)) == 0, L"CR4.VMXE and SMXE are 0");
	try_write_cr4(cr4 | CR4_VMXE);
	check_fault(GP, L"CR4.VMXE can't be set");
	try_write_cr4(cr4 | CR4_SMXE);
	check_fault(GP, L"CR4.SMXE can't be set");
	check(read_cr4() == cr4, L"CR4 is what it was");
	try_write_cr0(cr0 & ~CR0_NE);
	check_fault(NO_FAULT, L"CR0.NE can be cleared");
	check((read_cr0() & CR0_NE) == 0, L"CR0.NE reads 0 then");
	try_write_cr0(cr0 | CR0_NE | CR0_CD);
	check((read_cr0() & (CR0_NE | CR0_CD)) == (CR0_NE | CR0_CD), L"CR0.NE and CD can be set");
	try_write_cr0(cr0);
	check(read_cr0() == cr0, L"CR0 is what it was");
}

static void test_xsetbv(void)
{
	UINT64 cr4 = read_cr4();
	UINT32 low, high;

	if ((cpuid(1, 0).ecx & CPUID_1_ECX_XSAVE) == 0)
		return;
	try_write_cr4(cr4 | CR4_OSXSAVE);
	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	try_xsetbv(0, 0);
	check_fault(GP, L"XSETBV: XCR0 without x87");
	try_xsetbv(0, 1ull << 62 | 1);
	check_fault(GP, L"XSETBV: a reserved bit");
	try_xsetbv(0, 5);
	check_fault(GP, L"XSETBV: AVX without SSE");
	try_xsetbv(5, 1);
	check_fault(GP, L"XSETBV: no such register");
	try_xsetbv(0, 3);
	check_fault(NO_FAULT, L"XSETBV: x87 and SSE");
	check(cpuid(0xd, 0).ebx == 576, L"CPUID follows XCR0");
	try_xsetbv(0, (UINT64)high << 32 | low);
	check_fault(NO_FAULT, L"XSETBV: as it was");
	try_write_cr4(cr4);
}

static void test_instructions(void)
{
	static UINT64 memory[2] __attribute__((aligned(16)));
	static UINT8 area[4096] __attribute__((aligned(64)));
	UINT32 unused;

	__asm__ volatile(GUARDED("vmxon %0") : : "m"(memory) : "r11", "cc", "memory");
	check_fault(UD, L"VMXON is #UD");
	__asm__ volatile(GUARDED("vmread %%rax, %%rax") : : "a"(0) : "r11", "cc", "memory");
	check_fault(UD, L"VMREAD is #UD");
	__asm__ volatile(GUARDED("vmlaunch") : : : "r11", "cc", "memory");
	check_fault(UD, L"VMLAUNCH is #UD");
	__asm__ volatile(GUARDED("vmxoff") : : : "r11", "cc", "memory");
	check_fault(UD, L"VMXOFF is #UD");
	__asm__ volatile(GUARDED("invept %0, %%rax")
			 :
			 : "m"(memory), "a"(2)
			 : "r11", "cc", "memory");
	check_fault(UD, L"INVEPT is #UD");
	__asm__ volatile(GUARDED("getsec") : : "a"(0), "b"(0) : "r11", "cc", "memory");
	check_fault(UD, L"GETSEC is #UD");
	__asm__ volatile(GUARDED("wbinvd\n\tinvd") : : : "r11", "memory");
	check_fault(NO_FAULT, L"INVD works");

	/* Each works if CPUID shows it. */
	if ((cpuid(0x80000001, 0).edx & CPUID_80000001_EDX_RDTSCP) != 0) {
		__asm__ volatile(GUARDED("rdtscp") : "=c"(unused) : : "rax", "rdx", "r11");
		check_fault(NO_FAULT, L"RDTSCP works");
	}
	if ((cpuid(7, 0).ebx & CPUID_7_EBX_INVPCID) != 0) {
		__asm__ volatile(GUARDED("invpcid %0, %%rax")
				 :
				 : "m"(memory), "a"(2ull)
				 : "r11", "memory");
		check_fault(NO_FAULT, L"INVPCID works");
	}
	if ((cpuid(7, 0).ecx & CPUID_7_ECX_WAITPKG) != 0) {
		__asm__ volatile(GUARDED("tpause %%ecx")
				 :
				 : "c"(0), "a"(0), "d"(0)
				 : "r11", "cc", "memory");
		check_fault(NO_FAULT, L"TPAUSE works");
	}
	if ((cpuid(0xd, 1).eax & CPUID_D_1_EAX_XSAVES) != 0) {
		UINT64 cr4 = read_cr4();

		try_write_cr4(cr4 | CR4_OSXSAVE);
		__asm__ volatile(GUARDED("xsaves64 %0")
				 : "+m"(area)
				 : "a"(1), "d"(0)
				 : "r11", "memory");
		check_fault(NO_FAULT, L"XSAVES works");
		try_write_cr4(cr4);
	}
}

/* Nothing that a CPU would load; in the emulator no update does anything. */
static void test_microcode(void)
{
	static struct {
		UINT32 version, revision, date, signature, checksum, loader, flags, data_size;
		UINT32 total_size, reserved[3];
		UINT8 data[3 * 4096];
	} update __attribute__((aligned(16))) = {
		.version = 1,
		.revision = 0x5111,
		.loader = 1,
		.data_size = sizeof(update.data),
		.total_size = sizeof(update),
	};

	try_wrmsr(IA32_BIOS_UPDT_TRIG, (UINTN)update.data);
	check_fault(NO_FAULT, L"a microcode update is taken");
	update.version = 7;
	try_wrmsr(IA32_BIOS_UPDT_TRIG, (UINTN)update.data);
	check_fault(NO_FAULT, L"one with a strange header is passed over");
	try_wrmsr(IA32_BIOS_UPDT_TRIG, 1ull << 62);
	check_fault(GP, L"one at an address that is not canonical: #GP");
	try_wrmsr(IA32_BIOS_UPDT_TRIG, 0x700000000000);
	check_fault(PF, L"one on a page that is not present: #PF");
	check(fault_error == 0 && read_cr2() == 0x700000000000, L"with its address");
}

/* What is left on the disk tells whether this is the second time. */
static void fault_three_times(EFI_HANDLE device)
{
	static const struct table no_idt;
	EFI_FILE_HANDLE root = LibOpenRoot(device), file;

	if (!EFI_ERROR(uefi_call_wrapper(root->Open, 5, root, &file, L"\\again", EFI_FILE_MODE_READ,
					 0))) {
		Print(L"transparency: started again\n");
		return;
	}
	(void)uefi_call_wrapper(root->Open, 5, root, &file, L"\\again",
				EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, 0);
	(void)uefi_call_wrapper(file->Close, 1, file);
	Print(L"transparency: a triple fault\n");
	__asm__ volatile("lidt %0\n\tud2" : : "m"(no_idt));
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	EFI_LOADED_IMAGE *loaded;
	EFI_STATUS status;

	InitializeLib(image, system);
	status = uefi_call_wrapper(BS->HandleProtocol, 3, image, &LoadedImageProtocol,
				   (void **)&loaded);
	if (EFI_ERROR(status))
		return status;
	if (loaded->LoadOptionsSize != 0) {
		fault_three_times(loaded->DeviceHandle);
		return EFI_SUCCESS;
	}
	take_exceptions();
	test_cpuid();
	test_length_of_cpuid();
	test_cpuid_follows_cr4();
	test_msrs();
	test_mtrrs();
	test_apic_base();
	test_control_registers();
	test_xsetbv();
	test_instructions();
	test_microcode();
	Print(L"1..%ld\n", tests);
	Print(L"transparency: done\n");
	__asm__ volatile("lidt %0" : : "m"(firmware_idt));
	return EFI_SUCCESS;
}
