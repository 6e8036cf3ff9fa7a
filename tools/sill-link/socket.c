/* SPDX-License-Identifier: MIT */
/* Unix sockets that sill-link makes, and takes away again. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/sill-link/report.h"
#include "tools/sill-link/socket.h"

bool socket_address(struct sockaddr_un *address, const char *path)
{
	size_t size = strlen(path);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (size > SOCKET_PATH_MAX) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address->sun_path, path, size);
	return true;
}

/* Whether nothing, or nothing any more, is at the path; what a dead sill-link left is removed. */
static bool make_way(const struct sockaddr_un *address)
{
	const char *path = address->sun_path;
	struct stat there;
	int probe, answer;

	if (lstat(path, &there) != 0) {
		if (errno == ENOENT)
			return true;
		say_error("%s: cannot make a socket there: %s", path, strerror(errno));
		return false;
	}
	if (!S_ISSOCK(there.st_mode) || there.st_uid != geteuid()) {
		say_error("%s: something that is no socket of yours is there already, and stays: "
			  "remove it, or choose another place",
			  path);
		errno = EEXIST;
		return false;
	}
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0) {
		say_error("%s: no socket to be had: %s", path, strerror(errno));
		return false;
	}
	answer = connect(probe, (const struct sockaddr *)address, sizeof(*address));
	if (answer != 0)
		answer = errno;
	close(probe);
	if (answer != ECONNREFUSED) {
		say_error("%s: a running program listens there already: end it, or choose another "
			  "place",
			  path);
		errno = EADDRINUSE;
		return false;
	}
	remove_own(path, there.st_dev, there.st_ino);
	return true;
}

bool own_socket_make(struct own_socket *own, const char *path)
{
	struct sockaddr_un address;
	struct stat made;
	mode_t mask;
	int fd, answer;

	if (!socket_address(&address, path)) {
		say_error("%s: longer than the %zu bytes that a Unix socket's path may have", path,
			  SOCKET_PATH_MAX);
		return false;
	}
	if (!make_way(&address))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		say_error("%s: no socket to be had: %s", path, strerror(errno));
		return false;
	}
	mask = umask(0177);
	answer = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (answer != 0 || listen(fd, 8) != 0 || lstat(path, &made) != 0) {
		answer = errno;
		say_error("%s: cannot listen there: %s", path, strerror(answer));
		close(fd);
		errno = answer;
		return false;
	}
	own->listener.fd = fd;
	memcpy(own->path, address.sun_path, sizeof(own->path));
	own->device = made.st_dev;
	own->inode = made.st_ino;
	return true;
}

int own_socket_accept(struct own_socket *own)
{
	own->listener.ready = 0;
	return accept4(own->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

void remove_own(const char *path, dev_t device, ino_t inode)
{
	struct stat there;

	if (lstat(path, &there) == 0 && there.st_dev == device && there.st_ino == inode)
		unlink(path);
}

void own_socket_remove(struct own_socket *own)
{
	if (own->listener.fd < 0)
		return;
	source_close(&own->listener);
	remove_own(own->path, own->device, own->inode);
}
