/* SPDX-License-Identifier: MIT */
/* Streams: how they are opened, filled, emptied and closed, as the frames that come say. */
#include "link/own.h"

#include "core/string.h"
#include "sill/errno.h"

_Static_assert(sizeof(struct total) == 16, "no holes in the payload of END and DONE");

/* Where its next byte is in the stream. */
static uint32_t position_of(const struct link_stream *stream, uint32_t in_out_queue)
{
	return (uint32_t)stream->bytes_acknowledged + (in_out_queue - stream->out.tail);
}

static uint64_t out_total(const struct link_stream *stream)
{
	return stream->bytes_acknowledged + queue_used(&stream->out);
}

/* All anew, but for the queues' memory and what the other end still has to hear. */
static void begin(struct link_stream *stream, enum link_stream_state state)
{
	uint16_t pending = stream->pending & KIND_BIT(KIND_CLOSED);

	stream->out.head = stream->out.tail = 0;
	stream->in.head = stream->in.tail = 0;
	memset(&stream->bytes_acknowledged, 0,
	       sizeof(*stream) - offsetof(struct link_stream, bytes_acknowledged));
	stream->state = state;
	stream->reason = 0;
	stream->pending = pending;
}

/* Before it has anything to say. */
static void use(struct link *link, unsigned int number)
{
	if (link->used <= number)
		link->used = (uint8_t)(number + 1);
}

/* What was never acknowledged is sent again, from its first byte on. */
void stream_begin_console(struct link_stream *console)
{
	console->sent = console->out.tail;
	console->bytes_acknowledged = 0;
	console->bytes_received = 0;
	console->credit = 0;
	console->granted = 0;
}

void stream_lose(struct link_stream *stream, bool opener, int32_t reason)
{
	if (stream->state == LINK_OPENING && opener) {
		/* Nobody has accepted it, nothing of it was sent: it waits for who comes next. */
		stream->pending = KIND_BIT(KIND_OPEN) | (stream->ending ? KIND_BIT(KIND_END) : 0);
		stream->granted = 0;
		stream->credit = 0;
		return;
	}
	if (stream->state == LINK_CLOSING) {
		stream->state = LINK_FREE;
	} else if (stream->state == LINK_OPENING || stream->state == LINK_OPEN) {
		stream->state = LINK_GONE;
		stream->reason = reason;
	}
	stream->pending = 0;
	stream->owes_closed = false;
}

void link_open(struct link *link, unsigned int number, const char *name)
{
	struct link_stream *stream = &link->streams[number];

	if (!link->config.opener || number == LINK_CONSOLE || stream->state != LINK_FREE ||
	    !stream->out.size || !stream->in.size)
		return;
	use(link, number);
	begin(stream, LINK_OPENING);
	stream->pending |= KIND_BIT(KIND_OPEN);
	memcpy(stream->name, name, strnlen(name, LINK_NAME_MAX));
}

void link_accept(struct link *link, unsigned int number)
{
	struct link_stream *stream = &link->streams[number];

	if (link->config.opener || stream->state != LINK_OPENING)
		return;
	stream->state = LINK_OPEN;
	stream->pending |= KIND_BIT(KIND_ACCEPT);
}

void link_end(struct link *link, unsigned int number, bool has_crc, uint32_t crc)
{
	struct link_stream *stream = &link->streams[number];

	if (number == LINK_CONSOLE || stream->ending ||
	    (stream->state != LINK_OPEN && stream->state != LINK_OPENING))
		return;
	stream->ending = true;
	stream->end_has_crc = has_crc;
	stream->end_crc = crc;
	stream->pending |= KIND_BIT(KIND_END);
}

void link_done(struct link *link, unsigned int number, bool has_crc, uint32_t crc)
{
	struct link_stream *stream = &link->streams[number];

	/* The other end hears ACCEPT first. */
	if (!stream->ended || stream->state != LINK_OPEN)
		return;
	stream->taken_has_crc = has_crc;
	stream->taken_crc = crc;
	stream->pending |= KIND_BIT(KIND_DONE);
}

void link_close(struct link *link, unsigned int number, int32_t reason)
{
	/* What was done with the other end's bytes remains true. */
	const uint16_t kept = KIND_BIT(KIND_ACCEPT) | KIND_BIT(KIND_DONE) | KIND_BIT(KIND_CLOSED);
	struct link_stream *stream = &link->streams[number];

	if (number == LINK_CONSOLE || stream->state == LINK_FREE || stream->state == LINK_CLOSING)
		return;
	if (stream->state == LINK_GONE) {
		stream->state = LINK_FREE;
		if (stream->owes_closed)
			stream->pending |= KIND_BIT(KIND_CLOSED);
		stream->owes_closed = false;
		return;
	}
	window_retire(link, number, kept);
	if (!link->up || stream->pending & KIND_BIT(KIND_OPEN)) {
		/* The other end has never heard of it. */
		stream->state = LINK_FREE;
		stream->pending &= KIND_BIT(KIND_CLOSED);
		return;
	}
	stream->state = LINK_CLOSING;
	stream->reason = reason;
	stream->pending &= kept;
	stream->pending |= KIND_BIT(KIND_CLOSE);
}

/* Bytes more than the other end knows of; only when they are worth a frame. */
static bool credit_due(const struct link_stream *stream)
{
	uint32_t more =
		(uint32_t)stream->bytes_received + queue_room(&stream->in) - stream->granted;

	return more && more >= stream->in.size / 4;
}

/* The control frame that is to be sent next, or 0. What was closed before was another stream. */
static uint8_t control_next(const struct link *link, const struct link_stream *stream)
{
	uint16_t pending = stream->pending;
	bool known = stream->state == LINK_OPEN || stream->state == LINK_OPENING;

	if (pending & KIND_BIT(KIND_CLOSED))
		return KIND_CLOSED;
	if (pending & KIND_BIT(KIND_OPEN))
		return KIND_OPEN;
	if (pending & KIND_BIT(KIND_ACCEPT))
		return KIND_ACCEPT;
	/* The acceptor first makes up its mind. */
	if ((stream->state == LINK_OPEN || (known && link->config.opener)) && credit_due(stream))
		return KIND_CREDIT;
	if (stream->state == LINK_OPENING && !link->config.opener)
		return 0;
	if (pending & KIND_BIT(KIND_END) && stream->sent == stream->out.head)
		return KIND_END;
	if (pending & KIND_BIT(KIND_DONE))
		return KIND_DONE;
	if (pending & KIND_BIT(KIND_CLOSE))
		return KIND_CLOSE;
	return 0;
}

/* How many bytes its next DATA frame takes. */
static uint16_t data_next(const struct link *link, const struct link_stream *stream)
{
	int32_t credit = (int32_t)(stream->credit - position_of(stream, stream->sent));
	uint32_t size;

	if (stream->state != LINK_OPEN || credit <= 0 || stream->sent == stream->out.head)
		return 0;
	/* An owner that goes on behind its own end: the other end would take none of it. */
	if (stream->ending && !(stream->pending & KIND_BIT(KIND_END)))
		return 0;
	queue_bytes_from(&stream->out, stream->sent, &size);
	if (size > (uint32_t)credit)
		size = (uint32_t)credit;
	if (size > link->payload)
		size = link->payload;
	return (uint16_t)size;
}

/*
 * From the stream on whose turn it is: a control frame, whoever has one; else the first one's
 * bytes.
 */
bool stream_next(const struct link *link, struct link_frame *frame)
{
	unsigned int number = link->turn < link->used ? link->turn : 0;

	*frame = (struct link_frame){0};
	if (link->flying == LINK_WINDOW)
		return false;
	for (unsigned int i = 0; i < link->used; i++) {
		const struct link_stream *stream = &link->streams[number];

		/* Most of them, most of the time, are free. */
		if (stream->state != LINK_FREE || stream->pending) {
			uint8_t control = control_next(link, stream);

			if (control) {
				*frame = (struct link_frame){.kind = control,
							     .stream = (uint8_t)number};
				return true;
			}
			if (!frame->length) {
				frame->stream = (uint8_t)number;
				frame->length = data_next(link, stream);
			}
		}
		if (++number == link->used)
			number = 0;
	}
	if (!frame->length)
		return false;
	frame->kind = KIND_DATA;
	frame->from = link->streams[frame->stream].sent;
	/* If it doesn't fit, the others don't go first: its turn might never come. */
	return window_bytes(link) + frame->length <= LINK_WINDOW_BYTES;
}

void stream_sent(struct link *link, const struct link_frame *frame)
{
	struct link_stream *stream = &link->streams[frame->stream];

	if (frame->kind == KIND_DATA) {
		stream->sent += frame->length;
		link->turn = (uint8_t)(frame->stream + 1);
	}
	stream->pending &= (uint16_t)~KIND_BIT(frame->kind);
}

uint16_t stream_position(const struct link *link, const struct link_frame *frame)
{
	if (frame->kind != KIND_DATA)
		return 0;
	return (uint16_t)position_of(&link->streams[frame->stream], frame->from);
}

const uint8_t *stream_payload(struct link *link, const struct link_frame *frame,
			      union control *control, uint32_t *size)
{
	struct link_stream *stream = &link->streams[frame->stream];

	*size = 0;
	switch (frame->kind) {
	case KIND_DATA: {
		uint32_t unbroken;

		*size = frame->length;
		return queue_bytes_from(&stream->out, frame->from, &unbroken);
	}
	case KIND_OPEN:
		*size = (uint32_t)strnlen(stream->name, LINK_NAME_MAX);
		return (const uint8_t *)stream->name;
	case KIND_CREDIT:
		stream->granted = (uint32_t)stream->bytes_received + queue_room(&stream->in);
		control->credit = stream->granted;
		*size = sizeof(control->credit);
		break;
	case KIND_END:
		control->total =
			(struct total){out_total(stream), stream->end_crc, stream->end_has_crc};
		*size = sizeof(control->total);
		break;
	case KIND_DONE:
		control->total = (struct total){stream->bytes_received, stream->taken_crc,
						stream->taken_has_crc};
		*size = sizeof(control->total);
		break;
	case KIND_CLOSE:
		control->reason = stream->reason;
		*size = sizeof(control->reason);
		break;
	default:
		break;
	}
	return (const uint8_t *)control;
}

void stream_acknowledged(struct link *link, const struct link_frame *frame)
{
	struct link_stream *stream = &link->streams[frame->stream];

	if (frame->kind == KIND_DATA) {
		queue_taken(&stream->out, frame->length);
		stream->bytes_acknowledged += frame->length;
	}
}

static bool take_nothing(struct link *link, struct link_stream *stream,
			 const struct frame_decoder *frame)
{
	(void)link, (void)stream, (void)frame;
	return true;
}

static bool take_data(struct link *link, struct link_stream *stream,
		      const struct frame_decoder *frame)
{
	/* Bytes that are here already: the frame came before, when it was larger. */
	uint32_t known = (uint16_t)((uint16_t)stream->bytes_received - frame->header.position);
	uint32_t size = frame->payload_size;

	(void)link;
	if (size == 0 || known >= 0x8000)
		return false;
	if (known >= size)
		return true;
	size -= known;
	if (stream->ended || size > stream->granted - (uint32_t)stream->bytes_received ||
	    size > queue_room(&stream->in))
		return false;
	queue_put(&stream->in, frame->payload + known, size);
	stream->bytes_received += size;
	return true;
}

static bool take_open(struct link *link, struct link_stream *stream,
		      const struct frame_decoder *frame)
{
	uint32_t size = frame->payload_size;

	if (link->config.opener || size == 0 || size > LINK_NAME_MAX ||
	    strnlen((const char *)frame->payload, size) != size)
		return false;
	begin(stream, LINK_OPENING);
	memcpy(stream->name, frame->payload, size);
	if (!stream->out.size || !stream->in.size) {
		stream->state = LINK_CLOSING;
		stream->reason = -SILL_ENFILE;
		stream->pending |= KIND_BIT(KIND_CLOSE);
	}
	return true;
}

static bool take_accept(struct link *link, struct link_stream *stream,
			const struct frame_decoder *frame)
{
	(void)frame;
	if (!link->config.opener || stream->pending & KIND_BIT(KIND_OPEN))
		return false;
	stream->state = LINK_OPEN;
	return true;
}

static bool take_credit(struct link *link, struct link_stream *stream,
			const struct frame_decoder *frame)
{
	uint32_t credit;

	(void)link;
	__builtin_memcpy(&credit, frame->payload, sizeof(credit));
	/* It is never taken back. */
	if ((int32_t)(credit - stream->credit) > 0)
		stream->credit = credit;
	return true;
}

static bool take_end(struct link *link, struct link_stream *stream,
		     const struct frame_decoder *frame)
{
	struct total total;

	(void)link;
	__builtin_memcpy(&total, frame->payload, sizeof(total));
	if (total.bytes != stream->bytes_received)
		return false;
	stream->ended = true;
	stream->ended_has_crc = total.has_crc;
	stream->ended_total = total.bytes;
	stream->ended_crc = total.crc;
	return true;
}

static bool take_done(struct link *link, struct link_stream *stream,
		      const struct frame_decoder *frame)
{
	struct total total;

	(void)link;
	__builtin_memcpy(&total, frame->payload, sizeof(total));
	if (!stream->ending || total.bytes != out_total(stream))
		return false;
	stream->done = true;
	stream->done_has_crc = total.has_crc;
	stream->done_total = total.bytes;
	stream->done_crc = total.crc;
	return true;
}

static bool take_close(struct link *link, struct link_stream *stream,
		       const struct frame_decoder *frame)
{
	int32_t reason;

	__builtin_memcpy(&reason, frame->payload, sizeof(reason));
	if (reason > 0 || reason < -SILL_MAX_ERRNO)
		return false;
	if (stream->state == LINK_OPENING || stream->state == LINK_OPEN) {
		window_retire(link, frame->header.stream, KIND_BIT(KIND_CLOSED));
		stream->state = LINK_GONE;
		stream->reason = reason;
		stream->pending &= KIND_BIT(KIND_CLOSED);
		stream->owes_closed = true;
		return true;
	}
	/*
	 * Both close at once; and if nothing was said of it yet it needs no more. Or it was closed
	 * before its OPEN got here.
	 */
	if (stream->pending & KIND_BIT(KIND_CLOSE)) {
		stream->state = LINK_FREE;
		stream->pending = 0;
	}
	stream->pending |= KIND_BIT(KIND_CLOSED);
	return true;
}

static bool take_closed(struct link *link, struct link_stream *stream,
			const struct frame_decoder *frame)
{
	(void)link, (void)frame;
	if (stream->pending & KIND_BIT(KIND_CLOSE))
		return false;
	stream->state = LINK_FREE;
	stream->pending &= KIND_BIT(KIND_CLOSED);
	return true;
}

#define STATE_BIT(state) (1u << (state))
#define ANY_SIZE	 0xffu
#define OF_CONSOLE	 0x80u /* the console can be meant, too */

/* Which stream a frame can be about, and with what payload. */
static const struct {
	bool (*take)(struct link *link, struct link_stream *stream,
		     const struct frame_decoder *frame);
	uint8_t payload_size;
	uint8_t states;
} kinds[] = {
	[KIND_NOTHING] = {take_nothing, 0, 0x1f | OF_CONSOLE},
	[KIND_DATA] = {take_data, ANY_SIZE, STATE_BIT(LINK_OPEN) | OF_CONSOLE},
	[KIND_OPEN] = {take_open, ANY_SIZE, STATE_BIT(LINK_FREE)},
	[KIND_ACCEPT] = {take_accept, 0, STATE_BIT(LINK_OPENING)},
	[KIND_CREDIT] = {take_credit, 4, STATE_BIT(LINK_OPEN) | OF_CONSOLE},
	[KIND_END] = {take_end, sizeof(struct total), STATE_BIT(LINK_OPEN)},
	[KIND_DONE] = {take_done, sizeof(struct total), STATE_BIT(LINK_OPEN)},
	[KIND_CLOSE] = {take_close, 4, 0x1f & ~STATE_BIT(LINK_GONE)},
	[KIND_CLOSED] = {take_closed, 0, STATE_BIT(LINK_CLOSING)},
};

bool stream_take(struct link *link)
{
	const struct frame_decoder *frame = &link->decoder;
	unsigned int kind = frame->header.kind;
	unsigned int number = frame->header.stream;
	struct link_stream *stream;
	unsigned int state;

	if (number >= LINK_STREAMS || kind < KIND_NOTHING || kind > KIND_CLOSED)
		return false;
	if (kinds[kind].payload_size != ANY_SIZE && kinds[kind].payload_size != frame->payload_size)
		return false;
	stream = &link->streams[number];
	state = stream->state;
	/* The other end doesn't know yet that nobody wants it. */
	if (state == LINK_CLOSING && kind < KIND_CLOSE && kind != KIND_OPEN)
		return true;
	/* The opener may speak before it is answered. */
	if (state == LINK_OPENING && !link->config.opener)
		state = LINK_OPEN;
	if (!(kinds[kind].states & STATE_BIT(state)) ||
	    (number == LINK_CONSOLE && !(kinds[kind].states & OF_CONSOLE)))
		return false;
	use(link, number);
	return kinds[kind].take(link, stream, frame);
}
