/* SPDX-License-Identifier: MIT */
/* UNIT: */
/*
 * The made-up device behind the doors PORT and MMIO: messages of any size in pieces of any size,
 * and what it says to who uses it wrongly. A model that keeps whole messages is run beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sill/errno.h>

#include "doors/device.h"

struct vcpu {
	int calls;
};

static struct vcpu vcpu;

/* Echo; service 1 answers with 5 bytes whatever the message; others fail. */
static int64_t serve(struct vcpu *who, uint64_t service, void *data, uint64_t size, uint64_t room)
{
	assert_ptr_equal(who, &vcpu);
	assert_int_equal(room, SILL_BLOCK_MAX);
	vcpu.calls++;
	if (service == 0)
		return (int64_t)size;
	if (service != 1)
		return -SILL_ENOSYS;
	memcpy(data, "tick!", 5);
	return 5;
}

static struct door_device device;

static uint64_t read_data(unsigned int bytes)
{
	return device_read_data(&device, bytes, serve, &vcpu);
}

static uint32_t read_control(void)
{
	return device_read_control(&device, serve, &vcpu);
}

static int set_up(void **unused)
{
	(void)unused;
	memset(&device, 0, sizeof(device));
	vcpu.calls = 0;
	return 0;
}

static void test_words(void **unused)
{
	static const unsigned int sizes[] = {1, 2, 4, 8};
	static const uint64_t word = 0x8877665544332211;

	(void)unused;
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t part = word & (UINT64_MAX >> (64 - 8 * sizes[i]));

		device_write_data(&device, word, sizes[i]);
		assert_int_equal(read_control(), sizes[i]);
		assert_int_equal(read_data(sizes[i]), part);
		assert_int_equal(read_control(), 0);
		/* Beyond the end, and again and again. */
		assert_int_equal(read_data(8), UINT64_MAX);
		assert_int_equal(read_data(1), 0xff);
	}
	assert_int_equal(vcpu.calls, 4);
}

static void test_pieces(void **unused)
{
	(void)unused;
	device_write_data(&device, 0x11, 1);
	device_write_data(&device, 0x3322, 2);
	device_write_data(&device, 0x77665544, 4);
	assert_int_equal(read_data(2), 0x2211);
	assert_int_equal(read_control(), 5);
	assert_int_equal(read_data(4), 0x66554433);
	/* One byte is left of eight that are wanted. */
	assert_int_equal(read_data(8), 0xffffffffffffff77);
	/* A message begins anew. */
	device_write_data(&device, 0xab, 1);
	assert_int_equal(read_data(1), 0xab);
}

static void test_services(void **unused)
{
	(void)unused;
	device_write_control(&device, 1);
	assert_int_equal(read_control(), 5);
	assert_int_equal(read_data(8), 0xffffff216b636974);
	device_write_data(&device, 0, 8);
	assert_int_equal(read_data(4), 0x6b636974);
	assert_int_equal(read_control(), 1);
	device_write_control(&device, 7);
	assert_int_equal(read_data(4), 0xffffffff);
	assert_int_equal((int32_t)read_control(), -SILL_ENOSYS);
	/* It stays so, and nothing is asked any more. */
	vcpu.calls = 0;
	device_write_data(&device, 1, 1);
	assert_int_equal(read_data(1), 0xff);
	assert_int_equal((int32_t)read_control(), -SILL_ENOSYS);
	assert_int_equal(vcpu.calls, 0);
	device_write_control(&device, 0);
	assert_int_equal(read_control(), 0);
	/* A read of either register has ended the message, which had no byte. */
	device_write_data(&device, 0x5a, 1);
	assert_int_equal(read_data(1), 0x5a);
}

static void test_dropped_by_control(void **unused)
{
	(void)unused;
	device_write_data(&device, 0x11223344, 4);
	device_write_control(&device, 0);
	device_write_data(&device, 0x55, 1);
	assert_int_equal(read_data(4), 0xffffff55);
}

static void test_blocks(void **unused)
{
	uint8_t block[12];

	(void)unused;
	device_write_block(&device, "abcdefg", 7);
	device_write_data(&device, 'h', 1);
	device_write_block(&device, "ij", 2);
	device_read_block(&device, block, 4, serve, &vcpu);
	assert_memory_equal(block, "abcd", 4);
	assert_int_equal(read_data(2), 'e' | 'f' << 8);
	device_read_block(&device, block, sizeof(block), serve, &vcpu);
	assert_memory_equal(block, "ghij\xff\xff\xff\xff\xff\xff\xff\xff", 12);
	device_read_block(&device, block, 1, serve, &vcpu);
	assert_int_equal(block[0], 0xff);
	device_write_block(&device, "k", 1);
	assert_int_equal(read_control(), 1);
	device_reject(&device);
	device_read_block(&device, block, 1, serve, &vcpu);
	assert_int_equal(block[0], 0xff);
	device_write_block(&device, "l", 1);
	assert_int_equal((int32_t)read_control(), -SILL_EINVAL);
}

static void test_block_limit(void **unused)
{
	static uint8_t block[SILL_BLOCK_MAX];

	(void)unused;
	device_write_block(&device, block, SILL_BLOCK_MAX);
	assert_int_equal(read_control(), SILL_BLOCK_MAX);
	device_write_block(&device, block, SILL_BLOCK_MAX);
	device_write_block(&device, block, 1);
	assert_int_equal((int32_t)read_control(), -SILL_E2BIG);
}

static void test_limit(void **unused)
{
	(void)unused;
	for (unsigned int i = 0; i < SILL_BLOCK_MAX; i += 8)
		device_write_data(&device, i, 8);
	for (unsigned int i = 0; i < SILL_BLOCK_MAX; i += 8)
		assert_int_equal(read_data(8), i);
	assert_int_equal(read_data(8), UINT64_MAX);
	for (unsigned int i = 0; i < SILL_BLOCK_MAX - 1; i++)
		device_write_data(&device, i, 1);
	device_write_data(&device, 0, 2);
	assert_int_equal((int32_t)read_control(), -SILL_E2BIG);
	assert_int_equal(read_data(1), 0xff);
	device_write_control(&device, 0);
	assert_int_equal(read_data(1), 0xff);
}

static void test_reject(void **unused)
{
	(void)unused;
	device_write_data(&device, 1, 1);
	device_reject(&device);
	assert_int_equal((int32_t)read_control(), -SILL_EINVAL);
	assert_int_equal(read_data(1), 0xff);
}

static uint64_t seed = 0x2545f4914f6cdd1d;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Echo in random pieces against whole messages. */
static void test_random(void **unused)
{
	static uint8_t sent[SILL_BLOCK_MAX];

	(void)unused;
	for (unsigned int round = 0; round < 500; round++) {
		size_t size = 0, wanted = random64() % (SILL_BLOCK_MAX - 8), at = 0;

		while (size < wanted) {
			unsigned int bytes = 1u << random64() % 4;
			uint64_t value = random64();

			memcpy(sent + size, &value, bytes);
			device_write_data(&device, value, bytes);
			size += bytes;
		}
		while (at < size) {
			unsigned int bytes = 1u << random64() % 4;
			uint64_t value = read_data(bytes), expected = UINT64_MAX;
			size_t there = size - at < bytes ? size - at : bytes;

			memcpy(&expected, sent + at, there);
			expected &= UINT64_MAX >> (64 - 8 * bytes);
			assert_int_equal(value, expected);
			at += there;
			assert_int_equal(read_control(), size - at);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_words, set_up),
		cmocka_unit_test_setup(test_pieces, set_up),
		cmocka_unit_test_setup(test_services, set_up),
		cmocka_unit_test_setup(test_dropped_by_control, set_up),
		cmocka_unit_test_setup(test_blocks, set_up),
		cmocka_unit_test_setup(test_block_limit, set_up),
		cmocka_unit_test_setup(test_limit, set_up),
		cmocka_unit_test_setup(test_reject, set_up),
		cmocka_unit_test_setup(test_random, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
