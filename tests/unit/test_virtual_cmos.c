/* SPDX-License-Identifier: MIT */
/* UNIT: guest/virtual_cmos.c core/rtc.c */
/* The guest's CMOS clock and memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/rtc.h"
#include "guest/virtual_cmos.h"

#define SECOND 1000000000ull
/* Thursday, 2024-02-29 23:59:58 UTC. */
#define LEAP_EVENING 1709251198ull

static uint64_t now;

static uint64_t clock_now(void *context)
{
	assert_ptr_equal(context, &now);
	return now;
}

static void start(struct virtual_cmos *cmos, uint64_t memory)
{
	now = LEAP_EVENING * SECOND;
	virtual_cmos_init(cmos, clock_now, &now, memory);
}

static uint8_t get(struct virtual_cmos *cmos, uint8_t index)
{
	virtual_cmos_write(cmos, 0, index);
	return virtual_cmos_read(cmos, 1);
}

static void set(struct virtual_cmos *cmos, uint8_t index, uint8_t value)
{
	virtual_cmos_write(cmos, 0, index);
	virtual_cmos_write(cmos, 1, value);
}

static void shows(struct virtual_cmos *cmos, uint8_t century, uint8_t year, uint8_t month,
		  uint8_t day, uint8_t hours, uint8_t minutes, uint8_t seconds)
{
	assert_int_equal(get(cmos, RTC_CENTURY), century);
	assert_int_equal(get(cmos, RTC_YEAR), year);
	assert_int_equal(get(cmos, RTC_MONTH), month);
	assert_int_equal(get(cmos, RTC_DAY), day);
	assert_int_equal(get(cmos, RTC_HOURS), hours);
	assert_int_equal(get(cmos, RTC_MINUTES), minutes);
	assert_int_equal(get(cmos, RTC_SECONDS), seconds);
}

static void test_shows_utc(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 0);
	assert_int_equal(get(&cmos, RTC_B), RTC_B_24_HOURS);
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58);
	assert_int_equal(get(&cmos, RTC_WEEKDAY), 5);
	now += 2 * SECOND - 1;
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x59);
	now += 1;
	shows(&cmos, 0x20, 0x24, 0x03, 0x01, 0x00, 0x00, 0x00);
	assert_int_equal(get(&cmos, RTC_WEEKDAY), 6);
}

static void test_formats(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 0);
	set(&cmos, RTC_B, RTC_B_24_HOURS | RTC_B_BINARY);
	shows(&cmos, 20, 24, 2, 29, 23, 59, 58);
	set(&cmos, RTC_B, RTC_B_BINARY);
	shows(&cmos, 20, 24, 2, 29, 11 | RTC_HOURS_PM, 59, 58);
	set(&cmos, RTC_B, 0);
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x11 | RTC_HOURS_PM, 0x59, 0x58);
	now += 2 * SECOND;
	assert_int_equal(get(&cmos, RTC_HOURS), 0x12);
}

static void test_registers(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 0);
	assert_int_equal(virtual_cmos_read(&cmos, 0), 0xff);
	assert_int_equal(virtual_cmos_read(&cmos, 2), 0xff);
	assert_int_equal(get(&cmos, RTC_A), 0x26);
	set(&cmos, RTC_A, 0xaf);
	assert_int_equal(get(&cmos, RTC_A), 0x2f);
	set(&cmos, RTC_C, 0xff);
	set(&cmos, RTC_D, 0x7f);
	assert_int_equal(get(&cmos, RTC_C), 0);
	assert_int_equal(get(&cmos, RTC_D), RTC_D_VALID);
	set(&cmos, RTC_B, 0x7f);
	assert_int_equal(get(&cmos, RTC_B), 0x7f);
	set(&cmos, RTC_B, 0xff); /* SET clears UIE */
	assert_int_equal(get(&cmos, RTC_B), 0xef);

	/* NMI's bit is no part of the index, and the index stays. */
	start(&cmos, 0);
	set(&cmos, 0x50, 0x99);
	assert_int_equal(get(&cmos, 0x80 | 0x50), 0x99);
	assert_int_equal(virtual_cmos_read(&cmos, 1), 0x99);
	virtual_cmos_write(&cmos, 1, 0x98);
	assert_int_equal(virtual_cmos_read(&cmos, 1), 0x98);
	virtual_cmos_write(&cmos, 2, 0x97);
	assert_int_equal(virtual_cmos_read(&cmos, 1), 0x98);
}

static void test_storage(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 1 << 30);
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < VIRTUAL_CMOS_SIZE; i++)
			if (i > RTC_D ? i != RTC_CENTURY : (i & 1) && i < RTC_WEEKDAY)
				set(&cmos, (uint8_t)i, (uint8_t)(i * 3 + round));
		for (unsigned int i = 0; i < VIRTUAL_CMOS_SIZE; i++)
			if (i > RTC_D ? i != RTC_CENTURY : (i & 1) && i < RTC_WEEKDAY)
				assert_int_equal(get(&cmos, (uint8_t)i), (uint8_t)(i * 3 + round));
	}
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58);
}

/* No torn time for a guest that waits for UIP to be 0 and takes up to 244 us. */
static void test_update_in_progress(void **state)
{
	struct virtual_cmos cmos;
	uint64_t base, changes = 0, updating = 0;

	(void)state;
	start(&cmos, 0);
	base = now;
	for (uint64_t us = 0; us < 2000000; us += 61) {
		uint8_t before, after;

		now = base + us * 1000;
		if (get(&cmos, RTC_A) & RTC_A_UPDATING) {
			updating++;
			continue;
		}
		before = get(&cmos, RTC_SECONDS);
		now += 244000;
		after = get(&cmos, RTC_SECONDS);
		assert_int_equal(before, after);
		changes += before == 0x59;
	}
	assert_true(changes > 10000);
	assert_in_range(updating, 2 * 2000 / 61, 2 * 2400 / 61);

	now = base + SECOND - 1;
	assert_int_equal(get(&cmos, RTC_A), 0x26 | RTC_A_UPDATING);
	set(&cmos, RTC_A, 0x26);
	set(&cmos, RTC_B, RTC_B_SET | RTC_B_24_HOURS);
	assert_int_equal(get(&cmos, RTC_A), 0x26);
}

static void test_set(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 0);
	now += SECOND / 4;
	set(&cmos, RTC_B, RTC_B_SET | RTC_B_24_HOURS);
	now += 10 * SECOND;
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58); /* frozen */
	set(&cmos, RTC_SECONDS, 0xee);				/* plain storage */
	assert_int_equal(get(&cmos, RTC_SECONDS), 0xee);
	set(&cmos, RTC_CENTURY, 0x19);
	set(&cmos, RTC_YEAR, 0x99);
	set(&cmos, RTC_MONTH, 0x12);
	set(&cmos, RTC_DAY, 0x31);
	set(&cmos, RTC_HOURS, 0x23);
	set(&cmos, RTC_MINUTES, 0x59);
	set(&cmos, RTC_SECONDS, 0x58);
	set(&cmos, RTC_WEEKDAY, 0x06);
	now += 5 * SECOND;
	set(&cmos, RTC_B, RTC_B_24_HOURS);
	shows(&cmos, 0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x58);
	assert_int_equal(get(&cmos, RTC_WEEKDAY), 6);
	/* The divider ran on: the next second comes with the real one. */
	now += SECOND * 3 / 4 - 1;
	assert_int_equal(get(&cmos, RTC_SECONDS), 0x58);
	now += 1;
	assert_int_equal(get(&cmos, RTC_SECONDS), 0x59);
	now += SECOND;
	shows(&cmos, 0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00);

	/* SET without a new time: the clock stood still, no more. */
	start(&cmos, 0);
	set(&cmos, RTC_B, RTC_B_SET | RTC_B_24_HOURS);
	now += 3 * SECOND;
	set(&cmos, RTC_B, RTC_B_24_HOURS);
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58);
	now += 2 * SECOND;
	shows(&cmos, 0x20, 0x24, 0x03, 0x01, 0x00, 0x00, 0x00);
}

static void test_set_in_other_format(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 0);
	set(&cmos, RTC_B, RTC_B_SET | RTC_B_BINARY);
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58); /* as it was when frozen */
	set(&cmos, RTC_CENTURY, 20);
	set(&cmos, RTC_YEAR, 31);
	set(&cmos, RTC_MONTH, 10);
	set(&cmos, RTC_DAY, 15);
	set(&cmos, RTC_HOURS, 12 | RTC_HOURS_PM);
	set(&cmos, RTC_MINUTES, 34);
	set(&cmos, RTC_SECONDS, 56);
	set(&cmos, RTC_B, RTC_B_BINARY);
	shows(&cmos, 20, 31, 10, 15, 12 | RTC_HOURS_PM, 34, 56);
	set(&cmos, RTC_B, RTC_B_24_HOURS);
	shows(&cmos, 0x20, 0x31, 0x10, 0x15, 0x12, 0x34, 0x56);
}

/* The format is the one at the end, whatever the registers were written in. */
static void test_set_and_format_at_once(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 0);
	set(&cmos, RTC_B, RTC_B_SET | RTC_B_24_HOURS);
	set(&cmos, RTC_CENTURY, 20);
	set(&cmos, RTC_YEAR, 31);
	set(&cmos, RTC_MONTH, 10);
	set(&cmos, RTC_DAY, 15);
	set(&cmos, RTC_HOURS, 21);
	set(&cmos, RTC_MINUTES, 34);
	set(&cmos, RTC_SECONDS, 56);
	set(&cmos, RTC_B, RTC_B_24_HOURS | RTC_B_BINARY);
	shows(&cmos, 20, 31, 10, 15, 21, 34, 56);
}

static void test_set_no_date(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 0);
	set(&cmos, RTC_B, RTC_B_SET | RTC_B_24_HOURS);
	set(&cmos, RTC_MONTH, 0x13);
	now += SECOND;
	set(&cmos, RTC_B, RTC_B_24_HOURS);
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x59);
}

static void test_write_while_running(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 0);
	set(&cmos, RTC_HOURS, 0x08);
	set(&cmos, RTC_SECONDS, 0x00);
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x08, 0x59, 0x00);
	set(&cmos, RTC_DAY, 0x30); /* February has none */
	set(&cmos, RTC_MINUTES, 0x60);
	shows(&cmos, 0x20, 0x24, 0x02, 0x29, 0x08, 0x59, 0x00);
	set(&cmos, RTC_CENTURY, 0x99);
	set(&cmos, RTC_YEAR, 0x96);
	now += 60 * SECOND;
	shows(&cmos, 0x99, 0x96, 0x02, 0x29, 0x09, 0x00, 0x00);
}

/* Neither before 1970 nor after 9999, however the guest has set its clock. */
static void test_ends_of_time(void **state)
{
	struct virtual_cmos cmos;

	(void)state;
	start(&cmos, 0);
	set(&cmos, RTC_CENTURY, 0x99);
	set(&cmos, RTC_DAY, 0x28);
	set(&cmos, RTC_YEAR, 0x99);
	now += 400ull * 86400 * SECOND;
	shows(&cmos, 0x99, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59);
	cmos.offset = -(int64_t)LEAP_EVENING * 2;
	shows(&cmos, 0x19, 0x70, 0x01, 0x01, 0x00, 0x00, 0x00);
}

static unsigned int word(struct virtual_cmos *cmos, uint8_t index)
{
	return get(cmos, index) | (unsigned int)get(cmos, index + 1) << 8;
}

static void test_memory_sizes(void **state)
{
	static const struct {
		uint64_t memory;
		unsigned int base, extended, above_16m;
	} cases[] = {
		{0, 0, 0, 0},
		{512 << 10, 512, 0, 0},
		{1 << 20, 640, 0, 0},
		{4 << 20, 640, 3 << 10, 0},
		{16 << 20, 640, 15 << 10, 0},
		{64 << 20, 640, 63 << 10, 48 << 4},
		{65 << 20, 640, 0xffff, 49 << 4},
		{3ull << 30, 640, 0xffff, (3072 - 16) << 4},
		{4ull << 30, 640, 0xffff, (4096 - 16) << 4},
		{1ull << 40, 640, 0xffff, 0xffff},
	};
	struct virtual_cmos cmos;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int sum = 0;

		start(&cmos, cases[i].memory);
		assert_int_equal(word(&cmos, 0x15), cases[i].base);
		assert_int_equal(word(&cmos, 0x17), cases[i].extended);
		assert_int_equal(word(&cmos, 0x30), cases[i].extended);
		assert_int_equal(word(&cmos, 0x34), cases[i].above_16m);
		for (uint8_t at = 0x10; at < 0x2e; at++)
			sum += get(&cmos, at);
		assert_int_equal(get(&cmos, 0x2e), sum >> 8);
		assert_int_equal(get(&cmos, 0x2f), sum & 0xff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shows_utc),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_storage),
		cmocka_unit_test(test_update_in_progress),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_set_in_other_format),
		cmocka_unit_test(test_set_and_format_at_once),
		cmocka_unit_test(test_set_no_date),
		cmocka_unit_test(test_write_while_running),
		cmocka_unit_test(test_ends_of_time),
		cmocka_unit_test(test_memory_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
