/* SPDX-License-Identifier: MIT */
/* UNIT: link/frame.c link/queue.c */
/* Frames: COBS as in its paper, CRC-32 as zlib's, and what a decoder makes of other bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "link/frame.h"
#include "link/queue.h"

static const struct frame_header some_header = {
	.kind = 4,
	.stream = 0,
	.sequence = 0x0100,
	.expected = 0xffff,
	.position = 0x1234,
	.session = 0x00c0ffee,
};

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* COBS once more, from its definition: what follows each 0, and the beginning, up to the next. */
static size_t cobs(uint8_t *to, const uint8_t *from, size_t size)
{
	size_t at = 0, out = 0;

	for (;;) {
		size_t run = 0;

		while (at + run < size && run < 254 && from[at + run])
			run++;
		to[out] = (uint8_t)(run + 1);
		memcpy(to + out + 1, from + at, run);
		out += run + 1;
		at += run;
		if (at == size)
			return out;
		if (run < 254)
			at++; /* the 0: the code stands for it */
		if (run < 254 && at == size) {
			to[out++] = 1;
			return out;
		}
	}
}

static size_t raw_frame(uint8_t *raw, const struct frame_header *header, const uint8_t *payload,
			size_t size)
{
	uint32_t crc;

	memcpy(raw, header, FRAME_HEADER_SIZE);
	if (size)
		memcpy(raw + FRAME_HEADER_SIZE, payload, size);
	crc = crc32_add(0, raw, FRAME_HEADER_SIZE + size);
	memcpy(raw + FRAME_HEADER_SIZE + size, &crc, sizeof(crc));
	return FRAME_HEADER_SIZE + size + FRAME_CRC_SIZE;
}

/* Hands over all of them; answers what the last one was, all others being FRAME_NOTHING. */
static enum frame_event decode(struct frame_decoder *decoder, const void *bytes, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++)
		assert_int_equal(frame_decode(decoder, ((const uint8_t *)bytes)[i]), FRAME_NOTHING);
	return frame_decode(decoder, ((const uint8_t *)bytes)[size - 1]);
}

static void test_crc(void **state)
{
	uint32_t crc;

	(void)state;
	assert_int_equal(crc32_add(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(crc32_add(0, "", 0), 0);
	assert_int_equal(crc32_add(0, "a", 1), 0xe8b7be43);
	assert_int_equal(crc32_add(0, "\0\0\0\0", 4), 0x2144df1c);
	assert_int_equal(crc32_add(0, "\xff\xff\xff\xff", 4), 0xffffffff);
	crc = crc32_add(0, "1234", 4);
	assert_int_equal(crc32_add(crc, "56789", 5), 0xcbf43926);
}

static void test_cobs_vectors(void **state)
{
	/* From the paper and from Wikipedia; each makes a frame only with header and CRC-32. */
	static const struct {
		size_t size, encoded_size;
		uint8_t bytes[8], encoded[8];
	} vectors[] = {
		{1, 2, {0}, {1, 1}},
		{2, 3, {0, 0}, {1, 1, 1}},
		{3, 4, {0, 0x11, 0}, {1, 2, 0x11, 1}},
		{4, 5, {0x11, 0x22, 0, 0x33}, {3, 0x11, 0x22, 2, 0x33}},
		{4, 5, {0x11, 0x22, 0x33, 0x44}, {5, 0x11, 0x22, 0x33, 0x44}},
		{4, 5, {0x11, 0, 0, 0}, {2, 0x11, 1, 1, 1}},
	};
	uint8_t to[16], all[600], long_one[256];

	(void)state;
	/* The test's own encoder first. */
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		assert_int_equal(cobs(to, vectors[i].bytes, vectors[i].size),
				 vectors[i].encoded_size);
		assert_memory_equal(to, vectors[i].encoded, vectors[i].encoded_size);
	}
	for (int i = 0; i < 256; i++)
		long_one[i] = (uint8_t)i;
	assert_int_equal(cobs(all, long_one + 1, 254), 255); /* 01 to FE: FF 01 … FE */
	assert_int_equal(all[0], 0xff);
	assert_int_equal(cobs(all, long_one, 255), 256); /* 00 to FE: 01 FF 01 … FE */
	assert_int_equal(all[0], 1);
	assert_int_equal(all[1], 0xff);
	assert_int_equal(cobs(all, long_one + 1, 255), 257); /* 01 to FF: FF 01 … FE 02 FF */
	assert_int_equal(all[255], 2);
	assert_int_equal(all[256], 0xff);
}

/* The payload is there again, and on the line there is what the other encoder makes of it. */
static void round_trip(const struct frame_header *header, const uint8_t *payload, size_t size)
{
	static uint8_t encoded[FRAME_ENCODED_MAX], raw[FRAME_RAW_MAX], other[FRAME_ENCODED_MAX];
	static struct frame_decoder decoder;
	uint8_t *exact;
	size_t length = frame_encode(encoded, header, payload, size), raw_size, other_size;

	assert_in_range(length, FRAME_HEADER_SIZE + size + FRAME_CRC_SIZE + 3, FRAME_ENCODED_MAX);
	assert_int_equal(encoded[0], 0);
	assert_int_equal(encoded[length - 1], 0);
	assert_null(memchr(encoded + 1, 0, length - 2));
	raw_size = raw_frame(raw, header, payload, size);
	other_size = cobs(other, raw, raw_size);
	assert_int_equal(length, other_size + 2);
	assert_memory_equal(encoded + 1, other, other_size);

	assert_int_equal(frame_decode(&decoder, 0), FRAME_EMPTY);
	assert_int_equal(decode(&decoder, encoded + 1, length - 1), FRAME_COMPLETE);
	assert_memory_equal(&decoder.header, header, sizeof(*header));
	assert_int_equal(decoder.payload_size, size);
	if (size)
		assert_memory_equal(decoder.payload, payload, size);

	/* Not a byte more than it says is written. */
	exact = malloc(length);
	assert_non_null(exact);
	assert_int_equal(frame_encode(exact, header, payload, size), length);
	free(exact);
}

static void test_all_lengths(void **state)
{
	static uint8_t payload[FRAME_PAYLOAD_MAX];
	uint32_t seed = 1;

	(void)state;
	for (size_t size = 0; size <= FRAME_PAYLOAD_MAX; size++) {
		for (size_t i = 0; i < size; i++)
			payload[i] = next_random(&seed) % 4 ? (uint8_t)next_random(&seed) : 0;
		round_trip(&some_header, payload, size);
		/* Without any 0 the stuffing is the longest. */
		if (size < 1100 || size > 3900) {
			memset(payload, 0xa5, size);
			round_trip(&some_header, payload, size);
		}
	}
}

static void test_block_borders(void **state)
{
	static uint8_t payload[1024];
	struct frame_header no_zero = {1, 1, 0x0101, 0x0101, 0x0101, 0x01010101};

	(void)state;
	/* A 0 at and around each border of a block, with blocks that begin with the frame. */
	for (size_t size = 230; size < 270; size++) {
		for (size_t zero = 0; zero < size; zero++) {
			memset(payload, 0xff, sizeof(payload));
			payload[zero] = 0;
			round_trip(&no_zero, payload, size);
		}
	}
	for (size_t size = 480; size < 530; size++) {
		memset(payload, 0x7f, sizeof(payload));
		round_trip(&no_zero, payload, size);
		payload[size - 1] = 0;
		round_trip(&no_zero, payload, size);
	}
}

static void test_each_bit_counts(void **state)
{
	static uint8_t encoded[FRAME_ENCODED_MAX], payload[600];
	static struct frame_decoder decoder;
	static const size_t sizes[] = {0, 1, 4, 100, 250, 600};
	uint32_t seed = 7;

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		size_t length;

		for (size_t i = 0; i < sizes[s]; i++)
			payload[i] = next_random(&seed) % 8 ? (uint8_t)next_random(&seed) : 0;
		length = frame_encode(encoded, &some_header, payload, sizes[s]);
		for (size_t bit = 0; bit < 8 * length; bit++) {
			unsigned int complete = 0, bad = 0;

			encoded[bit / 8] ^= (uint8_t)(1u << bit % 8);
			frame_decode(&decoder, 0);
			for (size_t i = 0; i < length; i++) {
				enum frame_event event = frame_decode(&decoder, encoded[i]);

				complete += event == FRAME_COMPLETE;
				bad += event == FRAME_BAD;
			}
			/* What runs into the next frame makes that one bad at the latest. */
			bad += frame_decode(&decoder, 0) == FRAME_BAD;
			assert_int_equal(complete, 0);
			assert_true(bad >= 1);
			encoded[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
}

static void test_after_garbage(void **state)
{
	static uint8_t encoded[FRAME_ENCODED_MAX], payload[FRAME_PAYLOAD_MAX];
	static struct frame_decoder decoder;
	uint32_t seed = 3;

	(void)state;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)next_random(&seed);
	for (int round = 0; round < 3000; round++) {
		size_t size = next_random(&seed) % 40, length;
		size_t garbage = next_random(&seed) % (round % 100 ? 60 : 3 * FRAME_RAW_MAX);

		for (size_t i = 0; i < garbage; i++)
			assert_int_not_equal(frame_decode(&decoder, (uint8_t)next_random(&seed)),
					     FRAME_COMPLETE);
		length = frame_encode(encoded, &some_header, payload, size);
		frame_decode(&decoder, 0);
		assert_int_equal(decode(&decoder, encoded + 1, length - 1), FRAME_COMPLETE);
		assert_int_equal(decoder.payload_size, size);
	}
}

static void test_what_is_bad(void **state)
{
	static uint8_t encoded[FRAME_ENCODED_MAX], raw[FRAME_RAW_MAX + 1], payload[FRAME_RAW_MAX];
	static struct frame_decoder decoder;
	size_t length;

	(void)state;
	/* Text between frames, at the very beginning, and forgotten. */
	assert_int_equal(decode(&decoder, "login: \r\n\0", 10), FRAME_BAD);
	length = frame_encode(encoded, &some_header, payload, 5);
	assert_int_equal(frame_decode(&decoder, 0), FRAME_EMPTY);
	assert_int_equal(decode(&decoder, encoded + 1, length - 1), FRAME_COMPLETE);
	assert_int_equal(decode(&decoder, "panic: the end\0", 15), FRAME_BAD);
	assert_int_equal(frame_decode(&decoder, 0), FRAME_EMPTY);
	assert_int_equal(decode(&decoder, "half of a", 9), FRAME_NOTHING);
	frame_forget(&decoder);
	assert_int_equal(decode(&decoder, encoded + 1, length - 1), FRAME_COMPLETE);

	/* Shorter than a header and a CRC-32: with a right CRC-32 of what is there, too. */
	assert_int_equal(decode(&decoder, "\x01\0", 2), FRAME_BAD);
	assert_int_equal(decode(&decoder, "\x01\x01\x01\x01\x01\0", 6), FRAME_BAD);
	for (size_t size = 0; size < FRAME_HEADER_SIZE; size++) {
		uint32_t crc = crc32_add(0, &some_header, size);

		memcpy(raw, &some_header, size);
		memcpy(raw + size, &crc, sizeof(crc));
		length = cobs(encoded, raw, size + sizeof(crc));
		encoded[length++] = 0;
		assert_int_equal(decode(&decoder, encoded, length), FRAME_BAD);
	}
	/* A block that ends early. */
	length = frame_encode(encoded, &some_header, payload, 5);
	encoded[length - 2] = 0;
	assert_int_equal(decode(&decoder, encoded + 1, length - 2), FRAME_BAD);

	/* A byte more than a frame may have, with a right CRC-32. */
	{
		static uint8_t too_long[FRAME_RAW_MAX + 64];
		uint32_t crc;

		memcpy(raw, &some_header, sizeof(some_header));
		memset(raw + sizeof(some_header), 0x55, FRAME_PAYLOAD_MAX + 1);
		crc = crc32_add(0, raw, FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX + 1);
		memcpy(raw + FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX + 1, &crc, sizeof(crc));
		length = cobs(too_long, raw, FRAME_RAW_MAX + 1);
		too_long[length++] = 0;
		assert_int_equal(decode(&decoder, too_long, length), FRAME_BAD);
	}
	/* However long it goes on: one answer, at its end. */
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(frame_decode(&decoder, 'x'), FRAME_NOTHING);
	assert_int_equal(frame_decode(&decoder, 0), FRAME_BAD);
	assert_int_equal(frame_decode(&decoder, 0), FRAME_EMPTY);
	length = frame_encode(encoded, &some_header, payload, FRAME_PAYLOAD_MAX);
	assert_int_equal(decode(&decoder, encoded + 1, length - 1), FRAME_COMPLETE);
	assert_int_equal(decoder.payload_size, FRAME_PAYLOAD_MAX);
}

static void test_queue(void **state)
{
	uint8_t memory[16], bytes[40], back[40];
	/* Near the end of its counters. */
	struct queue queue = {memory, sizeof(memory), UINT32_MAX - 20, UINT32_MAX - 20};
	struct queue none = {0};
	uint32_t put = 0, got = 0, seed = 5, size;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(queue_put(&none, bytes, 1), 0);
	assert_int_equal(queue_get(&none, back, 1), 0);
	assert_int_equal(queue_put(&queue, bytes, sizeof(bytes)), 16);
	assert_int_equal(queue_room(&queue), 0);
	assert_int_equal(queue_get(&queue, back, sizeof(back)), 16);
	assert_memory_equal(back, bytes, 16);
	while (got < 5000) {
		uint8_t some[24];
		uint32_t wanted = next_random(&seed) % sizeof(some), room = queue_room(&queue);

		for (uint32_t i = 0; i < wanted; i++)
			some[i] = (uint8_t)(put + i);
		size = queue_put(&queue, some, wanted);
		assert_int_equal(size, wanted < room ? wanted : room);
		put += size;
		assert_int_equal(queue_used(&queue), put - got);
		size = queue_get(&queue, some, next_random(&seed) % sizeof(some));
		for (uint32_t i = 0; i < size; i++)
			assert_int_equal(some[i], (uint8_t)(got + i));
		got += size;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_cobs_vectors),
		cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_block_borders),
		cmocka_unit_test(test_each_bit_counts),
		cmocka_unit_test(test_after_garbage),
		cmocka_unit_test(test_what_is_bad),
		cmocka_unit_test(test_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
