/* SPDX-License-Identifier: MIT */
/*
 * RDMSR and WRMSR under an OS. The bitmap (underlay/msr_bitmap.c) sends here what must not be as it
 * is on the CPU, and the CPU itself sends the MSRs that the bitmap has no bits for: those are left
 * to the CPU after all.
 */
#include "core/cpu.h"
#include "core/log.h"
#include "core/msr.h"
#include "core/safe_access.h"
#include "underlay/microcode.h"
#include "underlay/mtrr.h"
#include "underlay/underlay.h"
#include "vmx/exit.h"

#define APIC_PAGE 4096u

static bool has_bits_in_bitmap(uint32_t msr)
{
	return msr <= MSR_BITMAP_LOW_LAST ||
	       (msr >= MSR_BITMAP_HIGH_FIRST && msr <= MSR_BITMAP_HIGH_LAST);
}

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

	if (msr == MSR_IA32_FEATURE_CONTROL)
		value = without_vmx(rdmsr(msr));
	else if (has_bits_in_bitmap(msr) || !safe_rdmsr(msr, &value)) {
		vcpu_inject_gp(vcpu);
		return;
	}
	vcpu->registers.rax = (uint32_t)value;
	vcpu->registers.rdx = value >> 32;
	vcpu_advance(vcpu);
}

/*
 * The local APIC's page takes the place of whatever lies there, for Sill on this CPU too. SDM,
 * "Relocating the Local APIC Registers".
 */
static bool write_apic_base(uint64_t value)
{
	uint64_t base = value & ~(uint64_t)(APIC_PAGE - 1);

	if (base - underlay.arena.base < underlay.arena.size) {
		log_warning("a local APIC was to be moved over Sill's memory, to %llx: #GP",
			    (unsigned long long)base);
		return false;
	}
	return safe_wrmsr(MSR_IA32_APIC_BASE, value);
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
	if (msr == MSR_IA32_APIC_BASE)
		accepted = write_apic_base(value);
	else if (underlay_mtrr_is(msr))
		accepted = underlay_mtrr_write(vcpu, msr, value) == 0;
	else
		accepted = !has_bits_in_bitmap(msr) && safe_wrmsr(msr, value);
	if (accepted)
		vcpu_advance(vcpu);
	else
		vcpu_inject_gp(vcpu);
}
