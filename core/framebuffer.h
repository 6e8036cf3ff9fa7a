/* SPDX-License-Identifier: MIT */
/* Text on the framebuffer that the firmware left, for machines that have no serial port. */
#ifndef SILL_CORE_FRAMEBUFFER_H
#define SILL_CORE_FRAMEBUFFER_H

#include <sill/handoff.h>

#include <stdbool.h>

/* The core's PAT must be loaded. A framebuffer that makes no sense is left alone. */
void framebuffer_start(const struct sill_framebuffer *framebuffer);
bool framebuffer_present(void);

/* Printable ASCII, '\n', '\r', '\t' and '\b'; anything else shows as '?'. */
void framebuffer_put(char character);

#endif
