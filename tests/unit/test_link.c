/* SPDX-License-Identifier: MIT */
/* UNIT: link/link.c link/stream.c link/window.c link/frame.c link/queue.c */
/* The link: sessions, streams, silence, sleep; and another end that breaks the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/own.h"
#include "sill/errno.h"

#include "link_pair.h"

#define QUEUE 4096u

static struct pair *start(void)
{
	return pair_new(115200, MS, QUEUE);
}

static struct link *opener(struct pair *pair)
{
	return &pair->ends[OPENER].link;
}

static struct link *acceptor(struct pair *pair)
{
	return &pair->ends[ACCEPTOR].link;
}

static void restart(struct pair *pair, int e, uint32_t session)
{
	struct link_config config = pair->ends[e].link.config;

	end_start(&pair->ends[e], &config, QUEUE, session);
}

static void put(struct pair *pair, int e, unsigned int stream, const char *text)
{
	assert_int_equal(
		queue_put(&pair_stream(pair, e, stream)->out, text, (uint32_t)strlen(text)),
		strlen(text));
	end_changed(pair, e);
}

static void expect(struct pair *pair, int e, unsigned int stream, const char *text)
{
	char bytes[QUEUE + 1];
	uint32_t size = queue_get(&pair_stream(pair, e, stream)->in, bytes, QUEUE);

	bytes[size] = 0;
	assert_string_equal(bytes, text);
	end_changed(pair, e);
}

static void open_stream(struct pair *pair, unsigned int stream)
{
	link_open(opener(pair), stream, "a.name");
	end_changed(pair, OPENER);
	pair_run(pair, 50 * MS);
	assert_int_equal(pair_stream(pair, OPENER, stream)->state, LINK_OPENING);
	assert_int_equal(pair_stream(pair, ACCEPTOR, stream)->state, LINK_OPENING);
	assert_string_equal(pair_stream(pair, ACCEPTOR, stream)->name, "a.name");
	link_accept(acceptor(pair), stream);
	end_changed(pair, ACCEPTOR);
	pair_run(pair, 50 * MS);
	assert_int_equal(pair_stream(pair, OPENER, stream)->state, LINK_OPEN);
	assert_int_equal(pair_stream(pair, ACCEPTOR, stream)->state, LINK_OPEN);
}

static void close_stream(struct pair *pair, int e, unsigned int stream, int32_t reason)
{
	link_close(&pair->ends[e].link, stream, reason);
	end_changed(pair, e);
}

static void test_opener_alone(void **state)
{
	struct pair *pair = start();

	(void)state;
	pair->ends[ACCEPTOR].absent = true;
	put(pair, OPENER, LINK_CONSOLE, "nobody hears it yet");
	link_open(opener(pair), 1, "early");
	end_changed(pair, OPENER);
	pair_run(pair, 100 * S);
	assert_int_equal(pair->lines[OPENER].bytes, 0);
	assert_true(link_due(opener(pair), end_time(pair, &pair->ends[OPENER])) == LINK_NEVER);
	/* And then somebody comes. */
	pair->ends[ACCEPTOR].absent = false;
	pair_meet(pair);
	assert_true(pair->now < 100 * S + 300 * MS);
	pair_run(pair, 100 * MS);
	expect(pair, ACCEPTOR, LINK_CONSOLE, "nobody hears it yet");
	assert_int_equal(pair_stream(pair, ACCEPTOR, 1)->state, LINK_OPENING);
	assert_string_equal(pair_stream(pair, ACCEPTOR, 1)->name, "early");
	free(pair);
}

static void test_acceptor_alone(void **state)
{
	struct pair *pair = start();

	(void)state;
	pair->ends[OPENER].absent = true;
	pair_run(pair, 10 * S - MS);
	/* Zeros, which no firmware takes for a key: all that it heard of were two each time. */
	assert_int_equal(pair->lines[ACCEPTOR].bytes, 40 * 2);
	assert_false(acceptor(pair)->up);
	free(pair);
}

/* What is put in both directions at once and whenever arrives, if any one frame was lost before. */
static void test_each_frame_lost_once(void **state)
{
	(void)state;
	for (uint32_t lost = 0; lost < 24; lost++) {
		struct pair *pair = start();
		struct line *line = &pair->lines[lost % 2];
		uint64_t sent = lost / 2;

		put(pair, OPENER, LINK_CONSOLE, "one");
		put(pair, ACCEPTOR, LINK_CONSOLE, "two");
		link_open(opener(pair), 3, "a.name");
		/* A byte of the frame: each has at least 19. */
		while (pair->now < 2 * S && line->bytes < 10 + 20 * sent)
			pair_step(pair, 2 * S);
		line->to_flip = 1;
		while (pair->now < 2 * S && pair_stream(pair, ACCEPTOR, 3)->state != LINK_OPENING)
			pair_step(pair, 2 * S);
		assert_int_equal(pair_stream(pair, ACCEPTOR, 3)->state, LINK_OPENING);
		link_accept(acceptor(pair), 3);
		end_changed(pair, ACCEPTOR);
		put(pair, ACCEPTOR, 3, "three");
		link_end(acceptor(pair), 3, false, 0);
		pair_run(pair, 2 * S);
		expect(pair, ACCEPTOR, LINK_CONSOLE, "one");
		expect(pair, OPENER, LINK_CONSOLE, "two");
		expect(pair, OPENER, 3, "three");
		assert_true(pair_stream(pair, OPENER, 3)->ended);
		link_done(opener(pair), 3, false, 0);
		close_stream(pair, OPENER, 3, 0);
		pair_run(pair, 2 * S);
		assert_true(pair_stream(pair, ACCEPTOR, 3)->done);
		assert_int_equal(pair_stream(pair, ACCEPTOR, 3)->state, LINK_GONE);
		close_stream(pair, ACCEPTOR, 3, 0);
		pair_run(pair, 2 * S);
		assert_int_equal(pair_stream(pair, OPENER, 3)->state, LINK_FREE);
		free(pair);
	}
}

static void test_stream_from_open_to_close(void **state)
{
	struct pair *pair = start();
	struct link_stream *here, *there;

	(void)state;
	pair_meet(pair);
	open_stream(pair, 5);
	here = pair_stream(pair, OPENER, 5);
	there = pair_stream(pair, ACCEPTOR, 5);
	put(pair, OPENER, 5, "question");
	link_end(opener(pair), 5, true, 0x12345678);
	pair_run(pair, 50 * MS);
	assert_int_equal(here->bytes_acknowledged, 8);
	assert_int_equal(there->bytes_received, 8);
	assert_true(there->ended && there->ended_has_crc && there->ended_total == 8 &&
		    there->ended_crc == 0x12345678);
	assert_false(here->done || here->ended);
	expect(pair, ACCEPTOR, 5, "question");
	link_done(acceptor(pair), 5, true, 0x9abcdef0);
	put(pair, ACCEPTOR, 5, "the answer");
	link_end(acceptor(pair), 5, false, 7);
	/* What is done and what is closed at once arrive both. */
	pair_run(pair, 50 * MS);
	assert_true(here->done && here->done_has_crc && here->done_total == 8 &&
		    here->done_crc == 0x9abcdef0);
	assert_true(here->ended && !here->ended_has_crc && here->ended_total == 10);
	expect(pair, OPENER, 5, "the answer");
	link_done(opener(pair), 5, false, 0);
	close_stream(pair, OPENER, 5, -SILL_EPIPE);
	assert_int_equal(here->state, LINK_CLOSING);
	pair_run(pair, 50 * MS);
	assert_true(there->done && !there->done_has_crc && there->done_total == 10);
	assert_int_equal(there->state, LINK_GONE);
	assert_int_equal(there->reason, -SILL_EPIPE);
	/* Not free before both have done with it. */
	assert_int_equal(here->state, LINK_CLOSING);
	close_stream(pair, ACCEPTOR, 5, 0);
	assert_int_equal(there->state, LINK_FREE);
	pair_run(pair, 50 * MS);
	assert_int_equal(here->state, LINK_FREE);
	/* And again. */
	open_stream(pair, 5);
	assert_int_equal(there->bytes_received, 0);
	assert_false(there->ended || there->done || here->ended || here->done);
	free(pair);
}

/* The acceptor closes what it has not accepted, although it had all there was: nothing is said. */
static void test_done_before_accepted(void **state)
{
	struct pair *pair = start();

	(void)state;
	pair_meet(pair);
	link_open(opener(pair), 1, "a.name");
	link_end(opener(pair), 1, false, 0);
	end_changed(pair, OPENER);
	pair_run(pair, 50 * MS);
	assert_true(pair_stream(pair, ACCEPTOR, 1)->ended);
	link_done(acceptor(pair), 1, false, 0);
	close_stream(pair, ACCEPTOR, 1, 0);
	pair_run(pair, 50 * MS);
	assert_int_equal(pair_stream(pair, OPENER, 1)->state, LINK_GONE);
	assert_false(pair_stream(pair, OPENER, 1)->done);
	assert_int_equal(opener(pair)->counts.frames_bad, 0);
	free(pair);
}

static void test_refusals(void **state)
{
	struct pair *pair = start();

	(void)state;
	pair_stream(pair, ACCEPTOR, 7)->in.size = 0;
	pair_meet(pair);
	link_open(opener(pair), 6, "unknown");
	link_open(opener(pair), 7, "one too many");
	end_changed(pair, OPENER);
	pair_run(pair, 50 * MS);
	close_stream(pair, ACCEPTOR, 6, -SILL_ENOENT);
	pair_run(pair, 50 * MS);
	assert_int_equal(pair_stream(pair, OPENER, 6)->state, LINK_GONE);
	assert_int_equal(pair_stream(pair, OPENER, 6)->reason, -SILL_ENOENT);
	assert_int_equal(pair_stream(pair, OPENER, 7)->state, LINK_GONE);
	assert_int_equal(pair_stream(pair, OPENER, 7)->reason, -SILL_ENFILE);
	close_stream(pair, OPENER, 6, 0);
	close_stream(pair, OPENER, 7, 0);
	pair_run(pair, 50 * MS);
	assert_int_equal(pair_stream(pair, ACCEPTOR, 6)->state, LINK_FREE);
	assert_int_equal(pair_stream(pair, ACCEPTOR, 7)->state, LINK_FREE);
	/* Streams that the owner can't open, or not now. */
	pair_stream(pair, OPENER, 8)->out.size = 0;
	link_open(opener(pair), 8, "no memory");
	assert_int_equal(pair_stream(pair, OPENER, 8)->state, LINK_FREE);
	link_open(opener(pair), 6, "this one can");
	link_open(opener(pair), 6, "but not twice");
	assert_string_equal(pair_stream(pair, OPENER, 6)->name, "this one can");
	/* Closed before the other end has heard of it: it never does. */
	close_stream(pair, OPENER, 6, 0);
	assert_int_equal(pair_stream(pair, OPENER, 6)->state, LINK_FREE);
	pair_run(pair, 50 * MS);
	assert_int_equal(pair_stream(pair, ACCEPTOR, 6)->state, LINK_FREE);
	link_close(opener(pair), LINK_CONSOLE, 0);
	link_end(opener(pair), LINK_CONSOLE, false, 0);
	assert_int_equal(pair_stream(pair, OPENER, LINK_CONSOLE)->state, LINK_OPEN);
	free(pair);
}

/* Closed at every moment of the opening, and by both ends at every distance. */
static void test_closing_at_any_time(void **state)
{
	(void)state;
	for (int when = -20; when <= 20; when++) {
		struct pair *pair = start();

		pair_meet(pair);
		pair_run(pair, 50 * MS);
		open_stream(pair, 2);
		put(pair, OPENER, 2, "lost");
		for (int order = 0; order < 2; order++) {
			close_stream(pair, (when < 0) ^ order, 2, -SILL_EPIPE);
			pair_run(pair, (uint64_t)abs(when) * MS / 4);
		}
		pair_run(pair, 50 * MS);
		for (int e = 0; e < 2; e++) {
			if (pair_stream(pair, e, 2)->state == LINK_GONE)
				close_stream(pair, e, 2, 0);
		}
		pair_run(pair, 50 * MS);
		for (int e = 0; e < 2; e++) {
			assert_int_equal(pair_stream(pair, e, 2)->state, LINK_FREE);
			assert_int_equal(pair->ends[e].link.counts.frames_bad, 0);
		}
		open_stream(pair, 2);
		free(pair);
	}
	for (unsigned int when = 0; when < 40; when++) {
		struct pair *pair = start();

		pair_meet(pair);
		pair_run(pair, 50 * MS);
		link_open(opener(pair), 2, "a.name");
		end_changed(pair, OPENER);
		pair_run(pair, when * MS / 8);
		close_stream(pair, OPENER, 2, 0);
		pair_run(pair, 50 * MS);
		if (pair_stream(pair, ACCEPTOR, 2)->state == LINK_GONE)
			close_stream(pair, ACCEPTOR, 2, 0);
		pair_run(pair, 50 * MS);
		assert_int_equal(pair_stream(pair, ACCEPTOR, 2)->state, LINK_FREE);
		assert_int_equal(pair_stream(pair, OPENER, 2)->state, LINK_FREE);
		open_stream(pair, 2);
		free(pair);
	}
}

static void test_acceptor_restarted(void **state)
{
	struct pair *pair = start();
	uint64_t at;

	(void)state;
	pair_meet(pair);
	open_stream(pair, 1);
	put(pair, OPENER, LINK_CONSOLE, "before, ");
	pair_run(pair, 50 * MS);
	expect(pair, ACCEPTOR, LINK_CONSOLE, "before, ");
	/* It goes away with these on their way, and comes back after a while. */
	pair->ends[ACCEPTOR].absent = true;
	put(pair, OPENER, LINK_CONSOLE, "meanwhile, ");
	pair_run(pair, S);
	put(pair, OPENER, LINK_CONSOLE, "and ");
	pair_run(pair, S);
	restart(pair, ACCEPTOR, 0x7002);
	at = pair->now;
	while (pair->now < at + S &&
	       (pair_stream(pair, OPENER, 1)->state != LINK_GONE || !acceptor(pair)->up))
		pair_step(pair, at + S);
	assert_true(pair->now < at + 300 * MS);
	assert_int_equal(pair_stream(pair, OPENER, 1)->reason, -SILL_ECONNRESET);
	close_stream(pair, OPENER, 1, 0);
	assert_int_equal(pair_stream(pair, OPENER, 1)->state, LINK_FREE);
	put(pair, OPENER, LINK_CONSOLE, "after");
	pair_run(pair, 2 * S);
	expect(pair, ACCEPTOR, LINK_CONSOLE, "meanwhile, and after");
	open_stream(pair, 1);
	free(pair);
}

/* Of the frames of the acceptor's, or of its questions if it has nothing to say. */
static void test_opener_restarted(void **state)
{
	(void)state;
	for (int idle = 0; idle < 2; idle++) {
		struct pair *pair = start();
		uint64_t at;

		pair_meet(pair);
		open_stream(pair, 1);
		pair->ends[OPENER].absent = true;
		pair_run(pair, 100 * MS);
		restart(pair, OPENER, 0x51110002);
		if (!idle)
			put(pair, ACCEPTOR, 1, "to whom?");
		at = pair->now;
		while (pair->now < at + 5 * S && pair_stream(pair, ACCEPTOR, 1)->state != LINK_GONE)
			pair_step(pair, at + 5 * S);
		assert_int_equal(pair_stream(pair, ACCEPTOR, 1)->reason, -SILL_ECONNRESET);
		assert_true(pair->now < at + (idle ? 2600 : 100) * MS);
		pair_run(pair, 100 * MS);
		assert_true(opener(pair)->up && acceptor(pair)->up);
		close_stream(pair, ACCEPTOR, 1, 0);
		open_stream(pair, 1);
		free(pair);
	}
}

static void test_time_out(void **state)
{
	struct pair *pair = start();
	uint64_t bytes;

	(void)state;
	pair_meet(pair);
	open_stream(pair, 1);
	put(pair, OPENER, 1, "lost");
	put(pair, OPENER, LINK_CONSOLE, "kept");
	pair_cut(pair, 15 * S);
	pair_run(pair, 9500 * MS);
	assert_true(opener(pair)->up && acceptor(pair)->up);
	pair_run(pair, 1000 * MS);
	assert_false(opener(pair)->up || acceptor(pair)->up);
	for (int e = 0; e < 2; e++) {
		assert_int_equal(pair_stream(pair, e, 1)->state, LINK_GONE);
		assert_int_equal(pair_stream(pair, e, 1)->reason, -SILL_ETIMEDOUT);
		close_stream(pair, e, 1, 0);
		assert_int_equal(pair_stream(pair, e, 1)->state, LINK_FREE);
	}
	/* The opener is quiet. */
	bytes = pair->lines[OPENER].bytes;
	pair_run(pair, 4 * S);
	assert_int_equal(pair->lines[OPENER].bytes, bytes);
	pair_run(pair, 1 * S);
	assert_true(opener(pair)->up && acceptor(pair)->up);
	expect(pair, ACCEPTOR, LINK_CONSOLE, "kept");
	open_stream(pair, 1);
	free(pair);
}

/* One of the directions alone. */
static void test_one_way_silence(void **state)
{
	(void)state;
	for (int silent = 0; silent < 2; silent++) {
		struct pair *pair = start();

		pair_meet(pair);
		open_stream(pair, 1);
		pair->lines[silent].cut_until = pair->now + 12 * S;
		pair_run(pair, 11 * S);
		/* Who hears nothing gives up; the other hears of that, one way or another. */
		assert_false(pair->ends[!silent].link.up);
		pair_run(pair, 15 * S);
		assert_true(opener(pair)->up && acceptor(pair)->up);
		for (int e = 0; e < 2; e++)
			assert_int_equal(pair_stream(pair, e, 1)->state, LINK_GONE);
		free(pair);
	}
}

/* Text on the line, as from a machine that was started anew without Sill, is no sign of life. */
static void test_text_is_no_life(void **state)
{
	struct pair *pair = start();

	(void)state;
	pair_meet(pair);
	pair_run(pair, 100 * MS);
	pair->ends[OPENER].absent = true;
	for (int i = 0; i < 50; i++) {
		for (int c = 0; c < 40; c++)
			line_append(pair, &pair->lines[OPENER], (uint8_t)('a' + c % 26), pair->now);
		pair_run(pair, S);
	}
	assert_false(acceptor(pair)->up);
	free(pair);
}

/* But a frame that is not over yet may be one, on a line that is slow by this end's clock. */
static void test_long_frame_is_life(void **state)
{
	struct pair *pair = start();

	(void)state;
	pair_meet(pair);
	pair_run(pair, 100 * MS);
	pair->ends[OPENER].absent = true;
	for (int i = 0; i < 30; i++) {
		line_append(pair, &pair->lines[OPENER], 'x', pair->now);
		pair_run(pair, S);
	}
	assert_true(acceptor(pair)->up);
	pair_run(pair, 4 * S);
	assert_false(acceptor(pair)->up);
	free(pair);
}

static void test_cut_and_joined(void **state)
{
	(void)state;
	for (int told = 0; told < 2; told++) {
		struct pair *pair = start();
		uint32_t session;
		uint64_t at;

		pair_meet(pair);
		open_stream(pair, 1);
		session = acceptor(pair)->session;
		put(pair, OPENER, 1, "there");
		put(pair, ACCEPTOR, 1, "and back");
		pair_run(pair, MS);
		pair_cut(pair, 4 * S);
		pair_run(pair, 4 * S);
		at = pair->now;
		if (told) {
			link_line_joined(acceptor(pair), end_time(pair, &pair->ends[ACCEPTOR]));
			end_changed(pair, ACCEPTOR);
		}
		while (pair->now < at + 5 * S &&
		       (queue_used(&pair_stream(pair, OPENER, 1)->in) < 8 ||
			queue_used(&pair_stream(pair, ACCEPTOR, 1)->in) < 5))
			pair_step(pair, at + 5 * S);
		print_message("the line is back after 4 s%s: bytes arrive after %llu ms\n",
			      told ? ", and the acceptor is told" : "",
			      (unsigned long long)((pair->now - at) / MS));
		assert_true(pair->now - at < (told ? 50 : 2200) * MS);
		expect(pair, ACCEPTOR, 1, "there");
		expect(pair, OPENER, 1, "and back");
		assert_int_equal(acceptor(pair)->session, session);
		free(pair);
	}
}

/* An idle session costs next to nothing. */
static void test_idle(void **state)
{
	struct pair *pair = start();
	uint64_t before[2];

	(void)state;
	pair_meet(pair);
	pair_run(pair, 5 * S);
	for (int e = 0; e < 2; e++)
		before[e] = pair->ends[e].link.counts.frames_sent;
	pair_run(pair, 100 * S);
	for (int e = 0; e < 2; e++)
		assert_in_range(pair->ends[e].link.counts.frames_sent - before[e], 30, 90);
	assert_true(opener(pair)->up && acceptor(pair)->up);
	free(pair);
}

/* One damaged frame in a long row: one go-back, at once. */
static void test_one_gap(void **state)
{
	struct pair *pair = pair_new(115200, MS, 65536);
	static uint8_t bytes[60000], got[60000];
	uint64_t until;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	pair_meet(pair);
	open_stream(pair, 1);
	assert_int_equal(queue_put(&pair_stream(pair, OPENER, 1)->out, bytes, sizeof(bytes)),
			 sizeof(bytes));
	end_changed(pair, OPENER);
	pair_run(pair, 1000 * MS);
	pair->lines[OPENER].to_flip = 1;
	until = pair->now + 20 * S;
	while (pair->now < until && queue_used(&pair_stream(pair, ACCEPTOR, 1)->in) < sizeof(bytes))
		pair_step(pair, until);
	assert_int_equal(queue_get(&pair_stream(pair, ACCEPTOR, 1)->in, got, sizeof(got)),
			 sizeof(bytes));
	assert_memory_equal(got, bytes, sizeof(bytes));
	assert_in_range(opener(pair)->counts.frames_repeated, 1, 3);
	assert_int_equal(acceptor(pair)->counts.frames_bad, 1);
	/* Without the fault it were 5.3 s. */
	assert_true(pair->now < 6500 * MS);
	free(pair);
}

static void test_knocking(void **state)
{
	struct pair *pair = start();
	uint64_t before, at;

	(void)state;
	acceptor(pair)->config.sleeps_after_us = 500000;
	acceptor(pair)->config.wake_us = 100000;
	pair_meet(pair);
	pair_run(pair, 500 * MS);
	expect(pair, ACCEPTOR, LINK_CONSOLE, "");
	/* While the opener is heard there is no need. */
	put(pair, OPENER, LINK_CONSOLE, "x");
	pair_run(pair, 10 * MS);
	before = pair->lines[ACCEPTOR].bytes;
	put(pair, ACCEPTOR, LINK_CONSOLE, "y");
	pair_run(pair, 20 * MS);
	expect(pair, OPENER, LINK_CONSOLE, "y");
	assert_true(pair->lines[ACCEPTOR].bytes >= before + 20);

	/* It answers the knock, and then comes the frame. */
	pair_run(pair, 700 * MS);
	before = pair->lines[ACCEPTOR].bytes;
	at = pair->now;
	put(pair, ACCEPTOR, LINK_CONSOLE, "z");
	while (pair->now < at + S && pair->lines[OPENER].bytes == 0)
		pair_step(pair, at + S);
	pair_run(pair, MS / 2);
	assert_int_equal(pair->lines[ACCEPTOR].bytes, before + 1);
	pair_run(pair, 20 * MS);
	expect(pair, OPENER, LINK_CONSOLE, "z");

	/* It doesn't: after a while the frame goes all the same. */
	pair_run(pair, 700 * MS);
	pair->lines[OPENER].cut_until = pair->now + 200 * MS;
	before = pair->lines[ACCEPTOR].bytes;
	put(pair, ACCEPTOR, LINK_CONSOLE, "!");
	pair_run(pair, 95 * MS);
	assert_int_equal(pair->lines[ACCEPTOR].bytes, before + 1);
	expect(pair, OPENER, LINK_CONSOLE, "");
	pair_run(pair, 15 * MS);
	expect(pair, OPENER, LINK_CONSOLE, "!");
	pair_run(pair, 3 * S);

	/* Knocks come with answers, but no more than one in 10 ms. */
	pair->ends[ACCEPTOR].absent = true;
	before = opener(pair)->counts.frames_sent;
	for (int i = 0; i < 200; i++) {
		line_append(pair, &pair->lines[ACCEPTOR], 0, pair->now);
		pair_run(pair, MS);
	}
	assert_in_range(opener(pair)->counts.frames_sent - before, 10, 21);
	free(pair);
}

static void test_other_end_takes_less(void **state)
{
	struct pair *pair = pair_new(115200, MS, 65536);
	static uint8_t bytes[3000];

	(void)state;
	/* Its queue is small: no more is sent than it has room for. */
	pair_stream(pair, ACCEPTOR, 1)->in.size = 256;
	pair_meet(pair);
	open_stream(pair, 1);
	queue_put(&pair_stream(pair, OPENER, 1)->out, bytes, sizeof(bytes));
	end_changed(pair, OPENER);
	pair_run(pair, S);
	assert_int_equal(pair_stream(pair, ACCEPTOR, 1)->bytes_received, 256);
	/* Less than a quarter: not worth a frame. */
	assert_int_equal(queue_get(&pair_stream(pair, ACCEPTOR, 1)->in, bytes, 63), 63);
	end_changed(pair, ACCEPTOR);
	pair_run(pair, S);
	assert_int_equal(pair_stream(pair, ACCEPTOR, 1)->bytes_received, 256);
	assert_int_equal(queue_get(&pair_stream(pair, ACCEPTOR, 1)->in, bytes, 1), 1);
	end_changed(pair, ACCEPTOR);
	pair_run(pair, S);
	assert_int_equal(pair_stream(pair, ACCEPTOR, 1)->bytes_received, 320);
	free(pair);
}

/* Many write without end: nobody has to wait for ever, and control frames go first. */
static void test_round_robin(void **state)
{
	struct pair *pair = pair_new(115200, MS, 16384);
	static uint8_t bytes[16384];
	uint64_t least = UINT64_MAX, most = 0;

	(void)state;
	pair_meet(pair);
	for (unsigned int i = 1; i <= 8; i++)
		open_stream(pair, i);
	for (int round = 0; round < 3000; round++) {
		for (unsigned int i = 1; i <= 8; i++) {
			/* One of them has only a few bytes each time. */
			queue_put(&pair_stream(pair, OPENER, i)->out, bytes,
				  i == 8 ? 20 : sizeof(bytes));
			queue_get(&pair_stream(pair, ACCEPTOR, i)->in, bytes, sizeof(bytes));
		}
		end_changed(pair, OPENER);
		end_changed(pair, ACCEPTOR);
		pair_run(pair, 20 * MS);
	}
	for (unsigned int i = 1; i <= 7; i++) {
		uint64_t received = pair_stream(pair, ACCEPTOR, i)->bytes_received;

		least = received < least ? received : least;
		most = received > most ? received : most;
	}
	assert_true(least * 10 > most * 9);
	assert_true(pair_stream(pair, ACCEPTOR, 8)->bytes_received > 3000 * 20 / 2);
	free(pair);
}

/*
 * An end, and another whose frames the test makes itself.
 */
struct peer {
	struct pair *pair; /* only for its memory */
	struct link *link;
	uint32_t session;
	uint64_t now;
	uint16_t sequence;
	uint16_t position;
	struct frame_decoder decoder; /* of what the link says */
	uint16_t expected;
	uint32_t heard[KIND_CLOSED + 1];
	uint32_t gaps;
};

static void say_bytes(struct peer *peer, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		link_receive(peer->link, bytes[i], peer->now);
}

static void say_raw(struct peer *peer, const struct frame_header *header, const void *payload,
		    size_t size)
{
	static uint8_t encoded[FRAME_ENCODED_MAX];

	say_bytes(peer, encoded, frame_encode(encoded, header, payload, size));
}

static uint32_t mark_of_peer(const struct peer *peer)
{
	bool opener = peer->link->config.opener;
	uint32_t numbers[2] = {opener ? peer->link->session : peer->session,
			       opener ? peer->session : peer->link->session};
	uint32_t mark = crc32_add(0, numbers, sizeof(numbers));

	return opener ? ~mark : mark;
}

static void say(struct peer *peer, uint8_t kind, uint8_t stream, const void *payload, size_t size)
{
	struct frame_header header = {
		.kind = kind,
		.stream = stream,
		.sequence = peer->sequence,
		.expected = peer->expected,
		.position = peer->position,
		.session = mark_of_peer(peer),
	};

	say_raw(peer, &header, payload, size);
}

static void say_hello(struct peer *peer, uint16_t version, uint16_t payload_max, uint8_t role)
{
	struct hello hello = {version, payload_max, peer->session, peer->link->session};
	struct frame_header header = {.kind = KIND_HELLO, .stream = role};

	say_raw(peer, &header, &hello, sizeof(hello));
}

/* What the link has to say now, acknowledged. */
static void hear(struct peer *peer)
{
	uint8_t bytes[512];
	size_t size;

	do {
		size = link_transmit(peer->link, bytes, sizeof(bytes), peer->now);
		for (size_t i = 0; i < size; i++) {
			if (frame_decode(&peer->decoder, bytes[i]) != FRAME_COMPLETE)
				continue;
			assert_in_range(peer->decoder.header.kind, KIND_HELLO, KIND_CLOSED);
			peer->heard[peer->decoder.header.kind]++;
			peer->gaps += peer->decoder.header.kind == KIND_ACK &&
				      peer->decoder.header.stream & ACK_GAP;
			if (peer->decoder.header.kind > KIND_ACK &&
			    peer->decoder.header.sequence == peer->expected)
				peer->expected++;
		}
	} while (size);
}

static struct peer *peer_new(bool of_opener, uint32_t queue_size)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	assert_non_null(peer);
	peer->pair = pair_new(115200, MS, queue_size);
	peer->link = &peer->pair->ends[of_opener ? OPENER : ACCEPTOR].link;
	peer->session = 99;
	peer->now = 1000000;
	say_hello(peer, LINK_VERSION, FRAME_PAYLOAD_MAX, of_opener ? ROLE_ACCEPTOR : ROLE_OPENER);
	assert_true(peer->link->up);
	hear(peer);
	return peer;
}

static void peer_free(struct peer *peer)
{
	free(peer->pair);
	free(peer);
}

/* The frame is taken. */
static void good(struct peer *peer, uint8_t kind, uint8_t stream, const void *payload, size_t size)
{
	uint64_t bad = peer->link->counts.frames_bad;

	say(peer, kind, stream, payload, size);
	assert_int_equal(peer->link->counts.frames_bad, bad);
	peer->sequence++;
	assert_int_equal(peer->link->expected, peer->sequence);
	hear(peer);
}

/* It has no effect, but is counted. */
static void refused(struct peer *peer, uint8_t kind, uint8_t stream, const void *payload,
		    size_t size)
{
	static struct link_stream before[LINK_STREAMS];
	uint64_t bad = peer->link->counts.frames_bad;

	memcpy(before, peer->link->streams, sizeof(before));
	say(peer, kind, stream, payload, size);
	assert_int_equal(peer->link->counts.frames_bad, bad + 1);
	assert_int_equal(peer->link->expected, peer->sequence);
	assert_memory_equal(before, peer->link->streams, sizeof(before));
	hear(peer);
}

static void test_hostile_hello(void **state)
{
	struct peer *peer = peer_new(true, QUEUE);
	struct hello hello = {LINK_VERSION, FRAME_PAYLOAD_MAX, 0, 0};
	struct frame_header header = {.kind = KIND_HELLO, .stream = ROLE_ACCEPTOR};
	uint32_t session = peer->link->session;
	uint64_t bad = peer->link->counts.frames_bad;

	(void)state;
	say_raw(peer, &header, &hello, sizeof(hello)); /* no number */
	say_raw(peer, &header, &hello, sizeof(hello) - 1);
	say_raw(peer, &header, NULL, 0);
	assert_int_equal(peer->link->counts.frames_bad, bad + 3);
	peer->session = 100;
	say_hello(peer, LINK_VERSION, FRAME_PAYLOAD_MAX,
		  ROLE_OPENER); /* an echo, or a second one */
	say_hello(peer, LINK_VERSION, PAYLOAD_MIN - 1, ROLE_ACCEPTOR);
	assert_int_equal(peer->link->counts.frames_bad, bad + 5);
	assert_true(peer->link->up);
	assert_int_equal(peer->link->session, session);
	assert_int_equal(peer->link->other, 99);
	/* Of a version that this one doesn't know. */
	say_hello(peer, LINK_VERSION + 7, 0, ROLE_ACCEPTOR);
	assert_int_equal(peer->link->other_version, LINK_VERSION + 7);
	assert_true(peer->link->up && peer->link->other == 99);
	/* The number of a session that was lost is never used again. */
	say_hello(peer, LINK_VERSION, FRAME_PAYLOAD_MAX, ROLE_ACCEPTOR);
	assert_int_equal(peer->link->other_version, 0);
	assert_false(peer->link->up);
	assert_int_equal(peer->link->other, 100);
	assert_int_not_equal(peer->link->session, session);
	peer_free(peer);
}

/* All that can be said about a stream in a state in which it can't. */
static void test_hostile_states(void **state)
{
	static const uint8_t zeros[32];
	/* Of each kind: states of the link's stream in which an opener or acceptor takes it. */
	static const struct {
		uint8_t kind, size;
		const char *by_opener, *by_acceptor; /* f, o (opening), O, g, c */
	} rules[] = {
		{KIND_DATA, 1, "Oc", "Oc"},	 {KIND_OPEN, 1, "", "f"},
		{KIND_ACCEPT, 0, "oc", "c"},	 {KIND_CREDIT, 4, "Oc", "oOc"},
		{KIND_END, 16, "Oc", "oOc"},	 {KIND_DONE, 16, "c", "c"},
		{KIND_CLOSE, 4, "foOc", "foOc"}, {KIND_CLOSED, 0, "c", "c"},
	};
	static const char states[] = "foOgc";

	(void)state;
	for (size_t rule = 0; rule < sizeof(rules) / sizeof(rules[0]); rule++) {
		for (size_t s = 0; s < 5; s++) {
			for (int of_opener = 0; of_opener < 2; of_opener++) {
				struct peer *peer = peer_new(of_opener, QUEUE);
				const char *takes =
					of_opener ? rules[rule].by_opener : rules[rule].by_acceptor;
				const uint8_t *payload = rules[rule].kind == KIND_OPEN
								 ? (const uint8_t *)"x"
								 : zeros;

				if (states[s] != 'f') {
					if (of_opener) {
						link_open(peer->link, 1, "x");
						hear(peer);
					} else {
						good(peer, KIND_OPEN, 1, "x", 1);
					}
				}
				if (strchr("Ogc", states[s])) {
					if (of_opener)
						good(peer, KIND_ACCEPT, 1, NULL, 0);
					else
						link_accept(peer->link, 1);
					hear(peer);
				}
				if (states[s] == 'g')
					good(peer, KIND_CLOSE, 1, zeros, 4);
				if (states[s] == 'c')
					link_close(peer->link, 1, 0);
				hear(peer);
				if (strchr(takes, states[s]))
					good(peer, rules[rule].kind, 1, payload, rules[rule].size);
				else
					refused(peer, rules[rule].kind, 1, payload,
						rules[rule].size);
				/* No size that it can't have, no stream that there isn't. */
				if (rules[rule].size != 1)
					refused(peer, rules[rule].kind, 2, zeros,
						rules[rule].size + 1u);
				refused(peer, rules[rule].kind, LINK_STREAMS, payload,
					rules[rule].size);
				refused(peer, rules[rule].kind, 255, payload, rules[rule].size);
				peer_free(peer);
			}
		}
	}
}

static void test_hostile_data(void **state)
{
	struct peer *peer = peer_new(false, 256);
	static const uint8_t bytes[300];
	struct total total = {.bytes = 1};
	struct link_stream *stream = &peer->link->streams[1];
	uint32_t credit;
	int32_t reason;

	(void)state;
	good(peer, KIND_NOTHING, 5, NULL, 0);
	refused(peer, KIND_NOTHING, 5, bytes, 1);
	refused(peer, 0, 0, NULL, 0);
	refused(peer, KIND_CLOSED + 1, 0, NULL, 0);
	refused(peer, 255, 0, NULL, 0);
	/* The console is not opened or closed. */
	refused(peer, KIND_OPEN, LINK_CONSOLE, "x", 1);
	refused(peer, KIND_CLOSE, LINK_CONSOLE, bytes, 4);
	refused(peer, KIND_CLOSED, LINK_CONSOLE, NULL, 0);
	refused(peer, KIND_ACCEPT, LINK_CONSOLE, NULL, 0);
	refused(peer, KIND_END, LINK_CONSOLE, bytes, 16);
	refused(peer, KIND_DONE, LINK_CONSOLE, bytes, 16);
	/* Names. */
	refused(peer, KIND_OPEN, 1, NULL, 0);
	refused(peer, KIND_OPEN, 1, "0123456789012345678901234567890x", 32);
	refused(peer, KIND_OPEN, 1, "a\0b", 3);
	good(peer, KIND_OPEN, 1, "0123456789012345678901234567890", 31);
	assert_string_equal(stream->name, "0123456789012345678901234567890");
	/* Before it is accepted there is no credit; and then as much as the queue has room for. */
	refused(peer, KIND_DATA, 1, bytes, 1);
	link_accept(peer->link, 1);
	hear(peer);
	refused(peer, KIND_DATA, 1, bytes, 0);
	refused(peer, KIND_DATA, 1, bytes, 257);
	peer->position = 1;
	refused(peer, KIND_DATA, 1, bytes, 1); /* there is something missing before it */
	peer->position = 0x8000;
	refused(peer, KIND_DATA, 1, bytes, 1);
	peer->position = 0;
	good(peer, KIND_DATA, 1, bytes, 200);
	/* Bytes that came before are passed over; those after them count. */
	good(peer, KIND_DATA, 1, bytes, 200);
	assert_int_equal(stream->bytes_received, 200);
	refused(peer, KIND_DATA, 1, bytes, 257);
	good(peer, KIND_DATA, 1, bytes, 256);
	assert_int_equal(stream->bytes_received, 256);
	peer->position = 256;
	refused(peer, KIND_DATA, 1, bytes, 1);
	/* The owner has taken some, but the other end wasn't told so. */
	stream->in.tail += 10;
	refused(peer, KIND_DATA, 1, bytes, 1);
	stream->in.tail += 54;
	hear(peer);
	refused(peer, KIND_DATA, 1, bytes, 65);
	good(peer, KIND_DATA, 1, bytes, 64);
	assert_int_equal(queue_used(&stream->in), 256);
	/* Credit that is taken back or makes no sense has no effect. */
	credit = 1000;
	good(peer, KIND_CREDIT, 1, &credit, 4);
	credit = 10;
	good(peer, KIND_CREDIT, 1, &credit, 4);
	credit = 0x80001000;
	good(peer, KIND_CREDIT, 1, &credit, 4);
	assert_int_equal(stream->credit, 1000);
	/* Ends. */
	refused(peer, KIND_END, 1, &total, sizeof(total));
	refused(peer, KIND_DONE, 1, &total, sizeof(total));
	total.bytes = 321;
	refused(peer, KIND_END, 1, &total, sizeof(total));
	total.bytes = 320;
	good(peer, KIND_END, 1, &total, sizeof(total));
	good(peer, KIND_END, 1, &total, sizeof(total));
	stream->in.tail += 256;
	hear(peer);
	peer->position = 320;
	refused(peer, KIND_DATA, 1, bytes, 1);
	link_end(peer->link, 1, false, 0);
	hear(peer);
	refused(peer, KIND_DONE, 1, &total, sizeof(total));
	total.bytes = 0;
	good(peer, KIND_DONE, 1, &total, sizeof(total));
	/* Reasons. */
	reason = 1;
	refused(peer, KIND_CLOSE, 1, &reason, 4);
	reason = -SILL_MAX_ERRNO - 1;
	refused(peer, KIND_CLOSE, 1, &reason, 4);
	reason = INT32_MIN;
	refused(peer, KIND_CLOSE, 1, &reason, 4);
	reason = -SILL_MAX_ERRNO;
	good(peer, KIND_CLOSE, 1, &reason, 4);
	assert_int_equal(stream->state, LINK_GONE);
	peer_free(peer);
}

static void test_hostile_numbers(void **state)
{
	struct peer *peer = peer_new(true, QUEUE);
	struct frame_header header = {.kind = KIND_ACK};
	static const uint8_t bytes[QUEUE];
	struct link_stream *console = &peer->link->streams[LINK_CONSOLE];
	uint32_t credit = 1000;
	uint64_t bad;

	(void)state;
	hear(peer);
	good(peer, KIND_CREDIT, LINK_CONSOLE, &credit, 4);
	queue_put(&console->out, bytes, 2000);
	hear(peer);
	/* Frames that were never sent can't be acknowledged, nor can others. */
	for (uint32_t expected = 0; expected < 0x10000; expected++) {
		if ((uint16_t)(expected - peer->link->first) <= peer->link->flying)
			continue;
		header.expected = (uint16_t)expected;
		header.session = mark_of_peer(peer);
		header.stream = ACK_GAP;
		say_raw(peer, &header, NULL, 0);
	}
	assert_int_equal(console->bytes_acknowledged, 0);
	assert_int_equal(queue_used(&console->out), 2000);
	assert_int_equal(peer->link->next, peer->link->flying);
	/* An acknowledgement has no payload. */
	bad = peer->link->counts.frames_bad;
	header.stream = 0;
	say_raw(peer, &header, bytes, 1);
	assert_int_equal(peer->link->counts.frames_bad, bad + 1);
	/* Numbers ahead of the window; the others are only too early or too late. */
	for (uint32_t distance = 1; distance < 0x10000; distance++) {
		bad = peer->link->counts.frames_bad;
		peer->sequence = (uint16_t)(peer->link->expected + distance);
		say(peer, KIND_DATA, LINK_CONSOLE, bytes, 1);
		assert_int_equal(peer->link->counts.frames_bad - bad,
				 distance >= LINK_WINDOW && distance < 0x8000);
	}
	assert_int_equal(console->bytes_received, 0);
	/* And no other session's. */
	peer->sequence = peer->link->expected;
	bad = peer->link->counts.frames_bad;
	for (uint32_t i = 1; i < 1000; i++) {
		header.kind = KIND_DATA;
		header.sequence = peer->sequence;
		header.session = mark_of_peer(peer) ^ i * 0x01000193u;
		say_raw(peer, &header, bytes, 1);
	}
	header.session = 0;
	say_raw(peer, &header, bytes, 1);
	header.session = ~mark_of_peer(peer); /* an echo */
	say_raw(peer, &header, bytes, 1);
	assert_int_equal(console->bytes_received, 0);
	assert_int_equal(peer->link->counts.frames_bad, bad);
	good(peer, KIND_DATA, LINK_CONSOLE, bytes, 1);
	assert_int_equal(console->bytes_received, 1);
	peer_free(peer);
}

/* Frames of the wrong session are answered, but not each of them. */
static void test_stray_frames(void **state)
{
	struct pair *pair = start();
	struct peer peer = {.link = opener(pair), .session = 5, .now = 1000000};

	(void)state;
	for (int ms = 0; ms < 1000; ms++) {
		peer.now += 1000;
		say(&peer, KIND_DATA, 0, "x", 1);
		hear(&peer);
	}
	assert_int_equal(peer.heard[KIND_HELLO], 10);
	assert_int_equal(peer.heard[KIND_ACK], 0);
	free(pair);
}

/* An opener answers those who call, but not each time; the acceptor only other versions' HELLO. */
static void test_calls(void **state)
{
	struct pair *pair = start();
	struct peer peer = {.link = opener(pair), .session = 5, .now = 1000000};

	(void)state;
	for (int ms = 0; ms < 1000; ms++) {
		peer.now += 1000;
		say_bytes(&peer, (const uint8_t *)"\0", 2);
		hear(&peer);
	}
	assert_int_equal(peer.heard[KIND_HELLO], 10);
	assert_int_equal(peer.heard[KIND_ACK], 0);
	/* What a person types is no call. */
	peer.now += 1000000;
	say_bytes(&peer, (const uint8_t *)"root\r\n", 6);
	hear(&peer);
	assert_int_equal(peer.heard[KIND_HELLO], 10);

	peer.link = acceptor(pair);
	for (int ms = 0; ms < 1000; ms++) {
		peer.now += 1000;
		say_bytes(&peer, (const uint8_t *)"\0", 2);
		hear(&peer);
	}
	assert_int_equal(peer.heard[KIND_HELLO], 10);
	say_hello(&peer, LINK_VERSION + 1, FRAME_PAYLOAD_MAX, ROLE_OPENER);
	hear(&peer);
	assert_int_equal(peer.heard[KIND_HELLO], 11);
	assert_int_equal(peer.link->other_version, LINK_VERSION + 1);
	free(pair);
}

/* One GAP for each gap; and another when the other end went back and it is missing again. */
static void test_gap_said_once(void **state)
{
	struct peer *peer = peer_new(true, QUEUE);
	uint16_t first = peer->sequence;

	(void)state;
	for (int round = 1; round <= 3; round++) {
		for (uint16_t ahead = 1; ahead < 5; ahead++) {
			peer->sequence = (uint16_t)(first + ahead);
			say(peer, KIND_NOTHING, 1, NULL, 0);
			say_bytes(peer, (const uint8_t *)"\0noise\0", 7);
			hear(peer);
		}
		assert_int_equal(peer->gaps, round);
	}
	/* It comes at last; and the next gap is another. */
	peer->sequence = first;
	good(peer, KIND_NOTHING, 1, NULL, 0);
	assert_int_equal(peer->gaps, 3);
	say_bytes(peer, (const uint8_t *)"\0noise\0", 7);
	hear(peer);
	assert_int_equal(peer->gaps, 4);
	/* Or it was so long ago that the other end may not have heard. */
	peer->now += 2000000;
	say_bytes(peer, (const uint8_t *)"\0noise\0", 7);
	hear(peer);
	assert_int_equal(peer->gaps, 5);
	peer_free(peer);
}

/* The DATA frames that the link sends now: numbers and bytes are those that are due. */
static uint32_t hear_data(struct peer *peer, uint16_t sequence, uint32_t from, uint32_t longest,
			  const uint8_t *bytes)
{
	uint8_t out[512];
	uint32_t frames = 0;
	size_t size;

	do {
		size = link_transmit(peer->link, out, sizeof(out), peer->now);
		for (size_t i = 0; i < size; i++) {
			const struct frame_header *header = &peer->decoder.header;

			if (frame_decode(&peer->decoder, out[i]) != FRAME_COMPLETE ||
			    header->kind != KIND_DATA)
				continue;
			assert_int_equal(header->sequence, (uint16_t)(sequence + frames));
			assert_int_equal(header->position, (uint16_t)from);
			assert_in_range(peer->decoder.payload_size, 1, longest);
			assert_memory_equal(peer->decoder.payload, bytes + from,
					    peer->decoder.payload_size);
			from += peer->decoder.payload_size;
			frames++;
		}
	} while (size);
	return frames;
}

static void say_gap(struct peer *peer)
{
	struct frame_header header = {
		.kind = KIND_ACK,
		.stream = ACK_GAP,
		.expected = peer->expected,
		.session = mark_of_peer(peer),
	};

	say_raw(peer, &header, NULL, 0);
}

static void fill_queue(struct peer *peer, uint8_t *bytes, uint32_t size)
{
	static const uint32_t credit = 1u << 20;

	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 11 + i / 256);
	good(peer, KIND_CREDIT, LINK_CONSOLE, &credit, 4);
	assert_int_equal(queue_put(&peer->link->streams[LINK_CONSOLE].out, bytes, size), size);
}

/* After a GAP: the same numbers, each half as long, one behind the other. */
static void test_frames_made_smaller(void **state)
{
	struct peer *peer = peer_new(true, 65536);
	static uint8_t bytes[20000];
	uint8_t out[100];
	uint16_t first;

	(void)state;
	fill_queue(peer, bytes, sizeof(bytes));
	first = peer->expected;
	/* No more than so many bytes are on their way. */
	assert_int_equal(hear_data(peer, first, 0, 4096, bytes), LINK_WINDOW_BYTES / 4096);
	say_gap(peer);
	assert_int_equal(hear_data(peer, first, 0, 2048, bytes), LINK_WINDOW_BYTES / 2048);
	say_gap(peer);
	/* Once more at once, and while the missing one is on its way: it's the same gap. */
	say_gap(peer);
	assert_int_equal(link_transmit(peer->link, out, sizeof(out), peer->now), sizeof(out));
	say_gap(peer);
	assert_int_equal(peer->link->payload, 1024);
	assert_int_equal(peer->link->next, 1);
	peer_free(peer);
}

/* Frames end where the ring does; and made smaller they come to lie elsewhere. */
static void test_smaller_at_the_end_of_the_ring(void **state)
{
	(void)state;
	for (uint32_t before_end = 1; before_end < 1024; before_end += 13) {
		struct peer *peer = peer_new(true, 1024);
		static uint8_t bytes[1024];
		uint16_t first;

		peer->link->payload = peer->link->payload_limit = 256;
		peer->link->streams[LINK_CONSOLE].out.head = 0u - before_end;
		peer->link->streams[LINK_CONSOLE].out.tail = 0u - before_end;
		peer->link->streams[LINK_CONSOLE].sent = 0u - before_end;
		fill_queue(peer, bytes, sizeof(bytes));
		first = peer->expected;
		assert_in_range(hear_data(peer, first, 0, 256, bytes), 4, 5);
		say_gap(peer);
		assert_in_range(hear_data(peer, first, 0, 128, bytes), 7, 8);
		say_gap(peer);
		assert_int_equal(hear_data(peer, first, 0, 64, bytes), 8);
		peer_free(peer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opener_alone),
		cmocka_unit_test(test_acceptor_alone),
		cmocka_unit_test(test_each_frame_lost_once),
		cmocka_unit_test(test_stream_from_open_to_close),
		cmocka_unit_test(test_done_before_accepted),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_closing_at_any_time),
		cmocka_unit_test(test_acceptor_restarted),
		cmocka_unit_test(test_opener_restarted),
		cmocka_unit_test(test_time_out),
		cmocka_unit_test(test_one_way_silence),
		cmocka_unit_test(test_text_is_no_life),
		cmocka_unit_test(test_long_frame_is_life),
		cmocka_unit_test(test_cut_and_joined),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_one_gap),
		cmocka_unit_test(test_knocking),
		cmocka_unit_test(test_other_end_takes_less),
		cmocka_unit_test(test_round_robin),
		cmocka_unit_test(test_hostile_hello),
		cmocka_unit_test(test_hostile_states),
		cmocka_unit_test(test_hostile_data),
		cmocka_unit_test(test_hostile_numbers),
		cmocka_unit_test(test_stray_frames),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_gap_said_once),
		cmocka_unit_test(test_frames_made_smaller),
		cmocka_unit_test(test_smaller_at_the_end_of_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
