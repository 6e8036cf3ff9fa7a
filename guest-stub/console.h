/* SPDX-License-Identifier: MIT */
/* The guest's own console: the 16550 UART at 3F8h, by polling. */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdarg.h>
#include <stdint.h>

#define UART_BASE     0x3f8u
#define UART_DATA     (UART_BASE + 0) /* RBR, THR; divisor low byte when DLAB */
#define UART_IER      (UART_BASE + 1) /* divisor high byte when DLAB */
#define UART_IIR      (UART_BASE + 2)
#define UART_FCR      (UART_BASE + 2)
#define UART_LCR      (UART_BASE + 3)
#define UART_MCR      (UART_BASE + 4)
#define UART_LSR      (UART_BASE + 5)
#define UART_MSR      (UART_BASE + 6)
#define UART_SCR      (UART_BASE + 7)

#define UART_LSR_DR   0x01u
#define UART_LSR_THRE 0x20u
#define UART_LSR_TEMT 0x40u

void console_start(void);
void console_put(char c);

/* Waits for a character. */
char console_get(void);

/* %s %c %d %u %x with l, a field width and 0, as in printf. A newline goes out as CR LF. */
__attribute__((format(printf, 1, 2))) void print(const char *format, ...);

/* The same into buffer; always ends it with a 0. Returns the length. */
unsigned print_list_to(char *buffer, unsigned size, const char *format, va_list arguments);

#endif
