/* SPDX-License-Identifier: MIT */
/* The CMOS real-time clock at ports 70h and 71h, and that it agrees with the TIME call. */
#include "cpu.h"
#include <sill/call.h>
#include "suite.h"
#include "tap.h"

#define RTC_SECONDS  0x00
#define RTC_MINUTES  0x02
#define RTC_HOURS    0x04
#define RTC_WEEKDAY  0x06
#define RTC_DAY	     0x07
#define RTC_MONTH    0x08
#define RTC_YEAR     0x09
#define RTC_A	     0x0a
#define RTC_B	     0x0b
#define RTC_C	     0x0c
#define RTC_D	     0x0d
#define RTC_CENTURY  0x32
#define RTC_A_UIP    0x80
#define RTC_B_24H    0x02
#define RTC_B_BINARY 0x04
#define RTC_D_VALID  0x80

static uint8_t read_cmos(uint8_t index)
{
	out8(0x70, index);
	return in8(0x71);
}

static void write_cmos(uint8_t index, uint8_t value)
{
	out8(0x70, index);
	out8(0x71, value);
}

static unsigned from_bcd(unsigned value)
{
	return (value >> 4) * 10 + (value & 15);
}

static bool is_bcd(unsigned value)
{
	return (value >> 4) < 10 && (value & 15) < 10;
}

struct date {
	uint8_t second, minute, hour, weekday, day, month, year;
};

/* All fields of one and the same second. */
static struct date read_date(void)
{
	struct date d;

	do {
		for (int i = 0; i < 1000000 && read_cmos(RTC_A) & RTC_A_UIP; i++)
			;
		d.second = read_cmos(RTC_SECONDS);
		d.minute = read_cmos(RTC_MINUTES);
		d.hour = read_cmos(RTC_HOURS);
		d.weekday = read_cmos(RTC_WEEKDAY);
		d.day = read_cmos(RTC_DAY);
		d.month = read_cmos(RTC_MONTH);
		d.year = read_cmos(RTC_YEAR);
	} while (read_cmos(RTC_SECONDS) != d.second);
	return d;
}

static uint64_t days_before_year(uint64_t year)
{
	year--;
	return year * 365 + year / 4 - year / 100 + year / 400;
}

static bool leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Seconds since 1970 of a date in binary. */
static uint64_t seconds_of(const struct date *d)
{
	static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const unsigned year = 2000u + d->year;
	uint64_t days = days_before_year(year) - days_before_year(1970) + d->day - 1u;

	for (unsigned m = 1; m < d->month; m++)
		days += lengths[m - 1] + (m == 2 && leap(year));
	return ((days * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
}

static bool plausible(const struct date *d)
{
	return d->second < 60 && d->minute < 60 && d->hour < 24 && d->weekday >= 1 &&
	       d->weekday <= 7 && d->day >= 1 && d->day <= 31 && d->month >= 1 && d->month <= 12 &&
	       d->year < 100;
}

static void agrees(const char *mode, const struct date *d)
{
	struct sill_time time = {0};
	uint64_t rtc = seconds_of(d), sill;
	/* 1970-01-01 was a Thursday, and Sunday is day 1. */
	unsigned weekday = (unsigned)((rtc / 86400 + 4) % 7 + 1);

	tap_ok(plausible(d), "RTC, %s: every field in its range", mode);
	tap_equal(d->weekday, weekday, "RTC, %s: the day of the week fits the date", mode);
	if (sill_time(&time, sizeof(time)) < 0) {
		tap_skip("RTC against time", "the time is not known");
		return;
	}
	sill = time.utc_ns / 1000000000;
	if (!tap_ok(rtc + 2 >= sill && rtc <= sill + 2, "RTC, %s: within 2 seconds of time", mode))
		tap_note("RTC %lu, time %lu", rtc, sill);
}

void test_rtc(void)
{
	const uint8_t b = read_cmos(RTC_B);
	struct date d;
	uint64_t start;
	bool seen_clear = false;

	tap_equal(read_cmos(RTC_D) & RTC_D_VALID, RTC_D_VALID, "RTC: register D says valid");
	for (int i = 0; i < 1000000 && !seen_clear; i++)
		seen_clear = !(read_cmos(RTC_A) & RTC_A_UIP);
	tap_ok(seen_clear, "RTC: UIP is not always set");
	tap_equal(b & RTC_B_24H, RTC_B_24H, "RTC: 24-hour mode");
	tap_equal(read_cmos(RTC_C) & 0xf0, 0, "RTC: register C knows no interrupt");

	write_cmos(RTC_B, RTC_B_24H);
	d = read_date();
	tap_ok(is_bcd(d.second) && is_bcd(d.minute) && is_bcd(d.hour) && is_bcd(d.day) &&
		       is_bcd(d.month) && is_bcd(d.year),
	       "RTC: BCD mode has BCD digits");
	d.second = (uint8_t)from_bcd(d.second);
	d.minute = (uint8_t)from_bcd(d.minute);
	d.hour = (uint8_t)from_bcd(d.hour);
	d.day = (uint8_t)from_bcd(d.day);
	d.month = (uint8_t)from_bcd(d.month);
	d.year = (uint8_t)from_bcd(d.year);
	agrees("BCD", &d);
	tap_equal(from_bcd(read_cmos(RTC_CENTURY)), 20, "RTC: the century is 20");

	write_cmos(RTC_B, RTC_B_24H | RTC_B_BINARY);
	tap_equal(read_cmos(RTC_B) & RTC_B_BINARY, RTC_B_BINARY, "RTC: binary mode can be chosen");
	d = read_date();
	agrees("binary", &d);

	/* The NMI mask bit of port 70h is no part of the index. */
	tap_equal(read_cmos(0x80 | RTC_D) & RTC_D_VALID, RTC_D_VALID,
		  "RTC: bit 7 of the index is not looked at");
	/* It goes on: within what must be more than a second by the TSC. */
	{
		struct sill_time time = {0};

		if (sill_time(&time, sizeof(time)) == sizeof(time)) {
			struct date later;

			start = rdtsc();
			while (rdtsc() - start < time.tsc_hz + time.tsc_hz / 8)
				__asm__ volatile("pause");
			later = read_date();
			tap_ok(seconds_of(&later) > seconds_of(&d) &&
				       seconds_of(&later) <= seconds_of(&d) + 4,
			       "RTC: goes on with the TSC");
		}
	}
	write_cmos(RTC_B, b);
}
