/* SPDX-License-Identifier: MIT */
/*
 * The door RTC: the ports of a PC's real-time clock, as virtual hardware. What plays it is
 * guest/virtual_cmos.c; in underlay mode the OS has the machine's own, which is no door of Sill's.
 */
#include "doors/doors.h"

static const char *lacks(const struct vcpu *vcpu)
{
	return vcpu->capability->mode == SILL_MODE_GUEST
		       ? NULL
		       : "a virtual clock: in underlay mode the OS has the machine's own";
}

const struct door door_rtc = {.lacks = lacks};
