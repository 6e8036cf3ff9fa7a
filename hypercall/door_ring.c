/* SPDX-License-Identifier: MIT */
/* door_ring: names the ring of the door RING. */
#include "doors/doors.h"
#include "hypercall/hypercall.h"

void hypercall_door_ring(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide, door_ring_name(vcpu, hypercall_argument(vcpu, wide, 0)));
}
