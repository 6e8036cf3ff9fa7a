/* SPDX-License-Identifier: MIT */
/*
 * A made-up device with I/O ports, used in three ways: dword by dword; by IN alone, which no real
 * device could answer; and with the string instructions, one exit for many bytes.
 */
#include "cpu.h"
#include "device.h"
#include "exceptions.h"
#include "ring3.h"
#include "string.h"
#include "tap.h"
#include "way.h"

#define DATA	(SILL_DOOR_PORTS + SILL_DEVICE_DATA)
#define CONTROL (SILL_DOOR_PORTS + SILL_DEVICE_CONTROL)
#define CALL	(SILL_DOOR_PORTS + SILL_DEVICE_CALL)

#define ONES	0xffffffffu

measuring_function measure_port_out, measure_port_in, measure_port_call;

/* What CONTROL was last written with. */
static uint32_t selected;

static void select(uint32_t service)
{
	out32(CONTROL, service);
	selected = service;
}

static uint32_t control(void)
{
	return in32(CONTROL);
}

static void put(uint32_t word)
{
	out32(DATA, word);
}

static void put_byte(uint8_t byte)
{
	out8(DATA, byte);
}

static uint32_t take(void)
{
	return in32(DATA);
}

static const char *start(void)
{
	if (door_state(SILL_DOOR_PORT).b != SILL_DOOR_PORTS)
		return "CPUID names other ports";
	select(SILL_SERVICE_ECHO);
	return NULL;
}

static void stop(void)
{
	select(SILL_SERVICE_ECHO);
}

static bool echo(uint64_t *words)
{
	if (selected != SILL_SERVICE_ECHO)
		select(SILL_SERVICE_ECHO);
	out32(DATA, (uint32_t)words[0]);
	words[0] = in32(DATA);
	return true;
}

static void send(const char *from, size_t size)
{
	size_t i = 0;

	for (; i + 4 <= size; i += 4)
		out32(DATA, *(const any32 *)(from + i));
	for (; i < size; i++)
		out8(DATA, (uint8_t)from[i]);
}

static void receive(char *to, size_t size)
{
	size_t i = 0;

	for (; i + 4 <= size; i += 4)
		*(any32 *)(to + i) = in32(DATA);
	for (; i < size; i++)
		to[i] = (char)in8(DATA);
}

static void send_string(const char *from, size_t size)
{
	size_t dwords = size / 4, bytes = size % 4;

	if (dwords)
		__asm__ volatile("rep outsl" : "+S"(from), "+c"(dwords) : "d"(DATA) : "memory");
	if (bytes)
		__asm__ volatile("rep outsb" : "+S"(from), "+c"(bytes) : "d"(DATA) : "memory");
}

static void receive_string(char *to, size_t size)
{
	size_t dwords = size / 4, bytes = size % 4;

	if (dwords)
		__asm__ volatile("rep insl" : "+D"(to), "+c"(dwords) : "d"(DATA) : "memory");
	if (bytes)
		__asm__ volatile("rep insb" : "+D"(to), "+c"(bytes) : "d"(DATA) : "memory");
}

static int64_t in_blocks(char *at, size_t size, void (*out)(const char *, size_t),
			 void (*in)(char *, size_t))
{
	if (selected != SILL_SERVICE_ECHO)
		select(SILL_SERVICE_ECHO);
	for (size_t left = size; left;) {
		size_t part = left < SILL_BLOCK_MAX ? left : SILL_BLOCK_MAX;

		out(at, part);
		in(at, part);
		at += part;
		left -= part;
	}
	return (int64_t)size;
}

static int64_t transfer(void *data, size_t size)
{
	return in_blocks(data, size, send, receive);
}

static int64_t string_transfer(void *data, size_t size)
{
	return in_blocks(data, size, send_string, receive_string);
}

static bool string_echo(uint64_t *words)
{
	uint32_t word = (uint32_t)words[0];

	string_transfer(&word, sizeof(word));
	words[0] = word;
	return true;
}

static uint64_t time_ns(void)
{
	uint32_t low;

	if (selected != SILL_SERVICE_TIME)
		select(SILL_SERVICE_TIME);
	out32(DATA, 0);
	low = in32(DATA);
	return low | (uint64_t)in32(DATA) << 32;
}

static inline uint32_t call(uint32_t word)
{
	__asm__ volatile("inl %w1, %0" : "+a"(word) : "d"(CALL) : "memory");
	return word;
}

static bool call_echo(uint64_t *words)
{
	if (selected != SILL_SERVICE_ECHO)
		select(SILL_SERVICE_ECHO);
	words[0] = call((uint32_t)words[0]);
	return true;
}

static int64_t call_transfer(void *data, size_t size)
{
	char *at = data;
	size_t i = 0;

	if (selected != SILL_SERVICE_ECHO)
		select(SILL_SERVICE_ECHO);
	for (; i + 4 <= size; i += 4)
		*(any32 *)(at + i) = call(*(any32 *)(at + i));
	for (; i < size; i++)
		at[i] = (char)call((uint8_t)at[i]);
	return (int64_t)size;
}

/* The time when the low half of it was asked for last. */
static uint64_t last_ns;

static const char *call_start(void)
{
	const char *why = start();

	if (!why)
		last_ns = time_ns();
	return why;
}

/*
 * The register has room for the low half only: it is enough for whoever asks again before 2^32
 * nanoseconds have gone by.
 */
static uint64_t call_time_ns(void)
{
	if (!last_ns)
		return 0;
	if (selected != SILL_SERVICE_TIME)
		select(SILL_SERVICE_TIME);
	last_ns += (uint32_t)(call(0) - (uint32_t)last_ns);
	return last_ns;
}

static bool tell(uint32_t got, uint32_t sent)
{
	if (got == ONES)
		happened("reads all ones");
	else
		happened("reads %x", got);
	return got == sent;
}

static bool absent(void)
{
	const uint32_t sent = 0x12345678;

	out32(DATA, sent);
	return tell(in32(DATA), sent);
}

static bool call_absent(void)
{
	const uint32_t sent = 0x23456789;

	return tell(call(sent), sent);
}

static bool string_absent(void)
{
	char data[] = "abc";
	uint32_t sent, got;

	memcpy(&sent, data, 4);
	send_string(data, 4);
	receive_string(data, 4);
	memcpy(&got, data, 4);
	return tell(got, sent);
}

/* So that the OUT that is measured begins a message, and the IN takes from an answer. */
static void *prepare_out(void)
{
	out32(DATA, 1);
	in32(DATA);
	return (void *)(uint64_t)DATA;
}

static void *prepare_in(void)
{
	out32(DATA, 1);
	return (void *)(uint64_t)DATA;
}

static void *prepare_call(void)
{
	select(SILL_SERVICE_ECHO);
	return (void *)(uint64_t)CALL;
}

static const struct way_net nets[] = {
	{"port_out", measure_port_out, 1, 1, prepare_out},
	{"port_in", measure_port_in, 1, 1, prepare_in},
	{0},
};

static const struct way_net call_nets[] = {
	{"port_call", measure_port_call, 1, 1, prepare_call},
	{0},
};

static const struct way_net no_nets[] = {{0}};

static const struct way ways[] = {
	{
		.name = "port",
		.title = "I/O port, OUT and IN",
		.privilege = "who has the I/O permission",
		.without = "reads all ones",
		.word_bits = 32,
		.batch = 1,
		.nets = nets,
		.start = start,
		.stop = stop,
		.echo = echo,
		.transfer = transfer,
		.time_ns = time_ns,
		.absent = absent,
	},
	{
		.name = "port_call",
		.title = "I/O port, IN alone",
		.privilege = "who has the I/O permission",
		.without = "reads all ones",
		.word_bits = 32,
		.batch = 1,
		.nets = call_nets,
		.start = call_start,
		.stop = stop,
		.echo = call_echo,
		.transfer = call_transfer,
		.time_ns = call_time_ns,
		.absent = call_absent,
	},
	{
		.name = "port_string",
		.title = "I/O port, REP OUTS and INS",
		.privilege = "who has the I/O permission",
		.without = "reads all ones",
		.word_bits = 32,
		.batch = 1,
		.nets = no_nets,
		.start = start,
		.stop = stop,
		.echo = string_echo,
		.transfer = string_transfer,
		.time_ns = time_ns,
		.absent = string_absent,
	},
};

static const struct device device = {"port", select, control, put, put_byte, take};

/* Accesses that the device does not have. What they read is all ones. */
static void accesses(void)
{
	out8(CONTROL, SILL_SERVICE_TIME);
	device_refused(&device, SILL_EINVAL, "OUT of a byte to CONTROL");
	out16(CONTROL, SILL_SERVICE_TIME);
	device_refused(&device, SILL_EINVAL, "OUT of a word to CONTROL");
	tap_equal(in8(CONTROL), 0xff, "port: IN of a byte from CONTROL reads ones");
	device_refused(&device, SILL_EINVAL, "IN of a byte from CONTROL");
	tap_equal(in16(CONTROL), 0xffff, "port: IN of a word from CONTROL reads ones");
	device_refused(&device, SILL_EINVAL, "IN of a word from CONTROL");
	out8(DATA + 1, 1);
	device_refused(&device, SILL_EINVAL, "OUT to the port after DATA");
	out16(DATA + 3, 1);
	device_refused(&device, SILL_EINVAL, "OUT of a word to the third port after DATA");
	out32(DATA + 4, 1);
	device_refused(&device, SILL_EINVAL, "OUT to a port between the registers");
	tap_equal(in32(DATA + 2), ONES, "port: IN from the second port after DATA reads ones");
	device_refused(&device, SILL_EINVAL, "IN from the second port after DATA");
	out32(CONTROL + 2, SILL_SERVICE_TIME);
	device_refused(&device, SILL_EINVAL, "OUT to the middle of CONTROL");
	out32(CALL, 1);
	device_refused(&device, SILL_EINVAL, "OUT to CALL");
	tap_equal(in8(CALL), 0xff, "port: IN of a byte from CALL reads ones");
	device_refused(&device, SILL_EINVAL, "IN of a byte from CALL");
	tap_equal(in8(SILL_DOOR_PORTS + SILL_DOOR_PORT_COUNT - 1), 0xff,
		  "port: the last port reads ones");
	device_refused(&device, SILL_EINVAL, "IN from the last port");

	/* The neighbours are not the device's. */
	select(SILL_SERVICE_ECHO);
	out8(SILL_DOOR_PORTS - 1, 1);
	out8(SILL_DOOR_PORTS + SILL_DOOR_PORT_COUNT, 1);
	tap_equal(control(), 0, "port: the ports before and behind are not the device's");

	select(SILL_SERVICE_COUNT);
	call(1);
	tap_equal(control(), (uint32_t)-SILL_ENOSYS, "port: CALL of a service that isn't: ENOSYS");
	select(SILL_SERVICE_ECHO);
}

/* What IN leaves of RAX, and where the string instructions stand. */
static void registers(void)
{
	uint64_t rax = 0x1122334455667788;
	char text[8] = "wxyz";
	uint64_t at = (uint64_t)text, count = 3;

	put(0xa1b2c3d4);
	__asm__ volatile("inb %%dx, %%al" : "+a"(rax) : "d"(DATA) : "memory");
	tap_equal(rax, 0x11223344556677d4, "port: an 8-bit IN leaves the rest of RAX");
	__asm__ volatile("inw %%dx, %%ax" : "+a"(rax) : "d"(DATA) : "memory");
	tap_equal(rax, 0x112233445566b2c3, "port: a 16-bit IN leaves the rest of RAX");
	put(0xa1b2c3d4);
	__asm__ volatile("inl %%dx, %%eax" : "+a"(rax) : "d"(DATA) : "memory");
	tap_equal(rax, 0xa1b2c3d4, "port: a 32-bit IN clears the upper half of RAX");
	rax = 0x1122334455667788;
	__asm__ volatile("inl %%dx, %%eax" : "+a"(rax) : "d"(CALL) : "memory");
	tap_equal(rax, 0x55667788, "port: CALL does, too");

	expect();
	__asm__ volatile(MAY_FAULT("rep outsb") : "+S"(at), "+c"(count) : "d"(DATA) : "memory");
	tap_ok(caught.vector == NO_EXCEPTION && at == (uint64_t)text + 3 && count == 0,
	       "port: REP OUTSB: RSI and RCX as it ends");
	tap_equal(control(), 3, "port: three bytes came");
	at = (uint64_t)text + 3;
	count = 3;
	__asm__ volatile("std; rep insb; cld" : "+D"(at), "+c"(count) : "d"(DATA) : "memory", "cc");
	tap_ok(!memcmp(text, "wyxw", 4) && at == (uint64_t)text && count == 0,
	       "port: REP INSB with DF goes down");

	at = (uint64_t)TEST_4K(TEST_PAGE_NOTHING);
	count = 2;
	put(0x11223344);
	expect();
	__asm__ volatile(MAY_FAULT("rep insb") : "+D"(at), "+c"(count) : "d"(DATA) : "memory");
	tap_ok(caught.vector == VECTOR_PF && count == 2, "port: REP INSB to nothing: #PF");
	tap_equal(take(), 0x11223344, "port: and no byte of the answer is lost");
}

static __attribute__((aligned(4096))) char string[2 * PAGE_SIZE];

/* Strings over the border of two pages, where the second one is there or isn't. */
static void strings(void)
{
	char *edge = TEST_4K(TEST_PAGE_STRING + 1);
	uint64_t at, count;

	test_map(TEST_PAGE_STRING, (uint64_t)string, PTE_P | PTE_W);
	fill_mixed(string, sizeof(string), 3);
	for (unsigned part = 0; part < 4; part++) {
		/* The element at the border lies in the first page with this many bytes. */
		char *from = edge - 40 - part;

		select(SILL_SERVICE_ECHO);
		at = (uint64_t)from;
		count = 20;
		expect();
		__asm__ volatile(MAY_FAULT("rep outsl")
				 : "+S"(at), "+c"(count)
				 : "d"(DATA)
				 : "memory");
		tap_ok(caught.vector == VECTOR_PF && caught.cr2 == (uint64_t)edge && count == 10 &&
			       at == (uint64_t)from + 40,
		       "port: REP OUTSD into nothing, %u bytes before it: #PF, RSI and RCX", part);
		tap_equal(control(), 40, "port: what was before it has come");
		tap_equal(take(), *(any32 *)(string + PAGE_SIZE - 40 - part), "port: as it was");
	}

	/* An answer of 80 bytes, of which there is room for 40. */
	select(SILL_SERVICE_ECHO);
	for (uint32_t i = 0; i < 20; i++)
		put(i);
	memset(string, 0xff, sizeof(string));
	at = (uint64_t)edge - 42;
	count = 20;
	expect();
	__asm__ volatile(MAY_FAULT("rep insl") : "+D"(at), "+c"(count) : "d"(DATA) : "memory");
	tap_ok(caught.vector == VECTOR_PF && caught.error == PF_WRITE && count == 10 &&
		       caught.cr2 == (uint64_t)edge && at == (uint64_t)edge - 2,
	       "port: REP INSD into nothing: #PF, RDI and RCX");
	tap_ok(*(any32 *)(string + PAGE_SIZE - 42) == 0 &&
		       *(any32 *)(string + PAGE_SIZE - 6) == 9 &&
		       filled_with(string + PAGE_SIZE - 2, 0xff, PAGE_SIZE),
	       "port: what was before it is there, and nothing more");
	test_map(TEST_PAGE_STRING + 1, (uint64_t)string + PAGE_SIZE, PTE_P | PTE_W);
	__asm__ volatile("rep insl" : "+D"(at), "+c"(count) : "d"(DATA) : "memory");
	tap_ok(count == 0 && *(any32 *)(string + PAGE_SIZE - 2) == 10 &&
		       *(any32 *)(string + PAGE_SIZE + 34) == 19,
	       "port: with memory there, it goes on with the next");

	/* Beyond the answer, and beyond what a message may be. */
	select(SILL_SERVICE_ECHO);
	put(0x11223344);
	put_byte(0x55);
	at = (uint64_t)string;
	count = 3;
	__asm__ volatile("rep insl" : "+D"(at), "+c"(count) : "d"(DATA) : "memory");
	tap_ok(((any32 *)string)[0] == 0x11223344 && ((any32 *)string)[1] == 0xffffff55 &&
		       ((any32 *)string)[2] == ONES && count == 0,
	       "port: REP INSD beyond the answer reads ones");
	select(SILL_SERVICE_ECHO);
	at = (uint64_t)string;
	count = SILL_BLOCK_MAX / 4 + 3;
	__asm__ volatile("rep outsl" : "+S"(at), "+c"(count) : "d"(DATA) : "memory");
	tap_ok(count == 0 && at == (uint64_t)string + SILL_BLOCK_MAX + 12,
	       "port: REP OUTSD of more than a block ends as any");
	device_refused(&device, SILL_E2BIG, "REP OUTSD of more than a block");
	at = (uint64_t)string + 12;
	count = 4;
	for (uint32_t i = 0; i < 4; i++)
		((any32 *)string)[i] = i;
	__asm__ volatile("std; rep outsl; cld"
			 : "+S"(at), "+c"(count)
			 : "d"(DATA)
			 : "memory", "cc");
	tap_ok(take() == 3 && take() == 2 && take() == 1 && take() == 0 && control() == 0,
	       "port: REP OUTSD with DF sends from the last to the first");
	at = (uint64_t)string;
	count = 2;
	__asm__ volatile("rep outsl" : "+S"(at), "+c"(count) : "d"(CONTROL) : "memory");
	tap_equal(count, 0, "port: REP OUTSD to CONTROL ends");
	device_refused(&device, SILL_EINVAL, "REP OUTSD to CONTROL");
	at = (uint64_t)string;
	count = 2;
	__asm__ volatile("rep insl" : "+D"(at), "+c"(count) : "d"(CALL) : "memory");
	tap_ok(count == 0 && filled_with(string, 0xff, 8), "port: REP INSD from CALL reads ones");
	device_refused(&device, SILL_EINVAL, "REP INSD from CALL");
	select(SILL_SERVICE_ECHO);
	test_map(TEST_PAGE_STRING, 0, 0);
	test_map(TEST_PAGE_STRING + 1, 0, 0);
}

USER_CODE static uint64_t user_echo(uint64_t byte)
{
	uint64_t value = byte;

	__asm__ volatile(MAY_FAULT("outb %%al, %%dx") : : "a"(value), "d"(DATA) : "memory");
	value = 0;
	__asm__ volatile(MAY_FAULT("inb %%dx, %%al") : "+a"(value) : "d"(DATA) : "memory");
	return value;
}

static void ring3(void)
{
	select(SILL_SERVICE_ECHO);
	ring3_ports(TSS_WHOLE, -1);
	expect();
	tap_equal(ring3_run(user_echo, 0x42, 0), 0,
		  "port: ring 3 without permission reads nothing");
	tap_equal(caught.vector, VECTOR_GP, "port: it gets the CPU's #GP");
	tap_equal(control(), 0, "port: and nothing arrives");
	ring3_ports(TSS_WHOLE, DATA);
	expect();
	tap_equal(ring3_run(user_echo, 0x43, 0), 0x43,
		  "port: ring 3 with the port's bit: the echo");
	tap_equal(caught.vector, NO_EXCEPTION, "port: without an exception");
	ring3_ports(TSS_WHOLE, -1);
	tap_equal(ring3_run(user_echo, 0x44, 3), 0x44, "port: ring 3 with IOPL 3: the echo");
}

static void wrong(void)
{
	start();
	device_test(&device);
	accesses();
	registers();
	strings();
	ring3();
	stop();
	put(0x12345);
	tap_equal(take(), 0x12345, "port: Sill is alive after all this");
}

const struct ways way_port = {ways, 3, false, wrong};
