/* SPDX-License-Identifier: MIT */
/* channel_close: ends a channel, or one direction of it. */
#include "channel/channels.h"
#include "hypercall/hypercall.h"

void hypercall_channel_close(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide,
			 channel_close(vcpu, hypercall_argument(vcpu, wide, 0),
				       hypercall_argument(vcpu, wide, 1),
				       hypercall_argument(vcpu, wide, 2),
				       hypercall_argument(vcpu, wide, 3)));
}
