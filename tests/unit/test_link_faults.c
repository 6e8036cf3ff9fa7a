/* SPDX-License-Identifier: MIT */
/* UNIT: link/link.c link/stream.c link/window.c link/frame.c link/queue.c */
/*
 * Two ends of the link with a bad line between them: whatever becomes of the bytes on the line,
 * each stream's arrive once, in their order. And how much of a good line they use.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link_pair.h"

/* One direction of one stream. */
struct flow {
	uint64_t total; /* to be sent; UINT64_MAX: on and on */
	uint64_t sent, received;
	uint32_t sent_crc, received_crc;
	uint32_t key;
	bool ended, done; /* by the sender; by the receiver */
};

/* One life of a stream. What the acceptor sends, and how much, it tells by the name. */
struct conversation {
	bool open, accepted;
	bool abort; /* somebody closes it before it is over */
	struct flow flows[2];
};

struct programs {
	struct conversation conversations[LINK_STREAMS];
	bool finish; /* open no more */
	uint32_t largest;
	uint32_t opened, completed, aborted;
	uint64_t bytes;	       /* that arrived */
	uint64_t in_completed; /* and of those in streams that were closed in order */
	uint32_t slow_reader;  /* reads at most this much each time; 0: all */
};

static uint8_t byte_of(uint32_t key, uint64_t position)
{
	uint32_t x = key ^ (uint32_t)(position * 2654435761u);

	x ^= x >> 15;
	x *= 2246822519u;
	return (uint8_t)(x >> 24);
}

static void flow_write(struct pair *pair, struct flow *flow, struct link_stream *stream)
{
	uint8_t bytes[1024];

	while (flow->sent < flow->total) {
		uint64_t left = flow->total - flow->sent;
		uint32_t size = 1 + pair_below(pair, sizeof(bytes));

		if (size > left)
			size = (uint32_t)left;
		for (uint32_t i = 0; i < size; i++)
			bytes[i] = byte_of(flow->key, flow->sent + i);
		size = queue_put(&stream->out, bytes, size);
		flow->sent_crc = crc32_add(flow->sent_crc, bytes, size);
		flow->sent += size;
		if (size == 0)
			break;
	}
}

static void flow_read(struct programs *programs, struct flow *flow, struct link_stream *stream,
		      uint32_t most)
{
	uint8_t bytes[1024];
	uint32_t size;

	do {
		size = queue_get(&stream->in, bytes, most < sizeof(bytes) ? most : sizeof(bytes));
		for (uint32_t i = 0; i < size; i++)
			REQUIRE(bytes[i] == byte_of(flow->key, flow->received + i));
		flow->received_crc = crc32_add(flow->received_crc, bytes, size);
		flow->received += size;
		programs->bytes += size;
		most -= size;
	} while (size && most);
}

/* Writes, reads and ends on one stream at one end. */
static void converse(struct pair *pair, int e, unsigned int number)
{
	struct programs *programs = pair->context;
	struct conversation *conversation = &programs->conversations[number];
	struct link *link = &pair->ends[e].link;
	struct link_stream *stream = &link->streams[number];
	struct flow *out = &conversation->flows[e], *in = &conversation->flows[!e];
	uint32_t most =
		programs->slow_reader ? 1 + pair_below(pair, programs->slow_reader) : UINT32_MAX;

	flow_write(pair, out, stream);
	if (out->sent == out->total && !out->ended) {
		link_end(link, number, true, out->sent_crc);
		out->ended = true;
	}
	flow_read(programs, in, stream, most);
	REQUIRE(stream->bytes_received == in->received + queue_used(&stream->in));
	if (stream->ended && queue_used(&stream->in) == 0 && !in->done) {
		REQUIRE(in->ended && in->received == in->total);
		REQUIRE(stream->ended_total == in->total && stream->ended_has_crc);
		REQUIRE(stream->ended_crc == in->received_crc && in->sent_crc == in->received_crc);
		link_done(link, number, true, in->received_crc);
		in->done = true;
	}
	if (stream->done) {
		REQUIRE(out->done && stream->done_has_crc);
		REQUIRE(stream->done_total == out->total && stream->done_crc == out->sent_crc);
	}
}

/* The opener's end of it is over. */
static void concluded(struct programs *programs, struct conversation *conversation)
{
	const struct flow *flows = conversation->flows;

	conversation->open = false;
	if (conversation->abort) {
		programs->aborted++;
		return;
	}
	programs->completed++;
	for (int e = 0; e < 2; e++) {
		REQUIRE(flows[e].done && flows[e].received == flows[e].total);
		programs->in_completed += flows[e].total;
	}
}

static void opener_program(struct pair *pair, unsigned int number)
{
	struct programs *programs = pair->context;
	struct conversation *conversation = &programs->conversations[number];
	struct link *link = &pair->ends[OPENER].link;
	struct link_stream *stream = &link->streams[number];

	switch (stream->state) {
	case LINK_FREE:
		REQUIRE(!conversation->open);
		if (programs->finish || pair_below(pair, 8))
			break;
		memset(conversation, 0, sizeof(*conversation));
		conversation->open = true;
		conversation->abort = pair_below(pair, 4) == 0;
		for (int e = 0; e < 2; e++) {
			conversation->flows[e].key = pair_random(pair);
			conversation->flows[e].total =
				pair_below(pair, 4) ? pair_below(pair, programs->largest) : 0;
		}
		programs->opened++;
		link_open(link, number, "a-stream");
		break;
	case LINK_OPENING:
	case LINK_OPEN:
		REQUIRE(conversation->open);
		converse(pair, OPENER, number);
		if (conversation->abort ? pair_below(pair, 100) == 0
					: stream->done && conversation->flows[ACCEPTOR].done) {
			link_close(link, number, 0);
			concluded(programs, conversation);
		}
		break;
	case LINK_GONE:
		/* The acceptor says nothing worse than this, and closes early only if it may. */
		REQUIRE(stream->reason == 0 && conversation->open);
		flow_read(programs, &conversation->flows[ACCEPTOR], stream, UINT32_MAX);
		if (!conversation->abort)
			REQUIRE(stream->done);
		link_close(link, number, 0);
		concluded(programs, conversation);
		break;
	case LINK_CLOSING:
		break;
	}
}

static void acceptor_program(struct pair *pair, unsigned int number)
{
	struct programs *programs = pair->context;
	struct conversation *conversation = &programs->conversations[number];
	struct link *link = &pair->ends[ACCEPTOR].link;
	struct link_stream *stream = &link->streams[number];
	struct flow *in = &conversation->flows[OPENER];

	switch (stream->state) {
	case LINK_FREE:
	case LINK_CLOSING:
		break;
	case LINK_OPENING:
		REQUIRE(!strcmp(stream->name, "a-stream"));
		if (pair_below(pair, 3) == 0) {
			link_accept(link, number);
			conversation->accepted = true;
		}
		break;
	case LINK_OPEN:
		if (!conversation->open)
			break; /* closed by the opener: it is only a matter of time */
		converse(pair, ACCEPTOR, number);
		/* It says that it is done, and closes at once, now and then. */
		if (conversation->abort ? pair_below(pair, 100) == 0
					: stream->done && in->done && pair_below(pair, 2))
			link_close(link, number, 0);
		break;
	case LINK_GONE:
		REQUIRE(stream->reason == 0 && !conversation->open);
		if (!conversation->abort)
			REQUIRE(stream->done && in->done && in->received == in->total);
		link_close(link, number, 0);
		break;
	}
}

static void console_program(struct pair *pair, int e)
{
	struct programs *programs = pair->context;
	struct flow *flows = programs->conversations[LINK_CONSOLE].flows;
	struct link_stream *stream = pair_stream(pair, e, LINK_CONSOLE);

	REQUIRE(stream->state == LINK_OPEN);
	/* A few bytes now and then. */
	if (!programs->finish && pair_below(pair, 4) == 0)
		flows[e].total += pair_below(pair, 80);
	flow_write(pair, &flows[e], stream);
	flow_read(programs, &flows[!e], stream, UINT32_MAX);
}

static void run_programs(struct pair *pair)
{
	for (unsigned int i = 1; i < LINK_STREAMS; i++) {
		opener_program(pair, i);
		acceptor_program(pair, i);
	}
	console_program(pair, OPENER);
	console_program(pair, ACCEPTOR);
}

static bool all_quiet(struct pair *pair)
{
	const struct programs *programs = pair->context;
	const struct flow *console = programs->conversations[LINK_CONSOLE].flows;

	for (unsigned int i = 1; i < LINK_STREAMS; i++) {
		if (pair_stream(pair, OPENER, i)->state != LINK_FREE ||
		    pair_stream(pair, ACCEPTOR, i)->state != LINK_FREE)
			return false;
	}
	for (int e = 0; e < 2; e++) {
		if (console[e].received != console[e].total ||
		    queue_used(&pair_stream(pair, e, LINK_CONSOLE)->out))
			return false;
	}
	return true;
}

static void finish(struct pair *pair)
{
	struct programs *programs = pair->context;
	const struct flow *console = programs->conversations[LINK_CONSOLE].flows;
	uint64_t until = pair->now + 300 * S;

	programs->finish = true;
	while (pair->now < until && !all_quiet(pair))
		pair_step(pair, until);
	REQUIRE(all_quiet(pair));
	for (int e = 0; e < 2; e++) {
		REQUIRE(console[e].sent == console[e].received);
		REQUIRE(console[e].sent_crc == console[e].received_crc);
		REQUIRE(pair_stream(pair, !e, LINK_CONSOLE)->bytes_received == console[e].received);
	}
}

enum fault {
	FAULT_FLIP,
	FAULT_LOSE,
	FAULT_INSERT,
	FAULT_BURST,
	FAULT_REPEAT,
	FAULT_OVERRUN, /* the receiver's FIFO: 16 bytes come through, some are lost */
	FAULT_CUT,
	FAULT_CUT_JOINED, /* and the acceptor is told */
	FAULTS,
};

static void one_fault(struct pair *pair, enum fault fault)
{
	struct line *line = &pair->lines[pair_below(pair, 2)];

	switch (fault) {
	case FAULT_FLIP:
		line->to_flip = 1 + pair_below(pair, 3);
		break;
	case FAULT_LOSE:
		line->to_lose = 1 + pair_below(pair, 5);
		break;
	case FAULT_INSERT:
		line_insert_random(pair, line, 1 + pair_below(pair, 5));
		break;
	case FAULT_BURST:
		line->to_replace = 20 + pair_below(pair, 1000);
		break;
	case FAULT_REPEAT:
		line_repeat(pair, line, 1 + pair_below(pair, LINE_HISTORY));
		break;
	case FAULT_OVERRUN:
		line->to_lose = 16 + pair_below(pair, 600);
		break;
	default:
		pair_cut(pair, (10 + pair_below(pair, 700)) * MS);
		if (fault == FAULT_CUT_JOINED) {
			pair_run(pair, 100 * MS);
			link_line_joined(&pair->ends[ACCEPTOR].link,
					 end_time(pair, &pair->ends[ACCEPTOR]));
			end_changed(pair, ACCEPTOR);
		}
		break;
	}
}

static void print_counts(const struct pair *pair)
{
	for (int e = 0; e < 2; e++) {
		const struct link_counts *counts = &pair->ends[e].link.counts;

		print_message("  %s: %llu bytes, %llu frames sent, of them %llu again; %llu "
			      "received, %llu bad\n",
			      e == OPENER ? "opener" : "acceptor",
			      (unsigned long long)counts->bytes_sent,
			      (unsigned long long)counts->frames_sent,
			      (unsigned long long)counts->frames_repeated,
			      (unsigned long long)counts->frames_received,
			      (unsigned long long)counts->frames_bad);
	}
}

static void many_faults(uint32_t seed, uint32_t queue_size, uint32_t slow_reader, uint32_t piece,
			uint32_t largest, unsigned int faults)
{
	static struct programs programs;
	struct pair *pair = pair_new(115200, 2 * MS, queue_size);
	uint32_t sessions[2];

	programs = (struct programs){.largest = largest, .slow_reader = slow_reader};
	pair->seed = seed;
	pair->context = &programs;
	pair->programs = run_programs;
	pair->programs_every = 3 * MS;
	pair->ends[ACCEPTOR].piece = piece;
	pair_meet(pair);
	for (int e = 0; e < 2; e++)
		sessions[e] = pair->ends[e].link.session;
	for (unsigned int i = 0; i < faults; i++) {
		pair_run(pair, pair_below(pair, 400) * MS);
		one_fault(pair, (enum fault)(i % FAULTS));
	}
	finish(pair);
	/* It was one session all the time. */
	for (int e = 0; e < 2; e++)
		REQUIRE(sessions[e] == pair->ends[e].link.session && pair->ends[e].link.up);

	print_message("%u faults (seed %u), %llu s: %u streams opened, %u complete with %llu "
		      "bytes, %u aborted; %llu bytes arrived: 0 lost, 0 twice, 0 wrong\n",
		      faults, seed, (unsigned long long)(pair->now / S), programs.opened,
		      programs.completed, (unsigned long long)programs.in_completed,
		      programs.aborted, (unsigned long long)programs.bytes);
	print_counts(pair);
	REQUIRE(programs.completed > 5 && programs.aborted > 5);
	free(pair);
}

static void test_thousand_faults(void **state)
{
	(void)state;
	many_faults(1, 16384, 0, 16, 20000, 1000);
}

static void test_faults_with_slow_readers(void **state)
{
	(void)state;
	many_faults(2, 4096, 200, 16, 20000, 300);
	many_faults(3, 256, 0, 4096, 20000, 600);
	many_faults(4, 65536, 3000, 4096, 20000, 300);
}

static void test_faults_and_many_streams(void **state)
{
	(void)state;
	many_faults(5, 4096, 0, 16, 400, 1000);
}

/* One stream, on and on, in either or both directions: bytes that arrive in so many seconds. */
static void stream_on(struct pair *pair)
{
	struct programs *programs = pair->context;

	for (int e = 0; e < 2; e++) {
		flow_write(pair, &programs->conversations[1].flows[e], pair_stream(pair, e, 1));
		flow_read(programs, &programs->conversations[1].flows[!e], pair_stream(pair, e, 1),
			  UINT32_MAX);
	}
}

static void begin_stream_on(struct pair *pair, struct programs *programs, bool there, bool back)
{
	*programs = (struct programs){0};
	pair->context = programs;
	pair_meet(pair);
	link_open(&pair->ends[OPENER].link, 1, "a-stream");
	end_changed(pair, OPENER);
	pair_run(pair, 100 * MS * pair->ends[OPENER].clock_fast);
	link_accept(&pair->ends[ACCEPTOR].link, 1);
	end_changed(pair, ACCEPTOR);
	programs->conversations[1].flows[OPENER].total = there ? UINT64_MAX : 0;
	programs->conversations[1].flows[ACCEPTOR].total = back ? UINT64_MAX : 0;
	pair->programs = stream_on;
	pair->programs_every = 2 * MS;
}

/* Of the line's bits, per cent that are the payload's, in the worse direction of those in use. */
static double efficiency(struct pair *pair, struct programs *programs, uint64_t warm_up,
			 uint64_t duration)
{
	uint64_t before[2];
	double worse = 100;

	pair_run(pair, warm_up);
	for (int e = 0; e < 2; e++)
		before[e] = programs->conversations[1].flows[e].received;
	pair_run(pair, duration);
	for (int e = 0; e < 2; e++) {
		const struct flow *flow = &programs->conversations[1].flows[e];
		double part = 100.0 * (double)(flow->received - before[e]) *
			      (double)pair->lines[e].byte_ns / (double)duration;

		if (flow->total && part < worse)
			worse = part;
	}
	return worse;
}

static void test_efficiency(void **state)
{
	static const struct {
		uint32_t baud, latency_us, piece, queue_size;
	} lines[] = {
		{115200, 100, 16, 65536},   {115200, 100, 4096, 65536}, {9600, 100, 16, 65536},
		{115200, 20000, 16, 65536}, {115200, 100, 16, 16384},	{1000000, 5000, 16, 65536},
	};
	static struct programs programs;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		double part[3];

		for (int way = 0; way < 3; way++) {
			struct pair *pair = pair_new(lines[i].baud, lines[i].latency_us * 1000ull,
						     lines[i].queue_size);

			for (int e = 0; e < 2; e++) {
				pair->ends[e].piece = lines[i].piece;
				pair->ends[e].link.config.timeout_us = 60000000;
			}
			begin_stream_on(pair, &programs, way != 1, way != 0);
			part[way] = efficiency(pair, &programs, 10 * S, 30 * S);
			for (int e = 0; e < 2; e++)
				assert_int_equal(pair->ends[e].link.counts.frames_repeated, 0);
			free(pair);
		}
		print_message("%u baud, latency %u us, pieces of %u, queues of %u: from the opener "
			      "%.1f %%, from the acceptor %.1f %%, both %.1f %%\n",
			      lines[i].baud, lines[i].latency_us, lines[i].piece,
			      lines[i].queue_size, part[0], part[1], part[2]);
		for (int way = 0; way < 3; way++)
			assert_true(part[way] >= 90);
	}
}

/*
 * One end's clock goes 20 times as fast as the other's. The line's bits are in time by the first or
 * by the other.
 */
static void test_clocks_differ(void **state)
{
	static struct programs programs;

	(void)state;
	for (int fast = 0; fast < 2; fast++) {
		for (int line_is_fast = 0; line_is_fast < 2; line_is_fast++) {
			struct pair *pair = pair_new(115200, MS, 65536);
			uint32_t session = pair->ends[OPENER].link.session;
			double part;

			pair->ends[fast].clock_fast = 20;
			if (line_is_fast) {
				for (int e = 0; e < 2; e++)
					pair->lines[e].byte_ns /= 20;
			}
			begin_stream_on(pair, &programs, true, true);
			pair->programs_every = line_is_fast ? MS / 2 : 2 * MS;
			part = efficiency(pair, &programs, 10 * S, line_is_fast ? 20 * S : 120 * S);
			print_message("the %s's clock 20 times as fast, the line by the %s: "
				      "%.1f %%\n",
				      fast == OPENER ? "opener" : "acceptor",
				      line_is_fast ? "fast clock" : "slow clock", part);
			print_counts(pair);
			assert_int_equal(pair->ends[OPENER].link.session, session);
			assert_true(part >= 80);
			/* Faults cost no more than time. */
			for (unsigned int i = 0; i < 50; i++) {
				pair_run(pair, pair_below(pair, line_is_fast ? 100 : 1000) * MS);
				one_fault(pair, (enum fault)(i % FAULT_CUT));
			}
			for (int e = 0; e < 2; e++) {
				struct flow *flow = &programs.conversations[1].flows[e];

				flow->total = flow->sent;
			}
			pair_run(pair, 200 * S);
			for (int e = 0; e < 2; e++) {
				const struct flow *flow = &programs.conversations[1].flows[e];

				assert_true(flow->received == flow->total);
			}
			assert_int_equal(pair->ends[OPENER].link.session, session);
			free(pair);
		}
	}
}

/*
 * A deep buffer before a line that is far slower than believed, as between a program and an
 * emulator: all on its way is handed out long before it arrives, and the time-out is too short.
 */
static void test_slower_than_believed(void **state)
{
	static struct programs programs;
	struct pair *pair = pair_new(115200, MS, 65536);
	double part;

	(void)state;
	for (int e = 0; e < 2; e++) {
		pair->lines[e].byte_ns *= 20;
		pair->ends[e].deep = true;
		pair->ends[e].link.config.timeout_us = 60000000;
	}
	begin_stream_on(pair, &programs, true, false);
	part = efficiency(pair, &programs, 120 * S, 400 * S);
	print_message("a line of %u baud that is believed to have %u: %.1f %%\n", 115200 / 20,
		      115200, part);
	print_counts(pair);
	assert_true(part >= 90);
	assert_true(pair->ends[OPENER].link.up);
	free(pair);
}

/* A receiver that takes too long: of frames that are longer than its FIFO the rest is lost. */
static void test_long_frames_never_arrive(void **state)
{
	static struct programs programs;
	struct pair *pair = pair_new(115200, MS, 65536);
	struct flow *flow = &programs.conversations[1].flows[OPENER];

	(void)state;
	begin_stream_on(pair, &programs, true, false);
	flow->total = 20000;
	/* A bit in each 4000 or so: 1 in 8000 frames of 4 KiB would arrive. */
	while (pair->now < 100 * S && flow->received < flow->total) {
		pair->lines[OPENER].to_flip = 1;
		pair_run(pair, (10 + pair_below(pair, 70)) * MS);
	}
	print_message("an error in each 500 bytes: 20000 bytes take %llu s\n",
		      (unsigned long long)(pair->now / S));
	print_counts(pair);
	assert_true(flow->received == flow->total);
	assert_true(pair->now < 20 * S);
	free(pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thousand_faults),
		cmocka_unit_test(test_faults_with_slow_readers),
		cmocka_unit_test(test_faults_and_many_streams),
		cmocka_unit_test(test_efficiency),
		cmocka_unit_test(test_clocks_differ),
		cmocka_unit_test(test_slower_than_believed),
		cmocka_unit_test(test_long_frames_never_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
