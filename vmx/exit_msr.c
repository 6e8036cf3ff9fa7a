/* SPDX-License-Identifier: MIT */
/*
 * RDMSR and WRMSR of the MSRs that the bitmap doesn't leave to the guest (vmx/msr_bitmap.c). What
 * isn't named here does not exist for a guest, and raises #GP as on a CPU that lacks it.
 */
#include "core/cpu.h"
#include "core/log.h"
#include "core/msr.h"
#include "vmx/exit.h"

/* No local APIC: CPUID doesn't show one, and this one is disabled. The BSP flag is set. */
#define APIC_BASE_VALUE 0xfee00100ull

/* Locked by "firmware", with VMX off: a guest finds a machine where VT-x can't be used. */
#define FEATURE_CONTROL_VALUE FEATURE_CONTROL_LOCK

#define MISC_ENABLE_VALUE     1ull /* fast string operations */

#define DEBUGCTL_ALLOWED      (uint64_t)(DEBUGCTL_LBR | DEBUGCTL_BTF)

static void unknown(struct vcpu *vcpu, const char *instruction)
{
	log_debug("guest %u: %s of MSR %08x, which it does not have: #GP", vcpu->guest_id,
		  instruction, (uint32_t)vcpu->registers.rcx);
	vcpu_inject_gp(vcpu);
}

void exit_rdmsr(struct vcpu *vcpu)
{
	uint64_t value;

	switch ((uint32_t)vcpu->registers.rcx) {
	case MSR_IA32_FEATURE_CONTROL:
		value = FEATURE_CONTROL_VALUE;
		break;
	case MSR_IA32_APIC_BASE:
		value = APIC_BASE_VALUE;
		break;
	case MSR_IA32_MISC_ENABLE:
		value = MISC_ENABLE_VALUE;
		break;
	case MSR_IA32_DEBUGCTL:
		value = vmread(VMCS_GUEST_IA32_DEBUGCTL);
		break;
	case MSR_IA32_PLATFORM_ID:
	case MSR_IA32_BIOS_SIGN_ID: /* no microcode update is loaded that a guest could see */
	case MSR_IA32_XSS:
		value = 0;
		break;
	default:
		unknown(vcpu, "RDMSR");
		return;
	}
	vcpu->registers.rax = (uint32_t)value;
	vcpu->registers.rdx = value >> 32;
	vcpu_advance(vcpu);
}

void exit_wrmsr(struct vcpu *vcpu)
{
	uint64_t value = vcpu->registers.rdx << 32 | (uint32_t)vcpu->registers.rax;
	bool accepted;

	switch ((uint32_t)vcpu->registers.rcx) {
	case MSR_IA32_TIME_STAMP_COUNTER:
		vcpu->tsc_offset = value - rdtsc();
		vmwrite(VMCS_TSC_OFFSET, vcpu->tsc_offset);
		if (vcpu->tsc_moved != NULL)
			vcpu->tsc_moved(vcpu);
		accepted = true;
		break;
	case MSR_IA32_DEBUGCTL:
		accepted = (value & ~DEBUGCTL_ALLOWED) == 0;
		if (accepted)
			vmwrite(VMCS_GUEST_IA32_DEBUGCTL, value);
		break;
	case MSR_IA32_BIOS_SIGN_ID: /* software writes 0 before it reads the revision */
	case MSR_IA32_XSS:
		accepted = value == 0;
		break;
	case MSR_IA32_APIC_BASE:
		accepted = value == APIC_BASE_VALUE;
		break;
	case MSR_IA32_MISC_ENABLE:
		accepted = value == MISC_ENABLE_VALUE;
		break;
	default:
		unknown(vcpu, "WRMSR");
		return;
	}
	if (accepted)
		vcpu_advance(vcpu);
	else
		vcpu_inject_gp(vcpu);
}
