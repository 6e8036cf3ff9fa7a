/* SPDX-License-Identifier: MIT */
/* The local APIC, and the old interrupt controllers, as far as quiet is concerned. */
#ifndef SILL_CORE_APIC_H
#define SILL_CORE_APIC_H

/*
 * Masks what the firmware left running: the two 8259s and this CPU's local APIC. NMIs, INITs and
 * SIPIs still arrive.
 */
void apic_silence(void);

/* Sends a non-maskable interrupt to the CPU that calls. */
void apic_send_nmi_to_self(void);

/* Ends the interrupt that this CPU's local APIC delivered last. */
void apic_end_of_interrupt(void);

#endif
