/* SPDX-License-Identifier: MIT */
/* Help for an emulator; see underlay/emulator_help.h. */
#include "underlay/emulator_help.h"

#include "core/apic.h"
#include "core/cpu.h"
#include "underlay/underlay.h"

/*
 * Bochs answers a read of this port with the port's number if its configuration has port_e9_hack.
 * On a machine without a device there (all real ones: nothing has ever been assigned to it) a
 * read gives all ones. QEMU can be made to answer alike, but it says that it is no bare machine.
 */
#define CPUID_1_ECX_HYPERVISOR (1u << 31)
#define PORT_E9		       0xe9

static bool is_bochs;

void emulator_help_start(void)
{
	is_bochs = (cpuid(1, 0).ecx & CPUID_1_ECX_HYPERVISOR) == 0 && inb(PORT_E9) == PORT_E9;
	if (is_bochs)
		apic_map();
}

void emulator_help_pass_sipi_on(uint32_t vector)
{
	if (!is_bochs)
		return;
	for (uint32_t i = 0; i < underlay.vcpu_count; i++) {
		struct vcpu *other = underlay.vcpus[i];

		if (__atomic_exchange_n(&other->waits_for_sipi, false, __ATOMIC_RELAXED))
			apic_send_sipi(other->apic_id, vector);
	}
}
