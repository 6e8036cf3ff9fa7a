/* SPDX-License-Identifier: MIT */
/* Ways to end the guest. */
#ifndef GUEST_FINISH_H
#define GUEST_FINISH_H

#define FINISH_GOOD   0u
#define FINISH_FAILED 1u
#define FINISH_BROKEN 2u /* the suite could not go on */

/*
 * Ends the guest with a status: by the EXIT call where Sill is, else by the isa-debug-exit port
 * (QEMU then ends with status * 2 + 1), else by halting.
 */
_Noreturn void finish(unsigned status);

#endif
