/* SPDX-License-Identifier: MIT */
/*
 * Suspend to RAM, hidden from the OS: the CPUs come back from it without Sill, through the
 * firmware, and nobody would put Sill beneath them again. An OS believes that a machine has the
 * sleep states that the ACPI tables name, so the names of S2 and S3, which lose the CPUs' state,
 * are made to others that mean nothing. S1 keeps that state, S4 and S5 start from the beginning.
 */
#ifndef SILL_BOOT_HIDE_SLEEP_H
#define SILL_BOOT_HIDE_SLEEP_H

#include <stdbool.h>
#include <stdint.h>

/* What may be read. Addresses are pointers too. */
struct sleep_memory {
	void *context;
	/* Whether all of this range is memory. */
	bool (*is_memory)(void *context, uint64_t address, uint64_t size);
};

struct sleep_result {
	unsigned int renamed;  /* names */
	unsigned int stubborn; /* names that could not be written over */
	bool unreadable;       /* a table that should be there was not to be found */
};

/*
 * Finds the tables from the RSDP on (0: there are none) and renames the sleep states in the DSDT
 * and all SSDTs; or, with hide = false, gives them their names back. The tables' checksums are as
 * right as before. Nothing else is written; the caller sees to it that tables can be.
 */
struct sleep_result sleep_hide(uint64_t rsdp, const struct sleep_memory *memory, bool hide);

#endif
