/* SPDX-License-Identifier: MIT */
/* Ways to end the guest. */
#include "console.h"
#include "cpu.h"
#include "exceptions.h"
#include "finish.h"
#include <sill/call.h>

#define DEBUG_EXIT_PORT 0xf4

void finish(unsigned status)
{
	if (sill_present()) {
		int64_t answer = SILL_CALL_EXIT;

		/* VMCALL can be switched off there. */
		__asm__ volatile(MAY_FAULT("vmcall") : "+a"(answer) : "D"(status) : "memory");
		print("# EXIT came back with %ld\n", answer);
	}
	out8(DEBUG_EXIT_PORT, (uint8_t)status);
	halt();
}
