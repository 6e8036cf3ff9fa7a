/* SPDX-License-Identifier: MIT */
/* What time it is; see core/time.h. */
#include "core/time.h"

#include "core/acpi.h"
#include "core/cpu.h"
#include "core/rtc.h"

static struct {
	uint64_t start_tsc;
	uint64_t hz;
	const char *source;
	bool agrees_with_cpuid;

	bool utc_known;
	uint64_t utc_ns; /* at utc_tsc */
	uint64_t utc_tsc;
} clock = {.hz = 1000000000, .source = "not known yet"};

/* The 8254: channel 2 can be started and watched through port 61h, without interrupts. */
#define PIT_HZ		 1193182u
#define PIT_CHANNEL_2	 0x42
#define PIT_COMMAND	 0x43
#define PIT_MODE_0_CH_2	 0xb0 /* low then high byte, one-shot, binary */
#define PORT_61		 0x61
#define PORT_61_GATE_2	 0x01
#define PORT_61_SPEAKER	 0x02
#define PORT_61_OUTPUT_2 0x20

#define MEASURE_HZ	 50 /* measure for a 50th of a second */

/* A timer that stands still costs a fraction of a second: a port read takes about a microsecond. */
#define MOST_POLLS 400000

/* The best of so many: a system-management interrupt within one makes it too long, never short. */
#define MEASUREMENTS 3

/* The frequency of the TSC by the PIT, or 0 if that doesn't count. */
static uint64_t measure_by_pit_once(void)
{
	const uint32_t count = PIT_HZ / MEASURE_HZ;
	uint8_t control = inb(PORT_61) & (uint8_t)~PORT_61_SPEAKER;
	uint64_t begin, end;
	uint32_t polls = 0;

	outb(PORT_61, control & (uint8_t)~PORT_61_GATE_2);
	outb(PIT_COMMAND, PIT_MODE_0_CH_2);
	outb(PIT_CHANNEL_2, (uint8_t)count);
	outb(PIT_CHANNEL_2, (uint8_t)(count >> 8));
	outb(PORT_61, control | PORT_61_GATE_2);
	begin = rdtsc();
	while ((inb(PORT_61) & PORT_61_OUTPUT_2) == 0) {
		if (++polls > MOST_POLLS)
			return 0;
	}
	end = rdtsc();
	outb(PORT_61, control);
	/* A PIT that is not there reads as finished at once. */
	if (polls < 10)
		return 0;
	return (end - begin) * PIT_HZ / count;
}

static uint64_t measure_by_pit(void)
{
	uint64_t least = measure_by_pit_once();

	for (int i = 1; i < MEASUREMENTS && least != 0; i++) {
		uint64_t hz = measure_by_pit_once();

		if (hz != 0 && hz < least)
			least = hz;
	}
	return least;
}

#define PM_TIMER_HZ   3579545u
#define PM_TIMER_MASK 0xffffffu /* at least 24 bits count */

/* The same by the ACPI power-management timer, which outlives the PIT on new machines. */
static uint64_t measure_by_pm_timer(void)
{
	uint16_t port = acpi_pm_timer_port();
	const uint32_t count = PM_TIMER_HZ / MEASURE_HZ;
	uint32_t first, polls = 0, passed;
	uint64_t begin, end;

	if (port == 0)
		return 0;
	first = inl(port);
	begin = rdtsc();
	do {
		passed = (inl(port) - first) & PM_TIMER_MASK;
		if (++polls > MOST_POLLS)
			return 0;
	} while (passed < count);
	end = rdtsc();
	return (end - begin) * PM_TIMER_HZ / passed;
}

/*
 * SDM, "Determining the Processor Base Frequency" and CPUID leaf 15h, "Time Stamp Counter and
 * Nominal Core Crystal Clock Information Leaf". 0 if the CPU does not say.
 */
static uint64_t frequency_by_cpuid(const char **source)
{
	uint32_t highest = cpuid(0, 0).eax;

	if (highest >= 0x15) {
		struct cpuid_result ratio = cpuid(0x15, 0);

		if (ratio.eax != 0 && ratio.ebx != 0 && ratio.ecx != 0) {
			*source = "CPUID leaf 15h";
			return (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
		}
	}
	if (highest >= 0x16) {
		struct cpuid_result frequency = cpuid(0x16, 0);

		if ((frequency.eax & 0xffff) != 0) {
			*source = "CPUID leaf 16h";
			return (uint64_t)(frequency.eax & 0xffff) * 1000000;
		}
	}
	return 0;
}

/* Do the two agree to one part in 100? Measuring is no better than that under an emulator. */
static bool agree(uint64_t a, uint64_t b)
{
	uint64_t difference = a > b ? a - b : b - a;

	return difference <= b / 100;
}

void time_start(uint64_t start_tsc)
{
	const char *source = "assumed: neither CPUID nor a timer tells";
	uint64_t stated = frequency_by_cpuid(&source);
	uint64_t measured = measure_by_pit();

	clock.start_tsc = start_tsc;
	clock.hz = stated;
	clock.source = source;
	if (measured == 0) {
		measured = measure_by_pm_timer();
		if (measured != 0 && (stated == 0 || !agree(stated, measured))) {
			clock.hz = measured;
			clock.source = "measured against the ACPI PM timer";
		}
	} else if (stated == 0 || !agree(stated, measured)) {
		/*
		 * Emulators and some virtual machines show the CPUID of a processor that they are
		 * not. What was measured is what the clock on the wall will agree with.
		 */
		clock.hz = measured;
		clock.source = stated != 0 ? "measured against the PIT (CPUID says otherwise)"
					   : "measured against the PIT";
	}
	clock.agrees_with_cpuid = clock.hz != 0 && clock.hz == stated;
	if (clock.hz == 0)
		clock.hz = 1000000000;
}

static uint8_t cmos_read(uint8_t index)
{
	/* Bit 7 of the index port gates NMIs on many machines; 0 leaves them on. */
	outb(RTC_INDEX_PORT, index);
	return inb(RTC_DATA_PORT);
}

static struct rtc_registers read_registers(void)
{
	uint8_t century = acpi_century_register();
	struct rtc_registers r = {
		.seconds = cmos_read(RTC_SECONDS),
		.minutes = cmos_read(RTC_MINUTES),
		.hours = cmos_read(RTC_HOURS),
		.weekday = cmos_read(RTC_WEEKDAY),
		.day = cmos_read(RTC_DAY),
		.month = cmos_read(RTC_MONTH),
		.year = cmos_read(RTC_YEAR),
		.century = cmos_read(century != 0 ? century : RTC_CENTURY),
		.b = cmos_read(RTC_B),
	};

	return r;
}

/* An update takes up to 2 ms, in which the registers change one after another. */
static bool wait_for_no_update(void)
{
	for (int i = 0; i < 100000; i++) {
		if ((cmos_read(RTC_A) & RTC_A_UPDATING) == 0)
			return true;
	}
	return false;
}

static bool same(const struct rtc_registers *a, const struct rtc_registers *b)
{
	return a->seconds == b->seconds && a->minutes == b->minutes && a->hours == b->hours &&
	       a->day == b->day && a->month == b->month && a->year == b->year &&
	       a->century == b->century && a->b == b->b;
}

void time_read_clock(void)
{
	/* Twice the same with no update under way: no reading is half old and half new. */
	for (int i = 0; i < 10; i++) {
		struct rtc_registers first, second;

		if (!wait_for_no_update())
			return;
		first = read_registers();
		clock.utc_tsc = rdtsc();
		second = read_registers();
		if (!same(&first, &second))
			continue;
		clock.utc_known = rtc_decode_ns(&first, &clock.utc_ns);
		return;
	}
}

uint64_t time_tsc_hz(void)
{
	return clock.hz;
}

const char *time_tsc_source(void)
{
	return clock.source;
}

uint64_t time_ticks_to_ns(uint64_t ticks)
{
	/* In two parts, so that nothing overflows: hz is below 2^34, the rest below hz. */
	return ticks / clock.hz * 1000000000 + ticks % clock.hz * 1000000000 / clock.hz;
}

bool time_agrees_with_cpuid(void)
{
	return clock.agrees_with_cpuid;
}

uint64_t time_since_start_us(void)
{
	return time_ticks_to_ns(rdtsc() - clock.start_tsc) / 1000;
}

bool time_is_known(void)
{
	return clock.utc_known;
}

uint64_t time_utc_ns(uint64_t tsc)
{
	return clock.utc_ns + time_ticks_to_ns(tsc - clock.utc_tsc);
}

void time_wait_us(uint64_t us)
{
	uint64_t begin = rdtsc();

	while (time_ticks_to_ns(rdtsc() - begin) < us * 1000)
		cpu_relax();
}
