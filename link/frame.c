/* SPDX-License-Identifier: MIT */
/* A frame on the serial line; see link/frame.h. */
#include "link/frame.h"

#include <stdbool.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the line's byte order is the CPU's");
_Static_assert(sizeof(struct frame_header) == FRAME_HEADER_SIZE, "no holes in the header");

/* The CRC-32 of anything with its own CRC-32, little-endian, behind it. */
#define CRC_OF_ALL 0x2144df1cu

/* Of most bytes that one block of COBS can have: its code says one more. */
#define BLOCK_MAX 254u

uint32_t crc32_add(uint32_t crc, const void *bytes, size_t size)
{
	static const uint32_t of_nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < size; i++) {
		crc ^= ((const uint8_t *)bytes)[i];
		crc = crc >> 4 ^ of_nibble[crc & 15];
		crc = crc >> 4 ^ of_nibble[crc & 15];
	}
	return ~crc;
}

void frame_forget(struct frame_decoder *decoder)
{
	decoder->size = 0;
	decoder->crc = 0;
	decoder->left = 0;
	decoder->zero_due = 0;
	decoder->bad = 0;
}

static enum frame_event at_delimiter(struct frame_decoder *decoder)
{
	enum frame_event event = FRAME_BAD;

	if (!decoder->size && !decoder->left && !decoder->zero_due && !decoder->bad) {
		event = FRAME_EMPTY;
	} else if (!decoder->bad && !decoder->left &&
		   decoder->size >= FRAME_HEADER_SIZE + FRAME_CRC_SIZE &&
		   decoder->crc == CRC_OF_ALL) {
		event = FRAME_COMPLETE;
		__builtin_memcpy(&decoder->header, decoder->raw, FRAME_HEADER_SIZE);
		decoder->payload = decoder->raw + FRAME_HEADER_SIZE;
		decoder->payload_size = decoder->size - FRAME_HEADER_SIZE - FRAME_CRC_SIZE;
	}
	frame_forget(decoder);
	return event;
}

enum frame_event frame_decode(struct frame_decoder *decoder, uint8_t byte)
{
	if (byte == 0)
		return at_delimiter(decoder);
	if (decoder->left) {
		decoder->left--;
	} else {
		bool zero = decoder->zero_due;

		decoder->left = (uint8_t)(byte - 1);
		decoder->zero_due = byte != BLOCK_MAX + 1;
		if (!zero)
			return FRAME_NOTHING;
		byte = 0;
	}
	if (decoder->size == FRAME_RAW_MAX) {
		decoder->bad = 1;
		return FRAME_NOTHING;
	}
	decoder->raw[decoder->size++] = byte;
	decoder->crc = crc32_add(decoder->crc, &byte, 1);
	return FRAME_NOTHING;
}

/* A block's code says how far it is to the next one. */
struct encoder {
	uint8_t *code;
	uint8_t *to;
};

static void begin_block(struct encoder *encoder)
{
	encoder->code = encoder->to++;
}

static void end_block(struct encoder *encoder)
{
	*encoder->code = (uint8_t)(encoder->to - encoder->code);
}

static void stuff(struct encoder *encoder, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = ((const uint8_t *)bytes)[i];

		if (encoder->to - encoder->code == BLOCK_MAX + 1) {
			end_block(encoder);
			begin_block(encoder);
		}
		if (byte) {
			*encoder->to++ = byte;
		} else {
			end_block(encoder);
			begin_block(encoder);
		}
	}
}

size_t frame_encode(uint8_t *to, const struct frame_header *header, const uint8_t *payload,
		    size_t payload_size)
{
	struct encoder encoder = {.to = to};
	uint32_t crc = crc32_add(0, header, FRAME_HEADER_SIZE);

	crc = crc32_add(crc, payload, payload_size);
	*encoder.to++ = 0;
	begin_block(&encoder);
	stuff(&encoder, header, FRAME_HEADER_SIZE);
	stuff(&encoder, payload, payload_size);
	stuff(&encoder, &crc, FRAME_CRC_SIZE);
	end_block(&encoder);
	*encoder.to++ = 0;
	return (size_t)(encoder.to - to);
}
