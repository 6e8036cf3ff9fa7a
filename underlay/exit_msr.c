/* SPDX-License-Identifier: MIT */
/*
 * RDMSR and WRMSR under an OS. The bitmap (underlay/msr_bitmap.c) sends here what must not be as it
 * is on the CPU, and the CPU itself sends the MSRs that the bitmap has no bits for. Intel's CPUs
 * have none there; what has is another hypervisor, below, which would take an address in them for
 * one of Sill's memory as well.
 */
#include "core/cpu.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/safe_access.h"
#include "underlay/microcode.h"
#include "underlay/mtrr.h"
#include "underlay/underlay.h"
#include "vmx/exit.h"

#define ADDRESS_PAGE 0x000ffffffffff000ull

/* SDM, "Enabling and Entering VMX Operation": as firmware leaves it that wants no VMX. */
static uint64_t without_vmx(uint64_t feature_control)
{
	return (feature_control &
		~(uint64_t)(FEATURE_CONTROL_VMX_INSIDE_SMX | FEATURE_CONTROL_VMX_OUTSIDE_SMX |
			    FEATURE_CONTROL_SENTER)) |
	       FEATURE_CONTROL_LOCK;
}

void underlay_exit_rdmsr(struct vcpu *vcpu)
{
	uint32_t msr = (uint32_t)vcpu->registers.rcx;
	uint64_t value;

	if (msr != MSR_IA32_FEATURE_CONTROL) {
		vcpu_inject_gp(vcpu);
		return;
	}
	value = without_vmx(rdmsr(msr));
	vcpu->registers.rax = (uint32_t)value;
	vcpu->registers.rdx = value >> 32;
	vcpu_advance(vcpu);
}

/* Does [base, base + size) touch Sill's memory? */
static bool touches_arena(uint64_t base, uint64_t size)
{
	const struct sill_range *arena = &underlay.arena;

	return base < arena->base + arena->size && arena->base < base + size;
}

/*
 * MSRs with a physical address that no EPT translates. The local APIC's page takes the place of
 * whatever lies there, for Sill on this CPU too ("Relocating the Local APIC Registers"); the
 * hardware feedback interface writes its table there ("Hardware Feedback Interface and Intel Thread
 * Director": up to 16 pages).
 */
static bool write_address(uint32_t msr, uint64_t value)
{
	uint64_t pages = msr == MSR_IA32_APIC_BASE ? 1 : 16;

	if (touches_arena(value & ADDRESS_PAGE, pages * PAGE_SIZE)) {
		log_warning("MSR %x was to point into Sill's memory, at %llx: #GP", msr,
			    (unsigned long long)value);
		return false;
	}
	return safe_wrmsr(msr, value);
}

void underlay_exit_wrmsr(struct vcpu *vcpu)
{
	uint32_t msr = (uint32_t)vcpu->registers.rcx;
	uint64_t value = vcpu->registers.rdx << 32 | (uint32_t)vcpu->registers.rax;
	bool accepted;

	if (msr == MSR_IA32_BIOS_UPDT_TRIG) {
		underlay_load_microcode(vcpu, value);
		return;
	}
	if (msr == MSR_IA32_APIC_BASE || msr == MSR_IA32_HW_FEEDBACK_PTR)
		accepted = write_address(msr, value);
	else
		accepted = underlay_mtrr_is(msr) && underlay_mtrr_write(vcpu, msr, value) == 0;
	if (accepted)
		vcpu_advance(vcpu);
	else
		vcpu_inject_gp(vcpu);
}
