/* SPDX-License-Identifier: MIT */
/* Names of VMCS fields, for whatever prints one: explanations, traces, dumps. */
#include <stddef.h>
#include <stdint.h>

#include "core/string.h"
#include "vmx/vmcs.h"

static const uint16_t encodings[] = {
#define X(encoding, name) (encoding),
	VMCS_FIELDS(X)
#undef X
};

/* One after another, without a pointer to each: they are looked for seldom, and there are many. */
static const char names[] = {
#define X(encoding, name) #name "\0"
	VMCS_FIELDS(X)
#undef X
};

const char *vmcs_field_name(uint32_t encoding)
{
	const char *name = names;

	if (VMCS_FIELD_WIDTH(encoding) == VMCS_FIELD_WIDTH_64)
		encoding &= ~VMCS_FIELD_HIGH;
	for (size_t i = 0; i < sizeof(encodings) / sizeof(encodings[0]); i++) {
		if (encodings[i] == encoding)
			return name;
		name += strlen(name) + 1;
	}
	return NULL;
}
