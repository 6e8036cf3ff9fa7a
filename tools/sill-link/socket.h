/* SPDX-License-Identifier: MIT */
/* Unix sockets that sill-link makes, and takes away again. */
#ifndef SILL_TOOLS_LINK_SOCKET_H
#define SILL_TOOLS_LINK_SOCKET_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "tools/sill-link/loop.h"

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1)

struct own_socket {
	struct source listener;
	char path[SOCKET_PATH_MAX + 1];
	dev_t device; /* which file it is: only that one is removed */
	ino_t inode;
};

#define OWN_SOCKET_NONE ((struct own_socket){.listener = {.fd = -1}})

/* Fills in the address; false if the path is too long for one (errno is ENAMETOOLONG). */
bool socket_address(struct sockaddr_un *address, const char *path);

/*
 * Makes it and listens, mode 0600. A socket of ours that is there already and that nobody listens
 * at any more is replaced; anything else is left alone. false: it has said why, and errno tells.
 */
bool own_socket_make(struct own_socket *own, const char *path);

/* The next program that has connected, or -1 with errno. */
int own_socket_accept(struct own_socket *own);

/* Stops listening and removes it; what somebody else has put in its place stays. */
void own_socket_remove(struct own_socket *own);

/* Removes path if it is still this file. */
void remove_own(const char *path, dev_t device, ino_t inode);

#endif
