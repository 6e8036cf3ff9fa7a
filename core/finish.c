/* SPDX-License-Identifier: MIT */
/* The end of a run; see core/finish.h. */
#include "core/finish.h"

#include "core/acpi.h"
#include "core/console.h"
#include "core/cpu.h"
#include "core/format.h"
#include "core/log.h"
#include "core/time.h"

#include <stdbool.h>
#include <stddef.h>

static enum sill_finish method = SILL_FINISH_HALT;

void finish_start(enum sill_finish finish)
{
	method = finish;
	if (finish == SILL_FINISH_AUTO)
		method = acpi_is_emulator() ? SILL_FINISH_EMULATOR : SILL_FINISH_HALT;
}

/*
 * Each emulator has an exit of its own, and each ignores the others': QEMU's isa-debug-exit (the
 * value v becomes exit code 2v + 1), the ACPI power-off register of QEMU and Bochs, and the port
 * at which Bochs waits for the word "Shutdown".
 */
static void leave_emulator(bool success)
{
	static const char word[] = "Shutdown";

	for (const char *c = word; *c != '\0'; c++)
		outb(0x8900, (uint8_t)*c);
	outb(0xf4, success ? 0x10 : 0x11);
	outw(0xb004, 0x2000);
	outw(0x604, 0x2000);
}

/* From the cleanest way to the crudest. */
void finish_reset_machine(void)
{
	static const struct descriptor_table_pointer no_idt;

	acpi_reset();
	time_wait_us(50000);
	outb(0xcf9, 0x02); /* the reset control register of PCI chip sets: prepare, */
	outb(0xcf9, 0x06); /* then reset */
	time_wait_us(50000);
	outb(0x64, 0xfe); /* the keyboard controller pulls the reset line */
	time_wait_us(50000);
	lidt(&no_idt);
	__asm__ volatile("ud2"); /* a triple fault */
	halt_forever();
}

__attribute__((noreturn)) static void end(bool success)
{
	console_flush();
	switch (method) {
	case SILL_FINISH_EMULATOR:
		leave_emulator(success);
		break;
	case SILL_FINISH_RESET:
		time_wait_us(3000000); /* somebody may want to read the screen */
		finish_reset_machine();
	case SILL_FINISH_AUTO:
	case SILL_FINISH_HALT:
		log_info("the machine can be switched off now");
		break;
	}
	halt_forever();
}

void finish_succeeded(void)
{
	log_always("verdict: success");
	end(true);
}

void finish_failed(const char *fmt, ...)
{
	char why[200];
	va_list arguments;

	va_start(arguments, fmt);
	vformat(why, sizeof(why), fmt, arguments);
	va_end(arguments);
	log_always("verdict: failure (%s)", why);
	end(false);
}
