/* SPDX-License-Identifier: MIT */
/* A vCPU as after power-up, at the start of a guest of guest mode; see guest/power_up.h. */
#include "guest/power_up.h"

#include <sill/errno.h>

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/string.h"
#include "guest/msr_bitmap.h"
#include "vmx/vcpu_create.h"

#define FLAT_LIMIT	0xffffffffu
#define PAT_AFTER_RESET 0x0007040600070406ull

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

/*
 * The guest's CR0 and CR4: which bits are Sill's. The guest reads the shadow of these, and a write
 * that would change one of them is a VM exit. SDM, "Guest/Host Masks and Read Shadows for CR0
 * and CR4".
 */
static void choose_owned_bits(struct vcpu *vcpu)
{
	const struct vmx_capability *c = vcpu->capability;

	/*
	 * CR0: what VMX operation fixes (NE), and CD and NW, which VM entry and exit do not switch:
	 * the guest's wish to run without caches would be carried out on Sill as well.
	 */
	vcpu->cr0_owned = c->guest_cr0_fixed0 | ~c->cr0_fixed1 | CR0_CD | CR0_NW;
	/*
	 * CR4: all but the bits of features that the guest is shown. VMXE is fixed to 1. MCE stays
	 * on: a machine check has to reach Sill, not shut the processor down.
	 */
	vcpu->cr4_owned = ~vcpu->cr4_allowed;
	vcpu->cr4_forced = (c->cr4_fixed0 | CR4_MCE) & vcpu->cr4_owned;
}

static void set_guest_segment(enum vmcs_segment segment, uint16_t selector, uint32_t limit,
			      uint32_t access_rights)
{
	vmwrite(VMCS_GUEST_SELECTOR(segment), selector);
	vmwrite(VMCS_GUEST_BASE(segment), 0);
	vmwrite(VMCS_GUEST_LIMIT(segment), limit);
	vmwrite(VMCS_GUEST_ACCESS_RIGHTS(segment), access_rights);
}

/* "Guest Register State". The segments are as the Multiboot Specification wants them. */
static void set_guest_registers(const struct vcpu *vcpu, uint32_t eip)
{
	vmwrite(VMCS_CR0_READ_SHADOW, CR0_PE | CR0_ET);
	vmwrite(VMCS_CR4_READ_SHADOW, 0);
	vmwrite(VMCS_GUEST_CR0, CR0_PE | CR0_ET | (vcpu->capability->guest_cr0_fixed0));
	vmwrite(VMCS_GUEST_CR3, 0);
	vmwrite(VMCS_GUEST_CR4, vcpu->cr4_forced);
	vmwrite(VMCS_GUEST_DR7, 0x400);
	vmwrite(VMCS_GUEST_RSP, 0);
	vmwrite(VMCS_GUEST_RIP, eip);
	vmwrite(VMCS_GUEST_RFLAGS, RFLAGS_FIXED);

	set_guest_segment(VMCS_SEGMENT_ES, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_CS, SELECTOR_CODE, FLAT_LIMIT, SEGMENT_CODE32_FLAT);
	set_guest_segment(VMCS_SEGMENT_SS, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_DS, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_FS, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_GS, SELECTOR_DATA, FLAT_LIMIT, SEGMENT_DATA32_FLAT);
	set_guest_segment(VMCS_SEGMENT_LDTR, 0, 0xffff, SEGMENT_LDT);
	set_guest_segment(VMCS_SEGMENT_TR, 0, 0xffff, SEGMENT_TSS_BUSY);
	vmwrite(VMCS_GUEST_GDTR_BASE, 0);
	vmwrite(VMCS_GUEST_GDTR_LIMIT, 0);
	vmwrite(VMCS_GUEST_IDTR_BASE, 0);
	vmwrite(VMCS_GUEST_IDTR_LIMIT, 0);

	vmwrite(VMCS_GUEST_IA32_DEBUGCTL, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_CS, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_ESP, 0);
	vmwrite(VMCS_GUEST_IA32_SYSENTER_EIP, 0);
	vmwrite(VMCS_GUEST_IA32_PAT, PAT_AFTER_RESET);
	vmwrite(VMCS_GUEST_IA32_EFER, 0);
}

int power_up_prepare(struct vcpu *vcpu)
{
	vcpu->io_bitmaps = pages_allocate(2);
	vcpu->msr_bitmap = page_allocate();
	if (vcpu->io_bitmaps == NULL || vcpu->msr_bitmap == NULL)
		return -SILL_ENOMEM;
	memset(vcpu->io_bitmaps, 0xff, 2 * PAGE_SIZE); /* every port is virtual */
	vcpu->cr4_allowed = find_cr4_allowed();
	vcpu->xcr0_allowed = find_xcr0_allowed();
	return 0;
}

void power_up(struct vcpu *vcpu, struct ept *ept, const struct power_up_state *state)
{
	uint32_t secondary = vcpu->capability->secondary.value;
	bool rdtscp = (secondary & SECONDARY_ENABLE_RDTSCP) != 0;
	bool user_wait = (secondary & SECONDARY_ENABLE_USER_WAIT_AND_PAUSE) != 0;
	bool xsaves = (secondary & SECONDARY_ENABLE_XSAVES_XRSTORS) != 0;

	vcpu->ept = ept;
	choose_owned_bits(vcpu);
	reset_registers(vcpu);
	msr_bitmap_fill(vcpu->msr_bitmap, rdtscp, user_wait);
	msr_reset_guest_owned(rdtscp, user_wait, xsaves);
	vcpu_begin(vcpu);
	set_guest_registers(vcpu, state->eip);
	vcpu->registers.rax = state->eax;
	vcpu->registers.rbx = state->ebx;
}
