/* SPDX-License-Identifier: MIT */
/* Descriptor decoding; see boot/segment.h. */
#include "boot/segment.h"

#include "core/string.h"
#include "sill/errno.h"

/* SDM, "Segment Selectors" */
#define SELECTOR_LDT   0x4u
#define SELECTOR_INDEX 0xfff8u

/* SDM, "Segment Descriptors", bits of the 64-bit value */
#define DESCRIPTOR_ACCESSED    (1ull << 40)
#define DESCRIPTOR_BUSY	       (1ull << 41) /* of a TSS */
#define DESCRIPTOR_NOT_SYSTEM  (1ull << 44)
#define DESCRIPTOR_PRESENT     (1ull << 47)
#define DESCRIPTOR_GRANULARITY (1ull << 55)

#define DESCRIPTOR_TYPE(d)     ((d) >> 40 & 0xf)
#define TYPE_TSS_AVAILABLE     0x9

/* SDM, "Guest Register State": the access rights are bits 55:52 and 47:40, 51:48 being limit. */
#define ACCESS_RIGHTS(d) ((uint32_t)((d) >> 40) & 0xf0ffu)

int segment_describe(const void *gdt, uint32_t limit, uint16_t selector,
		     struct sill_segment *segment)
{
	uint32_t at = selector & SELECTOR_INDEX;
	uint64_t descriptor, high;

	*segment = (struct sill_segment){.selector = selector, .access_rights = SEGMENT_UNUSABLE};
	if ((selector & ~3u) == 0)
		return 0;
	if ((selector & SELECTOR_LDT) || at + sizeof(descriptor) - 1 > limit)
		return -SILL_EINVAL;
	memcpy(&descriptor, (const uint8_t *)gdt + at, sizeof(descriptor));
	if (!(descriptor & DESCRIPTOR_PRESENT))
		return -SILL_EINVAL;

	segment->base = (descriptor >> 16 & 0xffffff) | (descriptor >> 56) << 24;
	segment->limit = (uint32_t)(descriptor & 0xffff) | ((uint32_t)(descriptor >> 32) & 0xf0000);
	if (descriptor & DESCRIPTOR_GRANULARITY)
		segment->limit = segment->limit << 12 | 0xfff;

	if (descriptor & DESCRIPTOR_NOT_SYSTEM) {
		/* Loading it sets the bit, in the CPU if not in a descriptor that is read-only. */
		descriptor |= DESCRIPTOR_ACCESSED;
	} else {
		/* SDM, "Segment Descriptor Tables in IA-32e Mode": 16 bytes. */
		if (at + 2 * sizeof(descriptor) - 1 > limit)
			return -SILL_EINVAL;
		memcpy(&high, (const uint8_t *)gdt + at + sizeof(descriptor), sizeof(high));
		segment->base |= high << 32;
		if (DESCRIPTOR_TYPE(descriptor) == TYPE_TSS_AVAILABLE)
			descriptor |= DESCRIPTOR_BUSY;
	}
	segment->access_rights = ACCESS_RIGHTS(descriptor);
	return 0;
}
