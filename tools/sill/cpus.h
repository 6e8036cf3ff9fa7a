/* SPDX-License-Identifier: MIT */
/* The CPUs of this Linux, and being on a certain one of them. */
#ifndef SILL_TOOLS_CPUS_H
#define SILL_TOOLS_CPUS_H

#include <stdbool.h>

/*
 * Calls visit() for each CPU number in a list of /sys/devices/system/cpu ("online", "present",
 * …), in ascending order, until it answers something other than 0, and answers that. -1 if the
 * list can't be read, which is said.
 */
int cpus_each(const char *list, int (*visit)(int cpu, void *context), void *context);

/* Is a CPU of the list "present" online? */
bool cpus_online(int cpu);

/* Stays where the program runs now, or moves to a CPU and stays there. False: it has been said. */
bool cpus_stay(void);
bool cpus_move_to(int cpu);

#endif
