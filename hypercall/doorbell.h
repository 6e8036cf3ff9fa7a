/* SPDX-License-Identifier: MIT */
/* Who may make the calls that not everybody may. */
#ifndef SILL_HYPERCALL_DOORBELL_H
#define SILL_HYPERCALL_DOORBELL_H

#include "vmx/vcpu.h"

/*
 * True for CPL 0, and for others if the guest OS lets the code that runs now use the doorbell port:
 * the CPU's own rule for I/O instructions (SDM, "I/O Privilege Level" and "I/O Permission Bit
 * Map").
 */
bool doorbell_granted(struct vcpu *vcpu);

#endif
