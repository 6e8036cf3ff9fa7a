/* SPDX-License-Identifier: MIT */
/* Names of VMCS fields, for whatever prints one: explanations, traces, dumps. */
#include <stddef.h>
#include <stdint.h>

#include "vmx/vmcs.h"

struct field {
	uint16_t encoding;
	const char *name;
	const char *words;
};

static const struct field fields[] = {
#define X(encoding, name, words) {(encoding), #name, (words)},
	VMCS_FIELDS(X)
#undef X
};

static const struct field *find(uint32_t encoding)
{
	size_t i;

	if (VMCS_FIELD_WIDTH(encoding) == VMCS_FIELD_WIDTH_64)
		encoding &= ~VMCS_FIELD_HIGH;
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].encoding == encoding)
			return &fields[i];
	}
	return NULL;
}

const char *vmcs_field_name(uint32_t encoding)
{
	const struct field *field = find(encoding);

	return field ? field->name : NULL;
}

const char *vmcs_field_words(uint32_t encoding)
{
	const struct field *field = find(encoding);

	return field ? field->words : NULL;
}
