/* SPDX-License-Identifier: MIT */
/*
 * Measuring in ticks of the TSC: what is common to the benchmark and to the comparison of the
 * doors. The measuring functions themselves are written in assembly, with measure.inc.
 */
#ifndef GUEST_MEASURE_H
#define GUEST_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#define MEASURE_TRIES	     64
#define MEASURE_INSTRUCTIONS 40 /* of the proof */

/* Reads the TSC, executes what it is about, and answers by how much the TSC is higher then. */
typedef uint64_t measuring_function(void *buffer);

struct measure_unit {
	bool instructions; /* a tick is an executed instruction; else a cycle */
	uint64_t empty;	   /* ticks between two RDTSC with nothing between them */
	uint64_t proof;	   /* ticks that MEASURE_INSTRUCTIONS take */
};

/* What a tick is on this machine: to be called first. */
struct measure_unit measure_start(void);

/* Of MEASURE_TRIES. prepare is called before each try and answers its buffer; NULL: 128 bytes. */
uint64_t measure_smallest(measuring_function *measure, void *(*prepare)(void));

/* What is left of these ticks without the RDTSC and the set-up between them. */
uint64_t measure_net(uint64_t ticks, unsigned setup);

#endif
