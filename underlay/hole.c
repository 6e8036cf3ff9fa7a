/* SPDX-License-Identifier: MIT */
/*
 * The hole in guest-physical memory; see underlay/hole.h.
 *
 * All its pages map to one page of ones, without the right to write. What writes there is not
 * emulated, as that would take a decoder for all that a CPU can execute. Instead the page shows
 * another one, scratch, until the guest has made its step (vmx/step.h). On a CPU that can't be made
 * to exit after one the pages that were written to last go on showing scratch.
 *
 * The EPT is shared. While one CPU is lent a page, others find scratch there as well, which they
 * may read and write, and they may go on with what they have cached until they next execute INVEPT.
 * So a CPU that writes to the hole, or reads it while another writes, may read something else than
 * ones there: what was written by the guest itself, never anything of Sill's. In exchange no CPU
 * ever waits for another that may have been stopped between its two exits.
 */
#include "underlay/hole.h"

#include <sill/errno.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/string.h"
#include "underlay/underlay.h"
#include "vmx/step.h"
#include "vmx/tlb.h"

static uint64_t ones; /* host-physical */
static uint64_t scratch;

static void *page_of_ones(void)
{
	void *page = page_allocate();

	return page != NULL ? memset(page, 0xff, PAGE_SIZE) : NULL;
}

int hole_create(void)
{
	void *ones_page = page_of_ones(), *scratch_page = page_of_ones();

	if (ones_page == NULL || scratch_page == NULL)
		return -SILL_ENOMEM;
	ones = physical_of(ones_page);
	scratch = physical_of(scratch_page);
	return ept_map_repeated(&underlay.ept, underlay.arena.base, ones, underlay.arena.size,
				EPT_READ | EPT_EXECUTE);
}

static void show(uint64_t page, uint64_t hpa, uint32_t permissions)
{
	/* The hole consists of pages of 4 KiB: there is nothing that could fail. */
	if (ept_replace_page(&underlay.ept, page, hpa, permissions) != 0)
		panic("the page at %llx is not one of the hole's", (unsigned long long)page);
}

static void take_back(uint64_t *lent)
{
	if (*lent != 0)
		show(*lent, ones, EPT_READ | EPT_EXECUTE);
	*lent = 0;
}

void hole_written(struct vcpu *vcpu, uint64_t page)
{
	static bool told;
	uint64_t *lent = &vcpu->lent_pages[vcpu->next_lent++ % VCPU_LENT_PAGES];
	bool tell;

	spin_lock(&underlay.lock);
	tell = !told;
	told = true;
	take_back(lent);
	show(page, scratch, EPT_ALL);
	*lent = page;
	spin_unlock(&underlay.lock);
	if (tell)
		log_warning("the OS wrote to Sill's memory, at %llx: ignored (said once)",
			    (unsigned long long)page);
	step_begin(vcpu);
	tlb_invalidate_ept(vcpu);
}

void hole_step_ended(struct vcpu *vcpu)
{
	bool lent = false;

	for (uint32_t i = 0; i < VCPU_LENT_PAGES; i++)
		lent |= vcpu->lent_pages[i] != 0;
	if (!lent)
		return;
	spin_lock(&underlay.lock);
	for (uint32_t i = 0; i < VCPU_LENT_PAGES; i++)
		take_back(&vcpu->lent_pages[i]);
	memset(virtual_of(scratch), 0xff, PAGE_SIZE);
	spin_unlock(&underlay.lock);
	tlb_invalidate_ept(vcpu);
}
