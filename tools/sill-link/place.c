/* SPDX-License-Identifier: MIT */
/* Places in a directory where programs of this machine meet the guest's channels. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tools/sill-link/place.h"
#include "tools/sill-link/report.h"

/* The lasting ones, and one for each channel that may be open. */
#define PLACES (2 * OPTIONS_NAMES)

static const char *directory; /* NULL: none */
static bool pipes;
static int lock = -1;
static struct place places[PLACES];

bool places_are_wanted(void)
{
	return directory != NULL;
}

bool places_are_pipes(void)
{
	return pipes;
}

/* A named pipe of ours, new. What a dead sill-link left there is replaced. */
static bool make_pipe(struct pipe_file *file, const char *name, const char *suffix)
{
	struct stat there;
	mode_t mask;
	int answer;

	snprintf(file->path, sizeof(file->path), "%s/%s.%s", directory, name, suffix);
	if (lstat(file->path, &there) == 0) {
		if (!S_ISFIFO(there.st_mode) || there.st_uid != geteuid()) {
			say_error("%s: something that is no named pipe of yours is there already, "
				  "and stays: remove it",
				  file->path);
			errno = EEXIST;
			return false;
		}
		remove_own(file->path, there.st_dev, there.st_ino);
	}
	mask = umask(0177);
	answer = mkfifo(file->path, 0600);
	umask(mask);
	if (answer != 0 || lstat(file->path, &there) != 0) {
		answer = errno;
		say_error("%s: cannot make a named pipe: %s", file->path, strerror(answer));
		errno = answer;
		return false;
	}
	file->device = there.st_dev;
	file->inode = there.st_ino;
	return true;
}

static bool make(struct place *place, const char *name)
{
	char path[4096];

	*place = (struct place){.socket = OWN_SOCKET_NONE};
	if (pipes) {
		if (!make_pipe(&place->in, name, "in"))
			return false;
		if (!make_pipe(&place->out, name, "out")) {
			int error = errno;

			remove_own(place->in.path, place->in.device, place->in.inode);
			errno = error;
			return false;
		}
	} else {
		snprintf(path, sizeof(path), "%s/%s", directory, name);
		if (!own_socket_make(&place->socket, path))
			return false;
	}
	snprintf(place->name, sizeof(place->name), "%s", name);
	return true;
}

static void unmake(struct place *place)
{
	own_socket_remove(&place->socket);
	if (pipes) {
		remove_own(place->in.path, place->in.device, place->in.inode);
		remove_own(place->out.path, place->out.device, place->out.inode);
	}
	place->name[0] = '\0';
}

/* Names in it are ours alone, and no other sill-link's. */
static bool open_directory(void)
{
	struct stat there;

	if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
		say_error("%s: cannot make this directory: %s", directory, strerror(errno));
		return false;
	}
	lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || fstat(lock, &there) != 0) {
		say_error("%s: cannot open this directory: %s", directory, strerror(errno));
		return false;
	}
	if (there.st_uid != geteuid() || (there.st_mode & (S_IWGRP | S_IWOTH))) {
		say_error("%s: others may put files into this directory, and be taken for the "
			  "guest: choose one that only you may write to (chmod go-w)",
			  directory);
		return false;
	}
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		say_error("%s: another sill-link uses this directory: choose another, or end it",
			  directory);
		return false;
	}
	return true;
}

int places_begin(const struct options *options)
{
	size_t most = options->pipes != NULL ? sizeof(places[0].in.path) - 8 : SOCKET_PATH_MAX;

	directory = options->pipes != NULL ? options->pipes : options->sockets;
	pipes = options->pipes != NULL;
	if (directory == NULL)
		return -1;
	if (directory[0] == '\0' || strlen(directory) + 1 + LINK_NAME_MAX > most) {
		say_error("--%s '%s': the directory's name may have 1 to %zu bytes",
			  pipes ? "pipes" : "dir", directory, most - 1 - LINK_NAME_MAX);
		return STATUS_USAGE;
	}
	if (!open_directory())
		return STATUS_FAILED;
	for (unsigned int i = 0; i < options->channels; i++) {
		if (!make(&places[i], options->channel[i]))
			return STATUS_FAILED;
		places[i].lasting = true;
	}
	return -1;
}

struct place *place_take(const char *name)
{
	struct place *free_one = NULL;

	for (unsigned int i = 0; i < PLACES; i++) {
		struct place *place = &places[i];

		if (place->name[0] == '\0' && free_one == NULL)
			free_one = place;
		if (strcmp(place->name, name) != 0)
			continue;
		if (place->taken) {
			errno = EBUSY;
			return NULL;
		}
		place->taken = true;
		return place;
	}
	if (free_one == NULL) {
		errno = ENFILE;
		return NULL;
	}
	if (!make(free_one, name))
		return NULL;
	free_one->taken = true;
	return free_one;
}

void place_joined(struct place *place)
{
	if (place->lasting)
		source_watch(&place->socket.listener, 0);
	else
		own_socket_remove(&place->socket);
}

void place_leave(struct place *place)
{
	place->taken = false;
	if (!place->lasting)
		unmake(place);
	else
		source_watch(&place->socket.listener, 0);
}

void places_end(void)
{
	for (unsigned int i = 0; i < PLACES; i++) {
		if (places[i].name[0] != '\0')
			unmake(&places[i]);
	}
	if (lock >= 0)
		close(lock);
	lock = -1;
}
