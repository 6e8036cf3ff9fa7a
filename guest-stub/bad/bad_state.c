/* SPDX-License-Identifier: MIT */
/*
 * A guest in which nothing is wrong: it says so and ends with success. Sill's configuration makes
 * its state impossible, so that it never gets to this.
 */
#include <sill/hypercall.h>
#include "small.h"

void main(const char *command_line)
{
	(void)command_line;
	say("bad_state: this guest was entered\n");
	vmcall(SILL_CALL_EXIT, 0);
}
