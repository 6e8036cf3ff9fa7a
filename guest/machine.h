/* SPDX-License-Identifier: MIT */
/*
 * The machine that a guest in guest mode finds: RAM from guest-physical 0, a serial port, a
 * real-time clock, an exit port, and nothing else. One at a time, on one CPU.
 */
#ifndef SILL_GUEST_MACHINE_H
#define SILL_GUEST_MACHINE_H

#include <sill/handoff.h>

#include "doors/doors.h"
#include "ept/ept.h"
#include "guest/virtual_cmos.h"
#include "guest/virtual_uart.h"
#include "vmx/vcpu.h"

#include <stdint.h>

/*
 * Between conventional memory and 1 MiB a PC has video memory and ROMs. Here the first is plain
 * RAM, so that writes to a text screen vanish harmlessly, and the second reads as zeros.
 */
#define MACHINE_ROM_START 0xc0000u
#define MACHINE_ROM_END	  0x100000u

#define IO_PORTS	  65536u

struct machine {
	const struct sill_guest *settings;
	struct vcpu *vcpu;
	struct ept ept;
	struct sill_range ram; /* host-physical; guest-physical it begins at 0 */
	uint64_t lazy_start;   /* RAM from here on is granted page by page at first touch */
	uint64_t lazy_granted; /* pages */

	struct doors_place doors;
	struct door_view view;

	struct virtual_uart uart;
	struct virtual_cmos cmos;

	uint8_t told_ports[IO_PORTS / 8]; /* accesses to nothing that were reported */
	uint32_t told_port_count;
};

static inline struct machine *machine_of(struct vcpu *vcpu)
{
	return vcpu->guest;
}

#endif
