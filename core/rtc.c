/* SPDX-License-Identifier: MIT */
/* What the registers of the real-time clock mean; see core/rtc.h. */
#include "core/rtc.h"

#include <sill/errno.h>

#define NS_PER_S 1000000000ull

/*
 * Days since 1970-01-01 of a date of the Gregorian calendar, and back. Years are counted from
 * March, so that the leap day is the last of its year, and in eras of 400 years, all alike.
 */
#define DAYS_PER_ERA	 146097
#define DAYS_BEFORE_1970 719468 /* from 0000-03-01 */

static int64_t days_from_date(unsigned int year, unsigned int month, unsigned int day)
{
	unsigned int march_year = month <= 2 ? year - 1 : year;
	unsigned int era = march_year / 400, year_of_era = march_year % 400;
	unsigned int day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
	unsigned int day_of_era =
		year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return (int64_t)era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_1970;
}

static void date_from_days(uint64_t days, unsigned int *year, unsigned int *month,
			   unsigned int *day)
{
	uint64_t shifted = days + DAYS_BEFORE_1970;
	unsigned int era = (unsigned int)(shifted / DAYS_PER_ERA);
	unsigned int of_era = (unsigned int)(shifted % DAYS_PER_ERA);
	unsigned int year_of_era =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned int of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned int from_march = (5 * of_year + 2) / 153;

	*day = of_year - (153 * from_march + 2) / 5 + 1;
	*month = from_march < 10 ? from_march + 3 : from_march - 9;
	*year = era * 400 + year_of_era + (*month <= 2);
}

static unsigned int days_in_month(unsigned int year, unsigned int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool decode_number(uint8_t raw, bool binary, unsigned int *value)
{
	if (binary) {
		*value = raw;
		return true;
	}
	*value = (raw >> 4) * 10u + (raw & 0xf);
	return (raw & 0xf) <= 9 && raw >> 4 <= 9;
}

int64_t rtc_decode(const struct rtc_registers *r)
{
	bool binary = (r->b & RTC_B_BINARY) != 0, hours_24 = (r->b & RTC_B_24_HOURS) != 0;
	bool pm = !hours_24 && (r->hours & RTC_HOURS_PM) != 0;
	uint8_t raw_hours = hours_24 ? r->hours : r->hours & (uint8_t)~RTC_HOURS_PM;
	unsigned int seconds, minutes, hours, day, month, year, century;

	if (!decode_number(r->seconds, binary, &seconds) ||
	    !decode_number(r->minutes, binary, &minutes) ||
	    !decode_number(raw_hours, binary, &hours) || !decode_number(r->day, binary, &day) ||
	    !decode_number(r->month, binary, &month) || !decode_number(r->year, binary, &year))
		return -SILL_EINVAL;
	if (!hours_24) {
		if (hours < 1 || hours > 12)
			return -SILL_EINVAL;
		hours = hours % 12 + (pm ? 12 : 0);
	}
	/* A century that isn't one is no century register. The chip itself has two digits. */
	if (!decode_number(r->century, binary, &century) || century < 19 || century > 99)
		century = year >= 70 ? 19 : 20;
	if (year > 99)
		return -SILL_EINVAL;
	year += century * 100;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
	    hours > 23 || minutes > 59 || seconds > 59)
		return -SILL_EINVAL;
	return days_from_date(year, month, day) * 86400 + hours * 3600 + minutes * 60 + seconds;
}

bool rtc_decode_ns(const struct rtc_registers *r, uint64_t *ns)
{
	int64_t seconds = rtc_decode(r);

	if (seconds < 0 || (uint64_t)seconds >= UINT64_MAX / NS_PER_S)
		return false;
	*ns = (uint64_t)seconds * NS_PER_S + NS_PER_S / 2;
	return true;
}

static uint8_t encode_number(unsigned int value, bool binary)
{
	return (uint8_t)(binary ? value : value / 10 << 4 | value % 10);
}

struct rtc_registers rtc_encode(uint64_t seconds, uint8_t b)
{
	bool binary = (b & RTC_B_BINARY) != 0;
	unsigned int of_day = (unsigned int)(seconds % 86400), hours = of_day / 3600;
	uint64_t days = seconds / 86400;
	unsigned int year, month, day, shown_hours = hours;
	struct rtc_registers r = {.b = b};

	date_from_days(days, &year, &month, &day);
	if ((b & RTC_B_24_HOURS) == 0)
		shown_hours = hours % 12 == 0 ? 12 : hours % 12;
	r.seconds = encode_number(of_day % 60, binary);
	r.minutes = encode_number(of_day / 60 % 60, binary);
	r.hours = encode_number(shown_hours, binary);
	if ((b & RTC_B_24_HOURS) == 0 && hours >= 12)
		r.hours |= RTC_HOURS_PM;
	r.weekday = encode_number((unsigned int)((days + 4) % 7) + 1, binary); /* 1 is Sunday */
	r.day = encode_number(day, binary);
	r.month = encode_number(month, binary);
	r.year = encode_number(year % 100, binary);
	r.century = encode_number(year / 100, binary);
	return r;
}
