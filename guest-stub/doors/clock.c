/* SPDX-License-Identifier: MIT */
/* How fast the TSC counts: Sill says it, by whatever door is open; else the PIT tells. */
#include "clock.h"
#include "exceptions.h"
#include "way.h"

#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
#define PIT_COMMAND_2 0xb0 /* channel 2, both bytes, mode 0: the output rises at the end */
#define PIT_CONTROL   0x61
#define PIT_GATE_2    0x01 /* lets channel 2 count */
#define PIT_SPEAKER   0x02
#define PIT_OUTPUT_2  0x20
#define PIT_COUNT     59659 /* 50 ms at 1.193182 MHz */
#define PIT_MS	      50

/* No PC that this program can run on is slower: less is no clock's answer. */
#define LEAST_TICKS_PER_MS 1000
/* If nobody knows: waits are then too long rather than too short on most machines. */
#define GUESSED_TICKS_PER_MS 1000000

uint64_t ticks_per_ms = GUESSED_TICKS_PER_MS;

static uint64_t from_time_call(void)
{
	struct sill_time time = {0};
	int64_t answer = try_vmcall(SILL_CALL_TIME, (uint64_t)&time, sizeof(time));

	return caught.vector == NO_EXCEPTION && answer == sizeof(time) ? time.tsc_hz / 1000 : 0;
}

static uint64_t utc_by_cpuid(void)
{
	uint32_t a = SILL_CPUID_SERVE, b = SILL_SERVICE_TIME, c = 0, d = 0;

	__asm__ volatile("cpuid" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
	return a ? 0 : c | (uint64_t)d << 32;
}

/* Where VMCALL is switched off. */
static uint64_t from_cpuid_service(void)
{
	uint64_t utc = utc_by_cpuid(), tsc = rdtsc();

	if (!utc)
		return 0;
	while (rdtsc() - tsc < 100000)
		__asm__ volatile("pause");
	utc = utc_by_cpuid() - utc;
	tsc = rdtsc() - tsc;
	return utc ? tsc * 1000000 / utc : 0;
}

static uint64_t from_pit(void)
{
	uint8_t old = in8(PIT_CONTROL);
	uint64_t start, ticks;

	out8(PIT_CONTROL, (uint8_t)((old & ~PIT_SPEAKER) | PIT_GATE_2));
	out8(PIT_COMMAND, PIT_COMMAND_2);
	out8(PIT_CHANNEL_2, PIT_COUNT & 0xff);
	out8(PIT_CHANNEL_2, PIT_COUNT >> 8);
	start = rdtsc();
	for (unsigned i = 0; i < 10000000 && !(in8(PIT_CONTROL) & PIT_OUTPUT_2); i++)
		;
	ticks = rdtsc() - start;
	out8(PIT_CONTROL, old);
	return ticks / PIT_MS;
}

void clock_start(void)
{
	uint64_t found;

	if (sill_present()) {
		found = from_time_call();
		if (found < LEAST_TICKS_PER_MS)
			found = from_cpuid_service();
	} else {
		found = from_pit();
	}
	if (found >= LEAST_TICKS_PER_MS)
		ticks_per_ms = found;
}

bool wait_while_32(const volatile uint32_t *value, uint32_t old, uint64_t ms)
{
	uint64_t end = in_ms(ms);

	while (*value == old) {
		if (is_over(end))
			return *value != old;
		__asm__ volatile("pause");
	}
	return true;
}

bool wait_while_64(const volatile uint64_t *value, uint64_t old, uint64_t ms)
{
	uint64_t end = in_ms(ms);

	while (*value == old) {
		if (is_over(end))
			return *value != old;
		__asm__ volatile("pause");
	}
	return true;
}
