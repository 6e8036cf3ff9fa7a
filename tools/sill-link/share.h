/* SPDX-License-Identifier: MIT */
/*
 * The folder that the guest may see. The server for it is diod; it keeps no client from leaving the
 * folder (symbolic links, names of other exports), so it runs in a sandbox of bubblewrap's in which
 * there is nothing but the folder and what diod itself consists of.
 */
#ifndef SILL_TOOLS_LINK_SHARE_H
#define SILL_TOOLS_LINK_SHARE_H

#include "tools/sill-link/exec.h"
#include "tools/sill-link/options.h"

/*
 * Looks for all that is needed, and tries it once. If something is missing it says what, and what
 * to do, and answers an exit status; else -1.
 */
int share_begin(const struct options *options);

/* The folder, as a descriptor. */
int share_directory(void);

/* A server for one client. As process_start(). */
int share_start(struct process_pipes *pipes);

#endif
