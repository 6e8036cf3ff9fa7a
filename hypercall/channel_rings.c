/* SPDX-License-Identifier: MIT */
/* channel_rings: a channel goes by way of memory that the guest shares with Sill. */
#include "channel/channels.h"
#include "hypercall/hypercall.h"

void hypercall_channel_rings(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide,
			 channel_rings(vcpu, hypercall_argument(vcpu, wide, 0),
				       hypercall_argument(vcpu, wide, 1)));
}
