/* SPDX-License-Identifier: MIT */
/* info: what runs beneath the guest. */
#include "core/version.h"
#include "hypercall/hypercall.h"
#include "vmx/vcpu_list.h"

void hypercall_info(struct vcpu *vcpu, bool wide)
{
	const struct sill_info info = {
		.abi_version = SILL_ABI_VERSION,
		.features = vcpu->hypercall_features,
		.version_major = SILL_VERSION_MAJOR,
		.version_minor = SILL_VERSION_MINOR,
		.version_patch = SILL_VERSION_PATCH,
		.guest_id = vcpu->guest_id,
		.calls = SILL_CALL_COUNT,
		.console_write_max = SILL_CONSOLE_WRITE_MAX,
		.memory = vcpu->guest_memory,
		.mode = vcpu->capability->mode,
		.cpus = vcpu_list_count(),
	};

	hypercall_answer(vcpu, wide, 0, &info, sizeof(info));
}
