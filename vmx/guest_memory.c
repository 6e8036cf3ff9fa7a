/* SPDX-License-Identifier: MIT */
/* A guest's memory as Sill may touch it; see vmx/guest_memory.h. */
#include "vmx/guest_memory.h"

#include <sill/errno.h>

#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/msr.h"
#include "core/window.h"
#include "vmx/page_walk.h"

static int find(struct vcpu *vcpu, uint64_t gpa, uint32_t permissions, uint64_t *hpa,
		uint64_t *bytes)
{
	struct ept_leaf leaf;

	if (ept_translate(vcpu->ept, gpa, hpa, &leaf) != 0 &&
	    (vcpu->grant == NULL || vcpu->grant(vcpu, gpa) != 0 ||
	     ept_translate(vcpu->ept, gpa, hpa, &leaf) != 0))
		return -SILL_EFAULT;
	if ((leaf.permissions & permissions) != permissions &&
	    (gpa & ~4095ull) != vcpu->watched_page)
		return -SILL_EFAULT;
	*bytes = leaf.gpa + leaf.size - gpa;
	return 0;
}

int guest_find_physical(struct vcpu *vcpu, uint64_t gpa, uint32_t permissions, uint64_t *hpa,
			uint64_t *bytes)
{
	return find(vcpu, gpa, permissions, hpa, bytes);
}

int guest_read_physical(struct vcpu *vcpu, uint64_t gpa, void *to, size_t size)
{
	for (char *at = to; size > 0;) {
		uint64_t hpa, bytes;

		if (find(vcpu, gpa, EPT_READ, &hpa, &bytes) != 0)
			return -SILL_EFAULT;
		if (bytes > size)
			bytes = size;
		physical_read(hpa, at, bytes);
		at += bytes;
		gpa += bytes;
		size -= bytes;
	}
	return 0;
}

/* For page_walk(): one entry of the guest's tables, in one access. */
static int read_entry(void *context, uint64_t gpa, void *to, size_t size)
{
	uint64_t hpa, bytes, value;

	if (find(context, gpa, EPT_READ, &hpa, &bytes) != 0 || bytes < size)
		return -SILL_EFAULT;
	value = physical_load(hpa, size);
	__builtin_memcpy(to, &value, size);
	return 0;
}

static void read_paging(const struct vcpu *vcpu, bool user, struct paging *paging)
{
	*paging = (struct paging){
		.cr0 = vmread(VMCS_GUEST_CR0),
		.cr3 = vmread(VMCS_GUEST_CR3),
		.cr4 = vmread(VMCS_GUEST_CR4),
		.efer = vmread(VMCS_GUEST_IA32_EFER),
		.rflags = vmread(VMCS_GUEST_RFLAGS),
		.user = user,
		.physical_bits = (uint8_t)vcpu->capability->physical_address_bits,
		.pages_1g = vcpu->pages_1g,
	};
	if ((paging->cr0 & CR0_PG) != 0 && (paging->efer & EFER_LMA) == 0 &&
	    (paging->cr4 & CR4_PAE) != 0) {
		for (unsigned int i = 0; i < 4; i++)
			paging->pdpte[i] = vmread(VMCS_GUEST_PDPTE0 + 2 * i);
	}
	/* PKRU is not exchanged at VM exits: it still is the guest's. */
	if ((paging->cr4 & CR4_PKE) != 0)
		paging->pkru = rdpkru();
}

/* A range of linear addresses, page by page: where each piece is in the end. */
struct piece {
	uint64_t hpa;
	size_t size;
};

/* No range that Sill copies is longer than a page, so it touches two at the most. */
#define MOST_BYTES  4096
#define MOST_PIECES 2

static int set_flags(struct vcpu *vcpu, const struct page_walk_result *walk,
		     enum page_access access)
{
	struct page_walk_mark marks[PAGE_WALK_MAX_LEVELS];
	unsigned int count = page_walk_entries_to_mark(walk, access, marks);

	for (unsigned int i = 0; i < count; i++) {
		uint64_t hpa, bytes;

		if (find(vcpu, marks[i].gpa, EPT_READ | EPT_WRITE, &hpa, &bytes) != 0 ||
		    bytes < marks[i].size ||
		    !physical_replace(hpa, marks[i].size, marks[i].value,
				      marks[i].value | marks[i].set))
			return -SILL_EFAULT;
	}
	return 0;
}

static void note_fault(struct guest_fault *fault, uint64_t linear,
		       const struct page_walk_result *walk)
{
	if (fault == NULL)
		return;
	*fault = (struct guest_fault){
		.page_fault = !walk->not_canonical && !walk->table_missing,
		.address = linear,
		.error_code = walk->error_code,
	};
}

/* Translates and checks all of a range; its pieces in *pieces, their number as result. */
static int translate(struct vcpu *vcpu, uint64_t linear, size_t size, enum page_access access,
		     bool user, struct piece pieces[MOST_PIECES], struct guest_fault *fault)
{
	uint32_t permissions = access == PAGE_ACCESS_WRITE ? EPT_READ | EPT_WRITE : EPT_READ;
	struct paging paging;
	int count = 0;

	if (fault != NULL)
		*fault = (struct guest_fault){.address = linear};
	/* A range that wraps is no range. */
	if (size > MOST_BYTES || linear + size < linear)
		return -SILL_EFAULT;
	read_paging(vcpu, user, &paging);
	if ((paging.efer & EFER_LMA) == 0 && linear + size > 1ull << 32)
		return -SILL_EFAULT;
	while (size > 0) {
		struct page_walk_result walk;
		uint64_t bytes;

		if (page_walk(&paging, linear, access, read_entry, vcpu, &walk) != 0) {
			note_fault(fault, linear, &walk);
			return -SILL_EFAULT;
		}
		if (walk.size > 4096 - linear % 4096)
			walk.size = 4096 - linear % 4096;
		pieces[count].size = size < walk.size ? size : walk.size;
		if (find(vcpu, walk.gpa, permissions, &pieces[count].hpa, &bytes) != 0 ||
		    bytes < pieces[count].size)
			return -SILL_EFAULT;
		if (access == PAGE_ACCESS_WRITE && set_flags(vcpu, &walk, access) != 0)
			return -SILL_EFAULT;
		linear += pieces[count].size;
		size -= pieces[count].size;
		count++;
	}
	return count;
}

/* Code that is not 64-bit code has no addresses above 4 GiB, whatever the CPU itself can reach. */
static bool caller_can_name(uint64_t linear, size_t size, struct guest_fault *fault)
{
	if (vcpu_in_64_bit_code() || (linear < 1ull << 32 && linear + size <= 1ull << 32))
		return true;
	if (fault != NULL)
		*fault = (struct guest_fault){.address = linear};
	return false;
}

static int read_linear(struct vcpu *vcpu, uint64_t linear, void *to, size_t size,
		       enum page_access access, bool user, struct guest_fault *fault)
{
	struct piece pieces[MOST_PIECES];
	int count = translate(vcpu, linear, size, access, user, pieces, fault);
	char *at = to;

	for (int i = 0; i < count; i++) {
		physical_read(pieces[i].hpa, at, pieces[i].size);
		at += pieces[i].size;
	}
	return count < 0 ? count : 0;
}

int guest_read(struct vcpu *vcpu, uint64_t linear, void *to, size_t size, struct guest_fault *fault)
{
	if (!caller_can_name(linear, size, fault))
		return -SILL_EFAULT;
	return read_linear(vcpu, linear, to, size, PAGE_ACCESS_READ, vcpu_cpl() == 3, fault);
}

int guest_fetch(struct vcpu *vcpu, uint64_t linear, void *to, size_t size)
{
	return read_linear(vcpu, linear, to, size, PAGE_ACCESS_FETCH, vcpu_cpl() == 3, NULL);
}

int guest_read_as_cpu(struct vcpu *vcpu, uint64_t linear, void *to, size_t size)
{
	return read_linear(vcpu, linear, to, size, PAGE_ACCESS_READ, false, NULL);
}

int guest_find_as_cpu(struct vcpu *vcpu, uint64_t linear, uint64_t *hpa, struct guest_fault *fault)
{
	struct piece pieces[MOST_PIECES];
	int count = translate(vcpu, linear, 1, PAGE_ACCESS_READ, false, pieces, fault);

	if (count < 0)
		return count;
	*hpa = pieces[0].hpa;
	return 0;
}

static int translate_for_write(struct vcpu *vcpu, uint64_t linear, size_t size,
			       struct piece pieces[MOST_PIECES], struct guest_fault *fault)
{
	if (!caller_can_name(linear, size, fault))
		return -SILL_EFAULT;
	return translate(vcpu, linear, size, PAGE_ACCESS_WRITE, vcpu_cpl() == 3, pieces, fault);
}

int guest_check_write(struct vcpu *vcpu, uint64_t linear, size_t size, struct guest_fault *fault)
{
	struct piece pieces[MOST_PIECES];
	int count = translate_for_write(vcpu, linear, size, pieces, fault);

	return count < 0 ? count : 0;
}

int guest_write(struct vcpu *vcpu, uint64_t linear, const void *from, size_t size,
		struct guest_fault *fault)
{
	struct piece pieces[MOST_PIECES];
	int count = translate_for_write(vcpu, linear, size, pieces, fault);
	const char *at = from;

	for (int i = 0; i < count; i++) {
		physical_write(pieces[i].hpa, at, pieces[i].size);
		at += pieces[i].size;
	}
	return count < 0 ? count : 0;
}

int guest_translate(struct vcpu *vcpu, uint64_t linear, enum page_access access,
		    struct guest_translation *translation)
{
	uint32_t permissions = access == PAGE_ACCESS_WRITE ? EPT_READ | EPT_WRITE : EPT_READ;
	uint64_t page = linear & ~4095ull, bytes;
	struct page_walk_mark marks[PAGE_WALK_MAX_LEVELS];
	struct page_walk_result walk;
	struct paging paging;
	bool holdable;

	*translation = (struct guest_translation){0};
	if (!caller_can_name(linear, 1, NULL))
		return -SILL_EFAULT;
	read_paging(vcpu, vcpu_cpl() == 3, &paging);
	if (page_walk(&paging, page, access, read_entry, vcpu, &walk) != 0)
		return -SILL_EFAULT;
	if (page_walk_entries_to_mark(&walk, access, marks) != 0) {
		if (set_flags(vcpu, &walk, access) != 0)
			return -SILL_EFAULT;
		/* Once more, for the entries as they are now. */
		if (page_walk(&paging, page, access, read_entry, vcpu, &walk) != 0)
			return -SILL_EFAULT;
	}
	if (find(vcpu, walk.gpa, permissions, &translation->hpa, &bytes) != 0)
		return -SILL_EFAULT;
	/* L has a meaning in IA-32e mode only, and there entries have 8 bytes. */
	holdable = vcpu_in_64_bit_code() && (paging.efer & EFER_LMA) != 0;
	translation->linear = page;
	translation->gpa = walk.gpa;
	translation->cr3 = paging.cr3;
	for (unsigned int i = 0; holdable && i < walk.levels; i++) {
		struct physical_word *word = &translation->words[i];

		word->value = walk.entries[i].value;
		holdable = find(vcpu, walk.entries[i].gpa, EPT_READ, &word->physical, &bytes) == 0;
	}
	if (holdable)
		translation->count = walk.levels;
	return 0;
}
