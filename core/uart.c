/* SPDX-License-Identifier: MIT */
/* A real 16550 UART; see core/uart.h. */
#include "core/uart.h"

#include "core/cpu.h"
#include "core/uart_registers.h"

/* A port where nothing answers reads all ones; a UART in loopback gives the byte back. */
static bool answers(uint16_t port)
{
	const uint8_t probe = 0xa5;
	bool right;

	outb(port + UART_SCR, probe);
	if (inb(port + UART_SCR) != probe)
		return false;
	outb(port + UART_MCR, UART_MCR_LOOP);
	outb(port + UART_DATA, probe);
	right = false;
	for (int i = 0; i < 100000 && !right; i++) {
		if ((inb(port + UART_LSR) & UART_LSR_DATA) != 0)
			right = inb(port + UART_DATA) == probe;
	}
	outb(port + UART_MCR, UART_MCR_DTR_RTS);
	return right;
}

void uart_start(struct uart *uart, uint16_t port, uint32_t baud)
{
	uint16_t divisor = (uint16_t)(baud != 0 ? UART_CLOCK / baud : 1);

	*uart = (struct uart){0};
	if (port == 0)
		return;

	outb(port + UART_IER, 0); /* polled: no interrupts */
	outb(port + UART_LCR, UART_LCR_DLAB);
	outb(port + UART_DATA, (uint8_t)divisor);
	outb(port + UART_IER, (uint8_t)(divisor >> 8));
	outb(port + UART_LCR, UART_LCR_8N1);
	/*
	 * The trigger level is for interrupts, of which there are none here. But Bochs shows
	 * received bytes only from that level on, or when the line has been silent for three
	 * characters' time; and with a socket at the line's other end it takes the next byte only
	 * when all that it showed were read: at level 1 a byte a look.
	 */
	outb(port + UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR | UART_FCR_TRIGGER_8);
	if (!answers(port))
		return;

	uart->port = port;
	/*
	 * A full FIFO leaves within 160 bit times. A port read takes about a microsecond on real
	 * machines, less where it is emulated: four times that is patience enough, and the bound
	 * that keeps a UART that stopped from stopping Sill.
	 */
	uart->patience = 4 * (160u * 1000000u / (baud != 0 ? baud : UART_CLOCK)) + 10000;
}

void uart_put(struct uart *uart, uint8_t byte)
{
	uint32_t tries = uart->patience;

	if (uart->port == 0)
		return;
	while (uart->room == 0) {
		if ((inb(uart->port + UART_LSR) & UART_LSR_THR_EMPTY) != 0) {
			uart->room = UART_FIFO_SIZE;
		} else if (tries-- == 0) {
			uart->port = 0;
			return;
		}
	}
	uart->room--;
	outb(uart->port + UART_DATA, byte);
}

void uart_flush(struct uart *uart)
{
	uint32_t tries = uart->patience;

	while (uart->port != 0 && (inb(uart->port + UART_LSR) & UART_LSR_EMPTY) == 0 && tries-- > 0)
		;
}

int uart_take(struct uart *uart)
{
	if (uart->port == 0 || (inb(uart->port + UART_LSR) & UART_LSR_DATA) == 0)
		return -1;
	return inb(uart->port + UART_DATA);
}

unsigned int uart_look(const struct uart *uart, uint8_t *byte)
{
	uint8_t status = inb(uart->port + UART_LSR);
	unsigned int seen = 0;

	/* A port where nothing is any more reads all ones. */
	if (status == 0xff)
		return 0;
	if ((status & UART_LSR_DATA) != 0) {
		*byte = inb(uart->port + UART_DATA);
		seen |= UART_RECEIVED;
	}
	if ((status & UART_LSR_OVERRUN) != 0)
		seen |= UART_LOST;
	if ((status & UART_LSR_THR_EMPTY) != 0)
		seen |= UART_ROOM;
	return seen;
}

void uart_send(const struct uart *uart, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		outb(uart->port + UART_DATA, bytes[i]);
}
