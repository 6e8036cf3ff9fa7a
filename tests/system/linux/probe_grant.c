/* SPDX-License-Identifier: MIT */
/*
 * probe grant COMMAND [ARGUMENT]…   runs a command as the user nobody, with CAP_SYS_RAWIO and no
 * other right
 */
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

#define NOBODY 65534

/* The right has to survive the change of the user, and then the start of a program. */
static int become_nobody_with_rawio(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {{
		.effective = 1u << CAP_SYS_RAWIO,
		.permitted = 1u << CAP_SYS_RAWIO,
		.inheritable = 1u << CAP_SYS_RAWIO,
	}};

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(0, NULL) != 0 ||
	    setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
		return -1;
	if (syscall(SYS_capset, &header, sets) != 0)
		return -1;
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_RAWIO, 0, 0);
}

int probe_grant(int argc, char **argv)
{
	if (argc < 1)
		return 2;
	if (become_nobody_with_rawio() != 0) {
		perror("probe: grant");
		return 2;
	}
	execvp(argv[0], argv);
	perror(argv[0]);
	return 2;
}
