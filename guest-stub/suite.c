/* SPDX-License-Identifier: MIT */
/* The TAP suite: which groups there are, and which run. */
#include <stddef.h>
#include "console.h"
#include <sill/call.h>
#include "suite.h"
#include "tap.h"
#include "words.h"

static const struct group {
	const char *name;
	void (*run)(void);
	enum {
		ANYWHERE,
		ABOVE_SILL,
		BY_NAME
	} when; /* by name: only if it is asked for, too */
} groups[] = {
	{"instructions", test_instructions, ANYWHERE},
	{"runtime", test_runtime, ANYWHERE},
	{"discovery", test_discovery, ABOVE_SILL},
	{"calls", test_calls, ABOVE_SILL},
	{"pointers", test_pointers, ABOVE_SILL},
	{"rights", test_rights, ABOVE_SILL},
	{"ring3", test_ring3, ABOVE_SILL},
	{"mode32", test_mode32, ABOVE_SILL},
	{"registers", test_registers, ABOVE_SILL},
	{"vectors", test_vectors, ABOVE_SILL},
	{"debug", test_debug, ABOVE_SILL},
	{"cpuid", test_cpuid, ABOVE_SILL},
	{"msr", test_msr, ABOVE_SILL},
	{"control", test_control, ABOVE_SILL},
	{"vmx", test_vmx, ABOVE_SILL},
	{"uart", test_uart, ABOVE_SILL},
	{"ports", test_ports, ABOVE_SILL},
	{"rtc", test_rtc, ABOVE_SILL},
	{"time", test_time, ABOVE_SILL},
	{"memory", test_memory, ABOVE_SILL},
	{"modules", test_modules, ABOVE_SILL},
	{"channels", test_channels, ABOVE_SILL},
	{"rings", test_rings, ABOVE_SILL},
	{"nmi", test_nmi, BY_NAME},
	{"link", test_link, BY_NAME},
};

unsigned suite(const char *list)
{
	bool present = sill_present();

	tap_start();
	if (!present)
		print("# Sill is not here: CPUID leaf 40000000h does not say SillSillSill\n");
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (!word_listed(list, groups[i].name) || (groups[i].when == BY_NAME && !*list))
			continue;
		if (groups[i].when != ANYWHERE && !present) {
			tap_skip(groups[i].name, "Sill is not here");
			continue;
		}
		print("# %s\n", groups[i].name);
		groups[i].run();
	}
	return tap_end();
}
