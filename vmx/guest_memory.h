/* SPDX-License-Identifier: MIT */
/*
 * A guest's memory as Sill may touch it: through the guest's own page tables with the caller's
 * rights, then through EPT, a copy at a time. No pointer into it is ever held, so nothing can
 * change between a check and its use.
 */
#ifndef SILL_VMX_GUEST_MEMORY_H
#define SILL_VMX_GUEST_MEMORY_H

#include "vmx/vcpu.h"

#include <stddef.h>
#include <stdint.h>

#include "core/window.h"
#include "vmx/page_walk.h"

/*
 * Guest-physical memory. 0, or -SILL_EFAULT if any of it is not RAM that the guest itself could
 * reach in this way. Lazily granted pages are granted first, as at the guest's own touch.
 */
__attribute__((warn_unused_result)) int guest_read_physical(struct vcpu *vcpu, uint64_t gpa,
							    void *to, size_t size);

/* Why an access by linear address failed: what the guest's own instruction would have met. */
struct guest_fault {
	bool page_fault; /* else a general-protection fault */
	uint64_t address;
	uint32_t error_code;
};

/*
 * Linear addresses of the code that runs now, at its privilege. All of the range is checked before
 * a byte is written. 0, or -SILL_EFAULT; *fault (may be NULL) tells what it was.
 */
__attribute__((warn_unused_result)) int guest_read(struct vcpu *vcpu, uint64_t linear, void *to,
						   size_t size, struct guest_fault *fault);
__attribute__((warn_unused_result)) int guest_write(struct vcpu *vcpu, uint64_t linear,
						    const void *from, size_t size,
						    struct guest_fault *fault);

/* Whether guest_write() would succeed; changes nothing but accessed and dirty flags. */
__attribute__((warn_unused_result)) int guest_check_write(struct vcpu *vcpu, uint64_t linear,
							  size_t size, struct guest_fault *fault);

/* As the CPU fetches instructions, at the privilege of the code that runs now. */
__attribute__((warn_unused_result)) int guest_fetch(struct vcpu *vcpu, uint64_t linear, void *to,
						    size_t size);

/* As read by the CPU itself, whatever the CPL: descriptors and task state. */
__attribute__((warn_unused_result)) int guest_read_as_cpu(struct vcpu *vcpu, uint64_t linear,
							  void *to, size_t size);

/*
 * Where the byte at a linear address is that the CPU itself reads, whatever the CPL. It may lie
 * elsewhere a moment later. Errors as of guest_read().
 */
__attribute__((warn_unused_result)) int guest_find_as_cpu(struct vcpu *vcpu, uint64_t linear,
							  uint64_t *hpa, struct guest_fault *fault);

/*
 * Where a byte of guest-physical memory is, if the guest has these rights (EPT_*) to it, and in
 * *bytes how many there are from it on. Lazily granted pages are granted first. -SILL_EFAULT if
 * not.
 */
__attribute__((warn_unused_result)) int guest_find_physical(struct vcpu *vcpu, uint64_t gpa,
							    uint32_t permissions, uint64_t *hpa,
							    uint64_t *bytes);

/*
 * A page of linear addresses as the guest's page tables map it, with the entries that say so: as
 * long as these are what they were, so is the translation. All zero is none.
 */
struct guest_translation {
	uint64_t linear, gpa, hpa; /* of the page's first byte */
	uint64_t cr3;
	/*
	 * What has to be as it was: the entries, and what the caller adds. 0: it can't be held, for
	 * want of 64-bit code or entries.
	 */
	uint32_t count;
	struct physical_word words[PAGE_WALK_MAX_LEVELS + 2];
};

/*
 * Translates one linear address for an access of the code that runs now, at its privilege, and
 * sets accessed flags, and for a write the dirty flag, as the access would have. 0, or
 * -SILL_EFAULT.
 */
__attribute__((warn_unused_result)) int guest_translate(struct vcpu *vcpu, uint64_t linear,
							enum page_access access,
							struct guest_translation *translation);

/* Whether it is the address's, and still what the guest's page tables say; for 64-bit code. */
static inline bool guest_translation_holds(const struct guest_translation *translation,
					   uint64_t linear)
{
	return (linear & ~4095ull) == translation->linear && translation->count != 0 &&
	       vmread_counted(VMCS_GUEST_CR3) == translation->cr3 &&
	       physical_words_hold(translation->words, translation->count);
}

#endif
