/* SPDX-License-Identifier: MIT */
/* sill info: what runs beneath this system. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"

static void show_features(uint32_t features)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{SILL_FEATURE_CONSOLE, "console"},   {SILL_FEATURE_TIME, "time"},
		{SILL_FEATURE_DISPLAY, "display"},   {SILL_FEATURE_LOG, "log"},
		{SILL_FEATURE_STATS, "stats"},	     {SILL_FEATURE_UNLOAD, "unload"},
		{SILL_FEATURE_UNDERLAY, "underlay"}, {SILL_FEATURE_CHANNELS, "channels"},
		{SILL_FEATURE_LINK, "link"},
	};

	fputs("features: ", stdout);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((features & names[i].bit) != 0)
			printf(" %s", names[i].name);
		features &= ~names[i].bit;
	}
	/* A newer Sill's. */
	if (features != 0)
		printf(" %#" PRIx32, features);
	putchar('\n');
}

static void show_doors(void)
{
	static const char *const names[] = {
#define SILL_DOOR(number, NAME, name, summary) [number] = #name,
#include "doors/doors.def"
#undef SILL_DOOR
	};
	uint32_t open = sill_doors_open();

	fputs("doors:    ", stdout);
	for (size_t i = 0; i < SILL_DOOR_COUNT; i++) {
		if ((open >> i & 1) != 0)
			printf(" %s", names[i]);
	}
	putchar('\n');
}

int cmd_info(int argc, char **argv)
{
	struct sill_display_info display = {0};
	struct sill_info info = {0};
	int64_t answer;
	int status;

	if (argc > 1)
		return usage_error(argv[0], argv[1]);
	status = calls_begin(false);
	if (status != STATUS_GOOD)
		return status;
	answer = call_info(&info);
	if (answer < 0)
		return calls_say_error("info", answer);
	printf("Sill:      %" PRIu32 ".%" PRIu32 ".%" PRIu32 ", %s mode\n", info.version_major,
	       info.version_minor, info.version_patch, info.mode == 0 ? "guest" : "underlay");
	printf("ABI:       version %" PRIu32 ", %" PRIu32 " calls\n", info.abi_version, info.calls);
	show_features(info.features);
	show_doors();
	printf("CPUs:      %" PRIu32 "\n", info.cpus);
	if (info.memory != 0)
		printf("memory:    %" PRIu64 " MiB\n", info.memory >> 20);
	if (call_display_info(&display) >= 0)
		printf("display:   %" PRIu32 "x%" PRIu32 ", at most %" PRIu32 "x%" PRIu32 "\n",
		       display.width, display.height, display.max_width, display.max_height);
	return STATUS_GOOD;
}
