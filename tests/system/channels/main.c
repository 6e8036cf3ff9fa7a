/* SPDX-License-Identifier: MIT */
/*
 * A UEFI program that uses channels in underlay mode as a kernel would, and as a hostile one: a
 * second CPU writes into the rings that the first has Sill look at, and the first makes calls that
 * the second undoes. It prints TAP.
 *
 * It is for tests: Sill starts it as the next program.
 */
#include <efi.h>
#include <efilib.h>

#include <sill/call.h>

#include "boot/mp_services.h"

#define PAGE	    4096u
#define RING_PAGES  4u
#define RING_SIZE   (RING_PAGES * PAGE)
#define ROUNDS	    1000
#define KICKS	    40
#define VECTOR	    0xe7
#define WAKE_VECTOR 0xe8
#define LONG_ENOUGH 2000000000ull /* ticks */

static UINTN tests;

static void ok(BOOLEAN good, const CHAR16 *what)
{
	Print(L"%sok %d - %s\n", good ? L"" : L"not ", ++tests, what);
}

static UINT64 rdtsc(void)
{
	UINT32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (UINT64)high << 32 | low;
}

static UINT32 random_word(UINT32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* The rings, with a page before and behind each that nobody may touch. */
static struct {
	UINT8 guard_0[PAGE];
	volatile struct sill_channel_control control __attribute__((aligned(4096)));
	UINT8 guard_1[PAGE] __attribute__((aligned(4096)));
	UINT8 to_sill[RING_SIZE];
	UINT8 guard_2[PAGE];
	UINT8 to_guest[RING_SIZE];
	UINT8 guard_3[PAGE];
} memory __attribute__((aligned(4096)));

static UINT8 bytes[RING_SIZE];

static BOOLEAN all_are(const UINT8 *page, UINT8 value)
{
	for (UINTN i = 0; i < PAGE; i++) {
		if (page[i] != value)
			return FALSE;
	}
	return TRUE;
}

static void set_guards(UINT8 value)
{
	SetMem(memory.guard_0, PAGE, value);
	SetMem(memory.guard_1, PAGE, value);
	SetMem(memory.guard_2, PAGE, value);
	SetMem(memory.guard_3, PAGE, value);
}

static BOOLEAN guards_are(UINT8 value)
{
	return all_are(memory.guard_0, value) && all_are(memory.guard_1, value) &&
	       all_are(memory.guard_2, value) && all_are(memory.guard_3, value);
}

static INT64 open_with_rings(UINT32 vector)
{
	static struct sill_channel_rings rings;
	INT64 handle = sill_channel_open("echo", 4, SILL_CHANNEL_TAKE_OVER), answer;

	if (handle < 0)
		return handle;
	SetMem((void *)&memory.control, sizeof(memory.control), 0);
	rings = (struct sill_channel_rings){.version = SILL_RINGS_VERSION,
					    .pages = RING_PAGES,
					    .vector = vector,
					    .control = (UINT64)&memory.control};
	for (UINT32 i = 0; i < RING_PAGES; i++) {
		rings.to_sill[i] = (UINT64)memory.to_sill + PAGE * i;
		rings.to_guest[i] = (UINT64)memory.to_guest + PAGE * i;
	}
	answer = sill_channel_rings(handle, &rings);
	return answer < 0 ? answer : handle;
}

/* As an honest driver does it: bytes there and back, calling only when Sill sleeps. */
static void test_stream(void)
{
	INT64 handle = open_with_rings(0);
	UINT32 put = 0, got = 0;
	UINTN kicks = 0, wrong = 0;

	ok(handle > 0, L"a channel with rings");
	while (got < 400000) {
		UINT32 tail = memory.control.to_guest_tail;

		while (put < 400000 && put - memory.control.to_sill_tail < RING_SIZE) {
			memory.to_sill[put % RING_SIZE] = (UINT8)(put * 7 + (put >> 9));
			put++;
		}
		memory.control.to_sill_head = put;
		__asm__ volatile("mfence" : : : "memory");
		if (memory.control.asleep && ++kicks && sill_channel_kick((UINT64)handle) < 0)
			break;
		for (; tail != memory.control.to_guest_head; tail++, got++)
			wrong += memory.to_guest[tail % RING_SIZE] != (UINT8)(got * 7 + (got >> 9));
		memory.control.to_guest_tail = tail;
	}
	ok(got == 400000 && wrong == 0, L"400,000 bytes there and back");
	ok(kicks > 0 && kicks <= 400000 / 4096, L"with fewer calls than pages");
	Print(L"# %d calls\n", kicks);
	sill_channel_close((UINT64)handle, SILL_CHANNEL_ALL, 0, 0);
}

static volatile BOOLEAN stop, go, pausing;
static volatile UINT64 racing_handle;

/*
 * The second CPU: indices that were good a moment ago, indices of nonsense, other bytes, another
 * end, and calls for the same channel.
 */
static void EFIAPI race(VOID *unused)
{
	UINT32 random = 12345, head = 0;

	(void)unused;
	while (!stop) {
		UINT32 word = random_word(&random);

		if (!go) {
			pausing = TRUE;
			head = 0;
			continue;
		}

		switch (word >> 25) {
		case 0:
			memory.control.to_sill_head = random_word(&random);
			break;
		case 1:
			memory.control.to_guest_tail = random_word(&random);
			break;
		case 2:
			memory.control.ended = word & 1;
			break;
		case 3:
			memory.control.to_sill_tail = random_word(&random);
			memory.control.to_guest_head = random_word(&random);
			break;
		case 4:
			sill_channel_kick(racing_handle);
			break;
		case 5:
			if ((word & 0x1f) == 0)
				sill_channel_close(racing_handle, SILL_CHANNEL_ALL, 0, 0);
			break;
		default:
			/* As an honest driver would. */
			if (head + (word & 0xff) - memory.control.to_sill_tail <= RING_SIZE)
				head += word & 0xff;
			memory.to_sill[word % RING_SIZE] = (UINT8)word;
			memory.control.to_sill_head = head;
			memory.control.to_guest_tail = memory.control.to_guest_head;
		}
	}
}

static void run_race(void)
{
	UINTN moved = 0, broken = 0, closed = 0, strange = 0;

	for (UINTN round = 0; round < ROUNDS; round++) {
		INT64 handle;

		/* Rings begin with indices of 0: it has to leave them alone for that long. */
		go = pausing = FALSE;
		while (!pausing)
			;
		handle = open_with_rings(0);
		strange += handle < 0;
		racing_handle = (UINT64)handle;
		go = TRUE;
		for (UINTN i = 0; i < KICKS; i++) {
			INT64 answer = sill_channel_kick((UINT64)handle);

			if (answer >= 0 && answer <= 2 * RING_SIZE) {
				moved++;
				continue;
			}
			broken += answer == -SILL_EPROTO;
			closed += answer == -SILL_EBADF;
			strange += answer != -SILL_EPROTO && answer != -SILL_EBADF;
			break;
		}
	}
	Print(L"# %d kicks found sense, %d channels broke, %d were gone\n", moved, broken, closed);
	ok(strange == 0, L"race: no other answer");
	ok(moved > ROUNDS && broken > ROUNDS / 10 && closed > ROUNDS / 100, L"race: it was one");
}

/* Lets the second CPU run something; NULL: there is none. */
static EFI_EVENT start_second(void(EFIAPI *what)(VOID *))
{
	EFI_GUID guid = MP_SERVICES_PROTOCOL;
	struct mp_services *services;
	EFI_EVENT event;
	UINTN all, enabled;

	if (EFI_ERROR(LibLocateProtocol(&guid, (VOID **)&services)) ||
	    EFI_ERROR(services->get_processor_count(services, &all, &enabled)) || enabled < 2) {
		Print(L"ok %d - with a second CPU # skip only one CPU\n", ++tests);
		return NULL;
	}
	uefi_call_wrapper(BS->CreateEvent, 5, 0, 0, NULL, NULL, &event);
	if (EFI_ERROR(services->startup_this_ap(services, what, 1, event, 0, NULL, NULL))) {
		ok(FALSE, L"the second CPU starts");
		return NULL;
	}
	return event;
}

static void wait_for_second(EFI_EVENT event)
{
	while (EFI_ERROR(uefi_call_wrapper(BS->CheckEvent, 1, event)))
		;
}

static void test_race(void)
{
	EFI_EVENT event;

	set_guards(0xa5);
	event = start_second(race);
	if (event == NULL)
		return;
	run_race();
	stop = TRUE;
	wait_for_second(event);
	ok(guards_are(0xa5), L"race: Sill wrote nowhere but into the rings");
}

volatile UINT64 wakes;
extern const UINT8 on_wake[];
__asm__(".text\n"
	"on_wake: lock incq wakes(%rip)\n"
	"	iretq\n");

/* This CPU's interrupt with WAKE_VECTOR is counted. */
static void count_wakes(void)
{
	struct gate {
		UINT16 offset_low, selector, type, offset_middle;
		UINT32 offset_high, reserved;
	};
	struct gate *gate;
	struct __attribute__((packed)) {
		UINT16 limit;
		UINT64 base;
	} idt;
	UINT16 cs;

	__asm__ volatile("sidt %0" : "=m"(idt));
	__asm__ volatile("mov %%cs, %0" : "=r"(cs));
	gate = (void *)(idt.base + 16 * WAKE_VECTOR);
	gate->offset_low = (UINT16)(UINT64)on_wake;
	gate->selector = cs;
	gate->type = 0x8e00;
	gate->offset_middle = (UINT16)((UINT64)on_wake >> 16);
	gate->offset_high = (UINT32)((UINT64)on_wake >> 32);
	gate->reserved = 0;
}

static void wait_for_wakes(UINT64 count)
{
	UINT64 start = rdtsc();

	while (wakes < count && rdtsc() - start < LONG_ENOUGH)
		__asm__ volatile("pause");
}

static void EFIAPI close_it(VOID *unused)
{
	(void)unused;
	sill_channel_close(racing_handle, SILL_CHANNEL_ALL, 0, 0);
}

/* The second CPU closes a channel whose rings the first has named, and sleeps over. */
static void test_closed_elsewhere(void)
{
	INT64 handle = open_with_rings(WAKE_VECTOR);
	EFI_EVENT event;

	count_wakes();
	memory.control.wake = 1;
	wait_for_wakes(1);
	ok(wakes == 1, L"woken: its state is news");
	racing_handle = (UINT64)handle;
	event = start_second(close_it);
	if (event == NULL)
		return;
	wait_for_second(event);
	wait_for_wakes(2);
	ok(wakes == 2, L"closed by another CPU: this one is woken");
	ok(memory.control.state == SILL_CHANNEL_BROKEN && memory.control.error == -SILL_ECONNRESET,
	   L"closed by another CPU: the page says so");
}

/* After all that: Sill is as it was, and so is a channel that nobody harms. */
static void test_after(void)
{
	INT64 handle = sill_channel_open("echo", 4, SILL_CHANNEL_TAKE_OVER);
	UINTN wrong = 0;
	UINT64 start = rdtsc();

	for (UINTN i = 0; i < RING_SIZE; i++)
		bytes[i] = (UINT8)(i * 5);
	ok(sill_channel_write((UINT64)handle, bytes, RING_SIZE) == RING_SIZE, L"after: written");
	SetMem(bytes, RING_SIZE, 0);
	ok(sill_channel_read((UINT64)handle, bytes, RING_SIZE) == RING_SIZE, L"after: read");
	for (UINTN i = 0; i < RING_SIZE; i++)
		wrong += bytes[i] != (UINT8)(i * 5);
	ok(wrong == 0, L"after: the same bytes");
	sill_channel_close((UINT64)handle, SILL_CHANNEL_ALL, 0, 0);
	ok(sill_ping(42) == 42 && rdtsc() - start < LONG_ENOUGH, L"after: Sill answers");
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	INT64 handle;

	InitializeLib(image, system);
	if (!sill_present()) {
		Print(L"Bail out! Sill is not here\n");
		return EFI_UNSUPPORTED;
	}
	test_stream();
	test_race();
	test_closed_elsewhere();
	test_after();
	/* With a channel open, and rings in memory that this program gives back. */
	handle = open_with_rings(VECTOR);
	ok(handle > 0 && sill_unload() == 0 && !sill_present(), L"and then Sill goes");
	Print(L"1..%ld\n", tests);
	Print(L"channels: done\n");
	return EFI_SUCCESS;
}
