/* SPDX-License-Identifier: MIT */
/* door_watch: names the page of the door WATCH. */
#include "doors/doors.h"
#include "hypercall/hypercall.h"

void hypercall_door_watch(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide, door_watch_name(vcpu, hypercall_argument(vcpu, wide, 0)));
}
