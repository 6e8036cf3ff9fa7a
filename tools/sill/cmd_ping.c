/* SPDX-License-Identifier: MIT */
/* sill ping: does Sill answer, on every CPU? */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "tools/sill/cpus.h"

#define MOST 1000000000ul

struct pings {
	unsigned long count;
	bool failed;
};

/* Never an error's number. */
static uint64_t cookie(unsigned long i)
{
	return (0x9e3779b97f4a7c15u * (i + 1)) & INT64_MAX;
}

static int ping(int cpu, void *context)
{
	struct pings *pings = context;
	unsigned long good = 0;

	if (!cpus_move_to(cpu)) {
		pings->failed = true;
		return 0;
	}
	if (!sill_present()) {
		printf("CPU %d: no Sill\n", cpu);
		pings->failed = true;
		return 0;
	}
	for (unsigned long i = 0; i < pings->count; i++)
		good += (uint64_t)sill_ping(cookie(i)) == cookie(i);
	printf("CPU %d: %lu of %lu answered\n", cpu, good, pings->count);
	if (good != pings->count)
		pings->failed = true;
	return 0;
}

int cmd_ping(int argc, char **argv)
{
	struct pings pings = {.count = 1};
	int status;

	if (argc > 2)
		return usage_error(argv[0], argv[2]);
	if (argc == 2) {
		char *end;

		errno = 0;
		pings.count = strtoul(argv[1], &end, 10);
		if (errno != 0 || argv[1][0] < '0' || argv[1][0] > '9' || *end != '\0' ||
		    pings.count == 0 || pings.count > MOST)
			return usage_error(argv[0], argv[1]);
	}
	status = calls_begin(false);
	if (status != STATUS_GOOD)
		return status;
	if (cpus_each("online", ping, &pings) != 0)
		return STATUS_FAILED;
	return pings.failed ? STATUS_FAILED : STATUS_GOOD;
}
