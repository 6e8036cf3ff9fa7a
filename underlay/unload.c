/* SPDX-License-Identifier: MIT */
/* Sill takes itself away while the guest runs on; see underlay/unload.h. */
#include "underlay/unload.h"

#include "channel/channels.h"
#include "core/log.h"
#include "core/percpu.h"
#include "underlay/underlay.h"
#include "vmx/leave.h"

void underlay_unload(struct vcpu *vcpu)
{
	if (!__atomic_exchange_n(&underlay.unloading, true, __ATOMIC_RELAXED)) {
		log_info("unload: asked for on CPU %u; each CPU leaves at its next CPUID",
			 this_cpu()->index);
		channels_leave(vcpu);
	}
	vcpu_leave(vcpu);
}
