/* SPDX-License-Identifier: MIT */
/* UNIT: guest/virtual_uart.c */
/* The guest's 16550: registers as the PC16550D data sheet has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest/virtual_uart.h"

struct line {
	struct virtual_uart uart;
	uint8_t sent[64];
	unsigned int sent_count;
	const char *incoming;
	unsigned int asked;
};

static void transmit(void *context, uint8_t byte)
{
	struct line *line = context;

	assert_true(line->sent_count < sizeof(line->sent));
	line->sent[line->sent_count++] = byte;
}

static int receive(void *context)
{
	struct line *line = context;

	line->asked++;
	return line->incoming && *line->incoming ? (uint8_t)*line->incoming++ : -1;
}

static void start(struct line *line, const char *incoming)
{
	*line = (struct line){.incoming = incoming};
	virtual_uart_init(&line->uart, transmit, receive, line);
}

static void out(struct line *line, unsigned int offset, uint8_t value)
{
	virtual_uart_write(&line->uart, offset, value);
}

static void in(struct line *line, unsigned int offset, uint8_t expected)
{
	assert_int_equal(virtual_uart_read(&line->uart, offset), expected);
}

static void test_power_on(void **state)
{
	struct line line;

	(void)state;
	start(&line, NULL);
	in(&line, UART_DATA, 0);
	in(&line, UART_IER, 0);
	in(&line, UART_IIR, 0x01);
	in(&line, UART_LCR, 0);
	in(&line, UART_MCR, 0);
	in(&line, UART_LSR, 0x60);
	in(&line, UART_MSR, 0xb0);
	in(&line, UART_SCR, 0);
	in(&line, 8, 0xff);
	in(&line, ~0u, 0xff);
	out(&line, 8, 0x55);
	out(&line, ~0u, 0x55);
	assert_int_equal(line.sent_count, 0);
}

static void test_stored_bits(void **state)
{
	struct line line;

	(void)state;
	start(&line, NULL);
	for (unsigned int value = 0; value < 256; value++) {
		out(&line, UART_SCR, (uint8_t)value);
		in(&line, UART_SCR, (uint8_t)value);
		out(&line, UART_IER, (uint8_t)value);
		in(&line, UART_IER, value & 0x0f);
		out(&line, UART_MCR, (uint8_t)value);
		in(&line, UART_MCR, value & 0x1f);
		out(&line, UART_LCR, (uint8_t)value);
		in(&line, UART_LCR, (uint8_t)value);
		out(&line, UART_LCR, 0);
	}
	out(&line, UART_MCR, 0);
	(void)virtual_uart_read(&line.uart, UART_MSR);
	out(&line, UART_LSR, 0x1f);
	out(&line, UART_MSR, 0x4f);
	in(&line, UART_LSR, 0x60);
	in(&line, UART_MSR, 0xb0);
}

static void test_transmits(void **state)
{
	struct line line;

	(void)state;
	start(&line, NULL);
	for (unsigned int i = 0; i < 40; i++) {
		out(&line, UART_DATA, (uint8_t)(i * 7));
		in(&line, UART_LSR, 0x60);
	}
	assert_int_equal(line.sent_count, 40);
	for (unsigned int i = 0; i < 40; i++)
		assert_int_equal(line.sent[i], (uint8_t)(i * 7));
}

static void test_divisor(void **state)
{
	struct line line;

	(void)state;
	start(&line, "x");
	out(&line, UART_LCR, UART_LCR_DLAB | UART_LCR_8N1);
	assert_true(virtual_uart_read(&line.uart, 0) | virtual_uart_read(&line.uart, 1));
	out(&line, UART_DATA, 0x34);
	out(&line, UART_IER, 0x12);
	in(&line, UART_DATA, 0x34);
	in(&line, UART_IER, 0x12);
	out(&line, UART_DATA, 0x0c);
	in(&line, UART_IER, 0x12);
	assert_int_equal(line.sent_count, 0);
	out(&line, UART_LCR, UART_LCR_8N1);
	in(&line, UART_IER, 0);
	in(&line, UART_DATA, 'x');
	out(&line, UART_DATA, 'y');
	assert_int_equal(line.sent_count, 1);
	out(&line, UART_LCR, UART_LCR_DLAB);
	in(&line, UART_DATA, 0x0c);
	in(&line, UART_IER, 0x12);
}

static void test_receives(void **state)
{
	struct line line;

	(void)state;
	start(&line, "hello, this is more than sixteen bytes");
	in(&line, UART_LSR, 0x61);
	in(&line, UART_LSR, 0x61);
	/* Without FIFOs one byte is taken, the others stay with who sends. */
	assert_int_equal(line.asked, 1);
	assert_string_equal(line.incoming, "ello, this is more than sixteen bytes");
	in(&line, UART_DATA, 'h');
	in(&line, UART_DATA, 'e'); /* no need to look first */
	out(&line, UART_FCR, UART_FCR_ENABLE);
	in(&line, UART_LSR, 0x61);
	assert_string_equal(line.incoming, "e than sixteen bytes");
	for (const char *c = "llo, this is more than sixteen bytes"; *c; c++) {
		in(&line, UART_LSR, 0x61);
		in(&line, UART_DATA, (uint8_t)*c);
	}
	in(&line, UART_LSR, 0x60);
	in(&line, UART_DATA, 's'); /* RBR still shows it */
	in(&line, UART_LSR, 0x60);

	/* All byte values, and a line that nobody sends on. */
	start(&line, "\xff\x80");
	in(&line, UART_DATA, 0xff);
	in(&line, UART_DATA, 0x80);
	line.uart.receive = NULL;
	in(&line, UART_LSR, 0x60);
}

static void test_fifo_control(void **state)
{
	struct line line;

	(void)state;
	start(&line, NULL);
	out(&line, UART_FCR, 0xc0); /* not without bit 0 */
	in(&line, UART_IIR, 0x01);
	out(&line, UART_FCR, UART_FCR_ENABLE);
	in(&line, UART_IIR, 0xc1);
	line.incoming = "abc";
	in(&line, UART_LSR, 0x61);
	out(&line, UART_FCR, UART_FCR_ENABLE | 0x04); /* the transmitter's FIFO only */
	in(&line, UART_LSR, 0x61);
	out(&line, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_RX);
	in(&line, UART_LSR, 0x60);
	line.incoming = "abc";
	in(&line, UART_LSR, 0x61);
	out(&line, UART_FCR, 0);
	in(&line, UART_IIR, 0x01);
	in(&line, UART_LSR, 0x60);
	line.incoming = "d";
	in(&line, UART_LSR, 0x61);
	out(&line, UART_FCR, UART_FCR_CLEAR_RX); /* not programmed */
	in(&line, UART_DATA, 'd');
	line.incoming = "e";
	in(&line, UART_LSR, 0x61);
	out(&line, UART_FCR, UART_FCR_ENABLE);
	in(&line, UART_LSR, 0x60);
}

static void test_interrupt_causes(void **state)
{
	static const struct {
		uint8_t fcr, level;
	} triggers[] = {{0x01, 1}, {0x41, 4}, {0x81, 8}, {0xc1, 14}};
	struct line line;

	(void)state;
	start(&line, NULL);
	/* The transmitter is empty: told once when enabled, and after each byte. */
	out(&line, UART_IER, UART_IER_THR_EMPTY);
	in(&line, UART_IIR, 0x02);
	in(&line, UART_IIR, 0x01);
	out(&line, UART_IER, UART_IER_THR_EMPTY);
	in(&line, UART_IIR, 0x01);
	out(&line, UART_DATA, 'a');
	in(&line, UART_IIR, 0x02);
	in(&line, UART_IIR, 0x01);
	out(&line, UART_DATA, 'a');
	out(&line, UART_IER, 0);
	in(&line, UART_IIR, 0x01);

	/* Received data. */
	line.incoming = "b";
	in(&line, UART_IIR, 0x01);
	assert_string_equal(line.incoming, "b");
	out(&line, UART_IER, UART_IER_RECEIVED | UART_IER_THR_EMPTY);
	in(&line, UART_IIR, 0x04);
	in(&line, UART_IIR, 0x04);
	in(&line, UART_DATA, 'b');
	in(&line, UART_IIR, 0x02);
	for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
		out(&line, UART_IER, UART_IER_RECEIVED);
		out(&line, UART_FCR, triggers[i].fcr);
		line.incoming = "0123456789ABCDEF";
		for (uint8_t left = 16; left > 0; left--) {
			in(&line, UART_IIR, left >= triggers[i].level ? 0xc4 : 0xcc);
			(void)virtual_uart_read(&line.uart, UART_DATA);
		}
		in(&line, UART_IIR, 0xc1);
	}
	out(&line, UART_FCR, 0);

	/* Modem lines, and an overrun before all others. */
	out(&line, UART_IER, 0x0f);
	in(&line, UART_IIR, 0x02);
	in(&line, UART_IIR, 0x01);
	out(&line, UART_MCR, UART_MCR_LOOP);
	in(&line, UART_IIR, 0x00);
	out(&line, UART_DATA, 1);
	in(&line, UART_IIR, 0x04);
	out(&line, UART_DATA, 2);
	in(&line, UART_IIR, 0x06);
	in(&line, UART_LSR, 0x63);
	in(&line, UART_IIR, 0x04);
	in(&line, UART_DATA, 2);
	in(&line, UART_IIR, 0x02);
	in(&line, UART_IIR, 0x00);
	in(&line, UART_MSR, 0x0b);
	in(&line, UART_IIR, 0x01);
}

static void test_loop_data(void **state)
{
	struct line line;

	(void)state;
	start(&line, "from outside");
	out(&line, UART_LCR, UART_LCR_8N1);
	out(&line, UART_MCR, UART_MCR_LOOP);
	in(&line, UART_LSR, 0x60);
	assert_int_equal(line.asked, 0);
	out(&line, UART_DATA, 0xa5);
	in(&line, UART_LSR, 0x61);
	in(&line, UART_DATA, 0xa5);
	in(&line, UART_LSR, 0x60);

	/* Overrun: RBR has the newer byte. Reading LSR clears it. */
	out(&line, UART_DATA, 1);
	out(&line, UART_DATA, 2);
	in(&line, UART_LSR, 0x63);
	in(&line, UART_LSR, 0x61);
	in(&line, UART_DATA, 2);

	/* With FIFOs the older bytes stay. */
	out(&line, UART_FCR, UART_FCR_ENABLE);
	for (uint8_t i = 0; i < 16; i++)
		out(&line, UART_DATA, i);
	in(&line, UART_LSR, 0x61);
	out(&line, UART_DATA, 16);
	in(&line, UART_LSR, 0x63);
	for (uint8_t i = 0; i < 16; i++)
		in(&line, UART_DATA, i);
	in(&line, UART_LSR, 0x60);
	/* Wrapped around. */
	for (uint8_t i = 0; i < 40; i++) {
		out(&line, UART_DATA, i);
		out(&line, UART_DATA, (uint8_t)~i);
		in(&line, UART_DATA, i);
		in(&line, UART_DATA, (uint8_t)~i);
	}

	/* Shorter characters. */
	for (uint8_t length = 0; length < 4; length++) {
		out(&line, UART_LCR, length);
		out(&line, UART_DATA, 0xff);
		in(&line, UART_DATA, (uint8_t)(0xff >> (3 - length)));
	}
	assert_int_equal(line.sent_count, 0);
	out(&line, UART_LCR, UART_LCR_DLAB); /* the divisor goes before the loop */
	out(&line, UART_DATA, 0x77);
	out(&line, UART_LCR, 0);
	in(&line, UART_LSR, 0x60);

	out(&line, UART_MCR, 0);
	out(&line, UART_DATA, 'x');
	assert_int_equal(line.sent_count, 1);
	in(&line, UART_DATA, 'f');
}

static void test_loop_lines(void **state)
{
	struct line line;

	(void)state;
	start(&line, NULL);
	out(&line, UART_MCR, 0x0f);
	in(&line, UART_MSR, 0xb0);
	out(&line, UART_MCR, UART_MCR_LOOP | 0x0b);
	in(&line, UART_MSR, 0xb0);
	out(&line, UART_MCR, UART_MCR_LOOP);
	in(&line, UART_MSR, 0x0b);
	in(&line, UART_MSR, 0x00);
	out(&line, UART_MCR, UART_MCR_LOOP | UART_MCR_DTR);
	in(&line, UART_MSR, 0x22);
	out(&line, UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	in(&line, UART_MSR, 0x13);
	out(&line, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
	in(&line, UART_MSR, 0x41);
	out(&line, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
	in(&line, UART_MSR, 0x8c);
	/* A change and back is a change. */
	out(&line, UART_MCR, UART_MCR_LOOP);
	out(&line, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
	in(&line, UART_MSR, 0x88);
	out(&line, UART_MCR, 0);
	in(&line, UART_MSR, 0xb3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power_on),	 cmocka_unit_test(test_stored_bits),
		cmocka_unit_test(test_transmits),	 cmocka_unit_test(test_divisor),
		cmocka_unit_test(test_receives),	 cmocka_unit_test(test_fifo_control),
		cmocka_unit_test(test_interrupt_causes), cmocka_unit_test(test_loop_data),
		cmocka_unit_test(test_loop_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
