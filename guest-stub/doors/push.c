/* SPDX-License-Identifier: MIT */
/*
 * The way round: Sill begins. It fills in a structure every so often, and the guest looks there, or
 * is interrupted and may sleep until then.
 */
#include "clock.h"
#include "exceptions.h"
#include "helpers.h"
#include "push_entry.h"
#include "ring3.h"
#include "string.h"
#include "tap.h"
#include "way.h"

/* Many times the period, in milliseconds, whatever that is: PERIODS(1) is never less than 1. */
#define PERIODS(n) (period_us * (uint64_t)(n) / 1000 + 1)
#define AGE_NS	   20000000ull

/* The 8259s: no interrupts of others. */
#define PIC_1_DATA 0x21
#define PIC_2_DATA 0xa1

USER_DATA static volatile struct sill_push news __attribute__((aligned(32)));
static uint32_t period_us;
static uint64_t seen; /* the last sequence that was received */

static int64_t push(volatile void *at, uint64_t vector)
{
	return try_vmcall(SILL_CALL_DOOR_PUSH, (uint64_t)at, vector);
}

static const char *begin(uint64_t vector)
{
	int64_t answer;

	period_us = door_state(SILL_DOOR_PUSH).b;
	if (!period_us)
		return "CPUID tells no period";
	exceptions_set_gate(PUSH_VECTOR, push_entry);
	exceptions_set_gate(PUSH_VECTOR_OTHER, push_other_entry);
	news.sequence = seen = 0;
	news.utc_ns = 0;
	answer = push(&news, vector);
	return answer ? "door_push answers an error" : NULL;
}

static const char *start_page(void)
{
	return begin(0);
}

static const char *start_interrupt(void)
{
	return begin(PUSH_VECTOR);
}

static void stop(void)
{
	push(NULL, 0);
}

/* Not before Sill has written for the first time. */
static uint64_t time_ns(void)
{
	uint64_t sequence, utc;

	if (!news.sequence && !wait_while_64(&news.sequence, 0, PERIODS(100)))
		return 0;
	do {
		sequence = news.sequence;
		utc = news.utc_ns;
	} while (sequence != news.sequence);
	return utc;
}

static bool receive_page(void)
{
	if (!wait_while_64(&news.sequence, seen, PERIODS(100)))
		return false;
	seen = news.sequence;
	return true;
}

/* Sleeps until an interrupt has come, which can't happen between the look and the HLT. */
static bool sleep_until(const volatile uint64_t *count, uint64_t old, uint64_t ms)
{
	uint64_t end = in_ms(ms);

	while (*count == old) {
		if (is_over(end))
			return false;
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	}
	return true;
}

static bool receive_interrupt(void)
{
	return sleep_until(&push_interrupts, push_interrupts, PERIODS(100));
}

static bool absent_with(uint64_t vector)
{
	const uint64_t interrupts = push_interrupts;
	int64_t answer;
	uint64_t end;

	out8(PIC_1_DATA, 0xff);
	out8(PIC_2_DATA, 0xff);
	exceptions_set_gate(PUSH_VECTOR, push_entry);
	news.sequence = 0;
	answer = push(&news, vector);
	if (caught.vector != NO_EXCEPTION)
		happened("VMCALL: %s, ", exception_name(caught.vector));
	else
		happened("VMCALL answers %ld, ", answer);
	__asm__ volatile("sti" : : : "memory");
	end = in_ms(100);
	while (!is_over(end) && !news.sequence)
		__asm__ volatile("pause");
	__asm__ volatile("cli" : : : "memory");
	if (vector)
		happened(push_interrupts == interrupts ? "no interrupt within 100 ms"
						       : "an interrupt");
	else
		happened(news.sequence ? "something is written"
				       : "nothing is written within 100 ms");
	return news.sequence || push_interrupts != interrupts;
}

static bool absent_page(void)
{
	return absent_with(0);
}

static bool absent_interrupt(void)
{
	return absent_with(PUSH_VECTOR);
}

static const struct way_net nets[] = {{0}};

static const struct way ways[] = {
	{
		.name = "push_page",
		.title = "a page that Sill fills in",
		.privilege = "who has the page; kernel to begin",
		.without = "#UD: the page stays as it is",
		.needs_vmcall = true,
		.push = true,
		.time_age_ns = AGE_NS,
		.nets = nets,
		.start = start_page,
		.stop = stop,
		.time_ns = time_ns,
		.receive = receive_page,
		.absent = absent_page,
	},
	{
		.name = "push_interrupt",
		.title = "an interrupt by Sill",
		.privilege = "kernel",
		.without = "#UD: no interrupt comes",
		.needs_vmcall = true,
		.push = true,
		.time_age_ns = AGE_NS,
		.nets = nets,
		.start = start_interrupt,
		.stop = stop,
		.time_ns = time_ns,
		.receive = receive_interrupt,
		.absent = absent_interrupt,
	},
};

static void wait(uint64_t ms)
{
	uint64_t end = in_ms(ms);

	while (!is_over(end))
		__asm__ volatile("pause");
}

static void names(void)
{
	static __attribute__((aligned(4096))) char page[2 * PAGE_SIZE];
	static const uint64_t vectors[] = {
		1, 5, 31, 256, 512, 0x100000051, 1ull << 63 | 81, (uint64_t)-1};

	for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		tap_equal((uint64_t)push(&news, vectors[i]), (uint64_t)-SILL_EINVAL,
			  "push: vector %lx: EINVAL", vectors[i]);
	tap_equal((uint64_t)push(page + PAGE_SIZE - 16, 0), (uint64_t)-SILL_EINVAL,
		  "push: a structure over a page's end: EINVAL");
	tap_equal((uint64_t)push(page + 4, 0), (uint64_t)-SILL_EINVAL,
		  "push: one that is not aligned: EINVAL");
	tap_equal((uint64_t)push(TEST_4K(TEST_PAGE_NOTHING), 0), (uint64_t)-SILL_EFAULT,
		  "push: an address of nothing: EFAULT");
	tap_equal((uint64_t)push((void *)0x0000900000000000, 0), (uint64_t)-SILL_EFAULT,
		  "push: a non-canonical address: EFAULT");
	tap_equal((uint64_t)push((void *)(3 * GIB), 0), (uint64_t)-SILL_EFAULT,
		  "push: memory that isn't there: EFAULT");
	tap_equal((uint64_t)push(page + PAGE_SIZE - 24, 0), 0, "push: the last place in a page");
	tap_ok(wait_while_64((uint64_t *)(page + PAGE_SIZE - 8), 0, PERIODS(100)),
	       "push: it is written");
	tap_equal((uint64_t)push(NULL, 0), 0, "push: no more");
	tap_ok(filled_with(page, 0, PAGE_SIZE - 24) && filled_with(page + PAGE_SIZE, 0, PAGE_SIZE),
	       "push: nothing else was");
	tap_equal((uint64_t)push(NULL, 0), 0, "push: no more, again");
}

static void sequence(void)
{
	bool counts = true, tsc = true;
	struct sill_push last;

	start_page();
	tap_ok(receive_page() && news.sequence == 1, "push: the sequence begins with 1");
	for (unsigned i = 0; i < 20; i++) {
		last = *(const struct sill_push *)&news;
		if (!wait_while_64(&news.sequence, last.sequence, PERIODS(100)))
			break;
		counts &= news.sequence == last.sequence + 1;
		tsc &= news.tsc > last.tsc && news.tsc <= rdtsc();
		tsc &= news.utc_ns == 0 || news.utc_ns > last.utc_ns;
	}
	tap_ok(counts, "push: it counts up by 1");
	tap_ok(tsc, "push: time and TSC go on with it");
	stop();
	last = *(const struct sill_push *)&news;
	tap_ok(!wait_while_64(&news.sequence, last.sequence, PERIODS(10)),
	       "push: switched off, it stays as it is");
	start_page();
	receive_page();
	tap_equal(news.sequence, 1, "push: switched on again, it begins anew");
	stop();
}

/* One that waits comes with STI, and is the only one: nothing is printed meanwhile. */
static void masked(void)
{
	uint64_t count, sequence, after[3], between;

	do {
		count = push_interrupts;
		wait(PERIODS(5));
		after[0] = push_interrupts;
		sequence = news.sequence;
		__asm__ volatile("sti; nop; nop; cli" : : : "memory");
		after[1] = push_interrupts;
		__asm__ volatile("sti; nop; nop; cli" : : : "memory");
		after[2] = push_interrupts;
		/* Unless Sill was there just now: then there may be another. */
	} while (news.sequence != sequence);
	tap_equal(after[0], count, "push: with interrupts masked none comes");
	tap_ok(sequence >= 3, "push: though the structure is filled in");
	tap_equal(after[1] - count, 1, "push: with STI exactly one comes");
	tap_equal(after[2] - count, 1, "push: and no second one");

	wait(PERIODS(3));
	count = push_interrupts;
	__asm__ volatile("sti\n\t"
			 "mov %1, %0\n\t"
			 "cli"
			 : "=&r"(between)
			 : "m"(push_interrupts)
			 : "memory");
	after[0] = push_interrupts;
	tap_equal(between, count,
		  "push: none comes between STI and the end of the next instruction");
	tap_equal(after[0] - count, 1, "push: it comes then");
}

static void interrupts(void)
{
	uint64_t count, other;
	bool right = true;

	start_interrupt();
	masked();

	/* An interrupt as a CPU delivers it: at a boundary, with all registers left alone. */
	for (unsigned i = 0; i < 20; i++) {
		uint64_t a = mixed(i), b = a, end = in_ms(PERIODS(100));

		count = push_interrupts;
		__asm__ volatile("sti" : : : "memory");
		while (push_interrupts == count && !is_over(end)) {
			a = a * 3 + 1;
			b = b * 3 + 1;
			right &= a == b;
		}
		__asm__ volatile("cli" : : : "memory");
		right &= push_interrupts != count;
	}
	tap_ok(right, "push: interrupts in the middle of a computation");

	/* Another vector, the highest: and no more of the first. */
	count = push_interrupts;
	other = push_other_interrupts;
	push(&news, PUSH_VECTOR_OTHER);
	tap_ok(sleep_until(&push_other_interrupts, other, PERIODS(100)), "push: vector FFh");
	tap_equal(push_interrupts, count, "push: and the one before no longer");

	/* One that waits when it is switched off does not come. */
	push(&news, PUSH_VECTOR);
	wait(PERIODS(4));
	count = push_interrupts;
	stop();
	__asm__ volatile("sti; nop; nop" : : : "memory");
	wait(PERIODS(4));
	__asm__ volatile("cli" : : : "memory");
	tap_equal(push_interrupts, count, "push: switched off, none comes any more");
	tap_equal(push_other_interrupts, other + 1, "push: of no vector");
}

/* HLT when one waits already: it must not sleep until the next one, which never comes. */
static void sleeping(void)
{
	uint64_t count;

	start_interrupt();
	wait(PERIODS(3));
	count = push_interrupts;
	__asm__ volatile("sti; hlt; cli" : : : "memory");
	tap_equal(push_interrupts, count + 1, "push: HLT ends with the one that waits");
	tap_ok(receive_interrupt(), "push: and the next HLT with the next");
	stop();
}

/* Ring 3: interrupted there, and looking at the page. */
USER_CODE static uint64_t user_wait(uint64_t ticks)
{
	uint64_t old = news.sequence, start, now;
	uint32_t low, high;

	__asm__ volatile("rdtsc; sti" : "=a"(low), "=d"(high) : : "memory");
	start = now = low | (uint64_t)high << 32;
	while (news.sequence < old + 3 && now - start < ticks) {
		__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
		now = low | (uint64_t)high << 32;
	}
	__asm__ volatile("cli" : : : "memory");
	return news.sequence - old;
}

static void ring3(void)
{
	uint64_t count;

	start_interrupt();
	receive_interrupt();
	count = push_interrupts;
	tap_equal(ring3_run(user_wait, PERIODS(100) * ticks_per_ms, 3), 3,
		  "push: ring 3 sees what is written");
	tap_ok(push_interrupts - count >= 2, "push: and is interrupted meanwhile");
	stop();
}

/* Memory that is granted at its first touch, and that has an address only while it is named. */
static void places(void)
{
	struct sill_push *alias = (struct sill_push *)(TEST_4K(TEST_PAGE_LETTER) + 64);
	uint64_t page = (uint64_t)fresh_page();

	test_map(TEST_PAGE_LETTER, page, PTE_P | PTE_W);
	tap_equal((uint64_t)push(alias, 0), 0, "push: memory that nobody has touched");
	test_map(TEST_PAGE_LETTER, 0, 0);
	wait(PERIODS(5));
	test_map(TEST_PAGE_LETTER, page, PTE_P | PTE_W);
	tap_ok(load64(&alias->sequence) >= 2, "push: is written, while it has no address, too");
	stop();
	test_map(TEST_PAGE_LETTER, 0, 0);
}

static void wrong(void)
{
	uint64_t word = 12;

	begin(0);
	names();
	sequence();
	places();
	interrupts();
	sleeping();
	ring3();
	tap_equal((uint64_t)sill_ping(word), word, "push: Sill is alive after all this");
}

const struct ways way_push = {ways, 2, true, wrong};
