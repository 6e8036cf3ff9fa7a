/* SPDX-License-Identifier: MIT */
/* A real 16550 UART, polled. An absent or broken one costs a bounded time, once. */
#ifndef SILL_CORE_UART_H
#define SILL_CORE_UART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uart {
	uint16_t port;	   /* of its first register; 0 = absent, or given up */
	uint8_t room;	   /* bytes that the transmit FIFO takes for certain */
	uint32_t patience; /* how often to look for room before giving it up */
};

/* Sets 8N1 and the FIFOs. Port 0 or a port where nothing answers leaves the UART absent. */
void uart_start(struct uart *uart, uint16_t port, uint32_t baud);

static inline bool uart_present(const struct uart *uart)
{
	return uart->port != 0;
}

/* Waits for room if need be; on an absent UART does nothing. */
void uart_put(struct uart *uart, uint8_t byte);

/* Waits until everything has left the UART, or its patience ends. */
void uart_flush(struct uart *uart);

/* The next received byte, or -1 if there is none. */
int uart_take(struct uart *uart);

/*
 * For who never waits. UART_RECEIVED: *byte is the next received byte; UART_LOST: bytes before the
 * next were lost, as nobody came for them; UART_ROOM: UART_FIFO_SIZE bytes can be sent by
 * uart_send(). Only of a UART that is present.
 */
#define UART_RECEIVED (1u << 0)
#define UART_LOST     (1u << 1)
#define UART_ROOM     (1u << 2)
unsigned int uart_look(const struct uart *uart, uint8_t *byte);
void uart_send(const struct uart *uart, const uint8_t *bytes, size_t count);

#endif
