/* SPDX-License-Identifier: MIT */
/* The life of a vCPU; see vmx/vcpu_create.h. */
#include "vmx/vcpu_create.h"

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/percpu.h"
#include "core/string.h"
#include "vmx/exit.h"
#include "vmx/instruction_error.h"
#include "vmx/msr_bitmap.h"
#include "vmx/vmcs_setup.h"

#define HOST_STACK_PAGES 4

void vmx_enter(struct vcpu *vcpu); /* vmx/entry.asm */

/* vmx/entry.asm counts VMX instructions by these offsets. */
_Static_assert(offsetof(struct percpu, vmx_count) == 24 && VMX_VMREAD == 4 && VMX_VMLAUNCH == 6,
	       "vmx/entry.asm relies on it");

/* CR4 bits of features that a guest is shown if the CPU has them. SDM, "Control Registers". */
static uint64_t find_cr4_allowed(void)
{
	struct cpuid_result leaf_1 = cpuid(1, 0), leaf_7 = {0};
	uint64_t allowed = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_PGE |
			   CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (cpuid(0, 0).eax >= 7)
		leaf_7 = cpuid(7, 0);
	if ((leaf_1.ecx & 1u << 17) != 0)
		allowed |= CR4_PCIDE;
	if ((leaf_1.ecx & 1u << 26) != 0)
		allowed |= CR4_OSXSAVE;
	if ((leaf_7.ebx & 1u << 0) != 0)
		allowed |= CR4_FSGSBASE;
	if ((leaf_7.ebx & 1u << 7) != 0)
		allowed |= CR4_SMEP;
	if ((leaf_7.ebx & 1u << 20) != 0)
		allowed |= CR4_SMAP;
	if ((leaf_7.ecx & 1u << 2) != 0)
		allowed |= CR4_UMIP;
	if ((leaf_7.ecx & 1u << 3) != 0)
		allowed |= CR4_PKE;
	if ((leaf_7.ecx & 1u << 16) != 0)
		allowed |= CR4_LA57;
	return allowed;
}

/* x87, SSE, AVX, AVX-512 and protection keys: the states that need no MSR beside XCR0. */
#define XCR0_KNOWN 0x2e7ull

static uint64_t find_xcr0_allowed(void)
{
	struct cpuid_result r;

	if ((cpuid(1, 0).ecx & 1u << 26) == 0)
		return 0;
	r = cpuid(0x0d, 0);
	return (((uint64_t)r.edx << 32) | r.eax) & XCR0_KNOWN;
}

struct vcpu *vcpu_create(const struct vmx_capability *capability)
{
	size_t vcpu_pages = (sizeof(struct vcpu) + PAGE_SIZE - 1) / PAGE_SIZE;
	char *stack = stack_allocate(HOST_STACK_PAGES + vcpu_pages);
	struct vcpu *vcpu;

	if (stack == NULL)
		return NULL;
	/* At the stack's top: what is pushed goes downwards from the structure. */
	vcpu = (struct vcpu *)(stack + HOST_STACK_PAGES * PAGE_SIZE);
	vcpu->capability = capability;
	vcpu->vmcs = page_allocate();
	vcpu->io_bitmaps = pages_allocate(2);
	vcpu->msr_bitmap = page_allocate();
	if (vcpu->vmcs == NULL || vcpu->io_bitmaps == NULL || vcpu->msr_bitmap == NULL)
		return NULL;

	vcpu->cr4_allowed = find_cr4_allowed();
	vcpu->xcr0_allowed = find_xcr0_allowed();
	vcpu->pages_1g = (cpuid(0x80000001, 0).edx & 1u << 26) != 0;
	memset(vcpu->io_bitmaps, 0xff, 2 * PAGE_SIZE); /* every port is virtual */
	return vcpu;
}

/* x87, vector and debug registers, as after a reset: SDM, "Processor State After Reset". */
static void reset_registers(const struct vcpu *vcpu)
{
	/*
	 * For FXRSTOR, and for XRSTOR in its standard form, as large as any state that is allowed
	 * here. A header of zeros puts every component into its initial state.
	 */
	static uint8_t initial[4096] __attribute__((aligned(64)));

	initial[0] = 0x40;			/* FCW = 0040h */
	initial[24] = 0x80, initial[25] = 0x1f; /* MXCSR = 1F80h */
	if (vcpu->xcr0_allowed != 0) {
		xsetbv(0, vcpu->xcr0_allowed);
		__asm__ volatile("xrstor %0"
				 :
				 : "m"(initial), "a"(0xffffffff), "d"(0xffffffff)
				 : "memory");
		xsetbv(0, 1);
	}
	__asm__ volatile("fxrstor %0" : : "m"(initial) : "memory");
	write_dr0(0);
	write_dr1(0);
	write_dr2(0);
	write_dr3(0);
	write_dr6(0xffff0ff0);
	write_cr2(0);
	__asm__ volatile("mov %0, %%cr8" : : "r"(0ull));
}

/* What vmread_proven() relies on. */
static void prove_exit_fields(void)
{
	(void)vmread(VMCS_EXIT_REASON);
	(void)vmread(VMCS_GUEST_RIP);
	(void)vmread(VMCS_GUEST_RFLAGS);
	(void)vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	(void)vmread(VMCS_GUEST_CS_ACCESS_RIGHTS);
	(void)vmread(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
}

void vcpu_start(struct vcpu *vcpu, struct ept *ept, const struct vcpu_start *start)
{
	bool rdtscp = (vcpu->capability->secondary.value & SECONDARY_ENABLE_RDTSCP) != 0;
	bool user_wait =
		(vcpu->capability->secondary.value & SECONDARY_ENABLE_USER_WAIT_AND_PAUSE) != 0;

	bool xsaves = (vcpu->capability->secondary.value & SECONDARY_ENABLE_XSAVES_XRSTORS) != 0;

	memset(&vcpu->registers, 0, sizeof(vcpu->registers));
	memset(vcpu->trace, 0, sizeof(vcpu->trace));
	memset(vcpu->exits, 0, sizeof(vcpu->exits));
	vcpu->odd_exits = 0;
	vcpu->advances = 0;
	vcpu->trace_at = 0;
	vcpu->end = VCPU_RUNNING;
	vcpu->status = 0;
	vcpu->why[0] = '\0';
	vcpu->tsc_offset = 0;
	vcpu->waiting_nmis = 0;
	vcpu->ept = ept;
	vcpu->registers.rax = start->eax;
	vcpu->registers.rbx = start->ebx;

	reset_registers(vcpu);
	msr_bitmap_fill(vcpu->msr_bitmap, rdtscp, user_wait);
	msr_reset_guest_owned(rdtscp, user_wait, xsaves);

	/*
	 * "Initializing a VMCS": the region is cleared, made current, and all fields are written.
	 */
	memset(vcpu->vmcs, 0, PAGE_SIZE);
	*(uint32_t *)vcpu->vmcs = vcpu->capability->revision;
	vmclear(physical_of(vcpu->vmcs));
	vmptrld(physical_of(vcpu->vmcs));
	vmcs_setup(vcpu, start->eip);
	prove_exit_fields();
	this_cpu()->vcpu = vcpu;
}

void vcpu_run(struct vcpu *vcpu)
{
	vmx_enter(vcpu);
}

void vcpu_retire(struct vcpu *vcpu)
{
	vcpu_account(vcpu);
	this_cpu()->vcpu = NULL;
	vmclear(physical_of(vcpu->vmcs));
}

/* Called by vmx/entry.asm: VMLAUNCH or VMRESUME failed at once. */
void vmx_entry_refused(struct vcpu *vcpu);
void vmx_entry_refused(struct vcpu *vcpu)
{
	uint64_t error;

	/* Without a current VMCS (VMfailInvalid) there is no number. */
	vcpu->instruction_error =
		vmread_if_present(VMCS_VM_INSTRUCTION_ERROR, &error) ? (uint32_t)error : 0;
	vcpu_stop(vcpu, VCPU_ENTRY_REFUSED, "VM entry refused: %s",
		  vm_instruction_error_words(vcpu->instruction_error));
}
