/* SPDX-License-Identifier: MIT */
/* link_state: the serial line that channels go over. */
#include "channel/channels.h"
#include "hypercall/hypercall.h"

void hypercall_link_state(struct vcpu *vcpu, bool wide)
{
	struct sill_link state;

	channel_describe_link(&state);
	hypercall_answer(vcpu, wide, 0, &state, sizeof(state));
}
