/* SPDX-License-Identifier: MIT */
/* How the firmware, CPU by CPU, becomes a guest. */
#ifndef SILL_UNDERLAY_LAUNCH_H
#define SILL_UNDERLAY_LAUNCH_H

#include <sill/handoff.h>

#include <stdint.h>

/*
 * On the boot CPU, before the first launch: what all CPUs share.
 */
void underlay_start(const struct sill_handoff *handoff);

/*
 * Puts the CPU that calls back to what it was doing, in VMX non-root operation if that can be.
 * launch_physical: where its struct sill_launch is. One CPU at a time; the CPU is set up
 * (core/cpu_setup.h).
 */
__attribute__((noreturn)) void underlay_launch(const struct sill_handoff *handoff,
					       uint64_t launch_physical);

#endif
