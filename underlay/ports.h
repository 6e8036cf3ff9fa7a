/* SPDX-License-Identifier: MIT */
/*
 * The I/O ports that are Sill's in underlay mode: its own serial port, if sill.conf names one,
 * where the OS finds nothing, and so cannot set it up for itself; and the door PORT.
 */
#ifndef SILL_UNDERLAY_PORTS_H
#define SILL_UNDERLAY_PORTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The I/O bitmaps with which these ports exit, for all CPUs: 2 pages of the arena. serial_port: the
 * UART's first port, 0 = there is none. NULL: no memory.
 */
__attribute__((warn_unused_result)) uint8_t *underlay_ports_trap(uint32_t serial_port, bool door);

#endif
