/* SPDX-License-Identifier: MIT */
/*
 * A page that only another EPT shows, with Sill's code in it: VMFUNC goes there, the guest itself
 * runs the service, VMFUNC comes back, and nothing leaves the guest. The page and the one behind it
 * are mapped in the test area; an access to them outside of the view would end the guest.
 */
#include "cpu.h"
#include "exceptions.h"
#include "helpers.h"
#include "push_entry.h"
#include "ring3.h"
#include "tap.h"
#include "view_call.h"
#include "way.h"

measuring_function measure_view_echo;

#define SERVICE_ECHO ((view_function *)(TEST_4K(TEST_PAGE_VIEW) + SILL_VIEW_ECHO))
#define SERVICE_TIME ((view_function *)(TEST_4K(TEST_PAGE_VIEW) + SILL_VIEW_TIME))

/* Where ring 3 can read it. */
USER_DATA static uint32_t view;

static const char *start(void)
{
	struct door_state state = door_state(SILL_DOOR_VIEW);
	uint64_t page = state.c | (uint64_t)state.d << 32;

	if (!page || page % PAGE_SIZE)
		return "CPUID names no page";
	view = state.b;
	test_map(TEST_PAGE_VIEW, page, PTE_P | PTE_U);
	test_map(TEST_PAGE_VIEW + 1, page + PAGE_SIZE, PTE_P | PTE_U | PTE_NX);
	return NULL;
}

static void stop(void)
{
	test_map(TEST_PAGE_VIEW, 0, 0);
	test_map(TEST_PAGE_VIEW + 1, 0, 0);
}

static bool echo(uint64_t *words)
{
	words[0] = view_call(words[0], SERVICE_ECHO, view);
	return true;
}

static int64_t transfer(void *data, size_t size)
{
	char *at = data;
	size_t i = 0;

	for (; i + 8 <= size; i += 8)
		*(any64 *)(at + i) = view_call(*(any64 *)(at + i), SERVICE_ECHO, view);
	for (; i < size; i++)
		at[i] = (char)view_call((uint8_t)at[i], SERVICE_ECHO, view);
	return (int64_t)size;
}

static uint64_t time_ns(void)
{
	return view_call(0, SERVICE_TIME, view);
}

static bool absent(void)
{
	expect();
	if (view_enter(0, 0)) {
		happened("VMFUNC does nothing");
		return true;
	}
	happened("%s", exception_name(caught.vector));
	return false;
}

/* What the measuring function takes: the service, and the view's number. */
static void *prepare(void)
{
	static uint64_t buffer[2];

	buffer[0] = (uint64_t)SERVICE_ECHO;
	buffer[1] = view;
	return buffer;
}

static const struct way_net nets[] = {
	{"view_echo", measure_view_echo, 0, 1, prepare},
	{0},
};

static const struct way ways[] = {
	{
		.name = "view",
		.title = "VMFUNC to another view",
		.privilege = "who has its pages mapped",
		.without = "#UD",
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

static void functions(void)
{
	static const struct {
		uint32_t function, view;
	} bad[] = {
		{0, 2}, {0, 511}, {0, 512}, {0, 0xffffffff}, {1, 0},
		{1, 1}, {63, 0},  {64, 0},  {0x100, 1},	     {0xffffffff, 0},
	};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		expect();
		tap_ok(!view_enter(bad[i].function, bad[i].view) && caught.vector == VECTOR_UD,
		       "view: VMFUNC with EAX %x and ECX %x: #UD", bad[i].function, bad[i].view);
	}
	expect();
	tap_ok(view_enter(0, 0) && caught.vector == NO_EXCEPTION,
	       "view: VMFUNC to the view that is in force");
	tap_ok(view_enter(0, view) && caught.vector == NO_EXCEPTION, "view: and to the other");
}

USER_CODE static uint64_t user_echo(uint64_t word)
{
	return view_call(word, SERVICE_ECHO, view);
}

USER_CODE static uint64_t user_time(uint64_t unused)
{
	return view_call(unused, SERVICE_TIME, view);
}

static void inside(void)
{
	uint64_t *fresh = (uint64_t *)fresh_page();
	uint64_t before, time;

	tap_equal(view_call(77, view_ping, view), 77, "view: VMCALL works in it");
	tap_equal(view_call(SILL_CPUID_SIGNATURE, view_cpuid, view), SILL_SIGNATURE,
		  "view: so does CPUID");
	tap_equal(view_call((uint64_t)fresh, view_touch, view), 0x5157,
		  "view: memory is granted at its first touch");
	tap_equal(*(volatile any64 *)fresh, 0x5157, "view: and is the same outside");
	fresh = (uint64_t *)fresh_page();
	*(volatile any64 *)fresh = 1;
	tap_equal(view_call((uint64_t)fresh, view_touch, view), 0x5157,
		  "view: what was granted outside is there");
	tap_equal(*(volatile any64 *)fresh, 0x5157, "view: and written there");
	expect();
	tap_equal(view_call(0, view_fault, view), 8, "view: an exception in it is the guest's");
	tap_equal(caught.vector, VECTOR_UD, "view: of its own kind");

	before = exits_until_now();
	for (unsigned i = 0; i < 100; i++)
		view_call(i, SERVICE_ECHO, view);
	/* The clock's own exits go on. */
	tap_ok(exits_until_now() - before < 10,
	       "view: a hundred calls, and nobody leaves the guest");

	ring3_ports(TSS_WHOLE, -1);
	tap_equal(ring3_run(user_echo, 0x123456789abcdef, 0), 0x123456789abcdef,
		  "view: ring 3 may use it");
	time = ring3_run(user_time, 0, 0);
	before = time_ns();
	tap_ok(time <= before && before - time < 1000000000, "view: the time, too");
}

/* The guest's TSC is the guest's to set, and the view's code reads it. */
static void moved_tsc(void)
{
	static const uint64_t values[] = {0, 0x100000000000, 0x7fffffffffffffff,
					  0xfedcba9876543210};
	const uint64_t old = rdtsc();

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct sill_time before = {0}, after = {0};
		uint64_t time;

		wrmsr(IA32_TSC, values[i]);
		if (try_vmcall(SILL_CALL_TIME, (uint64_t)&before, 24) != 24)
			break;
		time = time_ns();
		try_vmcall(SILL_CALL_TIME, (uint64_t)&after, 24);
		tap_ok(time + 1000 >= before.utc_ns && time <= after.utc_ns + 1000,
		       "view: the TSC set to %lx, the time is right", values[i]);
	}
	wrmsr(IA32_TSC, old);
}

/* Other doors, used while the view is in force. */
static uint64_t send_letter(uint64_t page)
{
	volatile struct sill_letter *letter = (struct sill_letter *)page;

	letter->service = SILL_SERVICE_ECHO;
	letter->size = 0;
	letter->result = 1;
	__asm__ volatile("lock addl $1, %0" : "+m"(letter->state) : : "memory", "cc");
	return letter->state == SILL_LETTER_ANSWERED && !letter->result;
}

static uint64_t use_device(uint64_t page)
{
	store64((void *)page, 0x123456789);
	return load64((void *)page) == 0x123456789;
}

static uint64_t be_interrupted(uint64_t unused)
{
	const uint64_t old = push_interrupts;

	(void)unused;
	for (unsigned i = 0; i < 100 && push_interrupts == old; i++)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	return push_interrupts != old;
}

static void with_other_doors(void)
{
	struct sill_letter *letter = (struct sill_letter *)(11 * MIB + 7 * PAGE_SIZE);
	struct door_state mmio = door_state(SILL_DOOR_MMIO);
	static struct sill_push news __attribute__((aligned(32)));

	if (door_state(SILL_DOOR_WATCH).state == SILL_DOOR_OPEN && guest_memory() >= 16 * MIB) {
		bool right = true;

		/* The page is cut out of a large one, which is made whole again. */
		for (unsigned i = 0; i < 3; i++) {
			letter->state = SILL_LETTER_IDLE;
			try_vmcall(SILL_CALL_DOOR_WATCH, (uint64_t)letter, 0);
			right &= view_call((uint64_t)letter, send_letter, view);
			letter->state = SILL_LETTER_IDLE;
			right &= send_letter((uint64_t)letter);
			letter->state = SILL_LETTER_IDLE;
			try_vmcall(SILL_CALL_DOOR_WATCH, 0, 0);
			right &= !view_call((uint64_t)letter, send_letter, view);
			right &= !send_letter((uint64_t)letter);
		}
		tap_ok(right, "view: a watched page is watched in both views");
	}
	if (mmio.state == SILL_DOOR_OPEN) {
		test_map(TEST_PAGE_MMIO, mmio.b | (uint64_t)mmio.c << 32, PTE_P | PTE_W);
		tap_ok(view_call((uint64_t)TEST_4K(TEST_PAGE_MMIO), use_device, view),
		       "view: the device in memory answers there");
		test_map(TEST_PAGE_MMIO, 0, 0);
	}
	if (door_state(SILL_DOOR_PUSH).state == SILL_DOOR_OPEN) {
		exceptions_set_gate(PUSH_VECTOR, push_entry);
		try_vmcall(SILL_CALL_DOOR_PUSH, (uint64_t)&news, PUSH_VECTOR);
		tap_ok(view_call(0, be_interrupted, view), "view: interrupts arrive there");
		try_vmcall(SILL_CALL_DOOR_PUSH, 0, 0);
	}
}

static void wrong(void)
{
	uint64_t word = 10;

	start();
	functions();
	inside();
	moved_tsc();
	with_other_doors();
	tap_ok(echo(&word) && word == 10, "view: Sill is alive after all this");
	stop();
}

const struct ways way_view = {ways, 1, false, wrong};
