/* SPDX-License-Identifier: MIT */
/*
 * The clock and the CMOS memory of a PC, at the ports 70h and 71h: the one way that every PC has,
 * with or without Sill. A message is a byte of the memory, written and read back.
 */
#include "clock.h"
#include "exceptions.h"
#include "ring3.h"
#include "string.h"
#include "tap.h"
#include "way.h"

#define RTC_INDEX   0x70
#define RTC_DATA    0x71

#define RTC_SECONDS 0x00
#define RTC_MINUTES 0x02
#define RTC_HOURS   0x04
#define RTC_DAY	    0x07
#define RTC_MONTH   0x08
#define RTC_YEAR    0x09
#define RTC_A	    0x0a
#define RTC_B	    0x0b
#define RTC_D	    0x0d

#define A_UPDATING  0x80 /* UIP */
#define B_BINARY    0x04
#define B_24_HOURS  0x02
#define HOURS_PM    0x80

/* Bytes that no PC's firmware counts on being left alone by Sill's guests: Sill plays them. */
#define MEMORY_FIRST   0x40
#define MEMORY_SIZE    0x40

#define NS_PER_S       1000000000ull
#define UIP_TIMEOUT_MS 100 /* it is set for 2.2 ms at the most */

static uint8_t saved[MEMORY_SIZE];

static uint8_t read(uint8_t index)
{
	out8(RTC_INDEX, index);
	return in8(RTC_DATA);
}

static void write(uint8_t index, uint8_t value)
{
	out8(RTC_INDEX, index);
	out8(RTC_DATA, value);
}

static const char *start(void)
{
	for (unsigned i = 0; i < MEMORY_SIZE; i++)
		saved[i] = read((uint8_t)(MEMORY_FIRST + i));
	return NULL;
}

static void stop(void)
{
	for (unsigned i = 0; i < MEMORY_SIZE; i++)
		write((uint8_t)(MEMORY_FIRST + i), saved[i]);
}

static uint8_t echo_byte(uint8_t byte)
{
	static uint8_t at;
	uint8_t index = MEMORY_FIRST + at++ % MEMORY_SIZE;

	write(index, byte);
	return read(index);
}

static bool echo(uint64_t *words)
{
	words[0] = echo_byte((uint8_t)words[0]);
	return true;
}

static int64_t transfer(void *data, size_t size)
{
	uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		bytes[i] = echo_byte(bytes[i]);
	return (int64_t)size;
}

struct date {
	uint8_t second, minute, hour, day, month, year;
};

static void read_registers(struct date *d)
{
	d->second = read(RTC_SECONDS);
	d->minute = read(RTC_MINUTES);
	d->hour = read(RTC_HOURS);
	d->day = read(RTC_DAY);
	d->month = read(RTC_MONTH);
	d->year = read(RTC_YEAR);
}

static uint8_t from_bcd(uint8_t value)
{
	return (uint8_t)((value >> 4) * 10 + (value & 15));
}

/*
 * All of one second, in binary: nothing changes for 244 us after UIP was 0. False if it never is,
 * or if it is no date.
 */
static bool read_date(struct date *d)
{
	uint64_t end = in_ms(UIP_TIMEOUT_MS);
	bool afternoon;
	uint8_t b;

	while (read(RTC_A) & A_UPDATING)
		if (is_over(end))
			return false;
	read_registers(d);
	b = read(RTC_B);
	afternoon = !(b & B_24_HOURS) && (d->hour & HOURS_PM);
	if (!(b & B_24_HOURS))
		d->hour &= (uint8_t)~HOURS_PM;
	if (!(b & B_BINARY)) {
		uint8_t *fields = &d->second;

		for (unsigned i = 0; i < sizeof(*d); i++)
			fields[i] = from_bcd(fields[i]);
	}
	if (!(b & B_24_HOURS))
		d->hour = (uint8_t)(d->hour % 12 + (afternoon ? 12 : 0));
	return d->second < 60 && d->minute < 60 && d->hour < 24 && d->day >= 1 && d->day <= 31 &&
	       d->month >= 1 && d->month <= 12 && d->year < 100;
}

/* Days since 1970 of a date in this century, counted in years that begin with March. */
static uint64_t days_of(const struct date *d)
{
	unsigned year = 2000u + d->year - (d->month <= 2);
	unsigned month = (d->month + 9u) % 12;
	uint64_t days = year * 365ull + year / 4 - year / 100 + year / 400;

	/* 719468 days went by from 1 March of the year 0 to 1970. */
	return days + (153 * month + 2) / 5 + d->day - 1 - 719468;
}

static uint64_t time_ns(void)
{
	struct date d;

	if (!read_date(&d))
		return 0;
	return (((days_of(&d) * 24 + d.hour) * 60 + d.minute) * 60 + d.second) * NS_PER_S;
}

/* Only reads: in a real PC the memory is the firmware's. */
static bool absent(void)
{
	struct date d;

	if (in8(RTC_DATA) == 0xff && read(RTC_D) == 0xff && read(RTC_A) == 0xff) {
		happened("all ones");
		return false;
	}
	if (!read_date(&d)) {
		happened("no date");
		return false;
	}
	happened("the machine's own clock answers: 20%02u-%02u-%02u %02u:%02u:%02u", d.year,
		 d.month, d.day, d.hour, d.minute, d.second);
	return true;
}

static const struct way_net nets[] = {{0}};

static const struct way ways[] = {
	{
		.name = "rtc",
		.title = "RTC and CMOS memory",
		.privilege = "who has the I/O permission",
		.without = "the PC's own clock answers",
		.word_bits = 8,
		.batch = 1,
		.time_age_ns = NS_PER_S,
		.nets = nets,
		.start = start,
		.stop = stop,
		.echo = echo,
		.transfer = transfer,
		.time_ns = time_ns,
		.absent = absent,
	},
};

USER_CODE static uint64_t user_in(uint64_t port)
{
	uint64_t value = 0;

	__asm__ volatile(MAY_FAULT("inb %%dx, %%al") : "+a"(value) : "d"(port) : "memory");
	return value;
}

static void wrong(void)
{
	const uint8_t d = read(RTC_D), old = read(MEMORY_FIRST);

	write(MEMORY_FIRST, 0x5a);
	tap_equal(read(0x80 | MEMORY_FIRST), 0x5a, "rtc: bit 7 of the index does not count");
	write(0x80 | MEMORY_FIRST, 0xa5);
	tap_equal(read(MEMORY_FIRST), 0xa5, "rtc: nor in writing");
	write(MEMORY_FIRST, old);
	write(RTC_D, (uint8_t)~d);
	tap_equal(read(RTC_D), d, "rtc: register D can't be written");

	ring3_ports(TSS_WHOLE, -1);
	expect();
	ring3_run(user_in, RTC_DATA, 0);
	tap_equal(caught.vector, VECTOR_GP, "rtc: ring 3 without permission: #GP");
	ring3_ports(TSS_WHOLE, RTC_DATA);
	read(MEMORY_FIRST);
	expect();
	tap_equal(ring3_run(user_in, RTC_DATA, 0), old, "rtc: ring 3 with the port's bit reads");
	tap_equal(caught.vector, NO_EXCEPTION, "rtc: and without an exception");
	ring3_ports(TSS_WHOLE, -1);
	tap_ok(time_ns() != 0, "rtc: Sill is alive after all this");
}

const struct ways way_rtc = {ways, 1, false, wrong};
