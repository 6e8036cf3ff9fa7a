/* SPDX-License-Identifier: MIT */
/* Serial devices and pseudo terminals. */
#ifndef SILL_TOOLS_LINK_SERIAL_H
#define SILL_TOOLS_LINK_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a device can be set to this rate at all; if not, it has said which ones can be. */
bool serial_baud_is_known(uint32_t baud);

/*
 * Opens a device for raw bytes, 8N1, that nobody else with this program has open. -1 with errno:
 * ENOTTY if it is no serial device, EBUSY if another sill-link has it, EINVAL if the device can't
 * be set so.
 */
int serial_open(const char *path, uint32_t baud, bool rtscts);

#endif
