/* SPDX-License-Identifier: MIT */
/* Waiting for files and for the clock. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tools/sill-link/loop.h"
#include "tools/sill-link/report.h"

#define EVENTS	    64
#define PLAIN_FILES 4

static int epoll = -1;
/* What epoll refuses to wait for, because it is always ready: an ordinary file, /dev/null. */
static struct source *plain[PLAIN_FILES];

bool loop_begin(void)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		say_error("epoll_create1: %s", strerror(errno));
	return epoll >= 0;
}

static void forget_plain(const struct source *source)
{
	for (int i = 0; i < PLAIN_FILES; i++) {
		if (plain[i] == source)
			plain[i] = NULL;
	}
}

static void remember_plain(struct source *source)
{
	for (int i = 0; i < PLAIN_FILES; i++) {
		if (plain[i] == NULL) {
			plain[i] = source;
			return;
		}
	}
}

void source_watch(struct source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	int operation = EPOLL_CTL_MOD;

	if (source->fd < 0 || source->watched == events)
		return;
	forget_plain(source);
	if (events == 0)
		operation = EPOLL_CTL_DEL;
	else if (source->watched == 0)
		operation = EPOLL_CTL_ADD;
	if (epoll_ctl(epoll, operation, source->fd, &event) != 0 && events != 0)
		remember_plain(source);
	source->watched = events;
}

void source_close(struct source *source)
{
	if (source->fd < 0)
		return;
	source_watch(source, 0);
	close(source->fd);
	source->fd = -1;
	source->ready = 0;
}

void loop_wait(uint64_t until)
{
	struct epoll_event events[EVENTS];
	uint64_t now = loop_now();
	int timeout = -1;
	int count;

	if (until != UINT64_MAX) {
		uint64_t wait = until > now ? (until - now + 999) / 1000 : 0;

		timeout = wait < INT_MAX ? (int)wait : INT_MAX;
	}
	for (int i = 0; i < PLAIN_FILES; i++) {
		if (plain[i] != NULL) {
			plain[i]->ready |= plain[i]->watched;
			timeout = 0;
		}
	}
	count = epoll_wait(epoll, events, EVENTS, timeout);
	for (int i = 0; i < count; i++) {
		struct source *source = events[i].data.ptr;

		source->ready |= events[i].events;
	}
}

uint64_t loop_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}
