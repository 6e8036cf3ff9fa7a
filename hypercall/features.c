/* SPDX-License-Identifier: MIT */
/* Which services this machine has, for the feature bits of CPUID and info. */
#include "channel/channels.h"
#include "core/console.h"
#include "core/time.h"
#include "hypercall/hypercall.h"

uint32_t hypercall_features(const struct vcpu *vcpu)
{
	return channels_features() | SILL_FEATURE_LOG | SILL_FEATURE_STATS |
	       (vcpu->unload != NULL ? SILL_FEATURE_UNLOAD : 0) |
	       (vcpu->capability->mode == SILL_MODE_UNDERLAY ? SILL_FEATURE_UNDERLAY : 0) |
	       (console_present() ? SILL_FEATURE_CONSOLE : 0) |
	       (time_is_known() ? SILL_FEATURE_TIME : 0) |
	       (display_info_present() ? SILL_FEATURE_DISPLAY : 0);
}
