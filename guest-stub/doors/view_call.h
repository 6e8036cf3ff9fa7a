/* SPDX-License-Identifier: MIT */
/* The way into the other view and back, from view_call.asm. */
#ifndef GUEST_DOORS_VIEW_CALL_H
#define GUEST_DOORS_VIEW_CALL_H

#include <stdint.h>

typedef uint64_t view_function(uint64_t argument);

/*
 * Calls the function while the view of this number is in force: Sill's code, or any of this
 * program's. At every privilege level.
 */
uint64_t view_call(uint64_t argument, view_function *function, uint32_t view);

/* VMFUNC with these in EAX and ECX, and back. 0: it raised the exception that is caught. */
uint64_t view_enter(uint32_t function, uint32_t view);

/* Functions to call in the view. */
view_function view_ping, view_touch, view_fault, view_cpuid;

#endif
