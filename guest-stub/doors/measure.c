/* SPDX-License-Identifier: MIT */
/*
 * What each way costs, and what each does where Sill is not. The lines are read by
 * scripts/doors-table, which tells what they mean.
 */
#include "console.h"
#include "cpu.h"
#include "doors.h"
#include "way.h"

#define KIB 1024u
/* A figure is an average over so many ticks, so often at least and at most. */
#define TICKS	    1000000u
#define LEAST_TIMES 4u
#define MOST_TIMES  512u
/* Where a block of 1 MiB would take more, a sixteenth of it is measured: nobody likes to wait. */
#define MOST_BLOCK_TICKS 50000000u
#define BLOCK_PART	 16u

static uint8_t block[MIB] __attribute__((aligned(4096)));
static bool good;

/* An average, and the VM exits that it took. */
struct cost {
	uint64_t ticks;
	uint64_t exits; /* ten-thousandths */
};

/* What is done for a figure. False: it failed. */
typedef bool act(const struct way *way, size_t size);

static bool do_echo(const struct way *way, size_t size)
{
	static uint64_t words[WAY_MAX_BATCH];

	(void)size;
	return way->echo(words);
}

static bool do_receive(const struct way *way, size_t size)
{
	(void)size;
	return way->receive();
}

static bool do_time(const struct way *way, size_t size)
{
	(void)size;
	return way->time_ns() != 0;
}

static bool do_block(const struct way *way, size_t size)
{
	return way->transfer(block, size) == (int64_t)size;
}

static uint64_t rounded(uint64_t a, uint64_t b)
{
	return (a + b / 2) / b;
}

/* messages: how many each act is; the cost is of one. */
static struct cost measure(const struct way *way, act *what, size_t size, unsigned messages)
{
	uint64_t start, ticks, times, exits;
	bool right = true;

	right &= what(way, size); /* everything is warm then */
	start = rdtsc();
	right &= what(way, size);
	times = TICKS / (rdtsc() - start + 1);
	if (times < LEAST_TIMES)
		times = LEAST_TIMES;
	if (times > MOST_TIMES)
		times = MOST_TIMES;

	exits = exits_until_now();
	start = rdtsc();
	for (uint64_t i = 0; i < times; i++)
		right &= what(way, size);
	ticks = rdtsc() - start;
	exits = exits_until_now() - exits;
	if (!right) {
		print("# %s: it failed while it was measured\n", way->name);
		good = false;
	}
	return (struct cost){rounded(ticks, times * messages),
			     rounded(10000 * exits, times * messages)};
}

/* Once, and looked at: it would be a pity to measure something wrong. */
static uint64_t measure_large(const struct way *way, size_t size)
{
	uint64_t start, ticks;
	bool right;

	fill_mixed(block, size, 1);
	start = rdtsc();
	right = do_block(way, size);
	ticks = rdtsc() - start;
	for (size_t i = 0; i < size; i += 8)
		right &= *(any64 *)(block + i) == mixed(1 + i);
	if (!right) {
		print("# %s: a block of %lu bytes did not come back\n", way->name, size);
		good = false;
	}
	return ticks;
}

static void report_cost(const struct way *way)
{
	struct cost message, time;
	uint64_t block64 = 0, block4k = 0, block1m = 0;
	bool scaled = false;

	message = way->echo ? measure(way, do_echo, 0, way->batch) : measure(way, do_receive, 0, 1);
	time = measure(way, do_time, 0, 1);
	if (way->transfer) {
		block64 = measure(way, do_block, 64, 1).ticks;
		block4k = measure(way, do_block, 4 * KIB, 1).ticks;
		scaled = block4k > MOST_BLOCK_TICKS / (MIB / (4 * KIB));
		block1m = scaled ? BLOCK_PART * measure_large(way, MIB / BLOCK_PART)
				 : measure_large(way, MIB);
	}
	print("doors: cost way=%s bits=%u exits=%lu.%04lu ticks=%lu time=%lu block64=%lu "
	      "block4k=%lu block1m=%lu%s\n",
	      way->name, way->word_bits, message.exits / 10000, message.exits % 10000,
	      message.ticks, time.ticks, block64, block4k, block1m, scaled ? " scaled=yes" : "");
}

static void report_net(const struct way_net *net)
{
	uint64_t ticks = measure_net(measure_smallest(net->measure, net->prepare), net->setup);

	if (net->messages == 1)
		print("doors: net name=%s net=%lu\n", net->name, ticks);
	else
		print("doors: net name=%s net=%lu.%02lu\n", net->name, ticks / net->messages,
		      rounded(ticks % net->messages * 100, net->messages));
}

static void report_way(const struct door *door, const struct way *way)
{
	uint32_t state = way_state(door, way);
	const char *why;

	print("doors: way=%s door=%s state=%s title=\"%s\" privilege=\"%s\" without=\"%s\" "
	      "push=%s\n",
	      way->name, door->name, door_state_name(state), way->title, way->privilege,
	      way->without, way->push ? "yes" : "no");
	if (state != SILL_DOOR_OPEN)
		return;
	why = way->start();
	if (why) {
		print("# %s: it can't be measured: %s\n", way->name, why);
		good = false;
		return;
	}
	report_cost(way);
	for (const struct way_net *net = way->nets; net->name; net++)
		report_net(net);
	way->stop();
}

bool measure_doors(void)
{
	struct measure_unit unit = measure_start();

	good = true;
	print("doors: unit=%s empty=%lu\n", unit.instructions ? "instructions" : "cycles",
	      unit.empty);
	if (!exits_until_now())
		print("# VM exits are not known: the call stats does not answer\n");
	/* Those that go on in the background come last: the others are measured in peace. */
	for (int goes_on = 0; goes_on < 2; goes_on++) {
		for (unsigned i = 0; i < SILL_DOOR_COUNT; i++) {
			const struct ways *ways = doors[i].ways;

			for (unsigned j = 0; j < ways->count && ways->goes_on == goes_on; j++)
				report_way(&doors[i], &ways->first[j]);
		}
	}
	print("doors: end\n");
	return good;
}

void try_without_sill(void)
{
	print("# Sill is not here. This is what each way does then.\n");
	for (unsigned i = 0; i < SILL_DOOR_COUNT; i++) {
		for (unsigned j = 0; j < doors[i].ways->count; j++) {
			const struct way *way = &doors[i].ways->first[j];

			const char *answered = way->absent() ? "yes" : "no";

			print("doors: absent way=%s answered=%s happened=\"%s\"\n", way->name,
			      answered, what_happened());
		}
	}
	print("doors: end\n");
}
