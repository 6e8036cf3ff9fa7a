/* SPDX-License-Identifier: MIT */
/* A guest's CMOS memory and clock, see guest/virtual_cmos.h. After the MC146818A's data sheet. */
#include "guest/virtual_cmos.h"

#include <stdbool.h>

#include "core/rtc.h"

#define INDEX_BITS	   0x7f /* bit 7 masks NMI on a PC; there is none to mask */

#define A_POWER_ON	   0x26 /* a time base of 32,768 Hz, the rate that a PC's BIOS sets */
#define B_UPDATE_INTERRUPT 0x10

#define NS_PER_SECOND	   1000000000ull
/* "Update cycle": UIP is 1 from 244 us before, and the cycle takes 1984 us. */
#define UPDATE_NS   2228000ull

#define LAST_SECOND 253402300799 /* of year 9999 */

/* What a PC's BIOS leaves in the memory, low bytes first. */
#define BASE_KIB	 0x15
#define EXTENDED_KIB	 0x17 /* above 1 MiB */
#define EXTENDED_KIB_TOO 0x30
#define ABOVE_16M_64KIB	 0x34
#define CHECKSUM_FIRST	 0x10
#define CHECKSUM_LAST	 0x2d
#define CHECKSUM	 0x2e /* high byte first */

static void put_word(struct virtual_cmos *cmos, unsigned int at, uint64_t value)
{
	if (value > UINT16_MAX)
		value = UINT16_MAX;
	cmos->bytes[at] = (uint8_t)value;
	cmos->bytes[at + 1] = (uint8_t)(value >> 8);
}

static uint64_t above(uint64_t memory, uint64_t start)
{
	return memory > start ? memory - start : 0;
}

void virtual_cmos_init(struct virtual_cmos *cmos, uint64_t (*utc_ns)(void *context), void *context,
		       uint64_t memory)
{
	uint16_t sum = 0;

	*cmos = (struct virtual_cmos){.utc_ns = utc_ns, .context = context};
	cmos->bytes[RTC_A] = A_POWER_ON;
	cmos->bytes[RTC_B] = RTC_B_24_HOURS;
	put_word(cmos, BASE_KIB, memory / 1024 < 640 ? memory / 1024 : 640);
	put_word(cmos, EXTENDED_KIB, above(memory, 1 << 20) / 1024);
	put_word(cmos, EXTENDED_KIB_TOO, above(memory, 1 << 20) / 1024);
	put_word(cmos, ABOVE_16M_64KIB, above(memory, 16 << 20) / 65536);
	for (unsigned int i = CHECKSUM_FIRST; i <= CHECKSUM_LAST; i++)
		sum += cmos->bytes[i];
	cmos->bytes[CHECKSUM] = (uint8_t)(sum >> 8);
	cmos->bytes[CHECKSUM + 1] = (uint8_t)sum;
}

/* Where a time register lies in the structure, or NULL for all other bytes. */
static uint8_t *time_field(struct rtc_registers *registers, unsigned int index)
{
	switch (index) {
	case RTC_SECONDS:
		return &registers->seconds;
	case RTC_MINUTES:
		return &registers->minutes;
	case RTC_HOURS:
		return &registers->hours;
	case RTC_WEEKDAY:
		return &registers->weekday;
	case RTC_DAY:
		return &registers->day;
	case RTC_MONTH:
		return &registers->month;
	case RTC_YEAR:
		return &registers->year;
	case RTC_CENTURY:
		return &registers->century;
	default:
		return (uint8_t *)0;
	}
}

static int64_t real_seconds(const struct virtual_cmos *cmos)
{
	return (int64_t)(cmos->utc_ns(cmos->context) / NS_PER_SECOND);
}

/* The guest's time now, in the format that register B asks for. */
static struct rtc_registers current_time(const struct virtual_cmos *cmos)
{
	int64_t seconds = real_seconds(cmos) + cmos->offset;

	if (seconds < 0)
		seconds = 0;
	if (seconds > LAST_SECOND)
		seconds = LAST_SECOND;
	return rtc_encode((uint64_t)seconds, cmos->bytes[RTC_B]);
}

/*
 * The guest's clock shows these registers from now until the second ends: like on the chip, whose
 * divider runs on while the time is set. What is no date leaves the clock as it was.
 */
static void set_time(struct virtual_cmos *cmos, const struct rtc_registers *registers)
{
	int64_t seconds = rtc_decode(registers);

	if (seconds >= 0)
		cmos->offset = seconds - real_seconds(cmos);
}

static bool is_set(const struct virtual_cmos *cmos)
{
	return cmos->bytes[RTC_B] & RTC_B_SET;
}

/*
 * SET stops the updates: the time registers become memory. Without it the clock goes on from them.
 */
static void write_b(struct virtual_cmos *cmos, uint8_t value)
{
	struct rtc_registers registers = {0};
	uint8_t *field;

	if (value & RTC_B_SET)
		value &= (uint8_t)~B_UPDATE_INTERRUPT;
	if ((value & RTC_B_SET) && !is_set(cmos)) {
		registers = current_time(cmos);
		for (unsigned int i = 0; i < VIRTUAL_CMOS_SIZE; i++) {
			field = time_field(&registers, i);
			if (field)
				cmos->bytes[i] = *field;
		}
	} else if (!(value & RTC_B_SET) && is_set(cmos)) {
		for (unsigned int i = 0; i < VIRTUAL_CMOS_SIZE; i++) {
			field = time_field(&registers, i);
			if (field)
				*field = cmos->bytes[i];
		}
		registers.b = value;
		set_time(cmos, &registers);
	}
	cmos->bytes[RTC_B] = value;
}

/*
 * UIP. A guest that finds it 0 has at least 244 us to read all time registers before they change;
 * they do so together, when a second ends. While SET is 1 there are no updates.
 */
static uint8_t read_a(const struct virtual_cmos *cmos)
{
	bool updating = !is_set(cmos) &&
			cmos->utc_ns(cmos->context) % NS_PER_SECOND >= NS_PER_SECOND - UPDATE_NS;

	return cmos->bytes[RTC_A] | (updating ? RTC_A_UPDATING : 0);
}

uint8_t virtual_cmos_read(struct virtual_cmos *cmos, unsigned int offset)
{
	struct rtc_registers registers = {0};
	unsigned int index = cmos->index & INDEX_BITS;
	uint8_t *field;

	if (offset != 1)
		return 0xff;
	switch (index) {
	case RTC_A:
		return read_a(cmos);
	case RTC_C:
		return 0;
	case RTC_D:
		return RTC_D_VALID;
	default:
		field = time_field(&registers, index);
		if (!field || is_set(cmos))
			return cmos->bytes[index];
		registers = current_time(cmos);
		return *field;
	}
}

void virtual_cmos_write(struct virtual_cmos *cmos, unsigned int offset, uint8_t value)
{
	struct rtc_registers registers = {0};
	unsigned int index = cmos->index & INDEX_BITS;
	uint8_t *field;

	if (offset == 0)
		cmos->index = value;
	if (offset != 1)
		return;
	switch (index) {
	case RTC_A:
		cmos->bytes[RTC_A] = value & (uint8_t)~RTC_A_UPDATING;
		return;
	case RTC_B:
		write_b(cmos, value);
		return;
	case RTC_C:
	case RTC_D:
		return;
	default:
		field = time_field(&registers, index);
		if (field && !is_set(cmos)) {
			/*
			 * A clock that is running takes the one new number, if that makes a date.
			 */
			registers = current_time(cmos);
			*field = value;
			set_time(cmos, &registers);
			return;
		}
		cmos->bytes[index] = value;
	}
}
