/* SPDX-License-Identifier: MIT */
/* stats: the VM exits of one CPU. */
#include "core/string.h"
#include "hypercall/hypercall.h"
#include "vmx/vcpu_list.h"

_Static_assert(SILL_STATS_REASONS == EXIT_REASON_COUNT, "each exit reason has its place");

void hypercall_stats(struct vcpu *vcpu, bool wide)
{
	const struct vcpu *counted = vcpu_list_get(hypercall_argument(vcpu, wide, 0));
	struct sill_stats stats;

	if (counted == NULL) {
		hypercall_return(vcpu, wide, -SILL_EINVAL);
		return;
	}
	stats = (struct sill_stats){
		.cpus = vcpu_list_count(),
		.apic_id = counted->apic_id,
		.reasons = SILL_STATS_REASONS,
		.flags = counted == vcpu ? SILL_STATS_CALLER : 0,
		.odd = counted->odd_exits,
		.init_ticks = counted->init_ticks,
		.sipi_ticks = counted->sipi_ticks,
	};
	memcpy(stats.exits, counted->exits, sizeof(stats.exits));
	hypercall_answer(vcpu, wide, 1, &stats, sizeof(stats));
}
