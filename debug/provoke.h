/* SPDX-License-Identifier: MIT */
/* What Sill does to itself on demand (provoke = ... in sill.conf), to be seen dealing with it. */
#ifndef SILL_DEBUG_PROVOKE_H
#define SILL_DEBUG_PROVOKE_H

#include <sill/handoff.h>

/*
 * In VMX root operation, at a VM exit of the guest. Returns only from a provocation that Sill
 * survives.
 */
void provoke(enum sill_provocation provocation);

#endif
