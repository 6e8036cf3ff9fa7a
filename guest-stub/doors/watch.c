/* SPDX-License-Identifier: MIT */
/*
 * A page of ordinary memory of which Sill is told: each write to it leaves the guest, and the one
 * that sends the letter comes back with the answer.
 */
#include "clock.h"
#include "console.h"
#include "exceptions.h"
#include "helpers.h"
#include "letter.h"
#include "string.h"
#include "tap.h"
#include "watch.h"
#include "way.h"

/* An answer is there with the next instruction. No time has to be waited for it. */
#define AT_ONCE_MS	    0

#define EXIT_REASON_EPT_ODD 49 /* misconfiguration */

measuring_function measure_watch_write, measure_watch_send;

static LETTER letter;

int64_t watch_page(const void *page)
{
	return try_vmcall(SILL_CALL_DOOR_WATCH, (uint64_t)page, 0);
}

static const char *start(void)
{
	int64_t answer;

	memset(&letter, 0, sizeof(letter));
	answer = watch_page(&letter);
	return answer ? "door_watch answers an error" : NULL;
}

static void stop(void)
{
	watch_page(NULL);
}

static bool echo(uint64_t *words)
{
	return letter_echo(&letter, words, AT_ONCE_MS);
}

static int64_t transfer(void *data, size_t size)
{
	return letter_transfer(&letter, data, size, AT_ONCE_MS);
}

static uint64_t time_ns(void)
{
	return letter_time_ns(&letter, AT_ONCE_MS);
}

static bool absent(void)
{
	const uint64_t sent = 0x123456789;
	uint64_t word = sent;
	int64_t answer = watch_page(&letter);

	if (caught.vector != NO_EXCEPTION)
		happened("VMCALL: %s, ", exception_name(caught.vector));
	else
		happened("VMCALL answers %ld, ", answer);
	letter_write(&letter, &word, 8);
	answer = letter_send(&letter, SILL_SERVICE_ECHO, 8, 100);
	if (answer == -SILL_EIO)
		happened("no answer within 100 ms");
	else
		happened("an answer: %ld", answer);
	return answer != -SILL_EIO;
}

static void *prepare(void)
{
	letter.service = SILL_SERVICE_ECHO;
	letter.size = 8;
	return &letter;
}

static const struct way_net nets[] = {
	{"watch_write", measure_watch_write, 0, 1, prepare},
	{"watch_send", measure_watch_send, 0, 1, prepare},
	{0},
};

static const struct way ways[] = {
	{
		.name = "watch",
		.title = "a page that is watched",
		.privilege = "who has the page; kernel to begin",
		.without = "no answer: it is a page like others",
		.needs_vmcall = true,
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

static void names(void)
{
	tap_equal((uint64_t)watch_page((char *)&letter + 8), (uint64_t)-SILL_EINVAL,
		  "watch: not a page's beginning: EINVAL");
	tap_equal((uint64_t)watch_page((char *)&letter + 1), (uint64_t)-SILL_EINVAL,
		  "watch: an odd address: EINVAL");
	tap_equal((uint64_t)watch_page(TEST_4K(TEST_PAGE_NOTHING)), (uint64_t)-SILL_EFAULT,
		  "watch: an address of nothing: EFAULT");
	tap_equal((uint64_t)watch_page((void *)0x0000900000000000), (uint64_t)-SILL_EFAULT,
		  "watch: a non-canonical address: EFAULT");
	tap_equal((uint64_t)watch_page((void *)(3 * GIB)), (uint64_t)-SILL_EFAULT,
		  "watch: memory that isn't there: EFAULT");
	tap_equal((uint64_t)watch_page((void *)0xc8000), (uint64_t)-SILL_EFAULT,
		  "watch: the ROM hole: EFAULT");
	test_map(TEST_PAGE_LETTER, (uint64_t)&letter, PTE_P);
	tap_equal((uint64_t)watch_page(TEST_4K(TEST_PAGE_LETTER)), (uint64_t)-SILL_EFAULT,
		  "watch: a page that is mapped read-only: EFAULT");
	test_map(TEST_PAGE_LETTER, 0, 0);
}

/* An ordinary page. */
static char plain[PAGE_SIZE] __attribute__((aligned(4096)));

/* What Sill writes for the guest, it writes to a watched page as well. */
static void written_by_sill(void)
{
	struct sill_time *time = (struct sill_time *)(letter.data + 8);
	uint64_t at = (uint64_t)(letter.data + 64), count = 8;

	memset(letter.data, 0, 128);
	tap_equal((uint64_t)sill_time(time, sizeof(*time)), sizeof(*time),
		  "watch: a call that fills in a structure there");
	tap_ok(load64(&time->tsc_hz) != 0, "watch: fills it in");
	tap_equal((uint64_t)sill_serve(SILL_SERVICE_TIME, letter.data + 32, 0, 24), 24,
		  "watch: so does serve");
	out8(UART_SCR, 0x5b);
	expect();
	__asm__ volatile(MAY_FAULT("rep insb")
			 : "+D"(at), "+c"(count)
			 : "d"((uint16_t)UART_SCR)
			 : "memory");
	tap_equal(caught.vector, NO_EXCEPTION, "watch: REP INSB to there");
	tap_ok(count == 0 && filled_with(letter.data + 64, 0x5b, 8), "watch: arrives");
}

/* A debug exception is due behind an instruction, whoever executed it. */
static void single_steps(void)
{
	extern char exit_write_next[], watch_stepped[];
	uint64_t value = 0x77;
	struct registers r, old;

	fill_pattern(&r);
	r.rdi = (uint64_t)letter.data;
	r.rflags |= RFLAGS_STATUS;
	old = r;
	exit_write((uint64_t)&r);
	tap_ok(!memcmp(&r, &old, sizeof(r)), "watch: a store changes no register and no flag");
	r.rflags |= RFLAGS_TF;
	expect_steps(1);
	exit_write((uint64_t)&r);
	tap_ok(steps.count == 1 && steps.rip[0] == (uint64_t)exit_write_next,
	       "watch: a single step over a store: one #DB, at the next instruction");
	expect_steps(1);
	__asm__ volatile("pushfq\n\t"
			 "orl $0x100, (%%rsp)\n\t"
			 "popfq\n\t"
			 "xchg %0, (%1)\n"
			 ".globl watch_stepped\n"
			 "watch_stepped: nop\n\t"
			 "nop"
			 : "+r"(value)
			 : "r"(letter.data)
			 : "memory", "cc");
	tap_ok(steps.count == 1 && steps.rip[0] == (uint64_t)watch_stepped,
	       "watch: a single step over XCHG as well");
	tap_equal(load64(letter.data), 0x77, "watch: which was executed once");
	steps.stop_after = 0;
}

/* Sent by other instructions than a plain store. */
static void senders(void)
{
	volatile struct sill_letter *l = &letter;
	uint32_t one = SILL_LETTER_SENT;

	l->service = SILL_SERVICE_ECHO;
	l->size = 0;
	l->result = 1;
	l->state = SILL_LETTER_IDLE;
	__asm__ volatile("xchgl %0, %1" : "+r"(one), "+m"(letter.state) : : "memory");
	tap_ok(l->state == SILL_LETTER_ANSWERED && !l->result && one == SILL_LETTER_IDLE,
	       "watch: a letter that XCHG sends is answered");
	l->state = SILL_LETTER_IDLE;
	__asm__ volatile("lock incl %0" : "+m"(letter.state) : : "memory", "cc");
	tap_equal(l->state, SILL_LETTER_ANSWERED, "watch: a letter that INC sends");
	l->state = SILL_LETTER_IDLE;
	__asm__ volatile("movb $1, %0" : "+m"(letter.state) : : "memory");
	tap_equal(l->state, SILL_LETTER_ANSWERED, "watch: one that a store of a byte sends");
	l->state = SILL_LETTER_IDLE;
	__asm__ volatile("movq $1, %0" : "=m"(letter.state) : : "memory");
	tap_equal(l->state, SILL_LETTER_ANSWERED, "watch: one that is sent with its service");
	l->state = SILL_LETTER_IDLE;
	letter.data[0] = 0;
	*(volatile any64 *)letter.data = 1;
	tap_equal(l->state, SILL_LETTER_IDLE, "watch: a write beside the state sends nothing");
}

/* The page is known by where it lies in memory, and not by its address. */
static void mapping(void)
{
	struct sill_letter *alias = (struct sill_letter *)TEST_4K(TEST_PAGE_LETTER);
	uint64_t before, word = 42;
	uint8_t byte = 0;

	test_map(TEST_PAGE_LETTER, (uint64_t)&letter, PTE_P | PTE_W);
	tap_equal((uint64_t)watch_page(alias), 0,
		  "watch: a page may be named by any of its addresses");
	tap_ok(letter_echo(alias, &word, AT_ONCE_MS) && word == 42, "watch: and be used by it");
	word = 43;
	tap_ok(letter_echo(&letter, &word, AT_ONCE_MS) && word == 43, "watch: or by another");

	test_map(TEST_PAGE_LETTER, 0, 0);
	tap_equal(try_write8(alias, 1), VECTOR_PF, "watch: unmapped, a write is the guest's #PF");
	tap_ok(caught.cr2 == (uint64_t)alias && caught.error == PF_WRITE, "watch: of its own kind");
	test_map(TEST_PAGE_LETTER, (uint64_t)&letter, PTE_P);
	tap_equal(try_write8(alias, 1), VECTOR_PF, "watch: mapped read-only as well");
	tap_equal(caught.error, PF_PRESENT | PF_WRITE, "watch: of that kind");
	tap_equal(try_read8(alias), NO_EXCEPTION, "watch: and it is read");

	test_map(TEST_PAGE_LETTER, (uint64_t)plain, PTE_P | PTE_W);
	memset(plain, 0, sizeof(plain));
	before = exits_for_reason(EXIT_REASON_EPT);
	tap_equal((uint64_t)letter_send(alias, SILL_SERVICE_ECHO, 0, 2), (uint64_t)-SILL_EIO,
		  "watch: another page at its address is not answered");
	tap_equal(exits_for_reason(EXIT_REASON_EPT) - before, 0, "watch: nor leaves the guest");
	word = 44;
	tap_ok(letter_echo(&letter, &word, AT_ONCE_MS) && word == 44,
	       "watch: the one that was named still is");
	test_map(TEST_PAGE_LETTER, 0, 0);

	/* A page over whose end something is written. */
	test_map(TEST_PAGE_LETTER, (uint64_t)&letter, PTE_P | PTE_W);
	test_map(TEST_PAGE_LETTER + 1, (uint64_t)plain, PTE_P | PTE_W);
	store64((char *)alias + PAGE_SIZE - 3, 0x1122334455667788);
	memcpy(&word, (char *)&letter + PAGE_SIZE - 3, 3);
	tap_ok(letter.data[SILL_LETTER_DATA_MAX - 1] == 0x66 && plain[0] == 0x55 &&
		       plain[4] == 0x11 && plain[5] == 0,
	       "watch: a write over its end");
	test_map(TEST_PAGE_LETTER + 1, (uint64_t)&letter, PTE_P | PTE_W);
	test_map(TEST_PAGE_LETTER, (uint64_t)plain, PTE_P | PTE_W);
	store64((char *)alias + PAGE_SIZE - 3, 0x1122334455667788);
	tap_ok(plain[PAGE_SIZE - 1] == 0x66 && *(any32 *)&letter == 0x22334455,
	       "watch: a write over its beginning");
	test_map(TEST_PAGE_LETTER, 0, 0);
	test_map(TEST_PAGE_LETTER + 1, 0, 0);

	/* Executed: it is memory like any other. */
	memset(&letter, 0xc3, 1); /* ret */
	__asm__ volatile("call *%1" : "+a"(byte) : "r"(&letter) : "memory", "cc");
	tap_ok(true, "watch: code in the page is executed");
}

/* A watched page that is a page table: the CPU itself writes to it, its accessed and dirty bits. */
static void page_table(void)
{
	const unsigned n = TEST_PAGE_LETTER;

	/* Where the state would be is the entry of page 2. */
	test_map(2, 0, 0);
	tap_equal((uint64_t)watch_page(test_pt), 0, "watch: a page of page tables");
	test_map(n, (uint64_t)plain, PTE_P | PTE_W);
	tap_equal(test_pt[n], (uint64_t)plain | PTE_P | PTE_W, "watch: an entry is written");
	plain[5] = 1;
	store8(TEST_4K(n) + 5, 2);
	tap_equal(plain[5], 2, "watch: and used");
	tap_equal(test_pt[n], (uint64_t)plain | PTE_P | PTE_W | 0x60,
		  "watch: the CPU has marked it accessed and dirty");
	test_map(n, 0, 0);
	tap_equal((uint64_t)watch_page(NULL), 0, "watch: no more");
}

static void ends(void)
{
	static LETTER second;
	uint64_t before, word = 1;

	start();
	tap_equal((uint64_t)watch_page(&second), 0, "watch: another page instead");
	before = exits_for_reason(EXIT_REASON_EPT);
	memset(letter.data, 0, 64);
	tap_equal((uint64_t)letter_send(&letter, SILL_SERVICE_ECHO, 0, 2), (uint64_t)-SILL_EIO,
		  "watch: the one before is not answered");
	tap_equal(exits_for_reason(EXIT_REASON_EPT) - before, 0, "watch: and is ordinary memory");
	tap_ok(letter_echo(&second, &word, AT_ONCE_MS) && word == 1, "watch: the new one is");
	tap_equal((uint64_t)watch_page(&second), 0, "watch: the same page once more");
	tap_ok(letter_echo(&second, &word, AT_ONCE_MS) && word == 1, "watch: still is answered");
	tap_equal((uint64_t)watch_page((char *)&second + 8), (uint64_t)-SILL_EINVAL,
		  "watch: a bad name");
	tap_ok(letter_echo(&second, &word, AT_ONCE_MS) && word == 1, "watch: leaves all as it was");
	tap_equal((uint64_t)watch_page(NULL), 0, "watch: no page");
	before = exits_for_reason(EXIT_REASON_EPT);
	memset(&second, 0, sizeof(second));
	tap_equal((uint64_t)letter_send(&second, SILL_SERVICE_ECHO, 0, 2), (uint64_t)-SILL_EIO,
		  "watch: then nothing is answered");
	tap_equal(exits_for_reason(EXIT_REASON_EPT) - before, 0, "watch: and nothing leaves");
	tap_equal((uint64_t)watch_page(NULL), 0, "watch: no page, again");
}

/* Memory that is granted at its first touch, and a page in the middle of a large one. */
static void places(void)
{
	struct sill_letter *fresh = (struct sill_letter *)fresh_page();
	struct sill_letter *middle = (struct sill_letter *)(9 * MIB + 5 * PAGE_SIZE);
	uint64_t word = 5;

	tap_equal((uint64_t)watch_page(fresh), 0, "watch: a page that nobody has touched");
	tap_ok(letter_echo(fresh, &word, AT_ONCE_MS) && word == 5, "watch: works");
	if (guest_memory() < 16 * MIB) {
		tap_skip("watch: a page far from others", "too little memory");
		return;
	}
	tap_equal((uint64_t)watch_page(middle), 0, "watch: a page far from others");
	tap_ok(letter_echo(middle, &word, AT_ONCE_MS) && word == 5, "watch: works");
	store64((char *)middle - 8, 1);
	store64((char *)middle + PAGE_SIZE, 1);
	watch_page(NULL);
	memset(middle, 0, sizeof(*middle));
}

/*
 * A store over the border to the next page, which is granted just now and is the last of its 2 MiB:
 * while Sill lends the one, all of them become a single large page.
 */
static void joined_meanwhile(void)
{
	/* Others have their fresh pages from the end of memory downwards. */
	char *region = (char *)((guest_memory() - 4 * MIB) & ~(2 * MIB - 1));
	char *page = region + 100 * PAGE_SIZE;
	uint64_t word = 7;

	for (unsigned i = 0; i < 512; i++) {
		if (i != 101)
			store8(region + i * PAGE_SIZE, 0);
	}
	tap_equal((uint64_t)watch_page(page), 0, "watch: a page with one that is not there yet");
	store64(page + PAGE_SIZE - 4, 0x1122334455667788);
	tap_equal(load64(page + PAGE_SIZE - 4), 0x1122334455667788, "watch: a store into both");
	tap_ok(letter_echo((struct sill_letter *)page, &word, AT_ONCE_MS) && word == 7,
	       "watch: works");
	watch_page(NULL);
}

static void wrong(void)
{
	const uint64_t odd = exits_for_reason(EXIT_REASON_EPT_ODD);
	uint64_t word = 6;

	start();
	names();
	tap_ok(letter_echo(&letter, &word, AT_ONCE_MS) && word == 6,
	       "watch: refused names leave the page watched");
	start();
	letter_test("watch", &letter, AT_ONCE_MS);
	watch_test_writes(&letter);
	written_by_sill();
	single_steps();
	senders();
	mapping();
	page_table();
	ends();
	places();
	joined_meanwhile();
	start();
	tap_ok(letter_echo(&letter, &word, AT_ONCE_MS) && word == 6,
	       "watch: Sill is alive after all this");
	stop();
	tap_equal(exits_for_reason(EXIT_REASON_EPT_ODD), odd, "watch: no misconfigured entry");
}

const struct ways way_watch = {ways, 1, false, wrong};
