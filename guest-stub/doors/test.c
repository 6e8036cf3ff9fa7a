/* SPDX-License-Identifier: MIT */
/* The tests that all ways must pass: echo, blocks, time. What more a door must stand is its own. */
#include "clock.h"
#include "console.h"
#include "cpu.h"
#include "doors.h"
#include "string.h"
#include "tap.h"
#include "way.h"
#include "words.h"

#define ECHOES 10000u
#define TIMES  50u
/* The doors' clocks are read one after the other, and are one: they may differ by rounding. */
#define ROUNDING_NS 1000u
#define NS_PER_S    1000000000ull
#define YEAR_2020   (1577836800 * NS_PER_S)

/* So large that a block in the middle of it has bytes of nobody on both sides. */
static uint8_t sent[3 * PAGE_SIZE], got[3 * PAGE_SIZE];

static void test_echo(const struct way *way)
{
	const uint64_t mask = UINT64_MAX >> (64 - way->word_bits);
	uint64_t words[WAY_MAX_BATCH], used = 0, unused = 0;
	unsigned done = 0, wrong = 0;

	while (done < ECHOES) {
		for (unsigned i = 0; i < way->batch; i++) {
			words[i] = mixed(done + i) & mask;
			used |= words[i];
			unused |= ~words[i] & mask;
		}
		if (!way->echo(words)) {
			tap_ok(false, "%s: echo: no answer to message %u", way->name, done);
			return;
		}
		for (unsigned i = 0; i < way->batch; i++)
			wrong += words[i] != (mixed(done + i) & mask);
		done += way->batch;
	}
	tap_equal(wrong, 0, "%s: echo: %u words of %u bits come back", way->name, done,
		  way->word_bits);
	tap_ok(used == mask && unused == mask, "%s: echo: each bit was 0 and was 1", way->name);
}

static void test_blocks(const struct way *way)
{
	static const size_t sizes[] = {0, 1, 2, 3, 7, 8, 9, 64, 4063, 4064, 4065, 4095, 4096, 5000};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		/* Over the border of two pages, if it is long; and not aligned. */
		size_t at = PAGE_SIZE - 3;
		int64_t answer;

		fill_mixed(sent, sizeof(sent), i);
		memcpy(got, sent, sizeof(got));
		answer = way->transfer(got + at, sizes[i]);
		tap_equal((uint64_t)answer, sizes[i], "%s: a block of %lu bytes", way->name,
			  sizes[i]);
		tap_ok(!memcmp(got, sent, sizeof(got)),
		       "%s: a block of %lu bytes comes back, and nothing beside it changes",
		       way->name, sizes[i]);
	}
}

/* UTC by the call time, the measure of all others; 0: it is not known. */
static uint64_t reference_ns(void)
{
	struct sill_time time = {0};

	return try_vmcall(SILL_CALL_TIME, (uint64_t)&time, sizeof(time)) == sizeof(time)
		       ? time.utc_ns
		       : 0;
}

static void test_time(const struct way *way)
{
	uint64_t last = 0, behind = 0, ahead = 0, oldest = 0;

	if (!reference_ns()) {
		tap_skip(way->name, "the call time does not answer");
		return;
	}
	for (unsigned i = 0; i < TIMES; i++) {
		uint64_t before, now, after;

		/*
		 * While the guest exits all the time Sill's own clock stands still. So that the
		 * question is about the way, ask when something has just come.
		 */
		if (way->receive)
			way->receive();
		before = reference_ns();
		now = way->time_ns();
		after = reference_ns();
		if (!now) {
			tap_ok(false, "%s: time: no answer to question %u", way->name, i);
			return;
		}
		behind += now < last;
		ahead += now > after + ROUNDING_NS;
		if (now < before && before - now > oldest)
			oldest = before - now;
		last = now;
	}
	tap_ok(last > YEAR_2020, "%s: time: after 2020", way->name);
	tap_equal(behind, 0, "%s: time: never goes back", way->name);
	tap_equal(ahead, 0, "%s: time: never is ahead", way->name);
	tap_ok(oldest <= way->time_age_ns + ROUNDING_NS, "%s: time: at most %lu ns old, here %lu",
	       way->name, way->time_age_ns, oldest);
}

static void test_receive(const struct way *way)
{
	unsigned i = 0;

	while (i < ECHOES && way->receive())
		i++;
	tap_equal(i, ECHOES, "%s: Sill begins %u times", way->name, ECHOES);
}

static void test_way(const struct way *way)
{
	const char *why = way->start();

	if (why) {
		tap_ok(false, "%s: %s", way->name, why);
		return;
	}
	if (way->echo) {
		test_echo(way);
		test_blocks(way);
	}
	if (way->receive)
		test_receive(way);
	test_time(way);
	way->stop();
}

/* A door that isn't open must be as closed as where Sill isn't. */
static void test_closed(const struct way *way, const char *state)
{
	bool answered = way->absent();

	print("# %s: %s\n", way->name, what_happened());
	tap_ok(!answered, "%s is %s, and does not answer", way->name, state);
}

unsigned test_doors(const char *list)
{
	bool vmcall, all = !*list;

	tap_start();
	if (!sill_present()) {
		print("# Sill is not here: CPUID leaf 40000000h does not say SillSillSill\n");
		for (unsigned i = 0; i < SILL_DOOR_COUNT; i++)
			tap_skip(doors[i].name, "Sill is not here");
		return tap_end();
	}
	vmcall = door_state(SILL_DOOR_VMCALL).state == SILL_DOOR_OPEN;
	for (unsigned i = 0; i < SILL_DOOR_COUNT; i++) {
		const struct ways *ways = doors[i].ways;
		bool whole = all || word_listed(list, doors[i].name);
		uint32_t state = 0;

		for (unsigned j = 0; j < ways->count; j++) {
			const struct way *way = &ways->first[j];

			if (!whole && !word_listed(list, way->name))
				continue;
			state = way_state(&doors[i], way);
			print("# %s\n", way->name);
			if (state == SILL_DOOR_OPEN) {
				test_way(way);
				continue;
			}
			tap_skip(way->name, door_state_name(state));
			/* An address where the device's page isn't would end the guest. */
			if (doors[i].number != SILL_DOOR_MMIO)
				test_closed(way, door_state_name(state));
		}
		if (whole && state == SILL_DOOR_OPEN && vmcall && ways->wrong) {
			print("# wrong use of %s\n", doors[i].name);
			ways->wrong();
		}
	}
	return tap_end();
}
