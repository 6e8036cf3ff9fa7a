/* SPDX-License-Identifier: MIT */
/* The I/O ports of a machine, and the VM exits of the instructions that access them. */
#include "guest/ports.h"

#include <sill/errno.h>
#include <sill/hypercall.h>

#include "core/console.h"
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/rtc.h"
#include "core/string.h"
#include "core/time.h"
#include "vmx/deadline.h"
#include "vmx/exit.h"
#include "vmx/guest_memory.h"

#define COM1_PORT	0x3f8
#define DEBUG_EXIT_PORT 0xf4 /* isa-debug-exit, as QEMU has it: status = value * 2 + 1 */

/* Hobby kernels probe a few dozen ports; somebody who tries all 65536 needn't see each named. */
#define MOST_TOLD_PORTS 128

static void transmit(void *context, uint8_t byte)
{
	/* A byte may take as long as the real line takes. */
	deadline_check(((struct machine *)context)->vcpu);
	console_put_guest_bytes((const char *)&byte, 1);
}

static int receive(void *context)
{
	(void)context;
	return console_take_byte();
}

static uint64_t utc_ns(void *context)
{
	(void)context;
	return time_is_known() ? time_utc_ns(rdtsc()) : time_since_start_us() * 1000;
}

void ports_create(struct machine *machine)
{
	virtual_uart_init(&machine->uart, transmit, receive, machine);
	virtual_cmos_init(&machine->cmos, utc_ns, NULL, machine->settings->memory);
	memset(machine->told_ports, 0, sizeof(machine->told_ports));
	machine->told_port_count = 0;
}

__attribute__((cold, noinline)) static void tell_once(struct machine *machine, const char *what,
						      uint16_t port)
{
	uint8_t *byte = &machine->told_ports[port / 8];

	if ((*byte & 1u << port % 8) != 0 || machine->told_port_count > MOST_TOLD_PORTS)
		return;
	*byte |= (uint8_t)(1u << port % 8);
	if (machine->told_port_count++ < MOST_TOLD_PORTS)
		log_info(
			"guest %u: %s port %04x, where nothing is (reads give all ones; said once)",
			machine->vcpu->guest_id, what, port);
	else
		log_info(
			"guest %u: accesses other ports where nothing is; no more of them are named",
			machine->vcpu->guest_id);
}

static uint8_t read_port(struct machine *machine, uint16_t port)
{
	switch (port) {
	case COM1_PORT ... COM1_PORT + UART_PORT_COUNT - 1:
		return virtual_uart_read(&machine->uart, port - COM1_PORT);
	case RTC_INDEX_PORT:
	case RTC_DATA_PORT:
		if (!door_is_open(machine->vcpu, SILL_DOOR_RTC))
			return 0xff;
		return virtual_cmos_read(&machine->cmos, port - RTC_INDEX_PORT);
	case DEBUG_EXIT_PORT:
	case SILL_DOORBELL_PORT:
		return 0xff;
	default:
		tell_once(machine, "reads from", port);
		return 0xff;
	}
}

static void write_port(struct machine *machine, uint16_t port, uint8_t value)
{
	switch (port) {
	case COM1_PORT ... COM1_PORT + UART_PORT_COUNT - 1:
		virtual_uart_write(&machine->uart, port - COM1_PORT, value);
		break;
	case RTC_INDEX_PORT:
	case RTC_DATA_PORT:
		if (door_is_open(machine->vcpu, SILL_DOOR_RTC))
			virtual_cmos_write(&machine->cmos, port - RTC_INDEX_PORT, value);
		break;
	case SILL_DOORBELL_PORT:
		break;
	default:
		tell_once(machine, "writes to", port);
		break;
	}
}

/* But for the door, devices are one byte wide: a wider access is one to each port it covers. */
static uint32_t input(struct machine *machine, uint16_t port, unsigned int bytes)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint32_t)read_port(machine, (uint16_t)(port + i)) << 8 * i;
	return value;
}

static void output(struct machine *machine, uint16_t port, unsigned int bytes, uint32_t value)
{
	if (port == DEBUG_EXIT_PORT)
		vcpu_exit(machine->vcpu, value << 1 | 1);
	for (unsigned int i = 0; i < bytes; i++)
		write_port(machine, (uint16_t)(port + i), (uint8_t)(value >> 8 * i));
}

static uint64_t mask_of(unsigned int bytes)
{
	return bytes == 8 ? UINT64_MAX : (1ull << 8 * bytes) - 1;
}

/* A register of which an instruction changes the lowest bytes: 4 of them clear the rest. */
static uint64_t merged(uint64_t old, uint64_t value, unsigned int bytes)
{
	if (bytes == 4)
		return (uint32_t)value;
	return (old & ~mask_of(bytes)) | (value & mask_of(bytes));
}

/* Where a string instruction finds its memory. */
struct string_operand {
	enum vmcs_segment segment;
	unsigned int address_bytes; /* of RCX, RSI and RDI that count: 2, 4 or 8 */
};

/*
 * CPUs without this information are old; there the segment's default is taken, which prefixes
 * could override.
 */
static struct string_operand string_operand(const struct vcpu *vcpu, bool in)
{
	struct string_operand operand = {.segment = in ? VMCS_SEGMENT_ES : VMCS_SEGMENT_DS};
	uint64_t information, access_rights;

	if (vcpu->capability->ins_outs_information) {
		information = vmread(VMCS_VM_EXIT_INSTRUCTION_INFORMATION);
		operand.address_bytes = 2u << IO_INFORMATION_ADDRESS_SIZE(information);
		if (!in && IO_INFORMATION_SEGMENT(information) <= VMCS_SEGMENT_GS)
			operand.segment = (enum vmcs_segment)IO_INFORMATION_SEGMENT(information);
		return operand;
	}
	access_rights = vmread(VMCS_GUEST_CS_ACCESS_RIGHTS);
	operand.address_bytes = (access_rights & SEGMENT_L) != 0    ? 8
				: (access_rights & SEGMENT_DB) != 0 ? 4
								    : 2;
	return operand;
}

/*
 * The exit comes before the CPU's own checks of the segment (SDM, "Relative Priority of Faults and
 * VM Exits"), so they are made here: "Limit Checking" and "Type Checking". Not for 64-bit code,
 * which has no limits.
 */
static bool segment_allows(enum vmcs_segment segment, bool in, uint64_t offset, unsigned int bytes)
{
	uint64_t access_rights = vmread(VMCS_GUEST_ACCESS_RIGHTS(segment));
	uint64_t limit = vmread(VMCS_GUEST_LIMIT(segment)), last = offset + bytes - 1;
	bool code = (access_rights & SEGMENT_TYPE_CODE) != 0;

	if ((access_rights & SEGMENT_UNUSABLE) != 0 ||
	    (in && (code || (access_rights & SEGMENT_TYPE_WRITABLE) == 0)) ||
	    (!in && code && (access_rights & SEGMENT_TYPE_READABLE) == 0))
		return false;
	if (!code && (access_rights & SEGMENT_TYPE_EXPAND_DOWN) != 0)
		return offset > limit &&
		       last <= ((access_rights & SEGMENT_DB) != 0 ? 0xffffffff : 0xffff);
	return last <= limit;
}

static void inject_fault(struct vcpu *vcpu, const struct guest_fault *fault)
{
	if (fault->page_fault)
		vcpu_inject_pf(vcpu, fault->address, fault->error_code);
	else
		vcpu_inject_gp(vcpu);
}

/* Elements of a REP INS or OUTS done in one exit: the rest come in the next, so time is bounded. */
#define MOST_ELEMENTS 256

/* A string instruction that exited, and where it has got to. */
struct string_access {
	struct string_operand operand;
	unsigned int bytes; /* of an element */
	uint16_t port;
	bool in, wide;
	uint64_t base; /* of the segment */
	uint64_t offset, linear;
};

/*
 * How many of the elements from here on can be checked and copied at once: those in one page,
 * upwards, that neither wrap around nor leave the segment; or one.
 */
static unsigned int count_together(const struct string_access *access, uint64_t left,
				   bool downwards)
{
	uint64_t count = (PAGE_SIZE - access->linear % PAGE_SIZE) / access->bytes;
	uint64_t to_wrap =
		(mask_of(access->operand.address_bytes) - access->offset) / access->bytes;

	if (count > left)
		count = left;
	if (count > to_wrap)
		count = to_wrap;
	if (count > MOST_ELEMENTS)
		count = MOST_ELEMENTS;
	if (downwards || count == 0 ||
	    (!access->wide && !segment_allows(access->operand.segment, access->in, access->offset,
					      (unsigned int)count * access->bytes)))
		return 1;
	return (unsigned int)count;
}

/* buffer has room for 4 bytes at the last element: they are copied whatever its size. */
static void move_bytes_of_devices(struct machine *machine, const struct string_access *access,
				  uint8_t *buffer, uint32_t size)
{
	uint32_t mask = UINT32_MAX >> (32 - 8 * access->bytes), value;

	for (uint32_t at = 0; at < size; at += access->bytes) {
		if (access->in) {
			value = input(machine, access->port, access->bytes);
			__builtin_memcpy(buffer + at, &value, 4);
		} else {
			__builtin_memcpy(&value, buffer + at, 4);
			output(machine, access->port, access->bytes, value & mask);
		}
	}
}

/* First whether the memory is there, then the device: a byte is gone once read. */
static int move_elements(struct vcpu *vcpu, const struct string_access *access, unsigned int count,
			 struct guest_fault *fault)
{
	uint32_t size = count * access->bytes;
	uint8_t buffer[MOST_ELEMENTS * 4 + 4];

	if (access->in ? guest_check_write(vcpu, access->linear, size, fault) != 0
		       : guest_read(vcpu, access->linear, buffer, size, fault) != 0)
		return -SILL_EFAULT;
	if (door_port_is(vcpu, access->port)) {
		if (access->in)
			door_port_in_string(vcpu, access->port, buffer, size);
		else
			door_port_out_string(vcpu, access->port, buffer, size);
	} else {
		move_bytes_of_devices(machine_of(vcpu), access, buffer, size);
	}
	return access->in ? guest_write(vcpu, access->linear, buffer, size, fault) : 0;
}

/*
 * SDM, "INS/INSB/INSW/INSD" and "OUTS/OUTSB/OUTSW/OUTSD", "REP". The address is computed afresh for
 * each piece, since it wraps around within its size; the guest-linear address that the exit
 * reports would be undefined for an unusable segment.
 */
__attribute__((cold, noinline)) static void string_access(struct vcpu *vcpu, uint64_t qualification)
{
	struct string_access access = {
		.operand = string_operand(vcpu, IO_ACCESS_IN(qualification)),
		.bytes = IO_ACCESS_BYTES(qualification),
		.port = (uint16_t)IO_ACCESS_PORT(qualification),
		.in = IO_ACCESS_IN(qualification),
		.wide = vcpu_in_64_bit_code(),
	};
	bool rep = IO_ACCESS_REP(qualification);
	bool downwards = (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_DF) != 0;
	uint64_t *pointer = access.in ? &vcpu->registers.rdi : &vcpu->registers.rsi;
	uint64_t *counter = &vcpu->registers.rcx;
	uint64_t left = rep ? *counter & mask_of(access.operand.address_bytes) : 1;

	if (!access.wide || access.operand.segment >= VMCS_SEGMENT_FS)
		access.base = vmread(VMCS_GUEST_BASE(access.operand.segment));
	for (unsigned int done = 0; done < MOST_ELEMENTS && left > 0;) {
		struct guest_fault fault;
		unsigned int count;
		uint64_t step;

		deadline_check(vcpu);
		access.offset = *pointer & mask_of(access.operand.address_bytes);
		access.linear = access.wide ? access.base + access.offset
					    : (uint32_t)(access.base + access.offset);
		if (!access.wide && !segment_allows(access.operand.segment, access.in,
						    access.offset, access.bytes)) {
			vcpu_inject_segment_fault(vcpu, access.operand.segment);
			return;
		}
		count = count_together(&access, left, downwards);
		if (move_elements(vcpu, &access, count, &fault) != 0) {
			inject_fault(vcpu, &fault);
			return;
		}
		step = (uint64_t)count * access.bytes;
		*pointer = merged(*pointer, downwards ? *pointer - step : *pointer + step,
				  access.operand.address_bytes);
		left -= count;
		done += count;
		if (rep)
			*counter = merged(*counter, left, access.operand.address_bytes);
	}
	if (left == 0)
		vcpu_advance(vcpu);
	else
		vcpu_repeat(vcpu);
}

/* Apart from the door, whose path is short enough for a stack frame to count. */
__attribute__((hot, noinline)) static void access_port(struct vcpu *vcpu, uint64_t qualification)
{
	unsigned int bytes = IO_ACCESS_BYTES(qualification);
	uint16_t port = (uint16_t)IO_ACCESS_PORT(qualification);

	if (IO_ACCESS_STRING(qualification)) {
		string_access(vcpu, qualification);
		return;
	}
	if (IO_ACCESS_IN(qualification))
		vcpu->registers.rax =
			merged(vcpu->registers.rax, input(machine_of(vcpu), port, bytes), bytes);
	else
		output(machine_of(vcpu), port, bytes,
		       (uint32_t)(vcpu->registers.rax & mask_of(bytes)));
	vcpu_advance(vcpu);
}

__attribute__((hot)) void guest_exit_io(struct vcpu *vcpu)
{
	uint64_t qualification = vmread_counted(VMCS_EXIT_QUALIFICATION);

	if (!IO_ACCESS_STRING(qualification) && door_port_is(vcpu, IO_ACCESS_PORT(qualification)))
		door_port_access(vcpu, qualification);
	else
		access_port(vcpu, qualification);
}
