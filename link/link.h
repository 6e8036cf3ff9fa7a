/* SPDX-License-Identifier: MIT */
/*
 * The link: many streams of bytes, both ways, over one serial line that may lose, change and add
 * bytes, be cut and joined again. docs/link.md describes what goes over the line. Both ends run
 * this code: Sill (the opener: it opens streams, and is quiet until somebody is there) and
 * sill-link (the acceptor).
 *
 * Pure, and polled: whoever owns a struct link hands it the bytes that arrive (link_receive), asks
 * it for those to send (link_transmit), and when to ask again (link_due). Time is in microseconds
 * since any moment, and does not go back. Nothing is allocated, nothing waits.
 */
#ifndef SILL_LINK_LINK_H
#define SILL_LINK_LINK_H

#include "link/frame.h"
#include "link/queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINK_VERSION  1u
#define LINK_STREAMS  17u /* stream 0 is the console; it is always open */
#define LINK_CONSOLE  0u
#define LINK_NAME_MAX 31u /* bytes of a stream's name */
#define LINK_WINDOW   8u  /* frames on their way, unacknowledged */
/* And bytes in them: more would only have to be sent again after a fault. */
#define LINK_WINDOW_BYTES (3u * FRAME_PAYLOAD_MAX)

#define LINK_NEVER	  UINT64_MAX

enum link_stream_state {
	LINK_FREE,    /* not in use */
	LINK_OPENING, /* opened, and not accepted yet (acceptor: to be accepted or closed) */
	LINK_OPEN,
	LINK_GONE, /* the other end closed it, or the session is lost: reason says why */
	/* The rest is the link's own: it waits until the other end knows that it is closed. */
	LINK_CLOSING,
};

struct link_stream {
	enum link_stream_state state;
	int32_t reason; /* if it is GONE: 0 or a negative error number of sill/errno.h */

	/*
	 * The owner puts bytes into out.head's side with queue_put() and takes bytes out of in with
	 * queue_get() or queue_taken(); the link does the rest. Bytes stay in out until the other
	 * end has acknowledged them. Memory and size are the owner's to set before link_start(),
	 * and remain. An owner that takes nothing until more than three quarters of in are full
	 * waits for ever: the other end is told of room when a quarter is free.
	 */
	struct queue out, in;

	/*
	 * Since the stream was opened (the console: since the session began): bytes that the other
	 * end's link has, and bytes received.
	 */
	uint64_t bytes_acknowledged, bytes_received;

	/* The link's own. */
	uint32_t sent;	  /* out's position: bytes before it were put into frames */
	uint32_t credit;  /* the stream's position up to which the other end takes bytes */
	uint32_t granted; /* and up to which it knows that bytes are taken here */
	uint16_t pending; /* kinds to be sent, a bit each */
	bool ending;	  /* link_end() was called */
	bool owes_closed; /* the other end waits for CLOSED */
	bool end_has_crc, taken_has_crc;

	/* The other end has ended its direction, after so many bytes with this CRC-32. */
	bool ended;
	bool ended_has_crc;
	uint32_t ended_crc;
	uint64_t ended_total;
	/* The other end's program has taken all that was sent before link_end(): so many bytes. */
	uint64_t done_total;
	uint32_t done_crc;
	bool done;
	bool done_has_crc;

	uint32_t end_crc, taken_crc; /* the link's own */
	char name[LINK_NAME_MAX + 1];
};

struct link_config {
	bool opener;
	uint32_t baud; /* not 0; for time-outs: 10 bits a byte */
	/*
	 * Silence of the other end after which the session is lost. More than the time that several
	 * of the largest frames take; while bytes arrive, if only of frames that are no good, it is
	 * four times as long.
	 */
	uint32_t timeout_us;
	/*
	 * The acceptor only: the opener may not be listening all the time. After so long without a
	 * byte from it a lone delimiter is sent first, and wake_us waited for an answer. 0: never.
	 */
	uint32_t sleeps_after_us, wake_us;
};

struct link_counts {
	uint64_t bytes_sent, bytes_received; /* on the line */
	uint64_t frames_sent, frames_received;
	uint64_t frames_repeated;
	uint64_t frames_bad; /* received: wrong CRC-32, or no frame at all */
};

/* A numbered frame on its way. Its bytes are still where they came from. */
struct link_frame {
	uint64_t sent_at;
	uint32_t from; /* DATA: the bytes' position in the out queue */
	uint16_t length;
	uint8_t kind, stream;
	bool repeated;
};

struct link {
	bool up; /* a session: the other end answers */
	/* Not 0: somebody is there, but speaks only this version, which is not LINK_VERSION. */
	uint16_t other_version;
	struct link_config config;

	/* The link's own. Session and silence; see docs/link.md. */
	uint32_t session, other; /* both ends' numbers; other is 0 until it is known */
	bool hello_wanted, ack_wanted, call_wanted;
	uint8_t ack_flags;
	bool knocking; /* the acceptor, if the opener may sleep */

	/* What comes from there. */
	bool gap;	       /* the other end was told that `expected` is missing */
	uint16_t gap_distance; /* how far behind it the last frame was */
	uint16_t expected;

	/* What is on its way to the other end: numbers first to first + flying - 1. */
	uint16_t first;
	uint8_t flying;
	uint8_t next;	  /* so many of them were sent since the last go-back */
	uint8_t backoff;  /* time-outs in a row: each doubles the next */
	uint8_t slow;	  /* the line is so much slower than believed: doublings */
	bool timed_out;	  /* frames were repeated for want of an answer */
	uint8_t in_a_row; /* frames of the largest size acknowledged without a repetition */
	uint8_t turn;	  /* the stream to be served next */
	uint8_t used;	  /* streams from this number on never had anything to say */
	uint16_t payload; /* the largest payload at present */
	uint16_t payload_limit;
	uint32_t answer_us; /* from a frame's last byte to its acknowledgement; falls slowly */

	/* The frame that is being handed out. */
	bool encoded_numbered;
	uint16_t encoded_sequence;
	uint32_t encoded_size, encoded_given;

	/* Moments. */
	uint64_t call_due;	/* the acceptor, without a session */
	uint64_t stray_due;	/* an answer to one who knows nothing of this session */
	uint64_t heard_at;	/* the last good frame of the session */
	uint64_t asked_at;	/* the last time that silence was met with a question */
	uint64_t byte_at;	/* the last byte at all */
	uint64_t awake_at;	/* or the end of waiting for one after a knock */
	uint64_t knocked_until; /* an answer to the knock is waited for */
	uint64_t gap_at;
	uint64_t timer_at; /* the last progress, or last byte of a numbered frame */
	uint64_t given_at; /* the last byte of any */

	/* The rest is not the link's own alone. */
	struct link_counts counts;
	struct link_stream streams[LINK_STREAMS];

	/* But this is. */
	struct link_frame frames[LINK_WINDOW]; /* at their number modulo LINK_WINDOW */
	struct frame_decoder decoder;
	uint8_t encoded[FRAME_ENCODED_MAX];
};

/*
 * Begins, without a session. *link is all zeros but for the memory and sizes of the streams'
 * queues (stream 0 among them); a stream whose queues have size 0 can't be opened. session: a
 * number that this end has never used before, not 0.
 */
void link_start(struct link *link, const struct link_config *config, uint32_t session);

/*
 * A byte that arrived. The answer is the decoder's: on FRAME_BAD the bytes since the last delimiter
 * were no frame of the link's, maybe plain text that somebody wrote on the line.
 */
enum frame_event link_receive(struct link *link, uint8_t byte, uint64_t now);

/* Bytes for the line, at most room of them; answers how many. 0: nothing to be sent now. */
size_t link_transmit(struct link *link, uint8_t *to, size_t room, uint64_t now);

/*
 * When link_transmit() may have something though nothing arrives and no stream changes: a
 * repetition, a sign of life. LINK_NEVER: not before.
 */
uint64_t link_due(const struct link *link, uint64_t now);

/* The line itself was cut and joined again (a device reopened): half a frame is forgotten. */
void link_line_joined(struct link *link, uint64_t now);

/*
 * The opener: opens stream 1 to LINK_STREAMS - 1, which is LINK_FREE, under a name that the caller
 * has checked. It becomes LINK_OPEN when the other end accepts it, as late as that may be; bytes
 * may be put into its queue before. Empties its queues.
 */
void link_open(struct link *link, unsigned int stream, const char *name);

/*
 * The acceptor: a stream that is LINK_OPENING becomes LINK_OPEN. Its name is of 1 to LINK_NAME_MAX
 * bytes without a 0 and not otherwise checked.
 */
void link_accept(struct link *link, unsigned int stream);

/*
 * Not the console. The owner puts nothing more into the stream's out queue. The other end learns of
 * it when it has all the bytes, with their number and, if has_crc, their CRC-32.
 */
void link_end(struct link *link, unsigned int stream, bool has_crc, uint32_t crc);

/*
 * Of a stream that is LINK_OPEN, after the other end's direction has ended: its bytes were all
 * taken out of the in queue, and the owner has done with them what it does. has_crc: the CRC-32 of
 * what it took.
 */
void link_done(struct link *link, unsigned int stream, bool has_crc, uint32_t crc);

/*
 * Done with the stream, whatever its state: bytes that are not acknowledged or not read are lost
 * (but what link_done() says arrives). Not the console.
 * The other end's stream is GONE with this reason (0 or a negative error number). The stream is
 * LINK_FREE again once the other end knows, at once if it is GONE already or there is no session.
 */
void link_close(struct link *link, unsigned int stream, int32_t reason);

/* Whether the link would send something now if the line had room. */
bool link_wants_to_send(const struct link *link, uint64_t now);

#endif
