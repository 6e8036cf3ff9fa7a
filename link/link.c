/* SPDX-License-Identifier: MIT */
/* The link: sessions, silence, and what is sent next; see link/link.h. */
#include "link/link.h"

#include "core/string.h"
#include "link/own.h"
#include "sill/errno.h"

_Static_assert(sizeof(struct hello) == 12, "no holes in the payload of HELLO");

#define CALL_EVERY_US  250000u
#define STRAY_EVERY_US 100000u
#define ALIVE_EVERY_US 10000u

/* A frame with more bytes takes so long that an acknowledgement goes ahead of it. */
#define SHORT_FRAME 256u

void link_start(struct link *link, const struct link_config *config, uint32_t session)
{
	link->config = *config;
	link->session = session;
	link->payload_limit = FRAME_PAYLOAD_MAX;
	link->streams[LINK_CONSOLE].state = LINK_OPEN;
	link->used = LINK_CONSOLE + 1;
	window_reset(link);
}

/* What an end's frames carry: the other direction's is another, so that an echo is none of them. */
static uint32_t session_mark(const struct link *link, bool of_opener)
{
	bool opener = link->config.opener;
	uint32_t numbers[2] = {opener ? link->session : link->other,
			       opener ? link->other : link->session};
	uint32_t mark = crc32_add(0, numbers, sizeof(numbers));

	if (mark == 0 || mark == UINT32_MAX)
		mark = 1;
	return of_opener ? mark : ~mark;
}

static void begin_session(struct link *link)
{
	link->up = true;
	link->call_wanted = false;
	window_reset(link);
	stream_begin_console(&link->streams[LINK_CONSOLE]);
}

/*
 * Under the old number there must never be a session again: frames of it may still be on the line.
 */
static void lose_session(struct link *link, int32_t reason)
{
	for (unsigned int i = LINK_CONSOLE + 1; i < LINK_STREAMS; i++)
		stream_lose(&link->streams[i], link->config.opener, reason);
	link->up = false;
	link->other = 0;
	do
		link->session = link->session * 1664525 + 1013904223;
	while (link->session == 0);
	link->hello_wanted = false;
	link->call_due = 0;
	link->ack_wanted = false;
	link->ack_flags = 0;
	window_reset(link);
}

static bool take_hello(struct link *link, uint64_t now)
{
	const struct frame_decoder *frame = &link->decoder;
	struct hello hello;
	uint8_t gap = 0;

	if (frame->payload_size < sizeof(hello))
		return false;
	__builtin_memcpy(&hello, frame->payload, sizeof(hello));
	if (hello.version != LINK_VERSION) {
		link->other_version = hello.version;
		/* So that the other end says so, too. */
		link->hello_wanted |= !link->config.opener;
		return true;
	}
	if (hello.session == 0 || hello.payload_max < PAYLOAD_MIN)
		return false;
	/* Another of the same kind, or an echo. */
	if (frame->header.stream != (link->config.opener ? ROLE_ACCEPTOR : ROLE_OPENER))
		return false;
	link->other_version = 0;
	if (hello.session != link->other) {
		if (link->up)
			lose_session(link, -SILL_ECONNRESET);
		link->other = hello.session;
	}
	link->payload_limit =
		hello.payload_max < FRAME_PAYLOAD_MAX ? hello.payload_max : FRAME_PAYLOAD_MAX;
	if (link->payload > link->payload_limit)
		link->payload = link->payload_limit;
	link->heard_at = now;
	if (hello.receiver != link->session) {
		link->hello_wanted = true;
		return true;
	}
	if (link->up) {
		/* The line was cut: both go on from where the other end is. */
		window_acknowledged(link, frame->header.expected, now);
		window_go_back(link);
		gap = ACK_GAP;
	} else {
		begin_session(link);
	}
	/* The acceptor answers in kind, the opener does not: or there would be no end to it. */
	if (link->config.opener) {
		link->ack_wanted = true;
		link->ack_flags |= gap;
	} else {
		link->hello_wanted = true;
	}
	return true;
}

static bool take_ack(struct link *link)
{
	const struct frame_header *header = &link->decoder.header;

	if (link->decoder.payload_size)
		return false;
	if (header->stream & ACK_GAP && header->expected == link->first)
		window_gap(link);
	if (header->stream & ACK_PROBE)
		link->ack_wanted = true;
	if (header->stream & ACK_REPEATED)
		window_repeated(link);
	return true;
}

static bool take_numbered(struct link *link, uint64_t now)
{
	const struct frame_header *header = &link->decoder.header;
	uint16_t distance = (uint16_t)(header->sequence - link->expected);

	if (distance >= 0x8000) {
		link->ack_wanted = true;
		link->ack_flags |= ACK_REPEATED;
		return true;
	}
	if (distance >= LINK_WINDOW)
		return false;
	if (distance) {
		window_missing(link, distance, now);
		return true;
	}
	if (!stream_take(link))
		return false;
	link->expected++;
	link->gap = false;
	link->gap_distance = 0;
	link->ack_wanted = true;
	link->ack_flags &= (uint8_t)~ACK_GAP;
	return true;
}

static void answer_stranger(struct link *link, uint64_t now)
{
	if (now < link->stray_due)
		return;
	link->stray_due = now + STRAY_EVERY_US;
	link->hello_wanted = true;
}

/* Somebody calls, or knocks: is anybody there? */
static void take_empty(struct link *link, uint64_t now)
{
	if (!link->config.opener)
		return;
	if (!link->up)
		answer_stranger(link, now);
	else if (now - link->given_at >= ALIVE_EVERY_US)
		link->ack_wanted = true;
}

/* False: it breaks the rules. */
static bool take_frame(struct link *link, uint64_t now)
{
	const struct frame_header *header = &link->decoder.header;

	if (header->kind == KIND_HELLO)
		return take_hello(link, now);
	if (!link->other || header->session != session_mark(link, !link->config.opener)) {
		/* Of a session that is no more, here at least: the other end should know. */
		answer_stranger(link, now);
		return true;
	}
	if (!link->up)
		begin_session(link);
	link->heard_at = now;
	window_acknowledged(link, header->expected, now);
	return header->kind == KIND_ACK ? take_ack(link) : take_numbered(link, now);
}

static void take_event(struct link *link, enum frame_event event, uint64_t now)
{
	switch (event) {
	case FRAME_COMPLETE:
		if (take_frame(link, now))
			link->counts.frames_received++;
		else
			link->counts.frames_bad++;
		break;
	case FRAME_BAD:
		link->counts.frames_bad++;
		if (link->up)
			window_missing(link, 0, now);
		break;
	case FRAME_EMPTY:
		take_empty(link, now);
		break;
	case FRAME_NOTHING:
		break;
	}
}

enum frame_event link_receive(struct link *link, uint8_t byte, uint64_t now)
{
	enum frame_event event = frame_decode(&link->decoder, byte);

	link->counts.bytes_received++;
	link->byte_at = now;
	link->awake_at = now;
	link->knocking = false;
	if (event != FRAME_NOTHING)
		take_event(link, event, now);
	return event;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When the session is lost if nothing good comes until then. */
static uint64_t lost_due(const struct link *link)
{
	uint64_t timeout = link->config.timeout_us;

	if (!link->up)
		return LINK_NEVER;
	return earlier(later(link->heard_at + timeout, link->byte_at + timeout / 4),
		       link->heard_at + 4 * timeout);
}

static uint64_t ask_due(const struct link *link)
{
	uint64_t timeout = link->config.timeout_us;

	if (!link->up)
		return LINK_NEVER;
	return later(link->heard_at + timeout / 4, link->asked_at + timeout / 8 + 1);
}

static uint64_t call_due(const struct link *link)
{
	return link->up || link->config.opener ? LINK_NEVER : link->call_due;
}

static uint64_t knocked_due(const struct link *link)
{
	return link->knocking ? link->knocked_until : LINK_NEVER;
}

/* The next time at which tick() has something to do. */
static uint64_t next_tick(const struct link *link)
{
	return earlier(earlier(earlier(knocked_due(link), lost_due(link)), ask_due(link)),
		       earlier(window_due(link), call_due(link)));
}

static void tick(struct link *link, uint64_t now)
{
	if (now >= knocked_due(link)) {
		link->knocking = false;
		link->awake_at = now;
	}
	if (now >= lost_due(link))
		lose_session(link, -SILL_ETIMEDOUT);
	if (now >= ask_due(link)) {
		link->asked_at = now;
		link->ack_wanted = true;
		link->ack_flags |= ACK_PROBE;
	}
	if (now >= window_due(link))
		window_timeout(link);
	if (now >= call_due(link)) {
		link->call_due = now + CALL_EVERY_US;
		link->call_wanted = true;
	}
}

enum next {
	NEXT_NONE,
	NEXT_HELLO,
	NEXT_CALL,
	NEXT_ACK,
	NEXT_AGAIN, /* a frame that was sent before */
	NEXT_FRAME, /* a new one */
};

static enum next choose(const struct link *link, struct link_frame *frame)
{
	enum next next = NEXT_NONE;

	if (link->knocking)
		return NEXT_NONE;
	if (link->hello_wanted)
		return NEXT_HELLO;
	if (!link->up)
		return link->call_wanted ? NEXT_CALL : NEXT_NONE;
	if (link->next < link->flying) {
		*frame = link->frames[(link->first + link->next) % LINK_WINDOW];
		next = NEXT_AGAIN;
	} else if (stream_next(link, frame)) {
		next = NEXT_FRAME;
	}
	/* A short frame brings the acknowledgement as well. */
	if (link->ack_wanted &&
	    (next == NEXT_NONE || link->ack_flags || frame->length > SHORT_FRAME))
		return NEXT_ACK;
	return next;
}

/* No frame, only what stands between frames. */
static void encode_zeros(struct link *link, uint32_t count)
{
	memset(link->encoded, 0, count);
	link->encoded_size = count;
	link->encoded_given = 0;
	link->encoded_numbered = false;
}

static void encode(struct link *link, struct frame_header header, const void *payload, size_t size)
{
	header.expected = link->expected;
	if (header.kind != KIND_HELLO)
		header.session = session_mark(link, link->config.opener);
	link->encoded_size = (uint32_t)frame_encode(link->encoded, &header, payload, size);
	link->encoded_given = 0;
	link->encoded_numbered = header.kind > KIND_ACK;
	link->encoded_sequence = header.sequence;
	link->counts.frames_sent++;
}

static void encode_hello(struct link *link)
{
	struct hello hello = {
		.version = LINK_VERSION,
		.payload_max = FRAME_PAYLOAD_MAX,
		.session = link->session,
		.receiver = link->other,
	};
	struct frame_header header = {
		.kind = KIND_HELLO,
		.stream = link->config.opener ? ROLE_OPENER : ROLE_ACCEPTOR,
	};

	encode(link, header, &hello, sizeof(hello));
	link->hello_wanted = false;
}

static void encode_ack(struct link *link)
{
	struct frame_header header = {.kind = KIND_ACK, .stream = link->ack_flags};

	encode(link, header, NULL, 0);
	link->ack_wanted = false;
	link->ack_flags = 0;
}

static void encode_numbered(struct link *link, uint16_t sequence)
{
	struct link_frame *frame = frame_at(link, sequence);
	union control control;
	uint32_t size;
	const uint8_t *payload = stream_payload(link, frame, &control, &size);
	struct frame_header header = {
		.kind = frame->kind,
		.stream = frame->stream,
		.sequence = sequence,
		.position = stream_position(link, frame),
	};

	encode(link, header, payload, size);
	link->next++;
	link->ack_wanted = false;
}

/* The next frame, into `encoded`. */
static bool encode_next(struct link *link, uint64_t now)
{
	const struct link_config *config = &link->config;
	struct link_frame frame;
	enum next next = choose(link, &frame);
	uint16_t sequence = (uint16_t)(link->first + link->next);

	if (next == NEXT_NONE)
		return false;
	if (!config->opener && config->sleeps_after_us &&
	    now - link->awake_at >= config->sleeps_after_us) {
		link->knocking = true;
		link->knocked_until = now + config->wake_us;
		encode_zeros(link, 1);
		return true;
	}
	switch (next) {
	case NEXT_HELLO:
		encode_hello(link);
		break;
	case NEXT_CALL:
		encode_zeros(link, 2);
		link->call_wanted = false;
		break;
	case NEXT_ACK:
		encode_ack(link);
		break;
	case NEXT_FRAME:
		*frame_at(link, sequence) = frame;
		link->flying++;
		stream_sent(link, &frame);
		encode_numbered(link, sequence);
		break;
	default:
		frame_at(link, sequence)->repeated = true;
		link->counts.frames_repeated++;
		encode_numbered(link, sequence);
		break;
	}
	return true;
}

size_t link_transmit(struct link *link, uint8_t *to, size_t room, uint64_t now)
{
	size_t done = 0;

	tick(link, now);
	while (done < room && (handing_out(link) || encode_next(link, now))) {
		size_t size = link->encoded_size - link->encoded_given;

		if (size > room - done)
			size = room - done;
		memcpy(to + done, link->encoded + link->encoded_given, size);
		link->encoded_given += (uint32_t)size;
		done += size;
		link->given_at = now;
		if (!handing_out(link) && link->encoded_numbered) {
			frame_at(link, link->encoded_sequence)->sent_at = now;
			link->timer_at = now;
			link->encoded_numbered = false;
		}
	}
	link->counts.bytes_sent += done;
	return done;
}

bool link_wants_to_send(const struct link *link, uint64_t now)
{
	struct link_frame frame;

	return handing_out(link) || choose(link, &frame) != NEXT_NONE || next_tick(link) <= now;
}

uint64_t link_due(const struct link *link, uint64_t now)
{
	return link_wants_to_send(link, now) ? now : next_tick(link);
}

void link_line_joined(struct link *link, uint64_t now)
{
	frame_forget(&link->decoder);
	link->encoded_size = 0;
	link->encoded_given = 0;
	link->encoded_numbered = false;
	link->knocking = false;
	link->awake_at = 0;
	link->asked_at = now;
	link->call_due = now;
	link->hello_wanted = link->up;
}
