/* SPDX-License-Identifier: MIT */
/* UNIT: core/rtc.c */
/* The clock chip's registers and the calendar, against the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "core/rtc.h"
#include "sill/errno.h"

#define LAST_SECOND 253402300799ull /* of year 9999 */

static const uint8_t formats[] = {0, RTC_B_24_HOURS, RTC_B_BINARY, RTC_B_24_HOURS | RTC_B_BINARY};

static uint8_t number(int value, bool binary)
{
	return (uint8_t)(binary ? value : value / 10 * 16 + value % 10);
}

/* One time in all formats, both ways. */
static void check(uint64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	assert_non_null(gmtime_r(&time, &tm));
	for (size_t i = 0; i < sizeof(formats); i++) {
		uint8_t b = formats[i];
		bool binary = b & RTC_B_BINARY;
		struct rtc_registers r = rtc_encode(seconds, b);
		int hours = tm.tm_hour;

		if (!(b & RTC_B_24_HOURS))
			hours = hours % 12 ? hours % 12 : 12;
		assert_int_equal(r.b, b);
		assert_int_equal(r.seconds, number(tm.tm_sec, binary));
		assert_int_equal(r.minutes, number(tm.tm_min, binary));
		assert_int_equal(r.hours,
				 number(hours, binary) |
					 (!(b & RTC_B_24_HOURS) && tm.tm_hour >= 12 ? 0x80 : 0));
		assert_int_equal(r.weekday, number(tm.tm_wday + 1, binary));
		assert_int_equal(r.day, number(tm.tm_mday, binary));
		assert_int_equal(r.month, number(tm.tm_mon + 1, binary));
		assert_int_equal(r.year, number(tm.tm_year % 100, binary));
		assert_int_equal(r.century, number((tm.tm_year + 1900) / 100, binary));
		assert_int_equal(rtc_decode(&r), (int64_t)seconds);
	}
}

static uint64_t at(int year, int month, int day, int hours, int minutes, int seconds)
{
	struct tm tm = {.tm_year = year - 1900,
			.tm_mon = month - 1,
			.tm_mday = day,
			.tm_hour = hours,
			.tm_min = minutes,
			.tm_sec = seconds};

	return (uint64_t)timegm(&tm);
}

static void test_month_ends(void **state)
{
	(void)state;
	for (int year = 1970; year <= 9999; year++) {
		for (int month = 1; month <= 12; month++) {
			uint64_t first = at(year, month, 1, 0, 0, 0);

			check(first);
			if (first > 0)
				check(first - 1); /* the last second of the month before */
		}
	}
	check(LAST_SECOND);
	assert_int_equal(at(9999, 12, 31, 23, 59, 59), LAST_SECOND);
}

static void test_leap_days(void **state)
{
	(void)state;
	for (int year = 1972; year <= 9999; year++) {
		bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		struct rtc_registers r = {.century = (uint8_t)(year / 100),
					  .year = (uint8_t)(year % 100),
					  .month = 2,
					  .day = 29,
					  .b = RTC_B_BINARY | RTC_B_24_HOURS};

		assert_int_equal(rtc_decode(&r),
				 leap ? (int64_t)at(year, 2, 29, 0, 0, 0) : -SILL_EINVAL);
		if (leap)
			check(at(year, 2, 29, 12, 0, 0));
	}
}

static void test_all_seconds_of_a_day(void **state)
{
	(void)state;
	for (uint64_t second = 0; second < 86400; second++)
		check(1709164800 + second); /* 2024-02-29 */
}

static void test_samples(void **state)
{
	uint64_t x = 88172645463325252ull;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		check(x % (LAST_SECOND + 1));
	}
}

/* A chip with two digits only: 1970 to 2069. */
static void test_no_century(void **state)
{
	static const uint8_t none[] = {0x00, 0xff, 0x18, 0x9a, 0xa0};
	struct rtc_registers r;

	(void)state;
	for (size_t i = 0; i < sizeof(none); i++) {
		for (int year = 1970; year <= 2069; year++) {
			r = rtc_encode(at(year, 6, 15, 1, 2, 3), RTC_B_24_HOURS);
			r.century = none[i];
			assert_int_equal(rtc_decode(&r), (int64_t)at(year, 6, 15, 1, 2, 3));
		}
	}
	for (unsigned int century = 100; century < 256; century++) {
		r = rtc_encode(at(2069, 6, 15, 1, 2, 3), RTC_B_24_HOURS | RTC_B_BINARY);
		r.century = (uint8_t)century;
		assert_int_equal(rtc_decode(&r), (int64_t)at(2069, 6, 15, 1, 2, 3));
	}
	/* A century of its own is believed, but not a time before 1970. */
	r = rtc_encode(at(2069, 1, 1, 0, 0, 0), RTC_B_24_HOURS);
	r.century = 0x19;
	assert_int_equal(rtc_decode(&r), -SILL_EINVAL);
	r.century = 0x21;
	assert_int_equal(rtc_decode(&r), (int64_t)at(2169, 1, 1, 0, 0, 0));
}

/* The weekday is nothing to go by, and neither are register B's other bits. */
static void test_ignored(void **state)
{
	struct rtc_registers r = rtc_encode(1234567890, RTC_B_24_HOURS);

	(void)state;
	r.weekday = 0xff;
	r.b = (uint8_t)~RTC_B_BINARY;
	assert_int_equal(rtc_decode(&r), 1234567890);
}

static void test_nanoseconds(void **state)
{
	struct rtc_registers r = rtc_encode(1234567890, RTC_B_24_HOURS);
	uint64_t ns = 0;

	(void)state;
	/* What it said during that second is wrong by half a one at the most. */
	assert_true(rtc_decode_ns(&r, &ns));
	assert_int_equal(ns, 1234567890500000000);
	r = rtc_encode(at(2553, 12, 31, 23, 59, 59), RTC_B_24_HOURS);
	assert_true(rtc_decode_ns(&r, &ns));
	assert_int_equal(ns / 1000000000, at(2553, 12, 31, 23, 59, 59));
	r = rtc_encode(at(2600, 1, 1, 0, 0, 0), RTC_B_24_HOURS);
	assert_false(rtc_decode_ns(&r, &ns));
	r.month = 0x13;
	assert_false(rtc_decode_ns(&r, &ns));
}

/* Each register through all 256 values in each format: accepted exactly if it is in its range. */
static void test_ranges(void **state)
{
	static const struct {
		size_t offset;
		int first, last;
	} ranges[] = {
		{offsetof(struct rtc_registers, seconds), 0, 59},
		{offsetof(struct rtc_registers, minutes), 0, 59},
		{offsetof(struct rtc_registers, day), 1, 31},
		{offsetof(struct rtc_registers, month), 1, 12},
		{offsetof(struct rtc_registers, year), 0, 99},
		{offsetof(struct rtc_registers, hours), 0, 23},
	};

	(void)state;
	for (size_t f = 0; f < sizeof(formats); f++) {
		bool binary = formats[f] & RTC_B_BINARY, hours_24 = formats[f] & RTC_B_24_HOURS;

		for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
			int first = ranges[i].first, last = ranges[i].last;
			bool twelve = !hours_24 && last == 23;

			for (unsigned int raw = 0; raw < 256; raw++) {
				struct rtc_registers r =
					rtc_encode(at(2023, 1, 1, 0, 0, 0), formats[f]);
				unsigned int digits = twelve ? raw & 0x7f : raw;
				bool good = false;

				for (int value = twelve ? 1 : first; value <= (twelve ? 12 : last);
				     value++)
					good |= digits == number(value, binary);
				*((uint8_t *)&r + ranges[i].offset) = (uint8_t)raw;
				if (good)
					assert_true(rtc_decode(&r) >= 0);
				else
					assert_int_equal(rtc_decode(&r), -SILL_EINVAL);
			}
		}
	}
}

static void test_days_of_months(void **state)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	(void)state;
	for (uint8_t month = 1; month <= 12; month++) {
		struct rtc_registers r = {.century = 20,
					  .year = 23,
					  .month = month,
					  .day = days[month - 1],
					  .b = RTC_B_BINARY | RTC_B_24_HOURS};

		assert_int_equal(rtc_decode(&r), (int64_t)at(2023, month, r.day, 0, 0, 0));
		r.day++;
		assert_int_equal(rtc_decode(&r), -SILL_EINVAL);
		r.day = 0;
		assert_int_equal(rtc_decode(&r), -SILL_EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_month_ends),	     cmocka_unit_test(test_leap_days),
		cmocka_unit_test(test_all_seconds_of_a_day), cmocka_unit_test(test_samples),
		cmocka_unit_test(test_no_century),	     cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_nanoseconds),	     cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_days_of_months),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
