/* SPDX-License-Identifier: MIT */
/*
 * Mutual exclusion between CPUs in the core. Held for a bounded time, with interrupts off (as they
 * always are in the core); NMI handlers take no lock.
 */
#ifndef SILL_CORE_SPINLOCK_H
#define SILL_CORE_SPINLOCK_H

#include <stdbool.h>

struct spinlock {
	bool held;
};

static inline void spin_lock(struct spinlock *lock)
{
	while (__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE)) {
		/* Reading does not take the cache line away from who holds the lock. */
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
	}
}

static inline void spin_unlock(struct spinlock *lock)
{
	__atomic_clear(&lock->held, __ATOMIC_RELEASE);
}

#endif
