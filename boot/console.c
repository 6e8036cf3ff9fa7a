/* SPDX-License-Identifier: MIT */
/*
 * What the loader says. Progress goes to the firmware's console only. A refusal also goes to the
 * serial port itself, because not every firmware shows its console there, and because whoever
 * watches the line wants one place to look at, whatever happened. Where the firmware does mirror
 * its console to the line, a refusal is seen twice; ours has `sill: ` before each line.
 */
#include "boot/loader.h"

#include "core/cpu.h"
#include "core/format.h"
#include "core/string.h"
#include "core/uart.h"
#include "core/uart_registers.h"

#define READER_SECONDS 5

static void put_on_screen(struct loader *loader, const char *text)
{
	SIMPLE_TEXT_OUTPUT_INTERFACE *console = loader->system->ConOut;

	if (console == NULL)
		return;
	while (*text != '\0') {
		CHAR16 line[64];
		unsigned int length = 0;

		while (*text != '\0' && length < sizeof(line) / sizeof(line[0]) - 2) {
			if (*text == '\n')
				line[length++] = '\r';
			line[length++] = (unsigned char)*text++;
		}
		line[length] = 0;
		(void)console->OutputString(console, line);
	}
}

void say(struct loader *loader, const char *fmt, ...)
{
	char text[1200];
	va_list arguments;

	va_start(arguments, fmt);
	vformat(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	put_on_screen(loader, text);
}

/* Until the transmitter is empty, for at most some 30 ms of port reads. */
static void drain(uint16_t port)
{
	for (unsigned int i = 0; i < 30000 && !(inb(port + UART_LSR) & UART_LSR_EMPTY); i++)
		cpu_relax();
}

/* The firmware may use the port too, so it finds all registers that can be read as it left them. */
static void put_on_serial(const struct sill_serial *serial, const char *text)
{
	uint16_t port = (uint16_t)serial->port;
	struct uart uart;

	if (port == 0)
		return;
	drain(port);

	uint8_t lcr = inb(port + UART_LCR);

	outb(port + UART_LCR, lcr | UART_LCR_DLAB);

	uint8_t divisor_low = inb(port + UART_DATA), divisor_high = inb(port + UART_IER);

	outb(port + UART_LCR, lcr & (uint8_t)~UART_LCR_DLAB);

	uint8_t ier = inb(port + UART_IER), mcr = inb(port + UART_MCR);

	uart_start(&uart, port, serial->baud);
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			uart_put(&uart, '\r');
		uart_put(&uart, (uint8_t)*text);
	}
	drain(port);

	outb(port + UART_LCR, UART_LCR_DLAB);
	outb(port + UART_DATA, divisor_low);
	outb(port + UART_IER, divisor_high);
	outb(port + UART_LCR, lcr & (uint8_t)~UART_LCR_DLAB);
	outb(port + UART_IER, ier);
	outb(port + UART_LCR, lcr);
	outb(port + UART_MCR, mcr);
}

void say_on_serial(const struct loader *loader, const char *fmt, ...)
{
	char text[1400];
	va_list arguments;

	va_start(arguments, fmt);
	vformat(text, sizeof(text), fmt, arguments);
	va_end(arguments);
	put_on_serial(&loader->serial, text);
}

void tell_refusal(struct loader *loader)
{
	const char *rest = loader->reason;
	const bool underlay = loader->mode == SILL_MODE_UNDERLAY;

	say(loader, "Sill cannot start: %s\n%s %s\n", rest,
	    loader->arena_stays ? "Its memory stays reserved." : "Nothing was changed.",
	    underlay ? "The boot goes on without Sill." : "Back to the firmware.");

	say_on_serial(loader, "\nsill: cannot start:\n");
	while (*rest != '\0') {
		const char *end = strchr(rest, '\n');
		int length = (int)(end != NULL ? (size_t)(end - rest) : strlen(rest));

		say_on_serial(loader, "sill: %.*s\n", length, rest);
		rest += length + (end != NULL);
	}
	say_on_serial(loader,
		      "sill: %s, %s\n"
		      "sill: verdict: failure (Sill was not started)\n",
		      loader->arena_stays ? "its memory stays reserved" : "nothing was changed",
		      underlay ? "the boot goes on without Sill" : "back to the firmware");
}

/* A boot menu may clear the screen at once; some seconds, or a key, let the reason be read. */
void wait_for_reader(struct loader *loader)
{
	EFI_BOOT_SERVICES *boot = loader->boot;
	SIMPLE_INPUT_INTERFACE *keyboard = loader->system->ConIn;
	EFI_EVENT timer;
	UINTN which;

	if (EFI_ERROR(boot->CreateEvent(EVT_TIMER, 0, NULL, NULL, &timer)))
		return;
	/* In units of 100 ns. */
	if (!EFI_ERROR(boot->SetTimer(timer, TimerRelative, READER_SECONDS * 10000000ull))) {
		EFI_EVENT events[2] = {timer, keyboard != NULL ? keyboard->WaitForKey : NULL};

		say(loader, "(Any key goes on at once.)\n");
		if (!EFI_ERROR(boot->WaitForEvent(events[1] != NULL ? 2 : 1, events, &which)) &&
		    which == 1) {
			EFI_INPUT_KEY key;

			(void)keyboard->ReadKeyStroke(keyboard, &key);
		}
	}
	(void)boot->CloseEvent(timer);
}
