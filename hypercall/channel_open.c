/* SPDX-License-Identifier: MIT */
/* channel_open: opens a channel, and answers its handle. */
#include "channel/channels.h"
#include "hypercall/hypercall.h"

void hypercall_channel_open(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide,
			 channel_open(vcpu, hypercall_argument(vcpu, wide, 0),
				      hypercall_argument(vcpu, wide, 1),
				      hypercall_argument(vcpu, wide, 2)));
}
