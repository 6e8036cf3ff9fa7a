/* SPDX-License-Identifier: MIT */
/* The ports that are Sill's; see underlay/ports.h. */
#include "underlay/ports.h"

#include "core/memory.h"
#include "core/uart_registers.h"
#include "doors/doors.h"
#include "vmx/exit.h"

static uint32_t hidden_ports[2];

static void trap(uint8_t *bitmaps, uint32_t port, uint32_t count)
{
	for (uint32_t i = port; i < port + count; i++)
		bitmaps[i / 8] |= (uint8_t)(1u << i % 8);
}

uint8_t *underlay_ports_trap(uint32_t serial_port, uint32_t link_port, bool door)
{
	uint8_t *bitmaps = pages_allocate(2);

	if (bitmaps == NULL)
		return NULL;
	hidden_ports[0] = serial_port;
	hidden_ports[1] = link_port;
	for (unsigned int i = 0; i < 2; i++) {
		if (hidden_ports[i] != 0)
			trap(bitmaps, hidden_ports[i], UART_PORT_COUNT);
	}
	if (door)
		trap(bitmaps, SILL_DOOR_PORTS, SILL_DOOR_PORT_COUNT);
	return bitmaps;
}

/*
 * Where no device answers, a read gives all ones and a write is lost. But the firmware may have
 * begun to use the UART before Sill came, and all ones in its line status would be a byte to read,
 * again and again. So that register says that nothing was received and all was sent; an OS that
 * looks for a UART goes by others.
 *
 * That is all for IN and OUT; INS and OUTS, which nobody uses to look for a UART, move on without
 * touching memory, and the door takes them for wrong use.
 */
void underlay_exit_io(struct vcpu *vcpu)
{
	uint64_t qualification = vmread_counted(VMCS_EXIT_QUALIFICATION);
	uint32_t port = IO_ACCESS_PORT(qualification);
	uint64_t *rax = &vcpu->registers.rax;

	if (door_port_is(vcpu, port) && !IO_ACCESS_STRING(qualification)) {
		door_port_access(vcpu, qualification);
		return;
	}
	if (door_port_is(vcpu, port)) {
		door_port_reject(vcpu);
	} else if (IO_ACCESS_IN(qualification) && !IO_ACCESS_STRING(qualification)) {
		uint32_t size = IO_ACCESS_BYTES(qualification);

		if ((port == hidden_ports[0] + UART_LSR || port == hidden_ports[1] + UART_LSR) &&
		    size == 1)
			*rax = (*rax & ~0xffull) | UART_LSR_THR_EMPTY | UART_LSR_EMPTY;
		else if (size == 4)
			*rax = 0xffffffff;
		else
			*rax |= (1ull << size * 8) - 1;
	}
	vcpu_advance(vcpu);
}
