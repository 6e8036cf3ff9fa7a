/* SPDX-License-Identifier: MIT */
/* The I/O ports of a machine. */
#ifndef SILL_GUEST_PORTS_H
#define SILL_GUEST_PORTS_H

#include "guest/machine.h"

/* Switches the virtual hardware on. */
void ports_create(struct machine *machine);

#endif
