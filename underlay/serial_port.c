/* SPDX-License-Identifier: MIT */
/* Sill's own serial port, hidden; see underlay/serial_port.h. */
#include "underlay/serial_port.h"

#include "core/memory.h"
#include "vmx/exit.h"

#define UART_PORTS 8

uint8_t *serial_port_hide(uint32_t port)
{
	uint8_t *bitmaps = pages_allocate(2);

	for (uint32_t i = port; bitmaps != NULL && i < port + UART_PORTS; i++)
		bitmaps[i / 8] |= (uint8_t)(1u << i % 8);
	return bitmaps;
}

/*
 * Where no device answers, a read gives all ones and a write is lost. That is all for IN and OUT;
 * INS and OUTS, which nobody uses to look for a UART, move on without touching memory.
 */
void underlay_exit_io(struct vcpu *vcpu)
{
	uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
	uint64_t *rax = &vcpu->registers.rax;

	if (IO_ACCESS_IN(qualification) && !IO_ACCESS_STRING(qualification)) {
		uint32_t size = IO_ACCESS_BYTES(qualification);

		if (size == 4)
			*rax = 0xffffffff;
		else
			*rax |= (1ull << size * 8) - 1;
	}
	vcpu_advance(vcpu);
}
