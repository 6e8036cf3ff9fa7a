/* SPDX-License-Identifier: MIT */
/*
 * The CMOS real-time clock (Motorola MC146818A and its successors): its registers, and what they
 * mean. Pure; the virtual clock of a guest and the reader of the real one share it.
 */
#ifndef SILL_CORE_RTC_H
#define SILL_CORE_RTC_H

#include <stdbool.h>
#include <stdint.h>

#define RTC_INDEX_PORT 0x70
#define RTC_DATA_PORT  0x71

#define RTC_SECONDS    0x00
#define RTC_MINUTES    0x02
#define RTC_HOURS      0x04
#define RTC_WEEKDAY    0x06
#define RTC_DAY	       0x07
#define RTC_MONTH      0x08
#define RTC_YEAR       0x09
#define RTC_A	       0x0a
#define RTC_B	       0x0b
#define RTC_C	       0x0c
#define RTC_D	       0x0d
#define RTC_CENTURY    0x32 /* where nearly all PCs keep it; ACPI's FADT may name another place */

#define RTC_A_UPDATING 0x80
#define RTC_B_24_HOURS 0x02
#define RTC_B_BINARY   0x04
#define RTC_B_SET      0x80
#define RTC_D_VALID    0x80
#define RTC_HOURS_PM   0x80

/* As read from the registers. */
struct rtc_registers {
	uint8_t seconds, minutes, hours, weekday, day, month, year;
	uint8_t century; /* 0 = the machine keeps none */
	uint8_t b;	 /* tells how the others are to be read */
};

/* Seconds since 1970-01-01, or -SILL_EINVAL if the registers hold no date from 1970 to 9999. */
int64_t rtc_decode(const struct rtc_registers *registers);

/*
 * Nanoseconds since 1970, of the midst of the second that they show: the truth is half a second
 * from there at the most. False if they hold no date, or one after 2553.
 */
bool rtc_decode_ns(const struct rtc_registers *registers, uint64_t *ns);

/* The registers that show a time (seconds since 1970, up to year 9999) in the format b. */
struct rtc_registers rtc_encode(uint64_t seconds, uint8_t b);

#endif
