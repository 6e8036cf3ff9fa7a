/* SPDX-License-Identifier: MIT */
/*
 * The device with registers in memory. Its page is in the test area, between two pages of RAM, so
 * that accesses can begin before it and end behind it.
 */
#include "cpu.h"
#include "device.h"
#include "exceptions.h"
#include "helpers.h"
#include "mmio.h"
#include "ring3.h"
#include "string.h"
#include "tap.h"
#include "way.h"

#define ONES 0xffffffffu

measuring_function measure_mmio_write, measure_mmio_read;

/* Compilers would be free to use other instructions than MOV; 8 bytes: way.h. */
static inline uint32_t read32(const char *at)
{
	uint32_t value;

	__asm__ volatile("movl (%1), %0" : "=r"(value) : "r"(at) : "memory");
	return value;
}

static inline void write32(char *at, uint32_t value)
{
	__asm__ volatile("movl %1, (%0)" : : "r"(at), "r"(value) : "memory");
}

static __attribute__((aligned(4096))) char before[PAGE_SIZE], behind[PAGE_SIZE];

/* What CONTROL was last written with. */
static uint32_t selected;

void mmio_select(uint32_t service)
{
	write32(CONTROL, service);
	selected = service;
}

uint32_t mmio_control(void)
{
	return read32(CONTROL);
}

static void put(uint32_t word)
{
	write32(DATA, word);
}

static void put_byte(uint8_t byte)
{
	store8(DATA, byte);
}

static uint32_t take(void)
{
	return read32(DATA);
}

static uint64_t device_address(void)
{
	struct door_state state = door_state(SILL_DOOR_MMIO);

	return state.b | (uint64_t)state.c << 32;
}

void mmio_map(uint64_t rights)
{
	test_map(TEST_PAGE_MMIO_BEFORE, (uint64_t)before, rights);
	test_map(TEST_PAGE_MMIO, device_address(), rights);
	test_map(TEST_PAGE_MMIO_AFTER, (uint64_t)behind, rights);
}

static const char *start(void)
{
	if (!device_address() || device_address() % PAGE_SIZE)
		return "CPUID names no page";
	mmio_map(PTE_P | PTE_W);
	mmio_select(SILL_SERVICE_ECHO);
	return NULL;
}

static void stop(void)
{
	mmio_select(SILL_SERVICE_ECHO);
	test_map(TEST_PAGE_MMIO_BEFORE, 0, 0);
	test_map(TEST_PAGE_MMIO, 0, 0);
	test_map(TEST_PAGE_MMIO_AFTER, 0, 0);
}

static bool echo(uint64_t *words)
{
	if (selected != SILL_SERVICE_ECHO)
		mmio_select(SILL_SERVICE_ECHO);
	store64(DATA, words[0]);
	words[0] = load64(DATA);
	return true;
}

static int64_t transfer(void *data, size_t size)
{
	char *at = data;

	if (selected != SILL_SERVICE_ECHO)
		mmio_select(SILL_SERVICE_ECHO);
	for (size_t left = size; left;) {
		size_t part = left < SILL_BLOCK_MAX ? left : SILL_BLOCK_MAX, i;

		for (i = 0; i + 8 <= part; i += 8)
			store64(DATA, *(any64 *)(at + i));
		for (; i < part; i++)
			store8(DATA, (uint8_t)at[i]);
		for (i = 0; i + 8 <= part; i += 8)
			*(any64 *)(at + i) = load64(DATA);
		for (; i < part; i++)
			at[i] = (char)read8(DATA);
		at += part;
		left -= part;
	}
	return (int64_t)size;
}

static uint64_t time_ns(void)
{
	if (selected != SILL_SERVICE_TIME)
		mmio_select(SILL_SERVICE_TIME);
	store64(DATA, 0);
	return load64(DATA);
}

/* CPUID says that this is a virtual machine, but not whose. */
static bool somebody_hides(void)
{
	return CPUID_1_ECX(31) && !cpuid(SILL_CPUID_SIGNATURE, 0).eax;
}

/* Only Sill says where the page is. So this looks where nothing is: at the highest address. */
static bool absent(void)
{
	const uint64_t sent = 0x1122334455667788;
	uint64_t address = (1ull << physical_bits()) - PAGE_SIZE, got = 0;

	/* Sill itself, with all doors closed, would end the guest. */
	if (somebody_hides()) {
		happened("not tried: nobody says where the page is");
		return false;
	}
	test_map(TEST_PAGE_MMIO, address, PTE_P | PTE_W);
	expect();
	__asm__ volatile(MAY_FAULT("movq %1, (%0)") : : "r"(DATA), "r"(sent) : "memory");
	if (caught.vector == NO_EXCEPTION)
		__asm__ volatile(MAY_FAULT("movq (%1), %0") : "+r"(got) : "r"(DATA) : "memory");
	test_map(TEST_PAGE_MMIO, 0, 0);
	if (caught.vector != NO_EXCEPTION)
		happened("%s", exception_name(caught.vector));
	else if (got == UINT64_MAX)
		happened("reads all ones");
	else
		happened("reads %lx", got);
	return got == sent;
}

static void *prepare_write(void)
{
	put(1);
	take();
	return DATA;
}

static void *prepare_read(void)
{
	store64(DATA, 1);
	return DATA;
}

static const struct way_net nets[] = {
	{"mmio_write", measure_mmio_write, 0, 1, prepare_write},
	{"mmio_read", measure_mmio_read, 0, 1, prepare_read},
	{0},
};

static const struct way ways[] = {
	{
		.name = "mmio",
		.title = "device memory, MOV",
		.privilege = "who has the page mapped",
		.without = "reads are no answer",
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

static const struct device device = {"mmio", mmio_select, mmio_control, put, put_byte, take};

static const uint64_t values[] = {0x8182838485868788, 0x0102030405060708};

USER_CODE uint64_t mmio_user_echo(uint64_t word)
{
	__asm__ volatile(MAY_FAULT("movq %0, (%1)") : : "r"(word), "r"(DATA) : "memory");
	word = 0;
	__asm__ volatile(MAY_FAULT("movq (%1), %0") : "+r"(word) : "r"(DATA) : "memory");
	return word;
}

static uint64_t try_store(char *at, unsigned size)
{
	expect();
	switch (size) {
	case 2:
		__asm__ volatile(MAY_FAULT("movw %w1, (%0)") : : "r"(at), "r"(-1ll) : "memory");
		break;
	case 4:
		__asm__ volatile(MAY_FAULT("movl %k1, (%0)") : : "r"(at), "r"(-1ll) : "memory");
		break;
	default:
		__asm__ volatile(MAY_FAULT("movq %1, (%0)") : : "r"(at), "r"(-1ll) : "memory");
		break;
	}
	return caught.vector;
}

static uint64_t try_load(const char *at, unsigned size, uint64_t *value)
{
	expect();
	switch (size) {
	case 2:
		__asm__ volatile(MAY_FAULT("movw (%1), %w0") : "+r"(*value) : "r"(at) : "memory");
		break;
	case 4:
		__asm__ volatile(MAY_FAULT("movl (%1), %k0") : "+r"(*value) : "r"(at) : "memory");
		break;
	default:
		__asm__ volatile(MAY_FAULT("movq (%1), %0") : "+r"(*value) : "r"(at) : "memory");
		break;
	}
	return caught.vector;
}

static void crossing(void)
{
	const uint64_t old = 0x1234567812345678;
	uint64_t value = old;

	memset(before, 0x5a, sizeof(before));
	memset(behind, 0x5a, sizeof(behind));
	mmio_select(SILL_SERVICE_ECHO);
	for (unsigned size = 2; size <= 8; size *= 2) {
		char *into = PAGE - size / 2, *out_of = PAGE + PAGE_SIZE - size / 2;

		tap_equal(try_store(into, size), VECTOR_UD, "mmio: %u bytes stored into it: #UD",
			  size);
		tap_equal(try_store(out_of, size), VECTOR_UD,
			  "mmio: %u bytes stored out of it: #UD", size);
		tap_equal(try_load(into, size, &value), VECTOR_UD,
			  "mmio: %u bytes loaded into it: #UD", size);
		tap_equal(try_load(out_of, size, &value), VECTOR_UD,
			  "mmio: %u bytes loaded out of it: #UD", size);
	}
	tap_equal(value, old, "mmio: no load changed its register");
	tap_ok(filled_with(before, 0x5a, sizeof(before)) &&
		       filled_with(behind, 0x5a, sizeof(behind)),
	       "mmio: no store changed a page beside it");
	tap_equal(mmio_control(), 0, "mmio: nor did any reach the device");
	/* Up to its borders the neighbours are RAM. */
	store64(PAGE - 8, values[0]);
	store64(PAGE + PAGE_SIZE, values[1]);
	tap_ok(load64(before + PAGE_SIZE - 8) == values[0] && load64(behind) == values[1],
	       "mmio: the pages beside it are ordinary to their last byte");
}

static void accesses(void)
{
	uint64_t value = 0;

	store8(CONTROL, SILL_SERVICE_TIME);
	device_refused(&device, SILL_EINVAL, "a byte to CONTROL");
	try_store(CONTROL, 2);
	device_refused(&device, SILL_EINVAL, "a word to CONTROL");
	store64(CONTROL, SILL_SERVICE_TIME);
	device_refused(&device, SILL_EINVAL, "8 bytes to CONTROL");
	tap_equal(load64(CONTROL), UINT64_MAX, "mmio: 8 bytes from CONTROL read ones");
	device_refused(&device, SILL_EINVAL, "8 bytes from CONTROL");
	tap_equal(read8(CONTROL), 0xff, "mmio: a byte from CONTROL reads ones");
	device_refused(&device, SILL_EINVAL, "a byte from CONTROL");
	store8(DATA + 1, 1);
	device_refused(&device, SILL_EINVAL, "a byte behind DATA");
	store64(DATA + 3, 1);
	device_refused(&device, SILL_EINVAL, "8 bytes over DATA and CONTROL");
	write32(DATA + 4, 1);
	device_refused(&device, SILL_EINVAL, "4 bytes between the registers");
	tap_equal(read32(DATA + 2), ONES, "mmio: unaligned 4 bytes read ones");
	device_refused(&device, SILL_EINVAL, "unaligned 4 bytes");
	write32(PAGE + SILL_DEVICE_CALL, 1);
	device_refused(&device, SILL_EINVAL, "a write to CALL, which is the port's alone");
	tap_equal(read32(PAGE + SILL_DEVICE_CALL), ONES, "mmio: CALL reads ones");
	device_refused(&device, SILL_EINVAL, "a read of CALL");
	write32(PAGE + PAGE_SIZE - 4, 1);
	device_refused(&device, SILL_EINVAL, "the page's last 4 bytes");
	tap_equal(try_load(PAGE + 0x800, 2, &value), NO_EXCEPTION, "mmio: 2 bytes in the middle");
	device_refused(&device, SILL_EINVAL, "2 bytes in the middle");
}

static void rights(void)
{
	uint64_t value = 1;

	mmio_select(SILL_SERVICE_ECHO);
	expect();
	tap_equal(ring3_run(mmio_user_echo, 5, 0), 0, "mmio: ring 3 without the page: nothing");
	tap_ok(caught.vector == VECTOR_PF && caught.error == (PF_PRESENT | PF_USER),
	       "mmio: it gets its own #PF");
	mmio_map(PTE_P | PTE_W | PTE_U);
	expect();
	tap_equal(ring3_run(mmio_user_echo, values[0], 0), values[0],
		  "mmio: ring 3 with it: the echo");
	tap_equal(caught.vector, NO_EXCEPTION, "mmio: without an exception");
	mmio_map(PTE_P);
	tap_equal(try_store(DATA, 8), VECTOR_PF, "mmio: mapped read-only, a store is #PF");
	tap_equal(mmio_control(), 0, "mmio: and does not arrive");
	tap_equal(try_load(DATA, 8, &value), NO_EXCEPTION, "mmio: a load works");
	mmio_map(PTE_P | PTE_W);

	expect();
	catch_jump((uint64_t)PAGE);
	tap_equal(caught.vector, VECTOR_UD, "mmio: executing it: #UD");
	tap_equal(caught.rip, (uint64_t)PAGE, "mmio: at its address");
	tap_equal(mmio_control(), 0, "mmio: and nothing comes of it");
}

/* All registers, and what is owed at the end of an instruction. */
static void registers(void)
{
	extern char exit_write_next[];
	struct registers r, old;

	mmio_select(SILL_SERVICE_ECHO);
	fill_pattern(&r);
	r.rdi = (uint64_t)DATA;
	r.rflags |= RFLAGS_STATUS;
	old = r;
	exit_write((uint64_t)&r);
	tap_ok(!memcmp(&r, &old, sizeof(r)), "mmio: a store changes no register and no flag");
	fill_pattern(&r);
	r.rsi = (uint64_t)DATA;
	r.rax ^= 0xff;
	old = r;
	exit_read((uint64_t)&r);
	old.rax ^= 0xff;
	tap_ok(!memcmp(&r, &old, sizeof(r)), "mmio: a load changes no other register, no flag");

	fill_pattern(&r);
	r.rdi = (uint64_t)DATA;
	r.rflags |= RFLAGS_TF;
	expect_steps(1);
	exit_write((uint64_t)&r);
	tap_ok(steps.count == 1 && steps.rip[0] == (uint64_t)exit_write_next,
	       "mmio: a single step over a store: one #DB, at the next instruction");
	steps.stop_after = 0;
}

/* Port and memory are two devices of one kind, each with its own message. */
static void apart_from_the_port(void)
{
	if (door_state(SILL_DOOR_PORT).state != SILL_DOOR_OPEN)
		return;
	mmio_select(SILL_SERVICE_ECHO);
	out32(SILL_DOOR_PORTS + SILL_DEVICE_CONTROL, SILL_SERVICE_ECHO);
	put(0x11111111);
	out32(SILL_DOOR_PORTS + SILL_DEVICE_DATA, 0x22222222);
	tap_equal(take(), 0x11111111, "mmio: its message is not the port's");
	tap_equal(in32(SILL_DOOR_PORTS + SILL_DEVICE_DATA), 0x22222222,
		  "mmio: nor the port's its own");
}

/* Behind an instruction RF is 0, by whomever it was carried out: a breakpoint there counts. */
static void breakpoint_behind(void)
{
	uint64_t behind;

	mmio_select(SILL_SERVICE_ECHO);
	expect_steps(MOST_STEPS);
	__asm__ volatile("lea 1f(%%rip), %0\n\t"
			 "mov %0, %%dr0\n\t"
			 "mov %3, %%dr7\n\t"
			 "mov %1, (%2)\n"
			 "1:\tmov %4, %%dr7"
			 : "=&r"(behind)
			 : "r"(0x5aull), "r"(DATA), "r"(0x401ull), "r"(0x400ull)
			 : "memory");
	tap_ok(steps.count == 1 && steps.rip[0] == behind,
	       "mmio: a breakpoint right behind an access");
	expect_steps(0);
	tap_equal(take(), 0x5a, "mmio: the access was made");
}

static void wrong(void)
{
	start();
	device_test(&device);
	mmio_test_instructions();
	crossing();
	accesses();
	rights();
	registers();
	apart_from_the_port();
	breakpoint_behind();
	mmio_select(SILL_SERVICE_ECHO);
	put(0x12345);
	tap_equal(take(), 0x12345, "mmio: Sill is alive after all this");
	stop();
}

const struct ways way_mmio = {ways, 1, false, wrong};
