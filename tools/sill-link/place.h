/* SPDX-License-Identifier: MIT */
/*
 * Places in a directory where programs of this machine meet the guest's channels: a Unix socket
 * NAME, or two named pipes, NAME.in (to the guest) and NAME.out (from it).
 */
#ifndef SILL_TOOLS_LINK_PLACE_H
#define SILL_TOOLS_LINK_PLACE_H

#include "tools/sill-link/options.h"
#include "tools/sill-link/socket.h"

struct place {
	char name[LINK_NAME_MAX + 1]; /* empty: free */
	bool lasting;		      /* it was there before the guest opened it, and stays */
	bool taken;		      /* a channel uses it */
	struct own_socket socket;
	struct pipe_file {
		char path[4096];
		dev_t device;
		ino_t inode;
	} in, out;
};

/* Makes the directory and the lasting places. An exit status if that can't be, else -1. */
int places_begin(const struct options *options);

/* Whether channels are joined to places at all. */
bool places_are_wanted(void);
bool places_are_pipes(void);

/* The place for a channel that was opened, or NULL with errno (EBUSY: another channel has it). */
struct place *place_take(const char *name);

/* A program has connected to the socket: nobody else can now, if the place isn't lasting. */
void place_joined(struct place *place);

/* The channel is closed. */
void place_leave(struct place *place);

void places_end(void);

#endif
