/* SPDX-License-Identifier: MIT */
/*
 * The CMOS memory and real-time clock of a guest, at ports 70h and 71h: a Motorola MC146818A with
 * 128 bytes. The guest may set it; that moves the guest's own clock only, by an offset from the
 * real time. The weekday follows from the date. No interrupt is ever raised, register C reads 0.
 */
#ifndef SILL_GUEST_VIRTUAL_CMOS_H
#define SILL_GUEST_VIRTUAL_CMOS_H

#include <stdint.h>

#define VIRTUAL_CMOS_SIZE 128u

struct virtual_cmos {
	uint64_t (*utc_ns)(void *context);
	void *context;
	int64_t offset; /* seconds from the real time to the guest's */
	uint8_t index;
	uint8_t bytes[VIRTUAL_CMOS_SIZE]; /* the time registers only while register B's SET is 1 */
};

/*
 * utc_ns: nanoseconds since 1970-01-01 UTC; must not run backwards. memory: bytes of guest RAM
 * that begin at address 0, for the sizes that a PC's BIOS leaves in the CMOS memory.
 */
void virtual_cmos_init(struct virtual_cmos *cmos, uint64_t (*utc_ns)(void *context), void *context,
		       uint64_t memory);

/* One byte-wide port access. offset 0 is port 70h (write-only), 1 is port 71h. */
uint8_t virtual_cmos_read(struct virtual_cmos *cmos, unsigned int offset);
void virtual_cmos_write(struct virtual_cmos *cmos, unsigned int offset, uint8_t value);

#endif
