/* SPDX-License-Identifier: MIT */
/* The TAP suite: which groups there are, and which run. */
#include <stddef.h>
#include "console.h"
#include "sill.h"
#include "string.h"
#include "suite.h"
#include "tap.h"

static const struct group {
	const char *name;
	void (*run)(void);
	bool needs_sill;
} groups[] = {
	{"instructions", test_instructions, false},
	{"runtime", test_runtime, false},
	{"discovery", test_discovery, true},
	{"calls", test_calls, true},
	{"pointers", test_pointers, true},
	{"rights", test_rights, true},
	{"ring3", test_ring3, true},
	{"mode32", test_mode32, true},
	{"registers", test_registers, true},
	{"vectors", test_vectors, true},
	{"debug", test_debug, true},
	{"cpuid", test_cpuid, true},
	{"msr", test_msr, true},
	{"control", test_control, true},
	{"vmx", test_vmx, true},
	{"uart", test_uart, true},
	{"ports", test_ports, true},
	{"rtc", test_rtc, true},
	{"time", test_time, true},
	{"memory", test_memory, true},
	{"modules", test_modules, true},
};

static bool listed(const char *list, const char *name)
{
	size_t length = strlen(name);

	if (!*list)
		return true;
	while (*list) {
		if (!memcmp(list, name, length) && (!list[length] || list[length] == ','))
			return true;
		while (*list && *list != ',')
			list++;
		if (*list)
			list++;
	}
	return false;
}

unsigned suite(const char *list)
{
	bool present = sill_present();

	tap_start();
	if (!present)
		print("# Sill is not here: CPUID leaf 40000000h does not say SillSillSill\n");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (!listed(list, groups[i].name))
			continue;
		if (groups[i].needs_sill && !present) {
			tap_skip(groups[i].name, "Sill is not here");
			continue;
		}
		print("# %s\n", groups[i].name);
		groups[i].run();
	}
	return tap_end();
}
