/* SPDX-License-Identifier: MIT */
/*
 * Which memory type the MTRRs give to a physical address. Under EPT the processor does not look at
 * the MTRRs for what the guest does: the type in the EPT entry takes their place (SDM, "Memory Type
 * Used for Translated Guest-Physical Addresses"), so whoever builds EPT entries must work it out.
 *
 * Pure: the values of the MSRs come in as data. ept/mtrr_read.h reads them from the CPU.
 */
#ifndef SILL_EPT_MEMORY_TYPE_H
#define SILL_EPT_MEMORY_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SDM, "Memory Types That Can Be Encoded in MTRRs" (a table). EPT entries use the same numbers. */
enum memory_type {
	MEMORY_TYPE_UC = 0, /* uncacheable */
	MEMORY_TYPE_WC = 1, /* write-combining */
	MEMORY_TYPE_WT = 4, /* write-through */
	MEMORY_TYPE_WP = 5, /* write-protected */
	MEMORY_TYPE_WB = 6, /* write-back */
};

#define MTRR_FIXED_COUNT  11u
#define MTRR_VARIABLE_MAX 32u

struct mtrr_variable {
	uint64_t base; /* IA32_MTRR_PHYSBASEn as read */
	uint64_t mask; /* IA32_MTRR_PHYSMASKn as read */
};

/* All MSRs exactly as read from one CPU. All zero stands for a CPU whose MTRRs are switched off. */
struct mtrr_state {
	uint64_t capability;		  /* IA32_MTRRCAP */
	uint64_t default_type;		  /* IA32_MTRR_DEF_TYPE */
	uint64_t fixed[MTRR_FIXED_COUNT]; /* by address: FIX64K_00000, FIX16K_80000, ... */
	struct mtrr_variable variable[MTRR_VARIABLE_MAX];
	uint32_t variable_count; /* how many of them there are; at most MTRR_VARIABLE_MAX */
	uint32_t physical_bits;	 /* the CPU's physical-address width: CPUID 80000008h EAX[7:0] */
};

/* The MSR that fixed[index] is. */
uint32_t mtrr_fixed_msr(uint32_t index);

bool memory_type_valid(uint64_t type);

/* "UC", "WC", "WT", "WP", "WB" or "reserved". */
const char *memory_type_name(uint64_t type);

/*
 * The type of the byte at `physical`, and in *bytes for how many bytes from there on it certainly
 * stays so (the next range may turn out to have the same type). *bytes is at least 1 and never
 * reaches beyond the physical-address width; if `physical` is 4 KiB-aligned, so is *bytes.
 *
 * Where the SDM leaves the type undefined (overlaps other than UC with anything and WT with WB)
 * and where an MTRR holds a reserved type, the answer is UC: it is slow but coherent with
 * whatever the processor chose. mtrr_state_check() reports both. Addresses beyond the
 * physical-address width don't exist: UC, to the end of the 64-bit space.
 */
enum memory_type memory_type_at(const struct mtrr_state *state, uint64_t physical, uint64_t *bytes);

/*
 * Looks for values that memory_type_at() had to make a choice about, or that no processor lets
 * software write: reserved types, reserved bits, write-combining where the processor lacks it,
 * overlaps of undefined type. NULL if there are none, else what is wrong, in words for a person,
 * with the number of the MSR in *msr (0 where it is none: the counts).
 */
const char *mtrr_state_check(const struct mtrr_state *state, uint32_t *msr);

#endif
