/* SPDX-License-Identifier: MIT */
/* The end of a run: the verdict, and what becomes of the machine. */
#ifndef SILL_CORE_FINISH_H
#define SILL_CORE_FINISH_H

#include <sill/handoff.h>

/* What to do in the end. Until it is called, the machine would be halted. */
void finish_start(enum sill_finish finish);

/*
 * Prints the last line, "verdict: success" or "verdict: failure (why)", which is what programs
 * that watch the console look for, and ends the run as configured. The first caller wins.
 */
__attribute__((noreturn)) void finish_succeeded(void);
__attribute__((noreturn, format(printf, 1, 2))) void finish_failed(const char *fmt, ...);

/* Resets the machine at once, without a verdict. */
__attribute__((noreturn)) void finish_reset_machine(void);

#endif
