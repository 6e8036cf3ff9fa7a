/* SPDX-License-Identifier: MIT */
/* The local APIC, and the old interrupt controllers, as far as quiet is concerned. */
#ifndef SILL_CORE_APIC_H
#define SILL_CORE_APIC_H

#include <stdint.h>

/*
 * Masks what the firmware left running: the two 8259s and this CPU's local APIC. NMIs, INITs and
 * SIPIs still arrive.
 */
void apic_silence(void);

/* Maps the registers, if this CPU's are in memory: for the functions below on any CPU. */
void apic_map(void);

/* Sends a start-up IPI to the CPU with this APIC ID, from the CPU that calls. */
void apic_send_sipi(uint32_t apic_id, uint32_t vector);

/* Sends a non-maskable interrupt to the CPU that calls. */
void apic_send_nmi_to_self(void);

/* Ends the interrupt that this CPU's local APIC delivered last. */
void apic_end_of_interrupt(void);

#endif
