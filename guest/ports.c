/* SPDX-License-Identifier: MIT */
/* The I/O ports of a machine, and the VM exits of the instructions that access them. */
#include "guest/ports.h"

#include "core/console.h"
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/log.h"
#include "core/rtc.h"
#include "core/string.h"
#include "core/time.h"
#include "vmx/deadline.h"
#include "vmx/exit.h"
#include "vmx/guest_memory.h"

#include <sill/hypercall.h>

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
		virtual_cmos_write(&machine->cmos, port - RTC_INDEX_PORT, value);
		break;
	case SILL_DOORBELL_PORT:
		break;
	default:
		tell_once(machine, "writes to", port);
		break;
	}
}

/* All devices here are one byte wide: a wider access is one to each of the ports it covers. */
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
#define MOST_ELEMENTS 64

/*
 * SDM, "INS/INSB/INSW/INSD" and "OUTS/OUTSB/OUTSW/OUTSD", "REP". The address is computed afresh for
 * each element, since it wraps around within its size; the guest-linear address that the exit
 * reports would be undefined for an unusable segment.
 */
__attribute__((cold, noinline)) static void string_access(struct vcpu *vcpu, uint64_t qualification)
{
	struct machine *machine = machine_of(vcpu);
	unsigned int bytes = IO_ACCESS_BYTES(qualification);
	uint16_t port = (uint16_t)IO_ACCESS_PORT(qualification);
	bool in = IO_ACCESS_IN(qualification), rep = IO_ACCESS_REP(qualification);
	struct string_operand operand = string_operand(vcpu, in);
	uint64_t *pointer = in ? &vcpu->registers.rdi : &vcpu->registers.rsi;
	uint64_t *counter = &vcpu->registers.rcx;
	uint64_t left = rep ? *counter & mask_of(operand.address_bytes) : 1;
	uint64_t step = (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_DF) != 0 ? -(uint64_t)bytes : bytes;
	bool wide = vcpu_in_64_bit_code();
	uint64_t base = wide && operand.segment < VMCS_SEGMENT_FS
				? 0
				: vmread(VMCS_GUEST_BASE(operand.segment));

	for (int i = 0; i < MOST_ELEMENTS && left > 0; i++, left--) {
		uint64_t offset = *pointer & mask_of(operand.address_bytes);
		uint64_t linear = wide ? base + offset : (uint32_t)(base + offset);
		struct guest_fault fault;
		uint32_t value = 0;

		deadline_check(vcpu);
		if (!wide && !segment_allows(operand.segment, in, offset, bytes)) {
			vcpu_inject_segment_fault(vcpu, operand.segment);
			return;
		}
		/* First whether the memory is there, then the device: a byte is gone once read. */
		if (in ? guest_check_write(vcpu, linear, bytes, &fault) != 0
		       : guest_read(vcpu, linear, &value, bytes, &fault) != 0) {
			inject_fault(vcpu, &fault);
			return;
		}
		if (in) {
			value = input(machine, port, bytes);
			if (guest_write(vcpu, linear, &value, bytes, &fault) != 0) {
				inject_fault(vcpu, &fault);
				return;
			}
		} else {
			output(machine, port, bytes, value);
		}
		*pointer = merged(*pointer, *pointer + step, operand.address_bytes);
		if (rep)
			*counter = merged(*counter, left - 1, operand.address_bytes);
	}
	if (left == 0)
		vcpu_advance(vcpu);
}

__attribute__((hot)) void guest_exit_io(struct vcpu *vcpu)
{
	uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
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
