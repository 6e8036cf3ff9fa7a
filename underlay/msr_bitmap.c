/* SPDX-License-Identifier: MIT */
/* The MSR bitmap under an OS; see underlay/msr_bitmap.h. */
#include "underlay/msr_bitmap.h"

#include "core/msr.h"
#include "core/string.h"
#include "ept/memory_type.h"

#include <stddef.h>

/* SDM, "MSR-Bitmap Address": the bitmaps of 1 KiB each for MSRs 0 to 1FFFh. */
#define READ_LOW  0
#define WRITE_LOW 2048

/* Accesses that exit. Those without a case of their own in underlay/exit_msr.c raise #GP. */
#define READ  1
#define WRITE 2

struct msr_range {
	uint16_t first, last;
	uint16_t exits;
};

static const struct msr_range kept[] = {
	{MSR_IA32_FEATURE_CONTROL, MSR_IA32_FEATURE_CONTROL, READ | WRITE},
	{MSR_IA32_SMM_MONITOR_CTL, MSR_IA32_SMM_MONITOR_CTL, READ | WRITE},
	{MSR_IA32_VMX_BASIC, MSR_IA32_VMX_EXIT_CTLS2, READ | WRITE},
	{MSR_IA32_FRED_RSP0, MSR_IA32_FRED_CONFIG, READ | WRITE},

	{MSR_IA32_APIC_BASE, MSR_IA32_APIC_BASE, WRITE},
	{MSR_IA32_BIOS_UPDT_TRIG, MSR_IA32_BIOS_UPDT_TRIG, WRITE},
	{MSR_IA32_HW_FEEDBACK_PTR, MSR_IA32_HW_FEEDBACK_PTR, WRITE},
	{MSR_IA32_MTRR_PHYSBASE(0), MSR_IA32_MTRR_PHYSMASK(MTRR_VARIABLE_MAX - 1), WRITE},
	{MSR_IA32_MTRR_FIX64K_00000, MSR_IA32_MTRR_FIX64K_00000, WRITE},
	{MSR_IA32_MTRR_FIX16K_80000, MSR_IA32_MTRR_FIX16K_A0000, WRITE},
	{MSR_IA32_MTRR_FIX4K_C0000, MSR_IA32_MTRR_FIX4K_F8000, WRITE},
	{MSR_IA32_MTRR_DEF_TYPE, MSR_IA32_MTRR_DEF_TYPE, WRITE},

	/* Features that CPUID hides: underlay/cpuid_filter.c says why. */
	{MSR_IA32_USER_MSR_CTL, MSR_IA32_USER_MSR_CTL, READ | WRITE},
	{MSR_IA32_RTIT_OUTPUT_BASE, MSR_IA32_RTIT_OUTPUT_MASK_PTRS, READ | WRITE},
	{MSR_IA32_RTIT_CTL, MSR_IA32_RTIT_CR3_MATCH, READ | WRITE},
	{MSR_IA32_RTIT_ADDR0_A, MSR_IA32_RTIT_ADDR3_B, READ | WRITE},
};

static void set_bits(uint8_t *bitmap, const struct msr_range *range)
{
	for (uint32_t msr = range->first; msr <= range->last; msr++) {
		if ((range->exits & READ) != 0)
			bitmap[READ_LOW + msr / 8] |= 1u << msr % 8;
		if ((range->exits & WRITE) != 0)
			bitmap[WRITE_LOW + msr / 8] |= 1u << msr % 8;
	}
}

void underlay_msr_bitmap_fill(uint8_t bitmap[4096])
{
	memset(bitmap, 0, 4096);
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		set_bits(bitmap, &kept[i]);
}
