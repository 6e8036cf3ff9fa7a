/* SPDX-License-Identifier: MIT */
/* Sill's own serial port, hidden; see underlay/serial_port.h. */
#include "underlay/serial_port.h"

#include "core/memory.h"
#include "core/uart_registers.h"
#include "vmx/exit.h"

static uint32_t hidden_port;

uint8_t *serial_port_hide(uint32_t port)
{
	uint8_t *bitmaps = pages_allocate(2);

	hidden_port = port;
	for (uint32_t i = port; bitmaps != NULL && i < port + UART_PORT_COUNT; i++)
		bitmaps[i / 8] |= (uint8_t)(1u << i % 8);
	return bitmaps;
}

/*
 * Where no device answers, a read gives all ones and a write is lost. But the firmware may have
 * begun to use the UART before Sill came, and all ones in its line status would be a byte to read,
 * again and again. So that register says that nothing was received and all was sent; an OS that
 * looks for a UART goes by others.
 *
 * That is all for IN and OUT; INS and OUTS, which nobody uses to look for a UART, move on without
 * touching memory.
 */
void underlay_exit_io(struct vcpu *vcpu)
{
	uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
	uint64_t *rax = &vcpu->registers.rax;

	if (IO_ACCESS_IN(qualification) && !IO_ACCESS_STRING(qualification)) {
		uint32_t size = IO_ACCESS_BYTES(qualification);

		if (IO_ACCESS_PORT(qualification) == hidden_port + UART_LSR && size == 1)
			*rax = (*rax & ~0xffull) | UART_LSR_THR_EMPTY | UART_LSR_EMPTY;
		else if (size == 4)
			*rax = 0xffffffff;
		else
			*rax |= (1ull << size * 8) - 1;
	}
	vcpu_advance(vcpu);
}
