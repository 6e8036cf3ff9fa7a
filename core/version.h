/* SPDX-License-Identifier: MIT */
/* Which Sill this is. Semantic versioning; the hypercall ABI has a version of its own. */
#ifndef SILL_CORE_VERSION_H
#define SILL_CORE_VERSION_H

#define SILL_VERSION_MAJOR 0
#define SILL_VERSION_MINOR 1
#define SILL_VERSION_PATCH 0

#endif
