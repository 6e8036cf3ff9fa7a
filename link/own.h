/* SPDX-License-Identifier: MIT */
/* What the files of the link share among themselves; docs/link.md says what goes over the line. */
#ifndef SILL_LINK_OWN_H
#define SILL_LINK_OWN_H

#include "link/link.h"

enum kind {
	KIND_HELLO = 1,
	KIND_ACK,
	/* The rest is numbered. */
	KIND_NOTHING, /* its number was given to a frame that nobody needs any more */
	KIND_DATA,
	KIND_OPEN,
	KIND_ACCEPT,
	KIND_CREDIT,
	KIND_END,
	KIND_DONE,
	KIND_CLOSE,
	KIND_CLOSED,
};
#define KIND_BIT(kind) (1u << (kind))

/* What an ACK says in `stream`. */
#define ACK_GAP	     (1u << 0) /* the frame with the number `expected` is missing */
#define ACK_PROBE    (1u << 1) /* is anybody there? */
#define ACK_REPEATED (1u << 2) /* a frame came again */

/* What a HELLO says in `stream`. */
#define ROLE_ACCEPTOR 0u
#define ROLE_OPENER   1u

struct hello {
	uint16_t version;
	uint16_t payload_max;
	uint32_t session;  /* the sender's number */
	uint32_t receiver; /* the receiver's, as far as the sender knows it, or 0 */
};

/* Payloads of control frames. */
struct total {
	uint64_t bytes;
	uint32_t crc;
	uint32_t has_crc;
};

#define PAYLOAD_MIN 64u /* the largest payload gets no smaller than this */

union control {
	uint32_t credit;
	int32_t reason;
	struct total total;
};

static inline struct link_frame *frame_at(struct link *link, uint16_t sequence)
{
	return &link->frames[sequence % LINK_WINDOW];
}

static inline bool handing_out(const struct link *link)
{
	return link->encoded_given < link->encoded_size;
}

/* window.c: numbered frames on their way, and those that come. */
void window_reset(struct link *link);
/* Bytes of streams that are on their way. */
uint32_t window_bytes(const struct link *link);
void window_acknowledged(struct link *link, uint16_t expected, uint64_t now);
/* The first of them, and maybe all, has to be sent again. */
void window_go_back(struct link *link);
void window_smaller_frames(struct link *link);
/* The other end says that the first of them is missing. */
void window_gap(struct link *link);
/* The other end says that a frame came which it had already. */
void window_repeated(struct link *link);
uint64_t window_due(const struct link *link);
void window_timeout(struct link *link);
/* Frames of a stream that is no more: others, without effect, take their numbers. */
void window_retire(struct link *link, unsigned int stream, uint32_t kinds_to_keep);
/* Something is missing here: the frame that came is `distance` behind it; 0: it is unknown. */
void window_missing(struct link *link, uint16_t distance, uint64_t now);

/* stream.c */
void stream_begin_console(struct link_stream *console);
void stream_lose(struct link_stream *stream, bool opener, int32_t reason);
/* The next new frame, if there is anything to be said and the window has room. */
bool stream_next(const struct link *link, struct link_frame *frame);
/* It goes: *frame is what stream_next() said. */
void stream_sent(struct link *link, const struct link_frame *frame);
/* DATA: where its first byte is in the stream. */
uint16_t stream_position(const struct link *link, const struct link_frame *frame);
/* Its payload, which may be built in `control`. */
const uint8_t *stream_payload(struct link *link, const struct link_frame *frame,
			      union control *control, uint32_t *size);
void stream_acknowledged(struct link *link, const struct link_frame *frame);
/* The frame in the decoder, of a numbered kind. False: it breaks the rules, and had no effect. */
bool stream_take(struct link *link);

#endif
