/* SPDX-License-Identifier: MIT */
/* channel_kick: Sill looks at a channel's rings. */
#include "channel/channels.h"
#include "hypercall/hypercall.h"

void hypercall_channel_kick(struct vcpu *vcpu, bool wide)
{
	hypercall_return(vcpu, wide, channel_kick(vcpu, hypercall_argument(vcpu, wide, 0)));
}
