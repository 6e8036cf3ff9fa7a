/* SPDX-License-Identifier: MIT */
/*
 * Sill's own serial port, if sill.conf names one: the OS finds nothing at its I/O ports, and so
 * cannot set it up for itself.
 */
#ifndef SILL_UNDERLAY_SERIAL_PORT_H
#define SILL_UNDERLAY_SERIAL_PORT_H

#include <stdint.h>

/*
 * The I/O bitmaps that hide the UART at this port, for all CPUs: 2 pages of the arena. NULL: no
 * memory.
 */
__attribute__((warn_unused_result)) uint8_t *serial_port_hide(uint32_t port);

#endif
