/* SPDX-License-Identifier: MIT */
/* Performance counters; see vmx/counters.h. */
#include "vmx/counters.h"

#include "core/cpu.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/percpu.h"
#include "core/safe_access.h"

#define LEAF_PERFORMANCE 0xa

/*
 * SDM, "VM-Exit Controls for MSRs": an exit stores the guest's value and loads Sill's, an entry
 * loads what the exit stored. The guest goes on to use the MSR without exits. (The controls that
 * would save a list each can't all be had: "save IA32_PERF_GLOBAL_CTRL" is a late one.)
 */
struct counters {
	struct {
		uint32_t msr, reserved;
		uint64_t value;
	} guest, sill;
};

/* "Architectural Performance Monitoring Version 2" brought the MSR. */
static bool can_be_stopped(uint64_t *value)
{
	return cpuid(0, 0).eax >= LEAF_PERFORMANCE &&
	       (cpuid(LEAF_PERFORMANCE, 0).eax & 0xff) >= 2 &&
	       safe_rdmsr(MSR_IA32_PERF_GLOBAL_CTRL, value);
}

void counters_switch(struct vcpu *vcpu)
{
	struct counters *counters = (struct counters *)this_cpu()->counters;
	uint64_t at = physical_of(counters), value;

	_Static_assert(sizeof(*counters) <= sizeof(this_cpu()->counters), "the place is for it");
	if (!can_be_stopped(&value))
		return;
	counters->guest.msr = counters->sill.msr = MSR_IA32_PERF_GLOBAL_CTRL;
	counters->guest.value = value;
	vcpu->counters = counters;
	vmwrite(VMCS_VM_EXIT_MSR_STORE_ADDRESS, at + offsetof(struct counters, guest));
	vmwrite(VMCS_VM_EXIT_MSR_STORE_COUNT, 1);
	vmwrite(VMCS_VM_EXIT_MSR_LOAD_ADDRESS, at + offsetof(struct counters, sill));
	vmwrite(VMCS_VM_EXIT_MSR_LOAD_COUNT, 1);
	vmwrite(VMCS_VM_ENTRY_MSR_LOAD_ADDRESS, at + offsetof(struct counters, guest));
	vmwrite(VMCS_VM_ENTRY_MSR_LOAD_COUNT, 1);
}

uint64_t counters_of_guest(const struct vcpu *vcpu)
{
	return vcpu->counters != NULL ? vcpu->counters->guest.value : COUNTERS_NONE;
}
