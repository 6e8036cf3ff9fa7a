/* SPDX-License-Identifier: MIT */
/* NMIs, machine checks and interrupts on their way to the guest. */
#ifndef SILL_VMX_EVENT_H
#define SILL_VMX_EVENT_H

#include "vmx/vcpu.h"

#include <stdbool.h>

/* For trap_set_receivers(): an NMI arrived while this CPU was in VMX root operation. */
void event_nmi_arrived(void);

/* The same of a machine check. False: there is no guest that it could be passed on to. */
bool event_machine_check_arrived(void);

/* The guest is to get one NMI more. */
void event_add_nmi(struct vcpu *vcpu);

/*
 * The guest is to get an interrupt with this vector, 32 to 255, as soon as it can take one. As in
 * an APIC one of each vector can wait, and the highest comes first. False: the CPU can't tell when
 * the guest can take it, and now it can't.
 */
__attribute__((warn_unused_result)) bool event_add_interrupt(struct vcpu *vcpu, uint32_t vector);

/*
 * The same for a vCPU of any CPU: it gets the interrupt when that CPU has called
 * event_take_posted() and can take it; not at all if the CPU can't tell when that is.
 */
void event_post_interrupt(struct vcpu *vcpu, uint32_t vector);
void event_take_posted(struct vcpu *vcpu);

/* It isn't any more, if it has not got it yet. Vector 0: no interrupt at all. */
void event_drop_interrupt(struct vcpu *vcpu, uint32_t vector);

bool event_interrupt_waits(const struct vcpu *vcpu);

/*
 * After vcpu->pin_controls or vcpu->primary_controls was changed: puts both into the VMCS, with
 * what an event that waits for the guest needs.
 */
void event_write_controls(const struct vcpu *vcpu);

#endif
