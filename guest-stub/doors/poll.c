/* SPDX-License-Identifier: MIT */
/*
 * A pattern in ordinary memory, for which Sill looks now and then: nothing is called, and nothing
 * leaves the guest by its own doing.
 */
#include "clock.h"
#include "console.h"
#include "exceptions.h"
#include "helpers.h"
#include "letter.h"
#include "string.h"
#include "tap.h"
#include "way.h"

/* Sill looks at all the memory, little by little, before it finds a page; then at that page. */
#define FIND_MS	  120000
#define ANSWER_MS 1000
/* Long enough that an answer would have come from a page that Sill has found. */
#define SILENCE_MS 20

static LETTER first, second;

static void put_pattern(struct sill_letter *letter)
{
	volatile struct sill_letter *l = letter;

	l->pattern[0] = SILL_LETTER_PATTERN;
	l->pattern[1] = SILL_LETTER_PATTERN;
}

static void remove_pattern(struct sill_letter *letter)
{
	volatile struct sill_letter *l = letter;

	l->pattern[0] = 0;
	l->pattern[1] = 0;
	l->state = SILL_LETTER_IDLE;
}

/* How long it takes until the page is found: a letter lies there and waits. */
static bool found(struct sill_letter *letter)
{
	uint64_t word = mixed((uint64_t)letter), sent = word;

	return letter_echo(letter, &word, FIND_MS) && word == sent;
}

static const char *start(void)
{
	uint64_t start = rdtsc();

	put_pattern(&first);
	if (!found(&first))
		return "Sill has not found the page";
	print("# poll: the page was found after %lu ms\n", (rdtsc() - start) / ticks_per_ms);
	return NULL;
}

static void stop(void)
{
	remove_pattern(&first);
}

static bool echo(uint64_t *words)
{
	return letter_echo(&first, words, ANSWER_MS);
}

static int64_t transfer(void *data, size_t size)
{
	return letter_transfer(&first, data, size, ANSWER_MS);
}

static uint64_t time_ns(void)
{
	return letter_time_ns(&first, ANSWER_MS);
}

static bool absent(void)
{
	uint64_t word = 1;
	bool answered;

	put_pattern(&first);
	answered = letter_echo(&first, &word, ANSWER_MS);
	happened(answered ? "an answer" : "no answer within %u ms", ANSWER_MS);
	remove_pattern(&first);
	return answered;
}

static const struct way_net nets[] = {{0}};

static const struct way ways[] = {
	{
		.name = "poll",
		.title = "a pattern that is looked for",
		.privilege = "any",
		.without = "no answer: the pattern stays as it is",
		.word_bits = 64,
		.batch = 1,
		.nets = nets,
		.start = start,
		.stop = stop,
		.echo = echo,
		.transfer = transfer,
		.time_ns = time_ns,
		.absent = absent,
	},
};

/* The letter is sent again and again, so that whenever Sill looks it would find one. */
static bool silent(struct sill_letter *letter, uint64_t ms)
{
	return letter_send(letter, SILL_SERVICE_ECHO, 8, ms) == -SILL_EIO;
}

static void patterns(void)
{
	static const struct {
		const char *name;
		uint64_t first, second;
	} others[] = {
		{"one bit of its first half wrong", SILL_LETTER_PATTERN ^ 1, SILL_LETTER_PATTERN},
		{"one bit of its second half wrong", SILL_LETTER_PATTERN,
		 SILL_LETTER_PATTERN ^ 1ull << 63},
		{"half of it", SILL_LETTER_PATTERN, 0},
	};
	const uint64_t all_ms = guest_memory() / PAGE_SIZE / 4;
	uint64_t *words = (uint64_t *)&second;

	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		first.pattern[0] = others[i].first;
		first.pattern[1] = others[i].second;
		tap_ok(silent(&first, SILENCE_MS), "poll: a pattern with %s: no answer",
		       others[i].name);
	}
	remove_pattern(&first);

	/* A letter that begins eight bytes behind the page's beginning. */
	words[0] = 0;
	words[1] = SILL_LETTER_PATTERN;
	words[2] = SILL_LETTER_PATTERN;
	words[3] = SILL_LETTER_SENT;
	words[4] = 0;
	tap_ok(!wait_while_32((volatile uint32_t *)(words + 3), SILL_LETTER_SENT, all_ms),
	       "poll: not at a page's beginning: no answer");
	words[1] = 0;
	words[2] = 0;
}

static void two_pages(void)
{
	put_pattern(&first);
	tap_ok(found(&first), "poll: the pattern is put right: an answer");
	put_pattern(&second);
	tap_ok(silent(&second, SILENCE_MS), "poll: a second page with the pattern: no answer");
	tap_ok(found(&first), "poll: the first one still is answered");
	remove_pattern(&first);
	tap_ok(found(&second), "poll: once that is gone, the second one");
	tap_ok(silent(&first, SILENCE_MS), "poll: and no longer the first");
	remove_pattern(&second);
	first.state = SILL_LETTER_IDLE;
}

/* Sill knows the page by where it lies in memory, as it found it there. */
static void unmapped(void)
{
	struct sill_letter *alias = (struct sill_letter *)TEST_4K(TEST_PAGE_LETTER);
	uint64_t page = (uint64_t)fresh_page(), end;

	test_map(TEST_PAGE_LETTER, page, PTE_P | PTE_W);
	put_pattern(alias);
	tap_ok(found(alias), "poll: a page that was granted at its first touch is found");
	alias->size = 8;
	alias->service = SILL_SERVICE_ECHO;
	*(volatile uint32_t *)&alias->state = SILL_LETTER_SENT;
	test_map(TEST_PAGE_LETTER, 0, 0);
	end = in_ms(SILENCE_MS);
	while (!is_over(end))
		__asm__ volatile("pause");
	test_map(TEST_PAGE_LETTER, page, PTE_P | PTE_W);
	tap_equal(*(volatile uint32_t *)&alias->state, SILL_LETTER_ANSWERED,
		  "poll: it is answered while it has no address");
	remove_pattern(alias);
	test_map(TEST_PAGE_LETTER, 0, 0);
}

static void wrong(void)
{
	put_pattern(&first);
	tap_ok(found(&first), "poll: found");
	letter_test("poll", &first, ANSWER_MS);
	patterns();
	two_pages();
	unmapped();
	put_pattern(&first);
	tap_ok(found(&first), "poll: Sill is alive after all this");
	stop();
}

const struct ways way_poll = {ways, 1, true, wrong};
