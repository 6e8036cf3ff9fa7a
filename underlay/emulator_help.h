/* SPDX-License-Identifier: MIT */
/*
 * Help for an emulator that does less than a processor. All of it is here, and none of it is done
 * on a machine that is not that emulator.
 *
 * Bochs 3.1: a SIPI that is sent to all CPUs reaches only the first one that is in VMX non-root
 * operation, since its VM exit ends the sender's loop over the others. So whoever gets a SIPI
 * passes it on to those that still wait for one.
 */
#ifndef SILL_UNDERLAY_EMULATOR_HELP_H
#define SILL_UNDERLAY_EMULATOR_HELP_H

#include <stdint.h>

/* Finds out whether this is Bochs; once. */
void emulator_help_start(void);

/* As the last thing in the handler of a SIPI with this vector. */
void emulator_help_pass_sipi_on(uint32_t vector);

#endif
