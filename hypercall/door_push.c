/* SPDX-License-Identifier: MIT */
/* door_push: names what the door PUSH fills in, and how it makes itself heard. */
#include "doors/doors.h"
#include "hypercall/hypercall.h"

void hypercall_door_push(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide,
			 door_push_name(vcpu, hypercall_argument(vcpu, wide, 0),
					hypercall_argument(vcpu, wide, 1)));
}
