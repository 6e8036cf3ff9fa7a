/* SPDX-License-Identifier: MIT */
/* The header in front of a microcode update; see underlay/microcode_header.h. */
#include "underlay/microcode_header.h"

#define DEFAULT_DATA_BYTES  2000
#define DEFAULT_TOTAL_BYTES 2048

uint32_t microcode_data_bytes(const struct microcode_header *header)
{
	uint32_t data = header->data_size, total = header->total_size;

	if (header->version != 1 || header->loader_revision != 1)
		return 0;
	if (data == 0) {
		data = DEFAULT_DATA_BYTES;
		total = DEFAULT_TOTAL_BYTES;
	}
	if (data % 4 != 0 || data > MICROCODE_MOST_BYTES || total < sizeof(*header) + data)
		return 0;
	return data;
}
