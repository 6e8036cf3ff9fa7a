/* SPDX-License-Identifier: MIT */
/* The channel `file`: the guest sends a line with a path, and gets that file of the shared DIR. */
#ifndef SILL_TOOLS_LINK_FILE_H
#define SILL_TOOLS_LINK_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_PATH_MAX 4095u

struct file_request {
	char path[FILE_PATH_MAX + 1];
	uint32_t size; /* bytes of it so far */
	bool complete; /* the line has ended; what follows is of no interest */
	int fd;	       /* the file, or -1 */
	uint64_t left; /* bytes of it, as large as it was when it was opened */
};

/*
 * Bytes from the guest; ended: there will be no more, which ends the line, too. 0, or a negative
 * errno: why the guest does not get the file.
 */
int file_request_take(struct file_request *request, const uint8_t *bytes, uint32_t size, bool ended,
		      int directory);

/* The file's next bytes: how many (0: it has ended), or a negative errno. */
int64_t file_request_read(struct file_request *request, uint8_t *to, uint32_t size);

#endif
