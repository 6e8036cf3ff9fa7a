/* SPDX-License-Identifier: MIT */
/* UNIT: underlay/microcode_header.c */
/* How much data follows the header of a microcode update. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "underlay/microcode_header.h"

static uint32_t bytes(uint32_t version, uint32_t loader, uint32_t data, uint32_t total)
{
	const struct microcode_header header = {.version = version,
						.loader_revision = loader,
						.data_size = data,
						.total_size = total};

	return microcode_data_bytes(&header);
}

static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(bytes(1, 1, 0x1e3d0, 0x1e400), 0x1e3d0);
	/* An extended signature table follows the data. */
	assert_int_equal(bytes(1, 1, 0x17bd0, 0x18400), 0x17bd0);
	assert_int_equal(bytes(1, 1, MICROCODE_MOST_BYTES, MICROCODE_MOST_BYTES + 1024),
			 MICROCODE_MOST_BYTES);
}

static void test_size_zero_is_2000(void **state)
{
	(void)state;
	assert_int_equal(bytes(1, 1, 0, 0), 2000);
	/* "If the Data Size field is 0, the Total Size is 2048", whatever it says. */
	assert_int_equal(bytes(1, 1, 0, 1024), 2000);
}

static void test_no_header(void **state)
{
	(void)state;
	assert_int_equal(bytes(0, 1, 2000, 2048), 0);
	assert_int_equal(bytes(2, 1, 2000, 2048), 0);
	assert_int_equal(bytes(1, 0, 2000, 2048), 0);
	assert_int_equal(bytes(1, 1, 2001, 4096), 0);
	assert_int_equal(bytes(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff), 0);
}

static void test_data_that_does_not_fit(void **state)
{
	(void)state;
	assert_int_equal(bytes(1, 1, 2000, 2047), 0);
	assert_int_equal(bytes(1, 1, 4, 0), 0);
	assert_int_equal(bytes(1, 1, MICROCODE_MOST_BYTES + 4, 0xffffffff), 0);
	/* A sum that wraps. */
	assert_int_equal(bytes(1, 1, 0xfffffffc, 1024), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_size_zero_is_2000),
		cmocka_unit_test(test_no_header),
		cmocka_unit_test(test_data_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
