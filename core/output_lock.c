/* SPDX-License-Identifier: MIT */
/* The locks around Sill's output; see core/output_lock.h. */
#include "core/output_lock.h"

static bool broken;

void output_lock(struct spinlock *lock)
{
	while (__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED)) {
			if (__atomic_load_n(&broken, __ATOMIC_RELAXED))
				return;
			__builtin_ia32_pause();
		}
	}
}

void output_unlock(struct spinlock *lock)
{
	spin_unlock(lock);
}

void output_locks_break(void)
{
	__atomic_store_n(&broken, true, __ATOMIC_RELAXED);
}
