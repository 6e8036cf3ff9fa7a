/* SPDX-License-Identifier: MIT */
/* The device with registers in memory, for those who test it. */
#ifndef GUEST_DOORS_MMIO_H
#define GUEST_DOORS_MMIO_H

#include <stdint.h>
#include "way.h"

#define PAGE	TEST_4K(TEST_PAGE_MMIO)
#define DATA	(PAGE + SILL_DEVICE_DATA)
#define CONTROL (PAGE + SILL_DEVICE_CONTROL)

static inline uint8_t read8(const char *at)
{
	uint8_t value;

	__asm__ volatile("movb (%1), %0" : "=q"(value) : "r"(at) : "memory");
	return value;
}

/* Writes and reads CONTROL. */
void mmio_select(uint32_t service);
uint32_t mmio_control(void);

/* Maps the page and its two neighbours. */
void mmio_map(uint64_t rights);

/* An echo of a word at CPL 3; 0 if it faulted. */
uint64_t mmio_user_echo(uint64_t word);

/* Tests of the instructions by which the device can be used, and of those by which it can't. */
void mmio_test_instructions(void);

#endif
