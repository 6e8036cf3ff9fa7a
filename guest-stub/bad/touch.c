/* SPDX-License-Identifier: MIT */
/*
 * Touches one guest-physical address below 4 GiB as the command line says: touch=ADDRESS,KIND with
 * a hexadecimal address and r (read), w (write) or x (execute). Says what it read where it lives
 * on, and ends with success.
 */
#include <sill/hypercall.h>
#include "small.h"

void main(const char *command_line)
{
	const char *text = option(command_line, "touch=");
	volatile uint32_t *address;
	char kind = 0;

	if (text) {
		address = (volatile uint32_t *)hex_number(text, &text);
		if (*text == ',')
			kind = text[1];
	}
	switch (kind) {
	case 'r':
		say("touch: reading ");
		say_hex((uint32_t)address);
		say("\n");
		say_hex(*address);
		say(" was there\n");
		break;
	case 'w':
		say("touch: writing ");
		say_hex((uint32_t)address);
		say("\n");
		*address = 0x11223344;
		say("written\n");
		break;
	case 'x':
		say("touch: executing ");
		say_hex((uint32_t)address);
		say("\n");
		((void (*)(void))address)();
		say("executed\n");
		break;
	default:
		say("touch: no touch=ADDRESS,r|w|x in the command line\n");
		vmcall(SILL_CALL_EXIT, 2);
	}
	say("touch: still here\n");
	vmcall(SILL_CALL_EXIT, 0);
}
