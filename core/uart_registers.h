/* SPDX-License-Identifier: MIT */
/* The registers of a 16550 (National Semiconductor PC16550D data sheet), for driver and device. */
#ifndef SILL_CORE_UART_REGISTERS_H
#define SILL_CORE_UART_REGISTERS_H

/* Offsets from the first port. The first two are the divisor while LCR.DLAB is set. */
#define UART_DATA	     0 /* read: RBR, write: THR */
#define UART_IER	     1
#define UART_IIR	     2 /* read */
#define UART_FCR	     2 /* write */
#define UART_LCR	     3
#define UART_MCR	     4
#define UART_LSR	     5
#define UART_MSR	     6
#define UART_SCR	     7
#define UART_PORT_COUNT	     8

#define UART_IER_RECEIVED    0x01
#define UART_IER_THR_EMPTY   0x02
#define UART_IER_LINE	     0x04
#define UART_IER_MODEM	     0x08
#define UART_IIR_NONE	     0x01 /* no interrupt is pending; the causes: */
#define UART_IIR_MODEM	     0x00
#define UART_IIR_THR_EMPTY   0x02
#define UART_IIR_RECEIVED    0x04
#define UART_IIR_LINE	     0x06
#define UART_IIR_TIMEOUT     0x0c
#define UART_IIR_FIFOS	     0xc0 /* the FIFOs are on */
#define UART_FCR_ENABLE	     0x01
#define UART_FCR_CLEAR	     0x06 /* both FIFOs */
#define UART_FCR_CLEAR_RX    0x02
#define UART_FCR_TRIGGER     0xc0 /* 1, 4, 8 or 14 received bytes: */
#define UART_FCR_TRIGGER_8   0x80
#define UART_LCR_LENGTH	     0x03 /* bits a character, less 5 */
#define UART_LCR_8N1	     0x03
#define UART_LCR_DLAB	     0x80
#define UART_MCR_DTR	     0x01
#define UART_MCR_RTS	     0x02
#define UART_MCR_DTR_RTS     0x03
#define UART_MCR_OUT1	     0x04
#define UART_MCR_OUT2	     0x08
#define UART_MCR_LOOP	     0x10
#define UART_LSR_DATA	     0x01
#define UART_LSR_OVERRUN     0x02
#define UART_LSR_THR_EMPTY   0x20
#define UART_LSR_EMPTY	     0x40 /* THR and the shift register */
#define UART_MSR_CTS_CHANGED 0x01
#define UART_MSR_DSR_CHANGED 0x02
#define UART_MSR_RI_ENDED    0x04
#define UART_MSR_DCD_CHANGED 0x08
#define UART_MSR_CTS	     0x10
#define UART_MSR_DSR	     0x20
#define UART_MSR_RI	     0x40
#define UART_MSR_DCD	     0x80
#define UART_MSR_CTS_DSR_DCD 0xb0

#define UART_CLOCK	     115200 /* divisor 1 */
#define UART_FIFO_SIZE	     16

#endif
