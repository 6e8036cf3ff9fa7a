/* SPDX-License-Identifier: MIT */
/*
 * The serial port of a guest: a National Semiconductor PC16550D as software sees it that polls.
 * No interrupt is ever raised, the guest has no interrupt controller; the registers tell
 * nevertheless what would be pending. The far end is a pair of callbacks, never a real line:
 * bytes go out at once, at no baud rate and with all eight bits.
 */
#ifndef SILL_GUEST_VIRTUAL_UART_H
#define SILL_GUEST_VIRTUAL_UART_H

#include <stdbool.h>
#include <stdint.h>

#include "core/uart_registers.h"

struct virtual_uart {
	bool direct; /* a byte written to offset 0 goes straight out: neither DLAB nor loopback */
	bool transmitter_empty; /* the cause of this interrupt is not acknowledged yet */
	uint8_t ier, fcr, lcr, mcr, scr;
	uint8_t lsr_errors;
	uint8_t msr; /* the deltas and the lines */
	uint16_t divisor;
	uint8_t fifo[UART_FIFO_SIZE]; /* received bytes; without FIFO mode only one, RBR */
	uint8_t fifo_first, fifo_count;
	void (*transmit)(void *context, uint8_t byte);
	int (*receive)(void *context);
	void *context;
};

/*
 * Power-on state. transmit takes each byte the guest sends. receive returns the next byte for the
 * guest or -1 if there is none; it is asked when the guest looks, never for more than the
 * receiver has room for, so that nothing is lost on the way. NULL: nobody ever sends.
 */
void virtual_uart_init(struct virtual_uart *uart, void (*transmit)(void *context, uint8_t byte),
		       int (*receive)(void *context), void *context);

/* One byte-wide port access. offset is from the first port: 0 to 7; beyond there is nothing. */
uint8_t virtual_uart_read(struct virtual_uart *uart, unsigned int offset);
void virtual_uart_write(struct virtual_uart *uart, unsigned int offset, uint8_t value);

#endif
