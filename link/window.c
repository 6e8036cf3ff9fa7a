/* SPDX-License-Identifier: MIT */
/*
 * Numbered frames on their way, by go-back-N: which of them are sent again, when, and in what size.
 * And what is missing of those that come.
 */
#include "link/own.h"

/* Header, CRC-32, delimiters, and the bytes that COBS adds, rounded up. */
#define FRAME_OVERHEAD	 36u

#define ANSWER_FIRST_US	 100000u /* until it is measured */
#define MARGIN_US	 20000u
#define TIMEOUT_SHORT_US 2000000u /* doubling goes on up to here */
#define BACKOFF_MAX	 8u
#define SLOW_MAX	 6u
#define IN_A_ROW	 8u

static uint64_t line_time(const struct link *link, uint64_t bytes)
{
	return bytes * 10 * 1000000 / link->config.baud;
}

uint32_t window_bytes(const struct link *link)
{
	uint32_t bytes = 0;

	for (unsigned int i = 0; i < link->flying; i++)
		bytes += link->frames[(link->first + i) % LINK_WINDOW].length;
	return bytes;
}

void window_reset(struct link *link)
{
	link->first = 0;
	link->flying = 0;
	link->next = 0;
	link->backoff = 0;
	link->slow = 0;
	link->timed_out = false;
	link->in_a_row = 0;
	link->payload = link->payload_limit;
	link->answer_us = ANSWER_FIRST_US;
	link->expected = 0;
	link->gap = false;
	link->gap_distance = 0;
	link->encoded_numbered = false;
}

static void measured(struct link *link, uint64_t answer)
{
	uint32_t us = answer < UINT32_MAX / 2 ? (uint32_t)answer : UINT32_MAX / 2;

	if (us > link->answer_us)
		link->answer_us = us;
	else
		link->answer_us -= (link->answer_us - us) / 8;
	link->slow = 0;
	link->timed_out = false;
}

void window_acknowledged(struct link *link, uint16_t expected, uint64_t now)
{
	uint16_t count = (uint16_t)(expected - link->first);
	uint64_t sent_at = 0;
	bool once = false;

	if (count == 0 || count > link->flying)
		return;
	for (; link->first != expected; link->first++) {
		const struct link_frame *frame = frame_at(link, link->first);

		stream_acknowledged(link, frame);
		if (!frame->repeated) {
			once = true;
			sent_at = frame->sent_at;
			if (frame->length == link->payload)
				link->in_a_row++;
		}
		link->flying--;
		if (link->next)
			link->next--;
	}
	link->backoff = 0;
	link->timer_at = now;
	/* Of a frame that was sent twice nobody knows which of the two is acknowledged. */
	if (once)
		measured(link, now - sent_at);
	if (link->in_a_row >= IN_A_ROW) {
		link->in_a_row = 0;
		link->payload = link->payload < link->payload_limit / 2
					? (uint16_t)(2 * link->payload)
					: link->payload_limit;
	}
}

void window_go_back(struct link *link)
{
	link->next = 0;
}

/*
 * The same numbers, but fewer bytes: each DATA frame begins where the one before it ends now. If
 * the other end has got one in its old size after all, it knows by the position which bytes are
 * new to it.
 */
void window_smaller_frames(struct link *link)
{
	uint32_t seen = 0;

	link->in_a_row = 0;
	link->payload = link->payload > 2 * PAYLOAD_MIN ? link->payload / 2 : PAYLOAD_MIN;
	for (uint16_t i = 0; i < link->flying; i++) {
		struct link_frame *frame = frame_at(link, (uint16_t)(link->first + i));
		struct link_stream *stream = &link->streams[frame->stream];

		if (frame->kind == KIND_DATA) {
			uint32_t unbroken;

			if (!(seen & 1u << frame->stream))
				stream->sent = frame->from;
			seen |= 1u << frame->stream;
			frame->from = stream->sent;
			queue_bytes_from(&stream->out, frame->from, &unbroken);
			if (frame->length > unbroken)
				frame->length = (uint16_t)unbroken;
			if (frame->length > link->payload)
				frame->length = link->payload;
			stream->sent += frame->length;
		} else if (frame->kind == KIND_END && stream->sent != stream->out.head) {
			/* It says that all bytes have come: that has to wait now. */
			frame->kind = KIND_NOTHING;
			stream->pending |= KIND_BIT(KIND_END);
		}
	}
}

void window_gap(struct link *link)
{
	/* Not if it was sent just now, or is being sent: the other end couldn't know of it yet. */
	if (link->next > 1 || (link->next == 1 && !link->encoded_numbered)) {
		window_smaller_frames(link);
		window_go_back(link);
	}
}

void window_repeated(struct link *link)
{
	/* Answers only take longer than believed: the line or the other end's clock is slow. */
	if (link->timed_out && link->slow < SLOW_MAX)
		link->slow++;
	link->timed_out = false;
}

static uint64_t timeout(const struct link *link)
{
	/* The other end may be in the midst of a frame, too, before it can answer. */
	uint64_t bytes = FRAME_ENCODED_MAX + window_bytes(link) + link->flying * FRAME_OVERHEAD;
	uint64_t us, longest;

	us = line_time(link, bytes) + 2 * (uint64_t)link->answer_us + MARGIN_US;
	us <<= link->slow;
	longest = us > TIMEOUT_SHORT_US ? us : TIMEOUT_SHORT_US;
	us <<= link->backoff;
	return us < longest ? us : longest;
}

uint64_t window_due(const struct link *link)
{
	if (link->flying == 0 || link->next < link->flying || handing_out(link))
		return LINK_NEVER;
	return link->timer_at + timeout(link);
}

void window_timeout(struct link *link)
{
	if (link->backoff < BACKOFF_MAX)
		link->backoff++;
	link->timed_out = true;
	window_smaller_frames(link);
	window_go_back(link);
}

void window_retire(struct link *link, unsigned int stream, uint32_t kinds_to_keep)
{
	for (uint16_t i = 0; i < link->flying; i++) {
		struct link_frame *frame = frame_at(link, (uint16_t)(link->first + i));

		if (frame->stream == stream && !(kinds_to_keep & KIND_BIT(frame->kind))) {
			frame->kind = KIND_NOTHING;
			frame->length = 0;
		}
	}
}

/*
 * Said once for each gap. Frames behind it come one after the other; when one comes again the other
 * end has gone back, and what is missing is lost again.
 */
void window_missing(struct link *link, uint16_t distance, uint64_t now)
{
	bool again = distance && distance <= link->gap_distance;
	bool long_ago = now - link->gap_at >= line_time(link, LINK_WINDOW_BYTES);

	if (!link->gap || again || long_ago) {
		link->gap = true;
		link->gap_at = now;
		link->ack_wanted = true;
		link->ack_flags |= ACK_GAP;
	}
	if (distance)
		link->gap_distance = distance;
}
