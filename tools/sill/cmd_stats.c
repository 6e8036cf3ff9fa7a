/* SPDX-License-Identifier: MIT */
/* sill stats: VM exits by reason and CPU. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "vmx/exit_reason.h"

/* More than any Sill runs on. */
#define MOST_CPUS 4096

static struct sill_stats *stats; /* of each CPU */
static uint32_t cpus;

/* An error of the call, or 0. */
static int64_t read_all(void)
{
	struct sill_stats first = {0};
	int64_t answer = call_stats(0, &first);

	if (answer < 0)
		return answer;
	if (first.cpus == 0 || first.cpus > MOST_CPUS)
		return -SILL_EINVAL;
	cpus = first.cpus;
	stats = calloc(cpus, sizeof(*stats));
	if (stats == NULL)
		return -SILL_ENOMEM;
	for (uint32_t cpu = 0; cpu < cpus && answer >= 0; cpu++)
		answer = call_stats(cpu, &stats[cpu]);
	return answer < 0 ? answer : 0;
}

static uint64_t value(uint32_t cpu, size_t offset)
{
	uint64_t number;

	memcpy(&number, (const char *)&stats[cpu] + offset, sizeof(number));
	return number;
}

/* A line of the table, the numbers at this offset in the structures, unless all of them are 0. */
static void show_row(const char *name, size_t offset, bool summed)
{
	uint64_t total = 0;

	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		total += value(cpu, offset);
	if (total == 0)
		return;
	printf("%-44s", name);
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		printf(" %11" PRIu64, value(cpu, offset));
	if (summed && cpus > 1)
		printf(" %11" PRIu64, total);
	putchar('\n');
}

static void show_table(void)
{
	printf("%-44s", "VM exits, by APIC ID of the CPU");
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		printf(" %11" PRIu32, stats[cpu].apic_id);
	if (cpus > 1)
		printf(" %11s", "all");
	putchar('\n');
	for (uint32_t i = 0; i < SILL_STATS_REASONS; i++)
		show_row(exit_reason_words(i), offsetof(struct sill_stats, exits[i]), true);
	show_row("failed VM entries", offsetof(struct sill_stats, odd), true);
	show_row("ticks of the last INIT", offsetof(struct sill_stats, init_ticks), false);
	show_row("ticks of the last start-up IPI", offsetof(struct sill_stats, sipi_ticks), false);
}

static void show_json(void)
{
	puts("{\"cpus\": [");
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		const struct sill_stats *of = &stats[cpu];
		const char *comma = "";

		printf("  {\"apic_id\": %" PRIu32 ", \"failed_entries\": %" PRIu64
		       ", \"init_ticks\": %" PRIu64 ", \"sipi_ticks\": %" PRIu64 ", \"exits\": {",
		       of->apic_id, of->odd, of->init_ticks, of->sipi_ticks);
		for (uint32_t i = 0; i < SILL_STATS_REASONS; i++) {
			if (of->exits[i] == 0)
				continue;
			printf("%s\"%s\": %" PRIu64, comma, exit_reason_words(i), of->exits[i]);
			comma = ", ";
		}
		printf("}}%s\n", cpu + 1 < cpus ? "," : "");
	}
	puts("]}");
}

int cmd_stats(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	int64_t error;
	int status;

	if (argc > 1 + json)
		return usage_error(argv[0], argv[1 + json]);
	status = calls_begin(true);
	if (status != STATUS_GOOD)
		return status;
	error = read_all();
	if (error != 0)
		return calls_say_error("stats", error);
	if (json)
		show_json();
	else
		show_table();
	return STATUS_GOOD;
}
