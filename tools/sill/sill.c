/* SPDX-License-Identifier: MIT */
/* `sill`: talks to the hypervisor beneath this Linux. Needs no driver: VMCALL works in ring 3. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/version.h"
#include "tools/sill/commands.h"

static const struct {
	const char *name;
	const char *arguments; /* of one way to call it */
	const char *words;
	command_run *run;
} commands[] = {
	{"info", "", "what runs beneath this system, and what it offers", cmd_info},
	{"ping", " [COUNT]", "calls Sill COUNT times on every CPU", cmd_ping},
	{"time", "", "Sill's clock beside the system's", cmd_time},
	{"clock", " --compare", "the same, and whether they agree", cmd_clock},
	{"clock", " --set", "sets the system's clock from Sill's (needs root)", cmd_clock},
	{"resolution", "", "of the display, now and at most", cmd_resolution},
	{"log", " [-f]", "Sill's messages; -f waits for more (needs root)", cmd_log},
	{"stats", " [--json]", "VM exits by reason and CPU (needs root)", cmd_stats},
	{"bench", "", "what a call and a CPUID cost, in ticks of the TSC", cmd_bench},
	{"channels", " [--json]", "open channels, and the serial line (needs root)", cmd_channels},
	{"channels", " --close NAME", "closes a channel, whoever uses it (needs root)",
	 cmd_channels},
	{"send", " NAME <FILE", "sends standard input through a channel *", cmd_send},
	{"recv", " NAME >FILE", "receives standard output from a channel *", cmd_recv},
	{"connect", " NAME", "joins standard input and output with a channel *", cmd_connect},
	{"mount", " DIR [--rw]", "mounts the folder that sill-link shares **", cmd_mount},
	{"unload", "", "takes Sill away; the system runs on without it (needs root)", cmd_unload},
};
/* Of the longest name and its arguments. */
#define USAGE_WIDTH 21
#define COMMANDS    (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *file)
{
	fputs("usage: sill COMMAND\n", file);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(file, "  %s%-*s %s\n", commands[i].name,
			USAGE_WIDTH - (int)strlen(commands[i].name), commands[i].arguments,
			commands[i].words);
	fputs("  --help, --version\n"
	      " * [--take-over] [--timeout SECONDS] [--quiet]; needs root\n"
	      "** [--channel NAME] [--msize BYTES] [--take-over] [--timeout SECONDS]; needs root\n"
	      "Exit status: 0 good, 1 failed, 2 no Sill beneath this system, 3 what arrived differs,\n"
	      "4 nobody at the other end of the channel, 64 wrong arguments\n",
	      file);
}

int usage_error(const char *name, const char *argument)
{
	fprintf(stderr, "sill: %s: not understood: %s (see sill --help)\n", name, argument);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		help(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help(stdout);
		return STATUS_GOOD;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("sill %d.%d.%d\n", SILL_VERSION_MAJOR, SILL_VERSION_MINOR,
		       SILL_VERSION_PATCH);
		return STATUS_GOOD;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "sill: no command is called %s (see sill --help)\n", argv[1]);
	return STATUS_USAGE;
}
