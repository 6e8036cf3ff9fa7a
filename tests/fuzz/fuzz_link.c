/* SPDX-License-Identifier: MIT */
/* UNIT: link/link.c link/stream.c link/window.c link/frame.c link/queue.c */
/*
 * The input is what happens to a link: bytes and frames of another end that keeps to no rule, or
 * another honest end behind a bad line; programs that open, write, read and close; time that goes
 * by. Whatever it is, nothing gets out of its bounds, nobody sleeps who has something to say, and
 * what two honest ends write arrives once the line is good.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "link/own.h"
#include "sill/errno.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define QUEUE	  256u
#define STREAMS	  4u /* in use; the others have no memory */
#define BYTES_MAX 2048u
#define INPUT_MAX 256u

struct end {
	struct link link;
	uint8_t out[STREAMS][QUEUE], in[STREAMS][QUEUE];
	uint32_t written[STREAMS], read[STREAMS]; /* since the stream was opened */
	uint32_t sessions;			  /* of how many its console's bytes are */
	bool up;
};

struct input {
	const uint8_t *data;
	size_t size;
};

static struct end ends[2];
static uint64_t now;

static uint8_t next_byte(struct input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

static uint8_t content(unsigned int stream, uint32_t position, bool of_opener)
{
	return (uint8_t)(position * 31 + (position >> 8) + stream * 101 + of_opener * 57);
}

static void check_stream(const struct link *link, const struct link_stream *stream)
{
	REQUIRE(stream->state <= LINK_CLOSING);
	REQUIRE(queue_used(&stream->out) <= stream->out.size);
	REQUIRE(queue_used(&stream->in) <= stream->in.size);
	REQUIRE(memchr(stream->name, 0, sizeof(stream->name)));
	if (stream->state == LINK_OPEN || stream->state == LINK_OPENING) {
		REQUIRE(stream->sent - stream->out.tail <= queue_used(&stream->out));
		REQUIRE(!link->up || stream->granted - (uint32_t)stream->bytes_received <=
					     queue_room(&stream->in));
		REQUIRE(!stream->ended || stream->ended_total == stream->bytes_received);
	}
	if (stream->state == LINK_GONE)
		REQUIRE(stream->reason <= 0 && stream->reason >= -SILL_MAX_ERRNO);
	if (stream->state == LINK_FREE || stream->state == LINK_GONE)
		REQUIRE(!(stream->pending & ~KIND_BIT(KIND_CLOSED)));
}

static void check(const struct link *link)
{
	REQUIRE(link->flying <= LINK_WINDOW && link->next <= link->flying);
	REQUIRE(window_bytes(link) <= LINK_WINDOW_BYTES);
	REQUIRE(link->payload >= PAYLOAD_MIN && link->payload <= link->payload_limit);
	REQUIRE(link->payload_limit <= FRAME_PAYLOAD_MAX);
	REQUIRE(link->encoded_given <= link->encoded_size);
	REQUIRE(link->encoded_size <= FRAME_ENCODED_MAX);
	REQUIRE(link->up || link->flying == 0);
	/* And one of those without memory. */
	for (unsigned int i = 0; i <= STREAMS; i++)
		check_stream(link, &link->streams[i]);
	for (unsigned int i = 0; i < link->flying; i++) {
		const struct link_frame *frame = &link->frames[(link->first + i) % LINK_WINDOW];
		const struct link_stream *stream = &link->streams[frame->stream];

		REQUIRE(frame->kind > KIND_ACK && frame->kind <= KIND_CLOSED);
		if (frame->kind == KIND_DATA) {
			REQUIRE(stream->state == LINK_OPEN);
			REQUIRE(frame->length && frame->length <= QUEUE);
			REQUIRE(frame->from - stream->out.tail + frame->length <=
				queue_used(&stream->out));
			REQUIRE(frame->from % QUEUE + frame->length <= QUEUE);
		} else {
			REQUIRE(frame->length == 0);
		}
	}
}

static size_t transmit(struct end *end, uint8_t *to, size_t room)
{
	size_t size = link_transmit(&end->link, to, room, now);

	REQUIRE(size <= room);
	if (size == 0 && room) {
		/* The owner may sleep until it is due, and that is not now. */
		REQUIRE(!link_wants_to_send(&end->link, now));
		REQUIRE(link_due(&end->link, now) > now);
	}
	check(&end->link);
	return size;
}

static void receive(struct end *end, uint8_t byte)
{
	enum frame_event event = link_receive(&end->link, byte, now);

	REQUIRE(byte == 0 || event == FRAME_NOTHING);
	if (event != FRAME_NOTHING)
		check(&end->link);
	/* Of the console all bytes that were not acknowledged come again in another session. */
	if (end->link.up && !end->up)
		end->sessions++;
	end->up = end->link.up;
}

static void start(struct end *end, bool opener, uint8_t settings)
{
	struct link_config config = {
		.opener = opener,
		.baud = 115200,
		.timeout_us = 10000000,
		.sleeps_after_us = settings & 1 ? 100000 : 0,
		.wake_us = 20000,
	};

	memset(end, 0, sizeof(*end));
	for (unsigned int i = 0; i < STREAMS; i++) {
		end->link.streams[i].out = (struct queue){.memory = end->out[i], .size = QUEUE};
		end->link.streams[i].in = (struct queue){.memory = end->in[i], .size = QUEUE};
	}
	link_start(&end->link, &config, opener ? 0x1001 : 0x2002);
}

/* An owner that keeps to the rules of link.h. */
static void write_some(struct end *end, unsigned int number, uint32_t size)
{
	struct link_stream *stream = &end->link.streams[number];
	uint8_t byte;

	if ((stream->state != LINK_OPEN && stream->state != LINK_OPENING) || stream->ending)
		return;
	while (size--) {
		byte = content(number, end->written[number], end->link.config.opener);
		if (!queue_put(&stream->out, &byte, 1))
			break;
		end->written[number]++;
	}
}

static void read_some(struct end *end, unsigned int number, uint32_t size, bool honest)
{
	struct link_stream *stream = &end->link.streams[number];
	uint8_t byte;

	while (size-- && queue_get(&stream->in, &byte, 1)) {
		/* The console's may come twice in a new session: see finish(). */
		if (honest && number != LINK_CONSOLE)
			REQUIRE(byte ==
				content(number, end->read[number], !end->link.config.opener));
		else if (honest && ends[0].sessions <= 1 && ends[1].sessions <= 1)
			REQUIRE(byte == content(0, end->read[0], !end->link.config.opener));
		end->read[number]++;
	}
}

static void act(struct end *end, uint8_t what, struct input *input, bool honest)
{
	unsigned int number = what % STREAMS;
	struct link_stream *stream = &end->link.streams[number];
	enum link_stream_state before = stream->state;

	switch (what / STREAMS % 8) {
	case 0:
		link_open(&end->link, number, "a.name");
		break;
	case 1:
		link_accept(&end->link, number);
		break;
	case 2:
		link_end(&end->link, number, what & 0x80, what);
		break;
	case 3:
		if (stream->ended && queue_used(&stream->in) == 0) {
			REQUIRE(!honest || stream->ended_total == end->read[number]);
			link_done(&end->link, number, what & 0x80, what);
		}
		break;
	case 4:
		link_close(&end->link, number, what & 0x80 ? -SILL_EPIPE : 0);
		break;
	case 5:
		read_some(end, number, next_byte(input), honest);
		break;
	default:
		write_some(end, number, next_byte(input));
		break;
	}
	if (stream->state == LINK_OPENING && before == LINK_FREE)
		end->written[number] = end->read[number] = 0;
	check(&end->link);
}

/* What was received may have opened a stream: its count begins anew. */
static void deliver(struct end *to, const uint8_t *bytes, size_t size)
{
	enum link_stream_state before[STREAMS];

	for (size_t i = 0; i < size; i++) {
		for (unsigned int s = 0; bytes[i] == 0 && s < STREAMS; s++)
			before[s] = to->link.streams[s].state;
		receive(to, bytes[i]);
		for (unsigned int s = 0; bytes[i] == 0 && s < STREAMS; s++) {
			if (before[s] == LINK_FREE && to->link.streams[s].state == LINK_OPENING)
				to->written[s] = to->read[s] = 0;
		}
	}
}

/* A frame that is well formed, from nobody honest. */
static void say_frame(struct end *end, struct input *input)
{
	static uint8_t encoded[FRAME_ENCODED_MAX], payload[QUEUE + 64];
	bool opener = end->link.config.opener;
	uint32_t numbers[2] = {opener ? end->link.session : end->link.other,
			       opener ? end->link.other : end->link.session};
	uint32_t mark = crc32_add(0, numbers, sizeof(numbers)), size;
	uint8_t how = next_byte(input);
	struct frame_header header = {.kind = how & 15, .stream = next_byte(input)};
	struct hello hello = {LINK_VERSION, FRAME_PAYLOAD_MAX, 7, end->link.session};

	header.session = opener ? ~mark : mark;
	header.sequence =
		(uint16_t)(end->link.expected + (how & 16 ? (int8_t)next_byte(input) : 0));
	header.expected = (uint16_t)(end->link.first +
				     (how & 32 ? (int8_t)next_byte(input) : end->link.flying));
	if (header.stream < LINK_STREAMS)
		header.position = (uint16_t)end->link.streams[header.stream].bytes_received;
	if (how & 64)
		header.position = (uint16_t)(header.position + (int8_t)next_byte(input));
	if (header.kind == KIND_HELLO) {
		header.session = 0;
		header.stream = !opener;
		hello.session += header.expected & 1;
		if (how & 64)
			hello.payload_max = (uint16_t)(next_byte(input) * 32);
		if (how & 128)
			hello.version = next_byte(input) & 3;
		memcpy(payload, &hello, sizeof(hello));
		size = sizeof(hello) - (how == (128 | KIND_HELLO));
	} else {
		size = next_byte(input);
		size = how & 128 ? size + 64 : size % 20;
		for (uint32_t i = 0; i < size; i++)
			payload[i] = i < 16 ? next_byte(input) : 0x77;
	}
	deliver(end, encoded, frame_encode(encoded, &header, payload, size));
}

/* From one end to the other, with faults. */
static void transfer(int from, struct input *input, uint8_t how)
{
	uint8_t bytes[BYTES_MAX];
	size_t size = transmit(&ends[from], bytes, how & 8 ? BYTES_MAX : 1u + next_byte(input));
	struct end *to = &ends[!from];

	switch (how & 7) {
	case 1:
		return; /* cut */
	case 2:
		if (size)
			bytes[next_byte(input) % size] ^= (uint8_t)(1u << (how >> 5));
		break;
	case 3:
		/* Some of them are lost. */
		if (size) {
			size_t at = next_byte(input) % size, lost = next_byte(input);

			deliver(to, bytes, at);
			lost = lost < size - at ? lost : size - at;
			deliver(to, bytes + at + lost, size - at - lost);
			return;
		}
		break;
	case 4:
		/* Some come twice. */
		deliver(to, bytes, size);
		if (size) {
			size_t at = next_byte(input) % size;

			deliver(to, bytes + at, size - at);
		}
		return;
	case 5: {
		/* Others get in between. */
		uint8_t some[4] = {next_byte(input), next_byte(input), next_byte(input), 0};

		deliver(to, some, 1 + how / 64);
		break;
	}
	default:
		break;
	}
	deliver(to, bytes, size);
}

/* The line is good now, and everybody does what remains to be done. */
static bool settle(struct end *end)
{
	bool quiet = true;

	for (unsigned int i = 0; i < STREAMS; i++) {
		struct link_stream *stream = &end->link.streams[i];

		read_some(end, i, QUEUE, true);
		if (stream->state == LINK_OPENING)
			link_accept(&end->link, i);
		if (stream->state == LINK_GONE)
			link_close(&end->link, i, 0);
		if (stream->state == LINK_OPEN && i != LINK_CONSOLE && !stream->ending)
			link_end(&end->link, i, false, 0);
		if (stream->ended && !stream->taken_crc &&
		    (stream->state == LINK_OPEN || stream->state == LINK_OPENING))
			link_done(&end->link, i, true, 1);
		if (i != LINK_CONSOLE && stream->state != LINK_FREE &&
		    !(stream->state == LINK_OPEN && stream->done && stream->ended))
			quiet = false;
		if (stream->state == LINK_OPEN && queue_used(&stream->out))
			quiet = false;
	}
	return quiet && end->link.up;
}

static void finish(void)
{
	uint8_t bytes[BYTES_MAX];
	bool quiet = false;

	for (unsigned int rounds = 0; !quiet; rounds++) {
		size_t moved = 0;
		uint64_t due = LINK_NEVER;

		REQUIRE(rounds < 2000);
		quiet = settle(&ends[0]);
		quiet &= settle(&ends[1]);
		for (int e = 0; e < 2; e++) {
			size_t size = transmit(&ends[e], bytes, sizeof(bytes));

			deliver(&ends[!e], bytes, size);
			moved += size;
		}
		for (int e = 0; e < 2; e++) {
			uint64_t at = link_due(&ends[e].link, now);

			due = at < due ? at : due;
		}
		if (moved == 0 && !quiet) {
			/* Nobody has anything to say, ever, and yet it is not over? */
			REQUIRE(due != LINK_NEVER);
			now = due > now ? due : now;
		} else {
			now += 1000;
		}
	}
	for (unsigned int i = 1; i < STREAMS; i++) {
		for (int e = 0; e < 2; e++) {
			const struct link_stream *out = &ends[e].link.streams[i];
			const struct link_stream *in = &ends[!e].link.streams[i];

			REQUIRE(out->state == in->state);
			if (out->state != LINK_OPEN)
				continue;
			REQUIRE(ends[e].written[i] == ends[!e].read[i]);
			REQUIRE(in->ended_total == ends[e].written[i]);
			REQUIRE(out->done_total == ends[e].written[i]);
		}
	}
	/* Of the console no byte is missing, and in a single session none came twice. */
	for (int e = 0; e < 2; e++) {
		REQUIRE(ends[!e].read[LINK_CONSOLE] >= ends[e].written[LINK_CONSOLE]);
		if (ends[0].sessions == 1 && ends[1].sessions == 1)
			REQUIRE(ends[!e].read[LINK_CONSOLE] == ends[e].written[LINK_CONSOLE]);
	}
}

static void alone(struct input *input, struct end *end)
{
	uint8_t bytes[64];

	while (input->size) {
		uint8_t what = next_byte(input);

		switch (what & 7) {
		case 0:
			now += 1ull << (what >> 3) % 26;
			break;
		case 1:
			transmit(end, bytes, (what >> 3) + 1);
			break;
		case 2:
			for (unsigned int i = 0; i < what / 8u; i++)
				receive(end, next_byte(input));
			break;
		case 3:
			act(end, next_byte(input), input, false);
			break;
		case 4:
			if (!end->link.config.opener && what > 200)
				link_line_joined(&end->link, now);
			else
				transmit(end, bytes, 0);
			break;
		default:
			say_frame(end, input);
			break;
		}
	}
	check(&end->link);
}

static void together(struct input *input)
{
	while (input->size) {
		uint8_t what = next_byte(input);

		switch (what & 7) {
		case 0:
			now += 1ull << (what >> 3) % 22;
			break;
		case 1:
		case 2:
			act(&ends[what >> 3 & 1], next_byte(input), input, true);
			break;
		case 3:
			if (what > 200)
				link_line_joined(&ends[1].link, now);
			else
				now += 1000;
			break;
		default:
			transfer(what >> 3 & 1, input, what & 16 ? next_byte(input) : 8);
			break;
		}
	}
	finish();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size < INPUT_MAX ? size : INPUT_MAX};
	uint8_t mode = next_byte(&input);

	now = 1000000;
	start(&ends[0], true, mode >> 2);
	start(&ends[1], false, mode >> 2);
	if (mode & 2)
		together(&input);
	else
		alone(&input, &ends[mode & 1]);
	return 0;
}
