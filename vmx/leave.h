/* SPDX-License-Identifier: MIT */
/*
 * How a CPU leaves Sill: out of VMX operation and out of the core's address space, natively into
 * what it was running. Nobody notices but by what Sill did for it before, and by one entry in the
 * top-level page table that was in use: it stays, since the last instruction still came through it.
 * It leads to two pages of Sill's arena that only ring 0 can reach, of which one holds code. As
 * long as the arena is reserved that harms nobody; who frees the arena takes the entry away first.
 *
 * A machine check during the last fifty instructions shuts the processor down, as one does without
 * CR4.MCE: there is no handler then that could be called. No NMI is lost.
 */
#ifndef SILL_VMX_LEAVE_H
#define SILL_VMX_LEAVE_H

#include <sill/handoff.h>

#include "vmx/vcpu.h"

#include <stdbool.h>

/* Once, by the CPU that starts the core. -SILL_ENOMEM if the arena has no pages for it. */
__attribute__((warn_unused_result)) int leave_prepare(void);

/*
 * In an exit handler: lets this CPU go on natively at the guest's present RIP, with the registers
 * in *vcpu. Returns if it can't be now, with nothing changed that the guest could see; then the
 * guest has to be resumed, and at another exit things may be different. It can't be
 * - outside of IA-32e mode;
 * - while the guest is owed an event, or blocks NMIs or interrupts for an instruction;
 * - with a shadow stack in use, whose pointer there is no way to give back;
 * - with 5-level paging at the first try: Sill's own page tables follow with the next exit.
 */
void vcpu_leave(struct vcpu *vcpu);

/*
 * On a CPU whose launch failed: back to what *launch (in the core's own memory) says, with all
 * general registers 0. in_vmx_operation: VMXON was successful.
 */
__attribute__((noreturn)) void launch_abandon(const struct sill_launch *launch,
					      bool in_vmx_operation);

#endif
