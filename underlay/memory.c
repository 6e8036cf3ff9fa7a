/* SPDX-License-Identifier: MIT */
/*
 * Guest-physical memory in underlay mode; see underlay/memory.h.
 *
 * All RAM is mapped from the start, and more, as the tables are there anyhow. The rest of the
 * physical addresses, where only devices can be, is mapped at first touch, 1 GiB at a time: a CPU
 * with 52 of them has 2^22 GiB, and the smallest CPUs need a table for each.
 *
 * Several CPUs run with these tables, and Sill can't make the others execute INVEPT. So no table
 * is ever taken away and, the hole aside, no translation changes once it is there. Two things
 * follow. A CPU that goes on with an old entry, from a cache or because it was on its way, is at
 * most behind in a memory type, as it is natively until it has changed its own MTRRs. And
 * vmx/guest_memory.c may translate without underlay.lock.
 */
#include "underlay/memory.h"

#include <sill/errno.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "doors/doors.h"
#include "underlay/doors.h"
#include "underlay/hole.h"
#include "underlay/underlay.h"
#include "vmx/exit.h"

/*
 * So much of the arena is for tables: what the guest does with addresses must not use up all. Where
 * RAM alone takes nearly as many, the loader has made room for those and for some more.
 */
#define TABLES_SHARE 4
#define TABLES_MORE  16

static uint64_t most_tables;

static uint64_t allocate_table(void *context)
{
	void *page = underlay.ept.tables < most_tables ? page_allocate() : NULL;

	(void)context;
	return page != NULL ? physical_of(page) : 0;
}

static void release_table(void *context, uint64_t physical)
{
	(void)context;
	page_release(virtual_of(physical));
}

static void *reach_table(void *context, uint64_t physical)
{
	(void)context;
	return virtual_of(physical);
}

/* Where guest-physical addresses end. It is a multiple of 1 GiB. */
static uint64_t address_end(void)
{
	uint64_t end = 1ull << underlay.mtrr.physical_bits;

	return end < EPT_GPA_END ? end : EPT_GPA_END;
}

static bool is_ram(uint32_t kind)
{
	return kind != SILL_MEMORY_MMIO && kind != SILL_MEMORY_RESERVED;
}

static uint64_t ram_end(const struct sill_handoff *handoff)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < handoff->memory_map_count; i++) {
		const struct sill_memory_range *memory = &handoff->memory_map[i];
		uint64_t its_end = memory->range.base + memory->range.size;

		if (is_ram(memory->kind) && its_end > end)
			end = its_end;
	}
	return end;
}

/* All of 1 GiB is mapped, or nothing of it. */
static int map_start(const struct sill_handoff *handoff)
{
	const uint64_t large = EPT_CAP_1GB_PAGES | EPT_CAP_2MB_PAGES;
	/* One table maps as much: 512 pages of 1 GiB, or of 2 MiB. */
	uint64_t unit =
		(underlay.ept.capabilities & large) == large ? 512 * EPT_SIZE_1G : EPT_SIZE_1G;
	uint64_t end = ram_end(handoff);

	if (end > address_end())
		return -SILL_ERANGE;
	if (end < 4 * EPT_SIZE_1G)
		end = 4 * EPT_SIZE_1G;
	end = (end + unit - 1) & ~(unit - 1);
	if (end > address_end())
		end = address_end();
	return ept_map(&underlay.ept, 0, 0, end, EPT_ALL);
}

int underlay_memory_create(const struct sill_handoff *handoff, uint64_t ept_capabilities)
{
	static const struct ept_memory tables = {
		.allocate = allocate_table,
		.release = release_table,
		.at = reach_table,
	};
	int error;

	underlay.arena = handoff->arena;
	most_tables = UINT64_MAX;
	error = ept_init(&underlay.ept, ept_capabilities, &underlay.mtrr, &tables);
	underlay.ept.shared = true;
	if (error == 0)
		error = map_start(handoff);
	if (error == 0)
		error = hole_create();
	most_tables = handoff->arena.size / PAGE_SIZE / TABLES_SHARE;
	if (most_tables < underlay.ept.tables + TABLES_MORE)
		most_tables = underlay.ept.tables + TABLES_MORE;
	if (error == 0)
		underlay_memory_describe();
	return error;
}

static int describe_range(void *context, const struct ept_leaf *leaf)
{
	(void)context;
	if (leaf->gpa - underlay.arena.base >= underlay.arena.size)
		log_debug("  %010llx-%010llx %s", (unsigned long long)leaf->gpa,
			  (unsigned long long)(leaf->gpa + leaf->size - 1),
			  memory_type_name(leaf->type));
	return 0;
}

void underlay_memory_describe(void)
{
	if (!log_shows(SILL_LOG_DEBUG))
		return;
	log_debug("EPT: %llu tables; the OS's memory, Sill's left out:",
		  (unsigned long long)underlay.ept.tables);
	(void)ept_visit_ranges(&underlay.ept, describe_range, NULL);
}

/* Maps the GiB around an address where nothing is mapped. */
static int map_more(uint64_t gpa)
{
	uint64_t base = gpa & ~(EPT_SIZE_1G - 1);

	if (gpa >= address_end())
		return -SILL_ERANGE;
	return ept_map(&underlay.ept, base, base, EPT_SIZE_1G, EPT_ALL);
}

int underlay_memory_grant(struct vcpu *vcpu, uint64_t gpa)
{
	int error = 0;

	(void)vcpu;
	/* In the hole nothing is ever added: what isn't mapped there is not to be. */
	if (gpa - underlay.arena.base < underlay.arena.size)
		return ept_translate(&underlay.ept, gpa, NULL, NULL) == 0 ? 0 : -SILL_EFAULT;
	spin_lock(&underlay.lock);
	if (ept_translate(&underlay.ept, gpa, NULL, NULL) != 0)
		error = map_more(gpa);
	underlay_doors_memory_changed();
	spin_unlock(&underlay.lock);
	return error == 0 ? 0 : -SILL_EFAULT;
}

void underlay_exit_ept_violation(struct vcpu *vcpu)
{
	uint64_t gpa = vmread(VMCS_GUEST_PHYSICAL_ADDRESS);
	uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
	struct ept_leaf leaf;

	if (doors_access(vcpu, gpa, qualification))
		return;
	if (underlay_memory_grant(vcpu, gpa) != 0)
		/*
		 * Beyond what EPT translates, where no machine has anything; or out of tables,
		 * which takes a CPU without 1-GiB pages and something that tries one address after
		 * another.
		 */
		vcpu_stop(vcpu, VCPU_NOT_HANDLED,
			  "guest-physical %llx cannot be mapped: EPT ends at %llx, %llu of %llu "
			  "tables are in use",
			  (unsigned long long)gpa, (unsigned long long)address_end(),
			  (unsigned long long)underlay.ept.tables, (unsigned long long)most_tables);
	/* If the page has all rights, it got them from another CPU in the meantime. */
	if (ept_translate(&underlay.ept, gpa, NULL, &leaf) == 0 &&
	    (leaf.permissions & EPT_WRITE) == 0 && (qualification & EPT_VIOLATION_WRITE) != 0)
		hole_written(vcpu, leaf.gpa);
	underlay_doors_leave_view(vcpu, gpa);
	vcpu_retry_access(vcpu, qualification);
}

void underlay_exit_ept_misconfiguration(struct vcpu *vcpu)
{
	(void)vcpu;
	/* No guest can cause this: the tables hold an entry that the CPU cannot understand. */
	panic("EPT misconfiguration at guest-physical %llx",
	      (unsigned long long)vmread(VMCS_GUEST_PHYSICAL_ADDRESS));
}
