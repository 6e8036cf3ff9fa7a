/* SPDX-License-Identifier: MIT */
/*
 * The I/O ports that are Sill's in underlay mode: its own serial ports, for the console and for the
 * link, if sill.conf names any, where the OS finds nothing, and so cannot set them up for itself;
 * and the door PORT.
 */
#ifndef SILL_UNDERLAY_PORTS_H
#define SILL_UNDERLAY_PORTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The I/O bitmaps with which these ports exit, for all CPUs: 2 pages of the arena. serial_port,
 * link_port: a UART's first port, 0 = there is none. NULL: no memory.
 */
__attribute__((warn_unused_result)) uint8_t *underlay_ports_trap(uint32_t serial_port,
								 uint32_t link_port, bool door);

#endif
