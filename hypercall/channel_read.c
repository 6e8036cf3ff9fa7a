/* SPDX-License-Identifier: MIT */
/* channel_read: bytes from a channel into the caller's memory. */
#include "channel/channels.h"
#include "hypercall/hypercall.h"

void hypercall_channel_read(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide,
			 channel_read(vcpu, hypercall_argument(vcpu, wide, 0),
				      hypercall_argument(vcpu, wide, 1),
				      hypercall_argument(vcpu, wide, 2)));
}
