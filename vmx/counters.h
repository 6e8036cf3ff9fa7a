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

/* What IA32_PERF_GLOBAL_CTRL is in the guest; COUNTERS_NONE: the CPU has none, or they run on. */
#define COUNTERS_NONE (~0ull)
uint64_t counters_of_guest(const struct vcpu *vcpu);

#endif
