/* SPDX-License-Identifier: MIT */
/*
 * MTRR values to memory types. See memory_type.h.
 */
#include "ept/memory_type.h"

#include "core/msr.h"

#define FIXED_END		0x100000ull /* the fixed ranges cover the first MiB */
#define FIXED_16K		0x80000ull
#define FIXED_4K		0xc0000ull
#define VARIABLE_ADDRESS	(~0xfffull) /* PhysBase and PhysMask start at bit 12 */

#define MTRR_PHYSBASE_TYPE_MASK 0xffull

/* Lowest and highest set bit. `value` is not 0. */
static unsigned int lowest_bit(uint64_t value)
{
	return (unsigned int)__builtin_ctzll(value);
}

static unsigned int highest_bit(uint64_t value)
{
	return 63 - (unsigned int)__builtin_clzll(value);
}

/* All bits of the physical-address width; the last physical address. */
static uint64_t physical_mask(const struct mtrr_state *state)
{
	return state->physical_bits < 64 ? (1ull << state->physical_bits) - 1 : ~0ull;
}

static uint32_t variable_count(const struct mtrr_state *state)
{
	return state->variable_count < MTRR_VARIABLE_MAX ? state->variable_count
							 : MTRR_VARIABLE_MAX;
}

uint32_t mtrr_fixed_msr(uint32_t index)
{
	if (index == 0)
		return MSR_IA32_MTRR_FIX64K_00000;
	if (index <= 2)
		return MSR_IA32_MTRR_FIX16K_80000 + index - 1;
	return MSR_IA32_MTRR_FIX4K_C0000 + index - 3;
}

bool memory_type_valid(uint64_t type)
{
	return type == MEMORY_TYPE_UC || type == MEMORY_TYPE_WC || type == MEMORY_TYPE_WT ||
	       type == MEMORY_TYPE_WP || type == MEMORY_TYPE_WB;
}

const char *memory_type_name(uint64_t type)
{
	switch (type) {
	case MEMORY_TYPE_UC:
		return "UC";
	case MEMORY_TYPE_WC:
		return "WC";
	case MEMORY_TYPE_WT:
		return "WT";
	case MEMORY_TYPE_WP:
		return "WP";
	case MEMORY_TYPE_WB:
		return "WB";
	default:
		return "reserved";
	}
}

static enum memory_type type_or_uc(uint64_t type)
{
	return memory_type_valid(type) ? (enum memory_type)type : MEMORY_TYPE_UC;
}

static bool fixed_in_use(const struct mtrr_state *state)
{
	return (state->capability & MTRRCAP_FIX) &&
	       (state->default_type & MTRR_DEF_TYPE_FIXED_ENABLE);
}

/* SDM, "Fixed Range MTRRs": 8 sub-ranges of 64 KiB, then 16 of 16 KiB, then 64 of 4 KiB. */
static enum memory_type fixed_type(const struct mtrr_state *state, uint64_t physical,
				   uint64_t *bytes)
{
	unsigned int shift;
	uint64_t sub_range; /* counted from the first one of all 88 */

	if (physical < FIXED_16K) {
		shift = 16;
		sub_range = physical >> shift;
	} else if (physical < FIXED_4K) {
		shift = 14;
		sub_range = 8 + ((physical - FIXED_16K) >> shift);
	} else {
		shift = 12;
		sub_range = 24 + ((physical - FIXED_4K) >> shift);
	}
	*bytes = (1ull << shift) - (physical & ((1ull << shift) - 1));
	return type_or_uc(state->fixed[sub_range / 8] >> (sub_range % 8 * 8) & 0xff);
}

/*
 * SDM, "Variable Range MTRRs": an address is in the range if
 * (address AND PhysMask) = (PhysBase AND PhysMask).
 *
 * Nothing obliges the mask to be contiguous: a mask with holes, or one that lacks the upper bits
 * of a CPU that is wider than its firmware thought, is in force at several places. So the address
 * at which the answer changes is computed for any mask: the smallest address above `physical` at
 * which it differs, or `end` if there is none below.
 */
static bool variable_matches(uint64_t physical, uint64_t base, uint64_t mask, uint64_t end,
			     uint64_t *change)
{
	uint64_t wrong = (physical ^ base) & mask;

	*change = end;
	if (!wrong) {
		/* Counting up from here, the lowest bit of the mask is the first to differ. */
		if (mask)
			*change = ((physical >> lowest_bit(mask)) + 1) << lowest_bit(mask);
		return true;
	}

	/*
	 * The next match has the same bits as `physical` above some bit, 1 instead of 0 in that
	 * bit, and below it the smallest bits that match. The lowest such bit is the highest wrong
	 * one if it is 0 now; else the lowest 0 above it that the mask leaves free.
	 */
	unsigned int bit = highest_bit(wrong);

	if (physical >> bit & 1) {
		uint64_t candidates = ~physical & ~mask & ~((2ull << bit) - 1) & (end - 1);

		if (!candidates)
			return false;
		bit = lowest_bit(candidates);
	}

	uint64_t below = (1ull << bit) - 1;

	*change = (physical & ~below) | 1ull << bit | (base & mask & below);
	return false;
}

/*
 * SDM, "MTRR Precedences": "If two or more variable memory ranges match and one of the memory
 * types is UC, the UC memory type used"; "... the memory types are WT and WB, the WT memory type is
 * used"; "For overlaps not defined by the above rules, processor behavior is undefined": UC here.
 */
static enum memory_type overlap(enum memory_type a, enum memory_type b)
{
	if (a == b)
		return a;
	if ((a == MEMORY_TYPE_WT && b == MEMORY_TYPE_WB) ||
	    (a == MEMORY_TYPE_WB && b == MEMORY_TYPE_WT))
		return MEMORY_TYPE_WT;
	return MEMORY_TYPE_UC;
}

enum memory_type memory_type_at(const struct mtrr_state *state, uint64_t physical, uint64_t *bytes)
{
	uint64_t last = physical_mask(state);
	uint64_t end = last + 1;
	enum memory_type type = MEMORY_TYPE_UC;
	bool matched = false;

	if (physical > last) {
		*bytes = 0 - physical;
		return MEMORY_TYPE_UC;
	}

	/*
	 * SDM, "MTRR Precedences": "If the MTRRs are not enabled (by setting the E flag in the
	 * IA32_MTRR_DEF_TYPE MSR), then all memory accesses are of the UC memory type."
	 */
	if (!(state->default_type & MTRR_DEF_TYPE_ENABLE)) {
		*bytes = end - physical;
		return MEMORY_TYPE_UC;
	}

	/*
	 * "If the physical address falls within the first 1 MByte of physical memory and fixed
	 * MTRRs are enabled, the processor uses the memory type stored for the appropriate
	 * fixed-range MTRR." So no variable range, not even UC, counts there.
	 */
	if (physical < FIXED_END && fixed_in_use(state))
		return fixed_type(state, physical, bytes);

	for (uint32_t i = 0; i < variable_count(state); i++) {
		const struct mtrr_variable *range = &state->variable[i];
		enum memory_type its_type = type_or_uc(range->base & MTRR_PHYSBASE_TYPE_MASK);
		uint64_t change;

		if (!(range->mask & MTRR_PHYSMASK_VALID))
			continue;
		if (variable_matches(physical, range->base, range->mask & VARIABLE_ADDRESS & last,
				     last + 1, &change)) {
			type = matched ? overlap(type, its_type) : its_type;
			matched = true;
		}
		if (change < end)
			end = change;
	}
	*bytes = end - physical;

	/*
	 * "If no fixed or variable memory range matches, the processor uses the default memory
	 * type."
	 */
	return matched ? type : type_or_uc(state->default_type & MTRR_DEF_TYPE_MASK);
}

static const char *check_type(const struct mtrr_state *state, uint64_t type)
{
	if (!memory_type_valid(type))
		return "it holds a reserved memory type";
	if (type == MEMORY_TYPE_WC && !(state->capability & MTRRCAP_WC))
		return "it holds write-combining, which IA32_MTRRCAP says the CPU does not have";
	return NULL;
}

static const char *check_variable(const struct mtrr_state *state, uint32_t index, uint32_t *msr)
{
	const struct mtrr_variable *range = &state->variable[index];
	uint64_t address = physical_mask(state) & VARIABLE_ADDRESS;
	uint64_t type = range->base & MTRR_PHYSBASE_TYPE_MASK;
	const char *problem;

	if (!(range->mask & MTRR_PHYSMASK_VALID))
		return NULL;

	*msr = MSR_IA32_MTRR_PHYSBASE(index);
	problem = check_type(state, type);
	if (problem)
		return problem;
	if (range->base & ~(address | MTRR_PHYSBASE_TYPE_MASK))
		return "it has reserved bits set";

	*msr = MSR_IA32_MTRR_PHYSMASK(index);
	if (range->mask & ~(address | MTRR_PHYSMASK_VALID))
		return "it has reserved bits set";

	for (uint32_t i = 0; i < index; i++) {
		const struct mtrr_variable *other = &state->variable[i];
		enum memory_type its_type = type_or_uc(other->base & MTRR_PHYSBASE_TYPE_MASK);

		/* Two ranges have an address in common if no bit that both look at differs. */
		if (!(other->mask & MTRR_PHYSMASK_VALID) ||
		    ((range->base ^ other->base) & range->mask & other->mask & address))
			continue;
		if (type != its_type && type != MEMORY_TYPE_UC && its_type != MEMORY_TYPE_UC &&
		    overlap((enum memory_type)type, its_type) == MEMORY_TYPE_UC)
			return "its range overlaps another in a way whose memory type is undefined";
	}
	return NULL;
}

const char *mtrr_state_check(const struct mtrr_state *state, uint32_t *msr)
{
	const char *problem;

	*msr = 0;
	if (state->physical_bits < 32 || state->physical_bits > 52)
		return "the physical-address width is not in 32 to 52";
	if (state->variable_count > MTRR_VARIABLE_MAX)
		return "there are more variable ranges than Sill has room for";
	if (state->variable_count != (state->capability & MTRRCAP_VCNT_MASK))
		return "the number of variable ranges is not the one in IA32_MTRRCAP";
	if (!(state->default_type & MTRR_DEF_TYPE_ENABLE))
		return NULL;

	*msr = MSR_IA32_MTRR_DEF_TYPE;
	if (state->default_type &
	    ~(MTRR_DEF_TYPE_MASK | MTRR_DEF_TYPE_FIXED_ENABLE | MTRR_DEF_TYPE_ENABLE))
		return "it has reserved bits set";
	problem = check_type(state, state->default_type & MTRR_DEF_TYPE_MASK);
	if (problem)
		return problem;

	for (uint32_t i = 0; fixed_in_use(state) && i < MTRR_FIXED_COUNT; i++) {
		*msr = mtrr_fixed_msr(i);
		for (uint32_t byte = 0; byte < 8; byte++) {
			problem = check_type(state, state->fixed[i] >> (byte * 8) & 0xff);
			if (problem)
				return problem;
		}
	}

	for (uint32_t i = 0; i < state->variable_count; i++) {
		problem = check_variable(state, i, msr);
		if (problem)
			return problem;
	}
	*msr = 0;
	return NULL;
}
