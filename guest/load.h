/* SPDX-License-Identifier: MIT */
/* A Multiboot image on its way from the loader's files into a machine's RAM. */
#ifndef SILL_GUEST_LOAD_H
#define SILL_GUEST_LOAD_H

#include "guest/machine.h"
#include "guest/power_up.h"

/*
 * Copies the image and its modules into the machine's zeroed RAM. 0 and where to start, or
 * -SILL_ENOEXEC with a logged reason.
 */
__attribute__((warn_unused_result)) int guest_load(struct machine *machine,
						   struct power_up_state *start);

#endif
