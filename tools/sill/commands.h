/* SPDX-License-Identifier: MIT */
/* The words after `sill`: one file cmd_<name>.c each. */
#ifndef SILL_TOOLS_COMMANDS_H
#define SILL_TOOLS_COMMANDS_H

/* What the program's exit status tells. */
enum status {
	STATUS_GOOD,
	STATUS_FAILED,	   /* something did not work, and why has been said */
	STATUS_NO_SILL,	   /* no Sill beneath this system */
	STATUS_DIFFERS,	   /* the other end counts other bytes, or has another checksum of them */
	STATUS_NOBODY,	   /* nobody at the other end of a channel, or no longer */
	STATUS_USAGE = 64, /* wrong arguments */
};

/*
 * argv[0] is the command's own name, arguments follow. They are looked at first, then calls_begin()
 * is asked (tools/sill/calls.h). Answers an enum status.
 */
typedef int command_run(int argc, char **argv);
command_run cmd_info, cmd_ping, cmd_time, cmd_clock, cmd_resolution, cmd_log, cmd_stats, cmd_bench,
	cmd_channels, cmd_send, cmd_recv, cmd_connect, cmd_mount, cmd_unload;

/* Says that an argument is not understood; STATUS_USAGE. */
int usage_error(const char *command, const char *argument);

#endif
