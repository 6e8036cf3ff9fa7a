/* SPDX-License-Identifier: MIT */
/*
 * Two ends of a link, each with its own clock, and the line between them: so many bits a second, a
 * latency, UARTs that take a few bytes at a time, and faults. All in simulated time, which goes
 * from event to event: an owner sleeps until a byte comes, link_due(), or room on the line.
 */
#ifndef SILL_TESTS_LINK_PAIR_H
#define SILL_TESTS_LINK_PAIR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/link.h"

#define REQUIRE(condition)                                                                      \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

#define OPENER	     0
#define ACCEPTOR     1

#define MS	     1000000ull /* in nanoseconds */
#define S	     (1000 * MS)

#define LINE_BYTES   (1u << 17)
#define LINE_HISTORY 4096u
#define QUEUE_MAX    (64u << 10)

/* One direction of the line. */
struct line {
	uint64_t byte_ns, latency_ns;
	uint64_t free_at; /* what was given to the UART has been sent */
	uint64_t idle_at; /* and what is in the buffer before it */
	struct {
		uint64_t at;
		uint8_t byte;
	} on_it[LINE_BYTES];
	uint32_t head, tail;
	uint64_t last_at;
	uint64_t bytes;
	/* What went over it last, for repetitions. */
	uint8_t history[LINE_HISTORY];
	uint32_t history_head;
	/* Faults to come. */
	uint32_t to_flip, to_lose, to_replace;
	uint64_t cut_until;
};

struct end {
	struct link link;
	uint8_t out[LINK_STREAMS][QUEUE_MAX], in[LINK_STREAMS][QUEUE_MAX];
	/* Its clock: so many microseconds in so many of the true ones. */
	uint32_t clock_fast, clock_slow;
	uint64_t clock_offset;
	/* The UART takes so many bytes, and more when it has sent them all. */
	uint32_t piece;
	bool deep;	  /* there is a buffer before the UART that takes everything at once */
	uint64_t poll_at; /* link_transmit() is to be called then, or when the line is free */
	uint32_t bad, empty;
	uint32_t spins;
	bool absent; /* nobody is there */
};

struct pair {
	struct end ends[2];
	struct line lines[2]; /* lines[e] is what end e sends */
	uint64_t now;
	uint32_t seed;
	/* What the programs at both ends do, every so often. */
	void (*programs)(struct pair *pair);
	uint64_t programs_every, programs_at;
	void *context;
};

static inline uint32_t pair_random(struct pair *pair)
{
	/* xorshift32 */
	pair->seed ^= pair->seed << 13;
	pair->seed ^= pair->seed >> 17;
	pair->seed ^= pair->seed << 5;
	return pair->seed;
}

static inline uint32_t pair_below(struct pair *pair, uint32_t limit)
{
	return pair_random(pair) % limit;
}

static inline uint64_t end_time(const struct pair *pair, const struct end *end)
{
	return end->clock_offset + pair->now / 1000 * end->clock_fast / end->clock_slow;
}

/* The true time at which the end's clock is at `time` at the earliest. */
static inline uint64_t true_time(const struct end *end, uint64_t time)
{
	if (time == LINK_NEVER)
		return UINT64_MAX;
	if (time <= end->clock_offset)
		return 0;
	return ((time - end->clock_offset) * end->clock_slow + end->clock_fast - 1) /
	       end->clock_fast * 1000;
}

static inline void end_start(struct end *end, const struct link_config *config, uint32_t queue_size,
			     uint32_t session)
{
	memset(&end->link, 0, sizeof(end->link));
	for (unsigned int i = 0; i < LINK_STREAMS; i++) {
		end->link.streams[i].out =
			(struct queue){.memory = end->out[i], .size = queue_size};
		end->link.streams[i].in = (struct queue){.memory = end->in[i], .size = queue_size};
	}
	link_start(&end->link, config, session);
	end->poll_at = 0;
	end->absent = false;
}

static inline struct pair *pair_new(uint32_t baud, uint64_t latency_ns, uint32_t queue_size)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	struct link_config config = {.baud = baud, .timeout_us = 10000000};

	REQUIRE(pair);
	pair->seed = 1;
	for (int e = 0; e < 2; e++) {
		config.opener = e == OPENER;
		pair->ends[e].clock_fast = pair->ends[e].clock_slow = 1;
		pair->ends[e].clock_offset = 12345678;
		pair->ends[e].piece = 16;
		pair->lines[e].byte_ns = 10 * S / baud;
		pair->lines[e].latency_ns = latency_ns;
		end_start(&pair->ends[e], &config, queue_size, e == OPENER ? 0x51110001 : 0x7001);
	}
	return pair;
}

static inline void line_append(struct pair *pair, struct line *line, uint8_t byte, uint64_t at)
{
	if (at < line->last_at)
		at = line->last_at;
	if (pair->now < line->cut_until)
		return;
	REQUIRE(line->head - line->tail < LINE_BYTES);
	line->on_it[line->head % LINE_BYTES].at = at;
	line->on_it[line->head % LINE_BYTES].byte = byte;
	line->head++;
	line->last_at = at;
}

static inline void line_send(struct pair *pair, struct line *line, uint8_t byte, uint64_t at)
{
	line->bytes++;
	line->history[line->history_head++ % LINE_HISTORY] = byte;
	if (line->to_lose) {
		line->to_lose--;
		return;
	}
	if (line->to_flip) {
		line->to_flip--;
		byte ^= (uint8_t)(1u << pair_below(pair, 8));
	}
	if (line->to_replace) {
		line->to_replace--;
		byte = (uint8_t)pair_random(pair);
	}
	line_append(pair, line, byte, at);
}

/* The last so many bytes once more. */
static inline void line_repeat(struct pair *pair, struct line *line, uint32_t count)
{
	if (count > LINE_HISTORY)
		count = LINE_HISTORY;
	if (count > line->history_head)
		count = line->history_head;
	for (uint32_t i = 0; i < count; i++)
		line_append(pair, line,
			    line->history[(line->history_head - count + i) % LINE_HISTORY],
			    line->last_at);
}

static inline void line_insert_random(struct pair *pair, struct line *line, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		line_append(pair, line, (uint8_t)pair_random(pair), line->last_at);
}

/* Bytes that are on the line or in the UARTs are lost, and those of the next while. */
static inline void pair_cut(struct pair *pair, uint64_t duration)
{
	for (int e = 0; e < 2; e++) {
		pair->lines[e].tail = pair->lines[e].head;
		pair->lines[e].cut_until = pair->now + duration;
	}
}

static inline void end_poll(struct pair *pair, int e)
{
	struct end *end = &pair->ends[e];
	struct line *line = &pair->lines[e];
	uint64_t now = end_time(pair, end);
	uint8_t bytes[4096];
	size_t size;

	size = link_transmit(&end->link, bytes, end->piece, now);
	REQUIRE(size <= end->piece);
	/* Called for nothing, at the same moment: its owner would never sleep. */
	end->spins = size || end->poll_at != pair->now ? 0 : end->spins + 1;
	if (line->idle_at < pair->now)
		line->idle_at = pair->now;
	for (size_t i = 0; i < size; i++) {
		line->idle_at += line->byte_ns;
		line_send(pair, line, bytes[i], line->idle_at + line->latency_ns);
	}
	line->free_at = end->deep ? pair->now : line->idle_at;
	if (size == 0)
		REQUIRE(!link_wants_to_send(&end->link, now));
	end->poll_at = true_time(end, link_due(&end->link, now));
	REQUIRE(size || end->poll_at > pair->now || end->spins < 2);
}

/* Something has changed that the link may have something to say about. */
static inline void end_changed(struct pair *pair, int e)
{
	struct end *end = &pair->ends[e];

	end->poll_at = true_time(end, link_due(&end->link, end_time(pair, end)));
}

static inline void end_receive(struct pair *pair, int e, uint8_t byte)
{
	struct end *end = &pair->ends[e];
	enum frame_event event;

	if (end->absent)
		return;
	event = link_receive(&end->link, byte, end_time(pair, end));
	end->bad += event == FRAME_BAD;
	end->empty += event == FRAME_EMPTY;
	if (event != FRAME_NOTHING || end->link.config.sleeps_after_us)
		end_changed(pair, e);
}

/* Goes on to the next event, which is at most at `until`. */
static inline void pair_step(struct pair *pair, uint64_t until)
{
	uint64_t next = until;

	for (int e = 0; e < 2; e++) {
		const struct end *end = &pair->ends[e];
		const struct line *line = &pair->lines[e];
		uint64_t at = end->poll_at > line->free_at ? end->poll_at : line->free_at;

		if (!end->absent && at < next)
			next = at;
		if (line->head != line->tail && line->on_it[line->tail % LINE_BYTES].at < next)
			next = line->on_it[line->tail % LINE_BYTES].at;
	}
	if (pair->programs && pair->programs_at < next)
		next = pair->programs_at;
	if (next > pair->now)
		pair->now = next;
	for (int e = 0; e < 2; e++) {
		struct end *end = &pair->ends[e];
		struct line *line = &pair->lines[e];

		while (line->head != line->tail &&
		       line->on_it[line->tail % LINE_BYTES].at <= pair->now)
			end_receive(pair, !e, line->on_it[line->tail++ % LINE_BYTES].byte);
		if (!end->absent && end->poll_at <= pair->now && line->free_at <= pair->now)
			end_poll(pair, e);
	}
	if (pair->programs && pair->programs_at <= pair->now) {
		pair->programs(pair);
		pair->programs_at = pair->now + pair->programs_every;
		end_changed(pair, OPENER);
		end_changed(pair, ACCEPTOR);
	}
}

static inline void pair_run(struct pair *pair, uint64_t duration)
{
	uint64_t until = pair->now + duration;

	while (pair->now < until)
		pair_step(pair, until);
}

/* Until both are up. */
static inline void pair_meet(struct pair *pair)
{
	uint64_t until = pair->now + 3 * S;

	while (pair->now < until && !(pair->ends[OPENER].link.up && pair->ends[ACCEPTOR].link.up))
		pair_step(pair, until);
	REQUIRE(pair->ends[OPENER].link.up && pair->ends[ACCEPTOR].link.up);
}

static inline struct link_stream *pair_stream(struct pair *pair, int e, unsigned int stream)
{
	return &pair->ends[e].link.streams[stream];
}

#endif
