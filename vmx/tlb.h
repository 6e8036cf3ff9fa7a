/* SPDX-License-Identifier: MIT */
/* What the CPU remembers of a guest's translations, and making it forget. */
#ifndef SILL_VMX_TLB_H
#define SILL_VMX_TLB_H

#include "vmx/vcpu.h"

/* The VPID of every guest of Sill's: 0 is VMX root operation itself. */
#define GUEST_VPID 1

/*
 * Forgets the guest's linear addresses, as its MOV to a control register would have done. SDM,
 * "Operations that Invalidate Cached Mappings". Without VPIDs every VM entry does so anyway.
 */
void tlb_flush_guest(const struct vcpu *vcpu);

/* Forgets what came out of the EPT: on this CPU, and whoever else runs with the same EPT has to. */
void tlb_invalidate_ept(const struct vcpu *vcpu);

/* The same if it was changed, for an EPT that no other CPU uses; before the next VM entry. */
void tlb_flush_ept(struct vcpu *vcpu);

#endif
