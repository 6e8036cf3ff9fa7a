/* SPDX-License-Identifier: MIT */
/* Finding Sill by CPUID, before any VMCALL is made. */
#include "cpu.h"
#include <sill/call.h>
#include "suite.h"
#include "tap.h"

void test_discovery(void)
{
	struct cpuid_result r = cpuid(SILL_CPUID_SIGNATURE, 0);
	const uint32_t always = SILL_FEATURE_CONSOLE | SILL_FEATURE_LOG | SILL_FEATURE_STATS;
	const uint32_t known = always | SILL_FEATURE_TIME | SILL_FEATURE_DISPLAY |
			       SILL_FEATURE_CHANNELS | SILL_FEATURE_LINK;

	tap_ok(cpuid(1, 0).ecx & 1u << 31, "discovery: CPUID says that a hypervisor is present");
	tap_equal(r.eax, SILL_CPUID_MAX, "discovery: leaf 40000000h names the highest leaf");
	tap_ok(r.ebx == SILL_SIGNATURE && r.ecx == SILL_SIGNATURE && r.edx == SILL_SIGNATURE,
	       "discovery: leaf 40000000h says SillSillSill");
	r = cpuid(SILL_CPUID_FEATURES, 0);
	tap_equal(r.eax, SILL_ABI_VERSION, "discovery: the ABI version is the header's");
	tap_equal(r.ebx & ~known, 0, "discovery: no feature bit that is not for guest mode");
	tap_equal(r.ebx & always, always, "discovery: there are console, log and statistics");
	tap_equal(r.ecx, SILL_CALL_COUNT, "discovery: the number of calls is the header's");
	tap_equal(r.edx, SILL_DOORBELL_PORT, "discovery: the doorbell port is the header's");
	r = cpuid(SILL_CPUID_MAX + 1, 0);
	tap_ok(r.ebx != SILL_SIGNATURE, "discovery: the leaf after the last is not the signature");
	r = cpuid(0x40000100, 0);
	tap_ok(r.ebx != SILL_SIGNATURE, "discovery: nor is leaf 40000100h");
}
