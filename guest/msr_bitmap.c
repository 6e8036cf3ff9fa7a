/* SPDX-License-Identifier: MIT */
/* The MSR bitmap of a guest; see guest/msr_bitmap.h. */
#include "guest/msr_bitmap.h"

#include "core/cpu.h"
#include "core/msr.h"
#include "core/string.h"

#include <stddef.h>

/* SDM, "MSR-Bitmap Address": four bitmaps of 1 KiB each; a set bit causes a VM exit. */
#define READ_LOW   0
#define READ_HIGH  1024
#define WRITE_LOW  2048
#define WRITE_HIGH 3072
#define FIRST_HIGH 0xc0000000u

/* Where the guest's value is while Sill runs. */
enum home {
	IN_VMCS, /* entry and exit exchange it */
	IN_CPU,	 /* Sill doesn't use it: it stays where it is */
};

static const struct {
	uint32_t msr;
	enum home home;
} guest_owned[] = {
	{MSR_IA32_SYSENTER_CS, IN_VMCS},  {MSR_IA32_SYSENTER_ESP, IN_VMCS},
	{MSR_IA32_SYSENTER_EIP, IN_VMCS}, {MSR_IA32_PAT, IN_VMCS},
	{MSR_IA32_EFER, IN_VMCS},	  {MSR_IA32_FS_BASE, IN_VMCS},
	{MSR_IA32_GS_BASE, IN_VMCS},	  {MSR_IA32_KERNEL_GS_BASE, IN_CPU},
	{MSR_IA32_STAR, IN_CPU},	  {MSR_IA32_LSTAR, IN_CPU},
	{MSR_IA32_CSTAR, IN_CPU},	  {MSR_IA32_FMASK, IN_CPU},
};

static void clear_bit(uint8_t *bitmap, uint32_t low_half, uint32_t high_half, uint32_t msr)
{
	uint32_t half = msr >= FIRST_HIGH ? high_half : low_half;
	uint32_t index = msr & 0x1fff;

	bitmap[half + index / 8] &= ~(1u << index % 8);
}

static void leave_to_guest(uint8_t *bitmap, uint32_t msr)
{
	clear_bit(bitmap, READ_LOW, READ_HIGH, msr);
	clear_bit(bitmap, WRITE_LOW, WRITE_HIGH, msr);
}

void msr_bitmap_fill(uint8_t bitmap[4096], bool rdtscp, bool user_wait)
{
	memset(bitmap, 0xff, 4096);
	for (size_t i = 0; i < sizeof(guest_owned) / sizeof(guest_owned[0]); i++)
		leave_to_guest(bitmap, guest_owned[i].msr);
	if (rdtscp)
		leave_to_guest(bitmap, MSR_IA32_TSC_AUX);
	if (user_wait)
		leave_to_guest(bitmap, MSR_IA32_UMWAIT_CONTROL);
	/* Reading adds the TSC offset by itself; writing would change the real one. */
	clear_bit(bitmap, READ_LOW, READ_HIGH, MSR_IA32_TIME_STAMP_COUNTER);
}

void msr_reset_guest_owned(bool rdtscp, bool user_wait, bool xsaves)
{
	for (size_t i = 0; i < sizeof(guest_owned) / sizeof(guest_owned[0]); i++) {
		if (guest_owned[i].home == IN_CPU)
			wrmsr(guest_owned[i].msr, 0);
	}
	if (rdtscp)
		wrmsr(MSR_IA32_TSC_AUX, 0);
	if (user_wait)
		wrmsr(MSR_IA32_UMWAIT_CONTROL, 0);
	if (xsaves)
		wrmsr(MSR_IA32_XSS, 0); /* what exit_rdmsr() says it is */
}
