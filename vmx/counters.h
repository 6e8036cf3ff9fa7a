/* SPDX-License-Identifier: MIT */
/*
 * Performance counters stand still while Sill runs. One that overflowed there could write its
 * record to an address that means something only in the guest's page tables ("Processor Event
 * Based Sampling (PEBS)": the DS save area's is linear).
 */
#ifndef SILL_VMX_COUNTERS_H
#define SILL_VMX_COUNTERS_H

#include "vmx/vcpu.h"

/*
 * Makes VM exits stop the counters and VM entries let them go on as they were, if this CPU has any
 * that can be stopped. The vCPU's VMCS is current.
 */
void counters_switch(struct vcpu *vcpu);

/*
 * For a CPU that leaves VMX operation, while its VMCS is still current: gives the guest back all
 * but what makes the counters run, and answers what is to be written to IA32_PERF_GLOBAL_CTRL for
 * that when Sill's page tables are no longer in force. COUNTERS_NONE: nothing.
 */
#define COUNTERS_NONE (~0ull)
uint64_t counters_give_back(const struct vcpu *vcpu);

#endif
