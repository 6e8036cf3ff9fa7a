/* SPDX-License-Identifier: MIT */
/*
 * A guest's serial port, see guest/virtual_uart.h. All rules are those of the National
 * Semiconductor data sheet "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs".
 */
#include "guest/virtual_uart.h"

#include <stddef.h>

/* Bits that hold what is written to them. */
#define IER_BITS 0x0f
#define MCR_BITS 0x1f
/* 08h: DMA mode, of no effect here. */
#define FCR_BITS (UART_FCR_ENABLE | 0x08 | UART_FCR_TRIGGER)

/* A far end that is always there and ready. */
#define MSR_CONNECTED UART_MSR_CTS_DSR_DCD

/*
 * The data sheet leaves the divisor undefined after power-on. Not 0, so that a guest that works
 * out the speed from it need not divide by 0.
 */
#define DIVISOR_POWER_ON 1

void virtual_uart_init(struct virtual_uart *uart, void (*transmit)(void *context, uint8_t byte),
		       int (*receive)(void *context), void *context)
{
	*uart = (struct virtual_uart){.direct = true,
				      .msr = MSR_CONNECTED,
				      .divisor = DIVISOR_POWER_ON,
				      .transmit = transmit,
				      .receive = receive,
				      .context = context};
}

static bool is_loop(const struct virtual_uart *uart)
{
	return uart->mcr & UART_MCR_LOOP;
}

static unsigned int receiver_room(const struct virtual_uart *uart)
{
	return uart->fcr & UART_FCR_ENABLE ? UART_FIFO_SIZE : 1;
}

static void put_received(struct virtual_uart *uart, uint8_t byte)
{
	unsigned int last = uart->fifo_first + uart->fifo_count++;

	uart->fifo[last % UART_FIFO_SIZE] = byte;
}

/* Fetches what the far end has for us. In loop-back the receiver is cut off from it. */
static void receive(struct virtual_uart *uart)
{
	if (!uart->receive || is_loop(uart))
		return;
	while (uart->fifo_count < receiver_room(uart)) {
		int byte = uart->receive(uart->context);

		if (byte < 0)
			return;
		put_received(uart, (uint8_t)byte);
	}
}

/*
 * A byte that was sent in loop-back, of as many bits as a character has. When the receiver is
 * full, the FIFO keeps what it has and the new byte is lost; without FIFOs it takes RBR's place.
 */
static void loop_back(struct virtual_uart *uart, uint8_t byte)
{
	byte &= (uint8_t)(0xff >> (3 - (uart->lcr & UART_LCR_LENGTH)));
	if (uart->fifo_count < receiver_room(uart)) {
		put_received(uart, byte);
		return;
	}
	uart->lsr_errors |= UART_LSR_OVERRUN;
	if (!(uart->fcr & UART_FCR_ENABLE))
		uart->fifo[uart->fifo_first] = byte;
}

static uint8_t read_rbr(struct virtual_uart *uart)
{
	uint8_t byte;

	receive(uart);
	byte = uart->fifo[uart->fifo_first];
	if (uart->fifo_count > 0) {
		uart->fifo_count--;
		/* RBR goes on showing the last byte. */
		if (uart->fifo_count > 0)
			uart->fifo_first = (uart->fifo_first + 1) % UART_FIFO_SIZE;
	}
	return byte;
}

/* The pending interrupt of the highest priority; "Interrupt Control Functions". */
static uint8_t read_iir(struct virtual_uart *uart)
{
	static const uint8_t triggers[] = {1, 4, 8, 14};
	bool fifos = uart->fcr & UART_FCR_ENABLE;
	uint8_t high = fifos ? UART_IIR_FIFOS : 0;

	if ((uart->ier & UART_IER_LINE) && uart->lsr_errors)
		return high | UART_IIR_LINE;
	if (uart->ier & UART_IER_RECEIVED) {
		receive(uart);
		if (uart->fifo_count >= (fifos ? triggers[uart->fcr >> 6] : 1))
			return high | UART_IIR_RECEIVED;
		/* All that the far end has is here: more will not come within four characters. */
		if (uart->fifo_count > 0)
			return high | UART_IIR_TIMEOUT;
	}
	if ((uart->ier & UART_IER_THR_EMPTY) && uart->transmitter_empty) {
		uart->transmitter_empty = false; /* told once */
		return high | UART_IIR_THR_EMPTY;
	}
	if ((uart->ier & UART_IER_MODEM) && (uart->msr & 0x0f))
		return high | UART_IIR_MODEM;
	return high | UART_IIR_NONE;
}

static uint8_t read_lsr(struct virtual_uart *uart)
{
	uint8_t value = UART_LSR_THR_EMPTY | UART_LSR_EMPTY | uart->lsr_errors;

	receive(uart);
	uart->lsr_errors = 0;
	return uart->fifo_count > 0 ? value | UART_LSR_DATA : value;
}

/* The lines have a new state: note which changed. RI counts only when it ends. */
static void set_modem_lines(struct virtual_uart *uart, uint8_t lines)
{
	uint8_t changed = (uart->msr ^ lines) & 0xf0, deltas = uart->msr & 0x0f;

	deltas |= (uint8_t)((changed & ~UART_MSR_RI) >> 4);
	if ((changed & UART_MSR_RI) && !(lines & UART_MSR_RI))
		deltas |= UART_MSR_RI_ENDED;
	uart->msr = lines | deltas;
}

static void write_mcr(struct virtual_uart *uart, uint8_t value)
{
	uint8_t lines = MSR_CONNECTED;

	uart->mcr = value & MCR_BITS;
	if (is_loop(uart))
		lines = (uart->mcr & UART_MCR_RTS ? UART_MSR_CTS : 0) |
			(uart->mcr & UART_MCR_DTR ? UART_MSR_DSR : 0) |
			(uart->mcr & UART_MCR_OUT1 ? UART_MSR_RI : 0) |
			(uart->mcr & UART_MCR_OUT2 ? UART_MSR_DCD : 0);
	set_modem_lines(uart, lines);
}

/*
 * "Bit 0 must be a 1 when other FCR bits are written to or they will not be programmed." Changing
 * it empties the FIFOs.
 */
static void write_fcr(struct virtual_uart *uart, uint8_t value)
{
	if (!(value & UART_FCR_ENABLE))
		value = 0;
	if (((value ^ uart->fcr) & UART_FCR_ENABLE) || (value & UART_FCR_CLEAR_RX))
		uart->fifo_count = 0;
	uart->fcr = value & FCR_BITS;
}

static void write_ier(struct virtual_uart *uart, uint8_t value)
{
	/* Enabling this interrupt while the transmitter is empty, as it always is, raises it. */
	if (value & ~uart->ier & UART_IER_THR_EMPTY)
		uart->transmitter_empty = true;
	uart->ier = value & IER_BITS;
}

uint8_t virtual_uart_read(struct virtual_uart *uart, unsigned int offset)
{
	bool dlab = uart->lcr & UART_LCR_DLAB;
	uint8_t value;

	switch (offset) {
	case UART_DATA:
		return dlab ? (uint8_t)uart->divisor : read_rbr(uart);
	case UART_IER:
		return dlab ? (uint8_t)(uart->divisor >> 8) : uart->ier;
	case UART_IIR:
		return read_iir(uart);
	case UART_LCR:
		return uart->lcr;
	case UART_MCR:
		return uart->mcr;
	case UART_LSR:
		return read_lsr(uart);
	case UART_MSR:
		value = uart->msr;
		uart->msr &= 0xf0;
		return value;
	case UART_SCR:
		return uart->scr;
	default:
		return 0xff;
	}
}

void virtual_uart_write(struct virtual_uart *uart, unsigned int offset, uint8_t value)
{
	/* A guest that prints does this for every byte: nothing before it. */
	if (__builtin_expect(offset == UART_DATA && uart->direct, true)) {
		uart->transmitter_empty = true;
		uart->transmit(uart->context, value);
		return;
	}

	switch (offset) {
	case UART_DATA:
		if (uart->lcr & UART_LCR_DLAB) {
			uart->divisor = (uart->divisor & 0xff00) | value;
			return;
		}
		uart->transmitter_empty = true;
		loop_back(uart, value);
		return;
	case UART_IER:
		if (uart->lcr & UART_LCR_DLAB)
			uart->divisor = (uint16_t)(value << 8 | (uart->divisor & 0xff));
		else
			write_ier(uart, value);
		return;
	case UART_FCR:
		write_fcr(uart, value);
		return;
	case UART_LCR:
		uart->lcr = value;
		break;
	case UART_MCR:
		write_mcr(uart, value);
		break;
	case UART_SCR:
		uart->scr = value;
		return;
	default: /* LSR and MSR are for reading; writing them is for factory tests */
		return;
	}
	uart->direct = !(uart->lcr & UART_LCR_DLAB) && !is_loop(uart);
}
