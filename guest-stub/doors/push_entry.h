/* SPDX-License-Identifier: MIT */
/* The interrupts by which Sill begins, as push_entry.asm counts them. */
#ifndef GUEST_DOORS_PUSH_ENTRY_H
#define GUEST_DOORS_PUSH_ENTRY_H

#include <stdint.h>

#define PUSH_VECTOR	  0x51
#define PUSH_VECTOR_OTHER 0xff

/* For exceptions_set_gate(). */
void push_entry(void);
void push_other_entry(void);

/* How often each was entered. */
extern volatile uint64_t push_interrupts, push_other_interrupts;

#endif
