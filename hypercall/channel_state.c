/* SPDX-License-Identifier: MIT */
/* channel_state: what is true of a channel. */
#include "channel/channels.h"
#include "hypercall/hypercall.h"

void hypercall_channel_state(struct vcpu *vcpu, bool wide)
{
	struct sill_channel state;
	int64_t error = channel_describe(hypercall_argument(vcpu, wide, 0), &state);

	if (error != 0)
		hypercall_return(vcpu, wide, error);
	else
		hypercall_answer(vcpu, wide, 1, &state, sizeof(state));
}
