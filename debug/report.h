/* SPDX-License-Identifier: MIT */
/* How a guest ended, told on the console. */
#ifndef SILL_DEBUG_REPORT_H
#define SILL_DEBUG_REPORT_H

#include "vmx/vcpu.h"

/*
 * The vCPU's VMCS must still be current. After an orderly exit a line or two; otherwise all that
 * helps to see why: registers, the code at RIP, the last VM exits, what the CPU refused.
 */
void report_guest_end(struct vcpu *vcpu);

/* The last VM exits of the guest that runs on this CPU, if one does; for panics. */
void report_last_exits(void);

#endif
