/* SPDX-License-Identifier: MIT */
/*
 * probe SUBJECT [ARGUMENT]…: see the files probe_*.c for what each does.
 */
#include <stdio.h>
#include <string.h>

#include "probe.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} subjects[] = {
	{"avx", probe_avx},	  {"channels", probe_channels}, {"cmos", probe_cmos},
	{"cpuid", probe_cpuid},	  {"doors", probe_doors},	{"grant", probe_grant},
	{"memory", probe_memory},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(subjects) / sizeof(subjects[0]); i++)
		if (strcmp(argv[1], subjects[i].name) == 0)
			return subjects[i].run(argc - 2, argv + 2);
	fprintf(stderr, "probe: no such subject\n");
	return 2;
}
