/* SPDX-License-Identifier: MIT */
/* Which services this machine has, for the feature bits of CPUID and info. */
#include "core/console.h"
#include "core/time.h"
#include "hypercall/hypercall.h"

uint32_t hypercall_features(void)
{
	return (console_present() ? SILL_FEATURE_CONSOLE : 0) |
	       (time_is_known() ? SILL_FEATURE_TIME : 0) |
	       (display_info_present() ? SILL_FEATURE_DISPLAY : 0);
}
