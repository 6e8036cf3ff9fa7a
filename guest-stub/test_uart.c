/* SPDX-License-Identifier: MIT */
/* The 16550 UART: its registers beyond what the console itself proves. */
#include "console.h"
#include "cpu.h"
#include "suite.h"
#include "tap.h"

void test_uart(void)
{
	uint8_t lcr, mcr, ier, low, high, new_low, new_high, lines, received = 0;
	bool ready = false;

	out8(UART_SCR, 0x5a);
	tap_equal(in8(UART_SCR), 0x5a, "UART: the scratch register keeps 5Ah");
	out8(UART_SCR, 0xa5);
	tap_equal(in8(UART_SCR), 0xa5, "UART: the scratch register keeps A5h");
	tap_equal(in8(UART_LSR) & (UART_LSR_THRE | UART_LSR_TEMT), UART_LSR_THRE | UART_LSR_TEMT,
		  "UART: the line status says that there is room");
	tap_equal(in8(UART_LSR) & 0x9e, 0, "UART: the line status knows no error");
	tap_equal(in8(UART_IIR) & 0x0f, 1, "UART: no interrupt is pending");

	lcr = in8(UART_LCR);
	tap_equal(lcr, 3, "UART: the line control register reads as written");
	out8(UART_LCR, lcr | 0x80);
	low = in8(UART_DATA);
	high = in8(UART_IER);
	out8(UART_DATA, 0x34);
	out8(UART_IER, 0x12);
	new_low = in8(UART_DATA);
	new_high = in8(UART_IER);
	out8(UART_DATA, low);
	out8(UART_IER, high);
	out8(UART_LCR, lcr);
	/* Only now can anything be printed: the data register was the divisor's. */
	tap_equal(new_low, 0x34, "UART: the divisor's low byte reads as written");
	tap_equal(new_high, 0x12, "UART: the divisor's high byte reads as written");
	tap_ok(low == 1 && high == 0, "UART: the divisor was 1, as the console had set it");

	ier = in8(UART_IER);
	tap_equal(ier, 0, "UART: the divisor was not the interrupt enable register");
	out8(UART_IER, 0x0f);
	tap_equal(in8(UART_IER), 0x0f, "UART: the interrupt enable register keeps its four bits");
	out8(UART_IER, 0);

	/* What is still on its way out must not come back in. */
	for (int i = 0; i < 100000 && !(in8(UART_LSR) & UART_LSR_TEMT); i++)
		;
	mcr = in8(UART_MCR);
	tap_equal(mcr, 3, "UART: the modem control register reads as written");
	out8(UART_MCR, 0x1a);
	lines = in8(UART_MSR) & 0xf0;
	while (in8(UART_LSR) & UART_LSR_DR)
		in8(UART_DATA);
	out8(UART_DATA, 'L');
	for (int i = 0; i < 10000 && !ready; i++)
		ready = in8(UART_LSR) & UART_LSR_DR;
	if (ready)
		received = in8(UART_DATA);
	out8(UART_MCR, mcr);
	tap_equal(lines, 0x90, "UART: loopback shows RTS and OUT2 as CTS and DCD");
	tap_equal(received, 'L', "UART: loopback receives what is sent");
	tap_equal(in8(UART_LSR) & UART_LSR_DR, 0, "UART: and only once");
}
