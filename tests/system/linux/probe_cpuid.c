/* SPDX-License-Identifier: MIT */
/*
 * probe cpuid LEAF [SUBLEAF]   prints the four registers, in hexadecimal
 * probe cpuid storm SECONDS    executes CPUID, which exits always, as fast as it goes
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe.h"

static int storm(unsigned int seconds)
{
	unsigned int first[4], eax, ebx, ecx, edx;
	unsigned long count = 0;
	time_t end = time(NULL) + seconds;

	__cpuid_count(0, 0, first[0], first[1], first[2], first[3]);
	while (time(NULL) < end) {
		for (int i = 0; i < 100; i++, count++) {
			__cpuid_count(0, 0, eax, ebx, ecx, edx);
			if (eax != first[0] || ebx != first[1] || ecx != first[2] ||
			    edx != first[3]) {
				printf("cpuid: another answer after %lu\n", count);
				return 1;
			}
		}
	}
	return 0;
}

int probe_cpuid(int argc, char **argv)
{
	unsigned int eax, ebx, ecx, edx;

	if (argc < 1)
		return 2;
	if (strcmp(argv[0], "storm") == 0)
		return argc == 2 ? storm((unsigned int)strtoul(argv[1], NULL, 0)) : 2;
	__cpuid_count((unsigned int)strtoul(argv[0], NULL, 0),
		      argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 0) : 0, eax, ebx, ecx, edx);
	printf("%08x %08x %08x %08x\n", eax, ebx, ecx, edx);
	return 0;
}
