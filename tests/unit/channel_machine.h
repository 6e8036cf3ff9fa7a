/* SPDX-License-Identifier: MIT */
/*
 * A machine for the room channel/ on the host: a guest's memory, a clock, a UART, and whatever else
 * the room asks of the core. For tests and fuzzers, which include it once.
 */
#ifndef SILL_TESTS_CHANNEL_MACHINE_H
#define SILL_TESTS_CHANNEL_MACHINE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sill/errno.h>

#include "channel/channels.h"
#include "core/console.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/memory_log.h"
#include "core/time.h"
#include "core/uart.h"
#include "core/window.h"
#include "vmx/event.h"
#include "vmx/guest_memory.h"
#include "vmx/timer.h"

/* Linear, guest-physical and physical addresses are the same: MACHINE_BASE and what follows. */
#define MACHINE_BASE  0x10000000ull
#define MACHINE_PAGES 64u
#define MACHINE_SIZE  (MACHINE_PAGES * 4096u)

static struct {
	uint8_t memory[MACHINE_SIZE] __attribute__((aligned(4096)));
	uint8_t missing[MACHINE_PAGES]; /* 1: the page is not there */
	uint8_t read_only[MACHINE_PAGES];
	uint64_t now_us;
	uint32_t interrupts, posted; /* to the CPU that runs, and to others */
	bool no_timer;
	/* The UART: what arrives, and what is sent. */
	bool no_uart;
	uint8_t arriving[1 << 16];
	uint32_t arrived, taken;
	uint32_t looks; /* at the UART */
	uint8_t sent[1 << 16];
	uint32_t sent_count;
} machine;

/* By how much an OS has set the TSC ahead, in microseconds. */
static int64_t machine_skew;

/* What another CPU does to the guest's memory between two looks of Sill's; NULL: nothing. */
static void (*machine_race)(void);

static bool machine_allows(uint64_t at, size_t size, bool write)
{
	if (at < MACHINE_BASE || size > MACHINE_SIZE || at - MACHINE_BASE > MACHINE_SIZE - size)
		return false;
	for (uint64_t page = (at - MACHINE_BASE) / 4096;
	     size > 0 && page <= (at - MACHINE_BASE + size - 1) / 4096; page++) {
		if (machine.missing[page] || (write && machine.read_only[page]))
			return false;
	}
	return true;
}

static uint8_t *machine_at(uint64_t address)
{
	return machine.memory + (address - MACHINE_BASE);
}

int guest_read(struct vcpu *vcpu, uint64_t linear, void *to, size_t size, struct guest_fault *fault)
{
	(void)vcpu;
	(void)fault;
	if (size > 4096 || !machine_allows(linear, size, false))
		return -SILL_EFAULT;
	memcpy(to, machine_at(linear), size);
	return 0;
}

int guest_write(struct vcpu *vcpu, uint64_t linear, const void *from, size_t size,
		struct guest_fault *fault)
{
	(void)vcpu;
	(void)fault;
	if (size > 4096 || !machine_allows(linear, size, true))
		return -SILL_EFAULT;
	memcpy(machine_at(linear), from, size);
	return 0;
}

int guest_find_physical(struct vcpu *vcpu, uint64_t gpa, uint32_t permissions, uint64_t *hpa,
			uint64_t *bytes)
{
	(void)vcpu;
	if (machine_race != NULL)
		machine_race();
	if (!machine_allows(gpa, 1, (permissions & EPT_WRITE) != 0))
		return -SILL_EFAULT;
	*hpa = gpa;
	*bytes = 4096 - gpa % 4096;
	return 0;
}

static void machine_require(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "the room channel/ broke a rule: %s\n", what);
		abort();
	}
}

void physical_read(uint64_t physical, void *to, size_t size)
{
	machine_require(machine_allows(physical, size, false), "physical_read");
	memcpy(to, machine_at(physical), size);
}

void physical_write(uint64_t physical, const void *from, size_t size)
{
	machine_require(machine_allows(physical, size, true), "physical_write");
	memcpy(machine_at(physical), from, size);
}

uint64_t physical_visit(uint64_t physical, uint64_t (*visit)(void *context, void *page),
			void *context)
{
	uint64_t result;

	machine_require(machine_allows(physical & ~4095ull, 4096, true), "physical_visit");
	if (machine_race != NULL)
		machine_race();
	result = visit(context, machine_at(physical & ~4095ull));
	if (machine_race != NULL)
		machine_race();
	return result;
}

bool timer_present(const struct vcpu *vcpu)
{
	(void)vcpu;
	return !machine.no_timer;
}

void timer_set(struct vcpu *vcpu, enum timer_use use, uint64_t tsc)
{
	vcpu->timer[use] = tsc;
}

bool event_add_interrupt(struct vcpu *vcpu, uint32_t vector)
{
	(void)vcpu;
	machine_require(vector >= 32 && vector <= 255, "a vector of an interrupt");
	machine.interrupts++;
	return true;
}

void *pages_allocate(size_t count)
{
	return calloc(count, 4096);
}

uint64_t time_tsc_hz(void)
{
	return 1000000000;
}

uint64_t time_since_start_us(void)
{
	return machine.now_us + (uint64_t)machine_skew;
}

bool time_is_known(void)
{
	return true;
}

uint64_t time_utc_ns(uint64_t tsc)
{
	(void)tsc;
	/* 2024-02-29 12:34:56.789 */
	return 1709210096789000000ull;
}

size_t memory_log_read(uint64_t *from, char *to, size_t room)
{
	static const char text[] = "[    0.000001] sill: the log\n";
	size_t length = sizeof(text) - 1;

	if (*from > length)
		*from = length;
	length -= *from;
	if (length > room)
		length = room;
	memcpy(to, text + *from, length);
	return length;
}

void log_line(enum sill_log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

void console_join_link(char *memory, size_t size, const struct console_link *link)
{
	(void)memory;
	(void)size;
	(void)link;
}

void console_put_rest(uint8_t byte)
{
	(void)byte;
}

size_t console_copy_read(uint64_t *from, char *to, size_t room)
{
	(void)from;
	(void)to;
	(void)room;
	return 0;
}

bool console_share_serial(uint16_t port)
{
	(void)port;
	return false;
}

void console_lend_serial(bool lent)
{
	(void)lent;
}

bool console_in_panic(void)
{
	return false;
}

void event_post_interrupt(struct vcpu *vcpu, uint32_t vector)
{
	(void)vcpu;
	machine_require(vector >= 32 && vector <= 255, "a vector of an interrupt");
	machine.posted++;
}

void event_drop_interrupt(struct vcpu *vcpu, uint32_t vector)
{
	(void)vcpu;
	(void)vector;
}

void event_take_posted(struct vcpu *vcpu)
{
	(void)vcpu;
}

/* The preemption timer is due, or the VM exit is another's. */
__attribute__((unused)) static void machine_look(struct vcpu *vcpu)
{
	vcpu->timer[TIMER_CHANNELS] = TIMER_NEVER;
	channels_look(vcpu);
}

void console_flush(void)
{
}

void console_panic_line(struct uart *line)
{
	(void)line;
}

void uart_start(struct uart *uart, uint16_t port, uint32_t baud)
{
	(void)baud;
	*uart = (struct uart){.port = machine.no_uart ? 0 : port};
}

unsigned int uart_look(const struct uart *uart, uint8_t *byte)
{
	(void)uart;
	machine.looks++;
	if (machine.taken == machine.arrived)
		return machine.sent_count + 16 <= sizeof(machine.sent) ? UART_ROOM : 0;
	*byte = machine.arriving[machine.taken++];
	return UART_RECEIVED | (machine.sent_count + 16 <= sizeof(machine.sent) ? UART_ROOM : 0);
}

void uart_send(const struct uart *uart, const uint8_t *bytes, size_t count)
{
	(void)uart;
	machine_require(count <= 16, "the FIFO's size");
	memcpy(machine.sent + machine.sent_count, bytes, count);
	machine.sent_count += (uint32_t)count;
}

#endif
