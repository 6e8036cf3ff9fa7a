/* SPDX-License-Identifier: MIT */
/* Measuring in ticks of the TSC, see measure.h. */
#include <stddef.h>
#include "measure.h"

/* From measure.asm. */
measuring_function measure_empty, measure_forty_instructions;

static uint64_t empty;

uint64_t measure_smallest(measuring_function *measure, void *(*prepare)(void))
{
	static uint64_t buffer[16];
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < MEASURE_TRIES; i++) {
		uint64_t ticks = measure(prepare ? prepare() : buffer);

		if (ticks < least)
			least = ticks;
	}
	return least;
}

uint64_t measure_net(uint64_t ticks, unsigned setup)
{
	return ticks > empty + setup ? ticks - empty - setup : 0;
}

struct measure_unit measure_start(void)
{
	struct measure_unit unit;

	empty = measure_smallest(measure_empty, NULL);
	unit.empty = empty;
	unit.proof = measure_smallest(measure_forty_instructions, NULL) - empty;
	unit.instructions = unit.proof == MEASURE_INSTRUCTIONS;
	return unit;
}
