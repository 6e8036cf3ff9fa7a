/* SPDX-License-Identifier: MIT */
/* Underlay mode: what all CPUs of the machine share, and the contracts inside this room. */
#ifndef SILL_UNDERLAY_UNDERLAY_H
#define SILL_UNDERLAY_UNDERLAY_H

#include <sill/handoff.h>

#include "core/spinlock.h"
#include "ept/ept.h"
#include "vmx/vcpu.h"

#include <stdbool.h>
#include <stdint.h>

struct underlay {
	/* Taken by whoever changes or walks the two that follow. */
	struct spinlock lock;
	struct ept ept;		/* one for all CPUs */
	struct mtrr_state mtrr; /* as the guest has them now */

	struct sill_range arena; /* Sill's own memory: the guest finds nothing there */
	uint32_t vcpu_count;	 /* CPUs on which Sill was started */
	struct vcpu *vcpus[SILL_MAX_CPUS];
	bool show_hypervisor; /* CPUID's hypervisor-present bit */
	bool unloading;	      /* each CPU leaves VMX operation when it can */
};

extern struct underlay underlay;

#endif
