/* SPDX-License-Identifier: MIT */
/*
 * The header in front of a microcode update. The CPU is given the data's address and never sees
 * the header; Sill learns from it how much to map. SDM, "Microcode Update". Pure.
 */
#ifndef SILL_UNDERLAY_MICROCODE_HEADER_H
#define SILL_UNDERLAY_MICROCODE_HEADER_H

#include <stdint.h>

struct microcode_header {
	uint32_t version; /* of the header: 1 */
	uint32_t revision;
	uint32_t date;
	uint32_t processor_signature;
	uint32_t checksum;
	uint32_t loader_revision; /* 1 */
	uint32_t processor_flags;
	uint32_t data_size;  /* bytes, 0 = 2000 */
	uint32_t total_size; /* bytes, the header and what follows the data included; 0 = 2048 */
	uint32_t reserved[3];
};
_Static_assert(sizeof(struct microcode_header) == 48, "as in memory");

/* Several times the largest that there is. */
#define MICROCODE_MOST_BYTES (4u << 20)

/* How many bytes of data follow; 0 if this is no header that makes sense. */
uint32_t microcode_data_bytes(const struct microcode_header *header);

#endif
