/* SPDX-License-Identifier: MIT */
/*
 * The locks around Sill's output: as spinlocks, until a panic breaks them. From then on nobody
 * waits for one, since the CPU that panics may itself hold it, or have struck down who did.
 */
#ifndef SILL_CORE_OUTPUT_LOCK_H
#define SILL_CORE_OUTPUT_LOCK_H

#include "core/spinlock.h"

void output_lock(struct spinlock *lock);
void output_unlock(struct spinlock *lock);

/* For good. Output of several CPUs may then mix. */
void output_locks_break(void);

#endif
