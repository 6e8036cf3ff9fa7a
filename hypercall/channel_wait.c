/* SPDX-License-Identifier: MIT */
/* channel_wait: works on the serial line until something is true of a channel. */
#include "channel/channels.h"
#include "hypercall/hypercall.h"

void hypercall_channel_wait(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide,
			 channel_wait(vcpu, hypercall_argument(vcpu, wide, 0),
				      hypercall_argument(vcpu, wide, 1),
				      hypercall_argument(vcpu, wide, 2)));
}
