/* SPDX-License-Identifier: MIT */
/* Programs that sill-link runs: each with two pipes, ended when nobody needs it any more. */
#ifndef SILL_TOOLS_LINK_EXEC_H
#define SILL_TOOLS_LINK_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process_pipes {
	int to;	    /* its standard input, ours to write */
	int from;   /* its standard output, ours to read */
	int unread; /* the other end of `to`: tells what it has not read */
};

struct process_wishes {
	const char *channel; /* its name is the program's SILL_CHANNEL; NULL: none */
	int error;	     /* its standard error; -1: ours */
	int inherit;	     /* one more descriptor that it gets as it is; -1: none */
	uint64_t data_limit; /* bytes of memory that it may have; 0: no limit */
};

/*
 * Starts a program with these arguments, found along PATH, in a process group of its own. Answers
 * a number for the calls below, or a negative errno. The pipes don't block.
 */
int process_start(char *const arguments[], const struct process_wishes *wishes,
		  struct process_pipes *pipes);

/* Whether it has ended, and then how: as of waitpid(). */
bool process_has_ended(int number, int *status);

/* It is not needed any more: SIGTERM, and SIGKILL if that is not enough. The number is free. */
void process_let_go(int number, uint64_t now);

/* SIGCHLD came. */
void processes_collect(void);

/* Kills those whose time is over; when to call it next. */
void processes_work(uint64_t now);
uint64_t processes_due(void);

/* Lets go of all of them, and comes back when they have ended. */
void processes_end(void);

/* What became of one, as words. */
const char *process_fate(int status, char *text, size_t size);

#endif
