/* SPDX-License-Identifier: MIT */
/* channel_write: bytes from the caller's memory into a channel. */
#include "channel/channels.h"
#include "hypercall/hypercall.h"

void hypercall_channel_write(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide,
			 channel_write(vcpu, hypercall_argument(vcpu, wide, 0),
				       hypercall_argument(vcpu, wide, 1),
				       hypercall_argument(vcpu, wide, 2)));
}
