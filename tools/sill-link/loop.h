/* SPDX-License-Identifier: MIT */
/*
 * Waiting for files and for the clock, with epoll. Nobody is called back: who owns a source looks
 * at it after each wait.
 */
#ifndef SILL_TOOLS_LINK_LOOP_H
#define SILL_TOOLS_LINK_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

/* Something with a file descriptor that can be waited for. fd is -1 if there is none. */
struct source {
	int fd;
	uint32_t watched; /* EPOLL* that are waited for */
	uint32_t ready;	  /* those that came true; the owner clears them when it looks */
};

#define SOURCE_NONE ((struct source){.fd = -1})

/* false: there is no epoll; it has said why. */
bool loop_begin(void);

/*
 * Waits for these from now on, EPOLLERR and EPOLLHUP among them; for nothing at all if it is 0, so
 * that an end that nobody can act on yet does not wake the program again and again.
 */
void source_watch(struct source *source, uint32_t events);

/* Closes it, if it is open. */
void source_close(struct source *source);

/* Comes back when a source is ready, or at this time (of loop_now()), UINT64_MAX: no time. */
void loop_wait(uint64_t until);

/* Microseconds since some moment; never goes back. */
uint64_t loop_now(void);

static inline uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
