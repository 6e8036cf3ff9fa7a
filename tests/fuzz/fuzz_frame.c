/* SPDX-License-Identifier: MIT */
/* UNIT: link/frame.c */
/*
 * Any bytes on the line: the decoder says of each stretch between two delimiters what another one,
 * written down from COBS' definition, says. And frames of any content that are there again after
 * the line, but for bytes that the input changes on the way.
 */
#include <stdlib.h>
#include <string.h>

#include "link/frame.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

/* What stands between two delimiters, decoded; its size, or -1 if it is no COBS, or too much. */
static long unstuff(uint8_t *to, const uint8_t *from, size_t size)
{
	size_t at = 0, out = 0;

	while (at < size) {
		size_t code = from[at++];

		if (code - 1 > size - at || out + code > FRAME_RAW_MAX + 1)
			return -1;
		memcpy(to + out, from + at, code - 1);
		out += code - 1;
		at += code - 1;
		if (code != 0xff && at < size)
			to[out++] = 0;
		if (out > FRAME_RAW_MAX)
			return -1;
	}
	return (long)out;
}

static uint32_t crc_by_bits(const uint8_t *bytes, size_t size)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static void check(const struct frame_decoder *decoder, enum frame_event event, const uint8_t *bytes,
		  size_t size)
{
	static uint8_t raw[FRAME_RAW_MAX + 256];
	long length = unstuff(raw, bytes, size);
	uint32_t crc;

	if (size == 0) {
		REQUIRE(event == FRAME_EMPTY);
		return;
	}
	if (length < (long)(FRAME_HEADER_SIZE + FRAME_CRC_SIZE)) {
		REQUIRE(event == FRAME_BAD);
		return;
	}
	length -= FRAME_CRC_SIZE;
	memcpy(&crc, raw + length, sizeof(crc));
	if (crc != crc_by_bits(raw, (size_t)length)) {
		REQUIRE(event == FRAME_BAD);
		return;
	}
	REQUIRE(event == FRAME_COMPLETE);
	REQUIRE(memcmp(&decoder->header, raw, FRAME_HEADER_SIZE) == 0);
	REQUIRE(decoder->payload_size == (size_t)length - FRAME_HEADER_SIZE);
	REQUIRE(memcmp(decoder->payload, raw + FRAME_HEADER_SIZE, decoder->payload_size) == 0);
}

static void decode(struct frame_decoder *decoder, const uint8_t *bytes, size_t size)
{
	size_t begin = 0;

	for (size_t i = 0; i < size; i++) {
		enum frame_event event = frame_decode(decoder, bytes[i]);

		if (bytes[i]) {
			REQUIRE(event == FRAME_NOTHING);
		} else {
			check(decoder, event, bytes + begin, i - begin);
			begin = i + 1;
		}
	}
	/* Nothing is left over for the next input. */
	frame_forget(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame_decoder decoder;
	static uint8_t encoded[FRAME_ENCODED_MAX];
	struct frame_header header;
	unsigned int edits;
	size_t length;

	if (size == 0)
		return 0;
	edits = *data % 4;
	data++;
	size--;
	if (edits == 3) {
		decode(&decoder, data, size);
		return 0;
	}
	if (size < sizeof(header) + 3 * edits || size - sizeof(header) > FRAME_PAYLOAD_MAX)
		return 0;
	memcpy(&header, data, sizeof(header));
	length = frame_encode(encoded, &header, data + sizeof(header), size - sizeof(header));
	REQUIRE(length <= size + FRAME_CRC_SIZE + (size + FRAME_CRC_SIZE) / 254 + 3);
	REQUIRE(encoded[0] == 0 && encoded[length - 1] == 0);
	REQUIRE(!memchr(encoded + 1, 0, length - 2));
	if (edits == 0) {
		REQUIRE(frame_decode(&decoder, 0) == FRAME_EMPTY);
		for (size_t i = 1; i + 1 < length; i++)
			REQUIRE(frame_decode(&decoder, encoded[i]) == FRAME_NOTHING);
		REQUIRE(frame_decode(&decoder, 0) == FRAME_COMPLETE);
		REQUIRE(memcmp(&decoder.header, &header, sizeof(header)) == 0);
		REQUIRE(decoder.payload_size == size - sizeof(header));
		REQUIRE(memcmp(decoder.payload, data + sizeof(header), decoder.payload_size) == 0);
	}
	for (unsigned int i = 0; i < edits; i++) {
		const uint8_t *edit = data + sizeof(header) + 3 * i;

		encoded[(edit[0] | edit[1] << 8) % length] ^= edit[2];
	}
	decode(&decoder, encoded, length);
	return 0;
}
