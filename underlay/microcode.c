/* SPDX-License-Identifier: MIT */
/*
 * Microcode updates. In VMX non-root operation the CPU ignores them (SDM, "Changes to Instruction
 * Behavior in VMX Non-Root Operation", WRMSR), so Sill loads them in its stead. The address that
 * the OS gives is one of its own page tables, which are not in force now: the pages are mapped
 * once more, in the same order, for reading, and taken away after.
 *
 * Nothing of the update is looked at beyond how large it is. It is signed, and the CPU judges it.
 */
#include "underlay/microcode.h"

#include <sill/errno.h>

#include "core/cpu.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/percpu.h"
#include "core/safe_access.h"
#include "core/spinlock.h"
#include "underlay/microcode_header.h"
#include "underlay/underlay.h"
#include "vmx/guest_memory.h"

/* One CPU at a time: there is one place for the pages. */
static struct spinlock lock;

/*
 * Maps the pages of a range of the guest's. How many there were before one that can't be is in
 * *mapped. 0; -SILL_EFAULT: *fault is what the CPU would have met; -SILL_ENOMEM.
 */
static int map(struct vcpu *vcpu, uint64_t linear, uint64_t bytes, size_t *mapped,
	       struct guest_fault *fault)
{
	uint64_t page = linear - linear % PAGE_SIZE;

	for (*mapped = 0; page < linear + bytes; page += PAGE_SIZE, ++*mapped) {
		uint64_t physical;

		if (guest_find_as_cpu(vcpu, page, &physical, fault) != 0 ||
		    physical - underlay.arena.base < underlay.arena.size)
			return -SILL_EFAULT;
		if (memory_show_page(*mapped, physical) != 0)
			return -SILL_ENOMEM;
	}
	return 0;
}

/* What the CPU meets while it reads an update is for whoever wanted it loaded. */
static void inject(struct vcpu *vcpu, const struct guest_fault *fault)
{
	if (fault->page_fault)
		vcpu_inject_pf(vcpu, fault->address, fault->error_code);
	else
		vcpu_inject_gp(vcpu);
}

void underlay_load_microcode(struct vcpu *vcpu, uint64_t linear)
{
	struct microcode_header header;
	struct guest_fault fault = {0};
	uint32_t bytes = 0;
	uint64_t physical, cr2;
	size_t mapped;
	int error;

	if (guest_find_as_cpu(vcpu, linear, &physical, &fault) != 0) {
		inject(vcpu, &fault);
		return;
	}
	if (guest_read_as_cpu(vcpu, linear - sizeof(header), &header, sizeof(header)) == 0)
		bytes = microcode_data_bytes(&header);
	if (bytes == 0) {
		/* As if the CPU had refused it: the OS finds the old revision. */
		log_warning("CPU %u: no microcode update loaded: the header in front of it, at "
			    "%llx, is none that Sill knows",
			    this_cpu()->index, (unsigned long long)(linear - sizeof(header)));
		vcpu_advance(vcpu);
		return;
	}
	cr2 = read_cr2();
	spin_lock(&lock);
	error = map(vcpu, linear, bytes, &mapped, &fault);
	if (error == 0 &&
	    !safe_wrmsr(MSR_IA32_BIOS_UPDT_TRIG, MEMORY_SHOWN_VIRTUAL + linear % PAGE_SIZE))
		error = -SILL_EINVAL;
	memory_hide_pages(mapped);
	spin_unlock(&lock);
	write_cr2(cr2); /* an update that is longer than it says makes for a page fault here */

	if (error == -SILL_EFAULT || error == -SILL_EINVAL) {
		inject(vcpu, &fault);
		return;
	}
	if (error == 0)
		log_info("CPU %u: microcode update %x given to the CPU, %u bytes",
			 this_cpu()->index, header.revision, bytes);
	else
		log_error("CPU %u: no memory to load a microcode update with", this_cpu()->index);
	vcpu_advance(vcpu);
}
