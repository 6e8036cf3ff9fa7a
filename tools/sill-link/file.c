/* SPDX-License-Identifier: MIT */
/* The channel `file`. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/sill-link/file.h"

/*
 * Opens a regular file beneath the directory, and nothing outside, whatever the path or symbolic
 * links say. First only its place, for opening a device or a named pipe does something to it.
 */
static int open_beneath(int directory, const char *path, uint64_t *size)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	int place = (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
	char name[64];
	struct stat there = {0};
	int fd;

	/* The one that says that the path leads outside. */
	if (place < 0)
		return errno == EXDEV ? -EACCES : -errno;
	if (fstat(place, &there) != 0 || !S_ISREG(there.st_mode)) {
		close(place);
		return S_ISDIR(there.st_mode) ? -EISDIR : -EACCES;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", place);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		fd = -errno;
	close(place);
	*size = (uint64_t)there.st_size;
	return fd;
}

int file_request_take(struct file_request *request, const uint8_t *bytes, uint32_t size, bool ended,
		      int directory)
{
	const uint8_t *end;
	uint32_t part;

	if (request->complete)
		return 0;
	end = memchr(bytes, '\n', size);
	part = end != NULL ? (uint32_t)(end - bytes) : size;
	if (part > FILE_PATH_MAX - request->size)
		return -ENAMETOOLONG;
	memcpy(request->path + request->size, bytes, part);
	request->size += part;
	if (end == NULL && !ended)
		return 0;
	request->complete = true;
	request->path[request->size] = '\0';
	if (request->size == 0 || strlen(request->path) != request->size)
		return -EINVAL;
	request->fd = open_beneath(directory, request->path, &request->left);
	return request->fd < 0 ? request->fd : 0;
}

int64_t file_request_read(struct file_request *request, uint8_t *to, uint32_t size)
{
	ssize_t got;

	if (size > request->left)
		size = (uint32_t)request->left;
	if (size == 0)
		return 0;
	got = read(request->fd, to, size);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? -EIO : -errno;
	request->left -= (uint64_t)got;
	return got;
}
