/* SPDX-License-Identifier: MIT */
/* door_kick: there are messages in the ring. */
#include "doors/doors.h"
#include "hypercall/hypercall.h"

void hypercall_door_kick(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide, door_ring_kick(vcpu));
}
