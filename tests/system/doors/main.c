/* SPDX-License-Identifier: MIT */
/*
 * A UEFI program that goes through each door in underlay mode, as an OS's driver would, on the
 * first CPU and on the second at the same time. It prints TAP; a door that is not open is skipped.
 *
 * It is for tests: Sill starts it as the next program.
 */
#include <efi.h>
#include <efilib.h>

#include <sill/call.h>

#include "boot/mp_services.h"

#define PAGE	      4096u
#define ROUNDS	      2000
#define VECTOR	      0xe7
#define CR0_WP	      (1ull << 16)
#define LINEAR_SLOT   300ull /* of the PML4: firmware maps memory where it is, far below */
#define PRESENT	      1ull
#define WRITABLE      2ull
#define TICKS_AT_MOST 2000000000ull

static UINTN tests;

static void ok(BOOLEAN good, const CHAR16 *what)
{
	Print(L"%sok %d - %s\n", good ? L"" : L"not ", ++tests, what);
}

struct registers {
	UINT32 eax, ebx, ecx, edx;
};

static struct registers cpuid(UINT32 leaf, UINT32 ebx, UINT32 ecx, UINT32 edx)
{
	struct registers r = {leaf, ebx, ecx, edx};

	__asm__ volatile("cpuid" : "+a"(r.eax), "+b"(r.ebx), "+c"(r.ecx), "+d"(r.edx));
	return r;
}

static BOOLEAN is_open(UINT32 door, const CHAR16 *name, struct registers *r)
{
	*r = cpuid(SILL_CPUID_DOORS, 0, door, 0);
	if (r->eax == SILL_DOOR_OPEN)
		return TRUE;
	Print(L"ok %d - the door %s # skip state %d\n", ++tests, name, r->eax);
	return FALSE;
}

static UINT64 rdtsc(void)
{
	UINT32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (UINT64)high << 32 | low;
}

static UINT64 word_of(UINTN round)
{
	return (round + 1) * 0x9e3779b97f4a7c15ull;
}

static void out32(UINT16 port, UINT32 value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "d"(port) : "memory");
}

static UINT32 in32(UINT16 port, UINT32 eax)
{
	__asm__ volatile("inl %1, %0" : "+a"(eax) : "d"(port) : "memory");
	return eax;
}

/* Those that any CPU can use, without a word on the screen: how many answers were wrong. */
static UINTN use_plain_doors(void)
{
	struct registers mmio = cpuid(SILL_CPUID_DOORS, 0, SILL_DOOR_MMIO, 0);
	volatile UINT64 *data = (UINT64 *)((UINT64)mmio.ecx << 32 | mmio.ebx);
	UINTN wrong = 0;

	for (UINTN i = 0; i < ROUNDS; i++) {
		UINT64 word = word_of(i);
		struct registers r = cpuid(SILL_CPUID_SERVE, SILL_SERVICE_ECHO, (UINT32)word,
					   (UINT32)(word >> 32));

		wrong += sill_ping(word >> 1) != (INT64)(word >> 1);
		wrong += r.eax != 0 || r.ecx != (UINT32)word || r.edx != word >> 32;
		out32(SILL_DOOR_PORTS + SILL_DEVICE_DATA, (UINT32)word);
		wrong += in32(SILL_DOOR_PORTS + SILL_DEVICE_DATA, 0) != (UINT32)word;
		wrong += in32(SILL_DOOR_PORTS + SILL_DEVICE_CALL, (UINT32)word) != (UINT32)word;
		*data = word;
		wrong += *data != word;
	}
	return wrong;
}

static struct sill_ring ring __attribute__((aligned(4096)));

static void test_ring(void)
{
	UINTN wrong = 0;
	struct registers r;

	if (!is_open(SILL_DOOR_RING, L"RING", &r))
		return;
	ring.version = SILL_RING_VERSION;
	ok(sill_door_ring(&ring) == 0, L"RING: it is named");
	for (UINTN round = 0; round < 40; round++) {
		for (UINTN i = 0; i < 100; i++) {
			struct sill_ring_slot *slot =
				&ring.slots[(ring.head + i) % SILL_RING_SLOTS];

			*slot = (struct sill_ring_slot){.word = word_of(i)};
		}
		ring.head += 100;
		wrong += sill_door_kick() != 100;
		for (UINTN i = 0; i < 100; i++)
			wrong += ring.slots[(ring.head - 100 + i) % SILL_RING_SLOTS].word !=
				 word_of(i);
	}
	ok(wrong == 0, L"RING: 4,000 words come back");
	ring.head += SILL_RING_SLOTS + 1;
	ok(sill_door_kick() == -SILL_EINVAL, L"RING: too far ahead: -EINVAL");
}

static BOOLEAN answered(volatile struct sill_letter *letter)
{
	UINT64 start = rdtsc();

	while (letter->state != SILL_LETTER_ANSWERED) {
		if (rdtsc() - start > TICKS_AT_MOST)
			return FALSE;
	}
	return TRUE;
}

static UINTN exchange_letters(volatile struct sill_letter *letter, UINTN count)
{
	UINTN wrong = 0;

	for (UINTN i = 0; i < count && wrong == 0; i++) {
		for (UINTN at = 0; at < 8; at++)
			((volatile UINT64 *)letter->data)[at] = word_of(i + at);
		letter->pattern[0] = letter->pattern[1] = SILL_LETTER_PATTERN;
		letter->service = SILL_SERVICE_ECHO;
		letter->size = 64;
		letter->result = -1;
		letter->state = SILL_LETTER_SENT;
		wrong += !answered(letter) || letter->size != 64 || letter->result != 0;
		for (UINTN at = 0; at < 8; at++)
			wrong += ((volatile UINT64 *)letter->data)[at] != word_of(i + at);
	}
	letter->pattern[0] = 0;
	return wrong;
}

static void test_letters(void)
{
	struct registers r;
	struct sill_letter *letter;

	if (is_open(SILL_DOOR_POLL, L"POLL", &r)) {
		letter = (struct sill_letter *)((UINT64)r.edx << 32 | r.ecx);
		ok(exchange_letters(letter, 50) == 0, L"POLL: 50 letters are answered");
	}
	if (!is_open(SILL_DOOR_WATCH, L"WATCH", &r))
		return;
	letter = (struct sill_letter *)((UINT64)r.ecx << 32 | r.ebx);
	ok(sill_door_watch((struct sill_letter *)&ring) == -SILL_EINVAL,
	   L"WATCH: memory of the OS's cannot be watched here");
	ok(sill_door_watch(letter) == 0, L"WATCH: the page that CPUID tells can");
	ok(exchange_letters(letter, 500) == 0, L"WATCH: 500 letters are answered");
	/* By instructions that Sill can only let the guest execute. */
	SetMem(letter->data, 256, 0x5a);
	__asm__ volatile("lock addq %1, %0" : "+m"(*(UINT64 *)letter->data) : "r"(1ull));
	ok(*(UINT64 *)letter->data == 0x5a5a5a5a5a5a5a5b && letter->data[255] == 0x5a,
	   L"WATCH: other instructions write there as well");
	__asm__ volatile("xchgl %0, %1" : "+m"(letter->state), "+r"((UINT32){SILL_LETTER_SENT}));
	ok(answered(letter), L"WATCH: also one that sends the letter");
	ok(sill_door_watch(NULL) == 0, L"WATCH: it can be given up");
}

struct gate {
	UINT16 offset_low, selector;
	UINT8 ist, type;
	UINT16 offset_middle;
	UINT32 offset_high, reserved;
};

struct __attribute__((packed)) table {
	UINT16 limit;
	UINT64 base;
};

__attribute__((visibility("hidden"))) volatile UINTN interrupts;
void on_interrupt(void);
__asm__(".text\n"
	"on_interrupt: incq interrupts(%rip)\n"
	"	iretq\n");

static void test_push(void)
{
	static volatile struct sill_push push;
	static struct gate gates[256];
	const struct table own = {sizeof(gates) - 1, (UINTN)gates};
	struct table firmware;
	UINT64 start = rdtsc(), handler = (UINTN)on_interrupt;
	struct registers r;
	UINT16 code;

	if (!is_open(SILL_DOOR_PUSH, L"PUSH", &r))
		return;
	__asm__ volatile("sidt %0" : "=m"(firmware));
	__asm__ volatile("mov %%cs, %0" : "=r"(code));
	for (UINTN i = 0; i < (firmware.limit + 1u) / sizeof(gates[0]) && i < 256; i++)
		gates[i] = ((const struct gate *)firmware.base)[i];
	gates[VECTOR] = (struct gate){.offset_low = (UINT16)handler,
				      .selector = code,
				      .type = 0x8e,
				      .offset_middle = (UINT16)(handler >> 16),
				      .offset_high = (UINT32)(handler >> 32)};
	__asm__ volatile("lidt %0" : : "m"(own));
	ok(sill_door_push((struct sill_push *)&push, 31) == -SILL_EINVAL,
	   L"PUSH: the CPU's own vectors are refused");
	ok(sill_door_push((struct sill_push *)&push, VECTOR) == 0, L"PUSH: it is asked for");
	while (interrupts < 5 && rdtsc() - start < TICKS_AT_MOST)
		__asm__ volatile("hlt");
	ok(interrupts >= 5, L"PUSH: interrupts come");
	ok(push.sequence >= interrupts && push.tsc <= rdtsc() && push.tsc > start,
	   L"PUSH: with news in memory");
	ok(sill_door_push(NULL, 0) == 0, L"PUSH: it is given up");
	__asm__ volatile("lidt %0" : : "m"(firmware));
}

static UINT64 read_cr0(void)
{
	UINT64 value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static void write_cr0(UINT64 value)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

/* The view's two pages, at a linear address of this program's own. */
static volatile char *map_view(UINT64 gpa)
{
	static UINT64 upper[512] __attribute__((aligned(4096)));
	static UINT64 directory[512] __attribute__((aligned(4096)));
	static UINT64 entries[512] __attribute__((aligned(4096)));
	UINT64 cr0 = read_cr0(), *root;

	__asm__ volatile("mov %%cr3, %0" : "=r"(root));
	root = (UINT64 *)((UINT64)root & ~0xfffull);
	entries[0] = gpa | PRESENT;
	entries[1] = (gpa + PAGE) | PRESENT;
	directory[0] = (UINT64)entries | PRESENT | WRITABLE;
	upper[0] = (UINT64)directory | PRESENT | WRITABLE;
	/* Firmware may have made its page tables read-only. */
	write_cr0(cr0 & ~CR0_WP);
	root[LINEAR_SLOT] = (UINT64)upper | PRESENT | WRITABLE;
	write_cr0(cr0);
	return (char *)(0xffff000000000000ull | LINEAR_SLOT << 39);
}

static UINT64 call_in_view(UINT32 view, const volatile char *code, UINT64 argument)
{
	UINT64 answer;

	__asm__ volatile("xor %%eax, %%eax\n\t"
			 "vmfunc\n\t"
			 "call *%[code]\n\t"
			 "mov %%rax, %%rsi\n\t"
			 "xor %%eax, %%eax\n\t"
			 "xor %%ecx, %%ecx\n\t"
			 "vmfunc"
			 : "=S"(answer), "+c"(view)
			 : [code] "r"(code), "D"(argument)
			 : "rax", "rdx", "cc", "memory");
	return answer;
}

static void test_view(void)
{
	struct sill_time time;
	const volatile char *code;
	struct registers r;
	UINTN wrong = 0;
	UINT64 now;

	if (!is_open(SILL_DOOR_VIEW, L"VIEW", &r))
		return;
	code = map_view((UINT64)r.edx << 32 | r.ecx);
	for (UINTN i = 0; i < ROUNDS; i++)
		wrong += call_in_view(r.ebx, code + SILL_VIEW_ECHO, word_of(i)) != word_of(i);
	ok(wrong == 0, L"VIEW: 2,000 words come back");
	now = call_in_view(r.ebx, code + SILL_VIEW_TIME, 0);
	ok(sill_time(&time, sizeof(time)) == sizeof(time) && time.utc_ns >= now &&
		   time.utc_ns - now < 1000000000,
	   L"VIEW: its time is the time");
}

static volatile UINTN wrong_there;

static void EFIAPI on_second_cpu(VOID *unused)
{
	(void)unused;
	wrong_there = use_plain_doors();
}

static void test_two_cpus(void)
{
	EFI_GUID guid = MP_SERVICES_PROTOCOL;
	struct mp_services *services;
	EFI_EVENT event;
	UINTN all, enabled, wrong;

	if (EFI_ERROR(LibLocateProtocol(&guid, (VOID **)&services)) ||
	    EFI_ERROR(services->get_processor_count(services, &all, &enabled)) || enabled < 2) {
		Print(L"ok %d - two CPUs # skip only one CPU\n", ++tests);
		return;
	}
	wrong_there = ~0ull;
	uefi_call_wrapper(BS->CreateEvent, 5, 0, 0, NULL, NULL, &event);
	if (EFI_ERROR(
		    services->startup_this_ap(services, on_second_cpu, 1, event, 0, NULL, NULL))) {
		ok(FALSE, L"the second CPU starts");
		return;
	}
	wrong = use_plain_doors();
	while (EFI_ERROR(uefi_call_wrapper(BS->CheckEvent, 1, event)))
		;
	ok(wrong == 0 && wrong_there == 0, L"two CPUs use the doors at once");
}

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	InitializeLib(image, system);
	if (!sill_present()) {
		Print(L"Bail out! Sill is not here\n");
		return EFI_UNSUPPORTED;
	}
	ok(use_plain_doors() == 0, L"VMCALL, CPUID, PORT and MMIO echo 2,000 words each");
	test_two_cpus();
	test_ring();
	test_letters();
	test_push();
	test_view();
	/* While POLL is looked after, which is now, Sill can be taken away as well. */
	ok(sill_unload() == 0 && !sill_present(), L"and then Sill goes");
	Print(L"1..%ld\n", tests);
	Print(L"doors: done\n");
	return EFI_SUCCESS;
}
