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
 * SDM, "VM-Exit Controls for MSRs": an exit stores the guest's values and loads Sill's, an entry
 * loads what the exit stored. The guest goes on to use the MSRs without exits. (The controls that
 * would save a list each can't all be had: "save IA32_PERF_GLOBAL_CTRL" is a late one.)
 *
 * A CPU may be late with a PEBS record: stopping the counter is not enough, and PEBS goes first.
 */
enum {
	PEBS,
	GLOBAL,
	MSRS
};

struct counters {
	struct {
		uint32_t msr, reserved;
		uint64_t value;
	} guest[MSRS], sill[MSRS];
};

/* "Architectural Performance Monitoring Version 2" brought the MSR. */
static bool can_be_stopped(uint64_t *value)
{
	return cpuid(0, 0).eax >= LEAF_PERFORMANCE &&
	       (cpuid(LEAF_PERFORMANCE, 0).eax & 0xff) >= 2 &&
	       safe_rdmsr(MSR_IA32_PERF_GLOBAL_CTRL, value);
}

static bool has_pebs(uint64_t *value)
{
	uint64_t misc;

	return safe_rdmsr(MSR_IA32_MISC_ENABLE, &misc) &&
	       (misc & MISC_ENABLE_PEBS_UNAVAILABLE) == 0 &&
	       safe_rdmsr(MSR_IA32_PEBS_ENABLE, value);
}

void counters_switch(struct vcpu *vcpu)
{
	struct counters *counters = (struct counters *)this_cpu()->counters;
	uint64_t guest = physical_of(&counters->guest), sill = physical_of(&counters->sill), count;

	_Static_assert(sizeof(*counters) <= sizeof(this_cpu()->counters), "the place is for it");
	if (!can_be_stopped(&counters->guest[GLOBAL].value))
		return;
	counters->guest[PEBS].msr = counters->sill[PEBS].msr = MSR_IA32_PEBS_ENABLE;
	counters->guest[GLOBAL].msr = counters->sill[GLOBAL].msr = MSR_IA32_PERF_GLOBAL_CTRL;
	vcpu->counters = counters;
	count = MSRS;
	if (!has_pebs(&counters->guest[PEBS].value)) {
		guest += sizeof(counters->guest[PEBS]);
		sill += sizeof(counters->sill[PEBS]);
		count--;
	}
	vmwrite(VMCS_VM_EXIT_MSR_STORE_ADDRESS, guest);
	vmwrite(VMCS_VM_EXIT_MSR_STORE_COUNT, count);
	vmwrite(VMCS_VM_EXIT_MSR_LOAD_ADDRESS, sill);
	vmwrite(VMCS_VM_EXIT_MSR_LOAD_COUNT, count);
	vmwrite(VMCS_VM_ENTRY_MSR_LOAD_ADDRESS, guest);
	vmwrite(VMCS_VM_ENTRY_MSR_LOAD_COUNT, count);
}

uint64_t counters_give_back(const struct vcpu *vcpu)
{
	if (vcpu->counters == NULL)
		return COUNTERS_NONE;
	/* While all counters stand still, this starts nothing. */
	if (vmread(VMCS_VM_ENTRY_MSR_LOAD_COUNT) == MSRS)
		wrmsr(MSR_IA32_PEBS_ENABLE, vcpu->counters->guest[PEBS].value);
	return vcpu->counters->guest[GLOBAL].value;
}
