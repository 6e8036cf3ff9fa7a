/* SPDX-License-Identifier: MIT */
/* A file through a channel, one way, checked at its end. */
#ifndef SILL_TOOLS_TRANSFER_H
#define SILL_TOOLS_TRANSFER_H

#include <sill/channel.h>

#include <stdbool.h>
#include <stdint.h>

#include "tools/sill/channel.h"
#include "tools/sill/pace.h"
#include "tools/sill/progress.h"

struct transfer {
	struct channel *channel; /* open */
	int fd;			 /* the file */
	bool quiet;		 /* no bar, and no line if all is well */

	uint64_t bytes; /* moved */
	uint32_t crc32; /* of them */
	struct pace pace;
	struct progress progress;
	struct sill_channel state; /* as it was seen last */
	uint64_t begin_us;	   /* since when somebody is at the other end; 0: not yet */
	uint64_t discarded;	   /* send: bytes that the other end sent, which nobody wants */
	bool discarded_all;	   /* up to their end */
	uint64_t again;		   /* so many were moved, and it is tried once more at once */
	uint64_t in_vain;	   /* so often that moved little or nothing */
	uint64_t backed_off_us;	   /* recv: how long the last sleep was since which nothing came */
	/* send: so many were on their way at this moment, when `bytes` had this value. */
	uint64_t level, level_us, level_bytes;
};

/*
 * Sends the file up to its end, and waits until the program at the other end has it. An enum
 * status: STATUS_DIFFERS if that has something else.
 */
int transfer_send(struct transfer *transfer);

/* Receives a file up to its end. Sends nothing: ends that direction at once. The same answers. */
int transfer_receive(struct transfer *transfer);

#endif
