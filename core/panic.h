/* SPDX-License-Identifier: MIT */
/* The end of Sill itself, explained as well as the wreck allows. */
#ifndef SILL_CORE_PANIC_H
#define SILL_CORE_PANIC_H

#include "core/trap.h"

/*
 * Says what was wrong, where, and how the CPU got there; then stops it. Never for anything that a
 * guest, a file or the firmware can cause: those get an error.
 */
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *fmt, ...);
__attribute__((noreturn)) void panic_exception(const struct trap_frame *frame);

/* Called before a panic's report, to get it to where somebody may see it; once. */
void panic_set_opening(void (*opening)(void));

/*
 * Rooms above the core may add what they know to the report (the last VM exits). The hook runs
 * once, after the backtrace; if it fails in turn, the report ends there.
 */
void panic_set_hook(void (*hook)(void));

#endif
