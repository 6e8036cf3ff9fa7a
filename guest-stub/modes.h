/* SPDX-License-Identifier: MIT */
/* What the guest stub can do besides testing. */
#ifndef GUEST_MODES_H
#define GUEST_MODES_H

#include <stdbool.h>

/*
 * Makes each hypercall but EXIT and those of single doors once and explains it. Returns whether
 * Sill was there.
 */
bool demo(void);

/* Measures what each kind of exit costs. */
void bench(void);

/* Sends back what the serial port receives, line by line, until a line has only q. */
void echo(void);

#endif
