/* SPDX-License-Identifier: MIT */
/*
 * A frame on the serial line: header, payload and CRC-32, stuffed with COBS so that no byte of it
 * is 0, and a delimiter, 0, before and behind. docs/link.md has the layout. Pure.
 */
#ifndef SILL_LINK_FRAME_H
#define SILL_LINK_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_PAYLOAD_MAX 4096u
#define FRAME_HEADER_SIZE 12u
#define FRAME_CRC_SIZE	  4u
#define FRAME_RAW_MAX	  (FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX + FRAME_CRC_SIZE)
/* COBS adds a byte, and one more for each 254; and there are two delimiters. */
#define FRAME_ENCODED_MAX (FRAME_RAW_MAX + FRAME_RAW_MAX / 254 + 1 + 2)

struct frame_header {
	uint8_t kind;	   /* KIND_* of link/own.h */
	uint8_t stream;	   /* HELLO: the sender's role; ACK: ACK_* of link/own.h */
	uint16_t sequence; /* of numbered kinds; else 0 */
	uint16_t expected; /* the sequence number that the sender waits for: all before it came */
	uint16_t position; /* DATA: its first byte's in the stream, modulo 2^16; else 0 */
	uint32_t session;  /* mixed from both ends' session numbers; 0 in HELLO */
};

enum frame_event {
	FRAME_NOTHING,	/* in the midst of it */
	FRAME_COMPLETE, /* a good one: decoder->header, payload, payload_size */
	FRAME_EMPTY,	/* two delimiters with nothing between them */
	FRAME_BAD,	/* the bytes since the last delimiter were no frame */
};

struct frame_decoder {
	struct frame_header header;
	const uint8_t *payload;
	uint32_t payload_size;
	/* The rest is the decoder's own. */
	uint32_t size;
	uint32_t crc;
	uint8_t left;	  /* of the COBS block: bytes that follow as they are */
	uint8_t zero_due; /* and then a 0 that was taken out */
	uint8_t bad;	  /* no frame: wait for the next delimiter */
	uint8_t raw[FRAME_RAW_MAX];
};

/*
 * Takes the next byte of the line. All zeros is a decoder at a frame's beginning. What it says of a
 * frame holds until the next call.
 */
enum frame_event frame_decode(struct frame_decoder *decoder, uint8_t byte);

/* What came since the last delimiter is of no use: the line was cut. */
void frame_forget(struct frame_decoder *decoder);

/*
 * Encodes a frame with payload_size bytes (at most FRAME_PAYLOAD_MAX) of payload into `to`
 * (FRAME_ENCODED_MAX bytes of room); answers its size on the line.
 */
size_t frame_encode(uint8_t *to, const struct frame_header *header, const uint8_t *payload,
		    size_t payload_size);

/* CRC-32 as of zlib: begin with 0; crc32_add(crc32_add(0, a), b) is the CRC of a and b. */
uint32_t crc32_add(uint32_t crc, const void *bytes, size_t size);

#endif
