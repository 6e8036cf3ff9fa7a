/* SPDX-License-Identifier: MIT */
/* Names of the controls, for people who have to look them up. */
#include <stddef.h>

#include "core/string.h"
#include "vmx/capability.h"
#include "vmx/controls.h"

#define ALL_CONTROL_BITS(X)                                 \
	WORD(VMX_WORD_PIN, PIN_BASED_CONTROL_BITS(X))       \
	WORD(VMX_WORD_PRIMARY, PRIMARY_CONTROL_BITS(X))     \
	WORD(VMX_WORD_SECONDARY, SECONDARY_CONTROL_BITS(X)) \
	WORD(VMX_WORD_EXIT, VM_EXIT_CONTROL_BITS(X))        \
	WORD(VMX_WORD_ENTRY, VM_ENTRY_CONTROL_BITS(X))

/* Of each word, which bits have a name; */
static const uint32_t named[VMX_WORD_COUNT] = {
#define X(bit, name, words) | 1u << (bit)
#define WORD(word, bits)    [word] = 0 bits,
	ALL_CONTROL_BITS(X)
#undef WORD
#undef X
};

/* and the names, in ascending order of word and bit, one after another. */
static const char names[] = {
#define X(bit, name, words) words "\0"
#define WORD(word, bits)    bits
	ALL_CONTROL_BITS(X)
#undef WORD
#undef X
};

static const char *const word_names[VMX_WORD_COUNT] = {
	[VMX_WORD_PIN] = "pin-based VM-execution controls",
	[VMX_WORD_PRIMARY] = "primary processor-based VM-execution controls",
	[VMX_WORD_SECONDARY] = "secondary processor-based VM-execution controls",
	[VMX_WORD_EXIT] = "VM-exit controls",
	[VMX_WORD_ENTRY] = "VM-entry controls",
};

const char *vmx_word_words(enum vmx_word word)
{
	return word < VMX_WORD_COUNT ? word_names[word] : "unknown controls";
}

bool vmx_control_is_named(enum vmx_word word, uint32_t mask)
{
	return word < VMX_WORD_COUNT && (named[word] & mask & -mask) != 0;
}

const char *vmx_control_words(enum vmx_word word, uint32_t mask)
{
	const char *name = names;

	if (!vmx_control_is_named(word, mask))
		return "reserved control";
	for (uint32_t at = 0; at <= word; at++) {
		for (uint32_t bit = 0; bit < 32; bit++) {
			if (at == word && (mask & -mask) == 1u << bit)
				return name;
			if ((named[at] & 1u << bit) != 0)
				name += strlen(name) + 1;
		}
	}
	return "reserved control";
}
