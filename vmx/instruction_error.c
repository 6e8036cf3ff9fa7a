/* SPDX-License-Identifier: MIT */
/* VM-instruction error numbers in words. */
#include <stdint.h>

#include "vmx/instruction_error.h"

const char *vm_instruction_error_words(uint32_t error)
{
	switch (error) {
#define X(number, name, words, hint) \
	case number:                 \
		return (words);
		VM_INSTRUCTION_ERRORS(X)
#undef X
	case 0:
		return "no error number: there is no current VMCS (VMfailInvalid)";
	default:
		return "error number that the SDM does not define";
	}
}

const char *vm_instruction_error_hint(uint32_t error)
{
	switch (error) {
#define X(number, name, words, hint) \
	case number:                 \
		return (hint);
		VM_INSTRUCTION_ERRORS(X)
#undef X
	case 0:
		return "VMPTRLD must come first; VMXON fails so with a bad region or revision";
	default:
		return "was the VMCS current on this CPU when the number was read?";
	}
}
