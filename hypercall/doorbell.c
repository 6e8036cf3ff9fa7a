/* SPDX-License-Identifier: MIT */
/* Who may make the calls that not everybody may; see hypercall/doorbell.h. */
#include "hypercall/doorbell.h"

#include <sill/hypercall.h>

#include "core/cpu_setup.h"
#include "vmx/guest_memory.h"

#define TSS_IO_MAP_BASE	      0x66 /* in the 32-bit and the 64-bit TSS */
#define TSS_TYPE_32_OR_64_BIT 0x9  /* less the busy bit */
#define TSS_TYPE_BUSY	      0x2

/* SDM, "I/O Permission Bit Map": two bytes are read, and both have to lie within the TSS. */
static bool bitmap_grants(struct vcpu *vcpu, uint16_t port)
{
	uint64_t base = vmread(VMCS_GUEST_TR_BASE);
	uint64_t limit = vmread(VMCS_GUEST_TR_LIMIT);
	uint64_t type = vmread(VMCS_GUEST_TR_ACCESS_RIGHTS) & SEGMENT_TYPE_MASK;
	uint16_t map_base, bits;
	uint64_t at;

	if ((type & ~(uint64_t)TSS_TYPE_BUSY) != TSS_TYPE_32_OR_64_BIT ||
	    limit < TSS_IO_MAP_BASE + 1 ||
	    guest_read_as_cpu(vcpu, base + TSS_IO_MAP_BASE, &map_base, sizeof(map_base)) != 0)
		return false;
	at = (uint64_t)map_base + port / 8;
	if (at + 1 > limit || guest_read_as_cpu(vcpu, base + at, &bits, sizeof(bits)) != 0)
		return false;
	return (bits >> port % 8 & 1) == 0;
}

bool doorbell_granted(struct vcpu *vcpu)
{
	unsigned int cpl = vcpu_cpl();
	uint64_t rflags;

	if (cpl == 0)
		return true;
	rflags = vmread(VMCS_GUEST_RFLAGS);
	/* In virtual-8086 mode IOPL does not count. */
	if ((rflags & RFLAGS_VM) == 0 && cpl <= (rflags & RFLAGS_IOPL) >> 12)
		return true;
	return bitmap_grants(vcpu, SILL_DOORBELL_PORT);
}
