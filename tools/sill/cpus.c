/* SPDX-License-Identifier: MIT */
/* The CPUs of this Linux; see tools/sill/cpus.h. */
#include "tools/sill/cpus.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Linux knows no machine with more. */
#define MOST_CPUS 8192

int cpus_each(const char *list, int (*visit)(int cpu, void *context), void *context)
{
	char path[64];
	unsigned first, last;
	FILE *file;
	int answer = 0;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", list);
	file = fopen(path, "re");
	if (file == NULL) {
		fprintf(stderr, "sill: %s: %s\n", path, strerror(errno));
		return -1;
	}
	/* "0-3,5,8-11"; empty if there is none. */
	while (answer == 0 && fscanf(file, "%u", &first) == 1) {
		last = first;
		if (fscanf(file, "-%u", &last) == 1 && last < first)
			break;
		for (unsigned cpu = first; cpu <= last && cpu < MOST_CPUS && answer == 0; cpu++)
			answer = visit((int)cpu, context);
		if (fgetc(file) != ',')
			break;
	}
	fclose(file);
	return answer;
}

bool cpus_online(int cpu)
{
	char path[64];
	int state = '1'; /* one that can't be switched off has no such file */
	FILE *file;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	file = fopen(path, "re");
	if (file != NULL) {
		state = fgetc(file);
		fclose(file);
	}
	return state == '1';
}

bool cpus_move_to(int cpu)
{
	cpu_set_t *set = CPU_ALLOC(MOST_CPUS);
	size_t size = CPU_ALLOC_SIZE(MOST_CPUS);
	int answer = -1;

	if (set != NULL) {
		CPU_ZERO_S(size, set);
		CPU_SET_S((size_t)cpu, size, set);
		answer = sched_setaffinity(0, size, set);
		CPU_FREE(set);
	}
	if (answer != 0)
		fprintf(stderr, "sill: CPU %d: this program may not run there: %s\n", cpu,
			strerror(errno));
	return answer == 0;
}

bool cpus_stay(void)
{
	int cpu = sched_getcpu();

	if (cpu < 0) {
		fprintf(stderr, "sill: on which CPU is this? %s\n", strerror(errno));
		return false;
	}
	return cpus_move_to(cpu);
}
