/* SPDX-License-Identifier: MIT */
/* sill unload: Sill goes, the system runs on. */
#include <stdio.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "tools/sill/cpus.h"

/* How often a CPU is given the occasion to leave. */
#define OCCASIONS 3

/* On this CPU: each CPUID is an occasion for Sill to leave it. */
static int visit(int cpu, void *context)
{
	int *left_behind = context;
	bool beneath = true;

	if (!cpus_online(cpu)) {
		printf("CPU %d: offline, so Sill is still beneath it; it goes when the CPU is online "
		       "and executes CPUID\n",
		       cpu);
		return 0;
	}
	if (!cpus_move_to(cpu)) {
		(*left_behind)++;
		return 0;
	}
	for (int i = 0; i < OCCASIONS && beneath; i++)
		beneath = sill_present();
	printf("CPU %d: %s\n", cpu, beneath ? "Sill is still beneath it" : "out");
	if (beneath)
		(*left_behind)++;
	return 0;
}

int cmd_unload(int argc, char **argv)
{
	int left_behind = 0, status;
	int64_t answer;

	if (argc > 1)
		return usage_error(argv[0], argv[1]);
	status = calls_begin(true);
	if (status != STATUS_GOOD)
		return status;
	answer = sill_unload();
	if (answer == -SILL_ENOTSUP) {
		fputs("sill: unload: Sill runs this system as its guest and cannot go\n", stderr);
		return STATUS_FAILED;
	}
	if (answer < 0)
		return calls_say_error("unload", answer);
	if (cpus_each("present", visit, &left_behind) != 0)
		return STATUS_FAILED;
	return left_behind == 0 ? STATUS_GOOD : STATUS_FAILED;
}
