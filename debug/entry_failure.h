/* SPDX-License-Identifier: MIT */
/*
 * Explains a failed VM entry in words: applies the SDM's rules for VM entries to the fields of the
 * VMCS and names every rule that is broken, with the field and its value.
 *
 *     GUEST_RFLAGS = 0000000000000000: bit 1 is reserved and must be 1 (SDM, "Checks on Guest RIP,
 *     RFLAGS, and SSP")
 *
 * Pure: the fields come through a callback, so that a table can answer in tests.
 */
#ifndef DEBUG_ENTRY_FAILURE_H
#define DEBUG_ENTRY_FAILURE_H

#include <stdint.h>

#include "vmx/capability.h"

struct entry_failure {
	/*
	 * Reads a VMCS field (its encoding); 0, or a negative error if the CPU has no such field,
	 * in which case the rules on that field count as kept.
	 */
	int (*read)(void *context, uint32_t field, uint64_t *value);
	void *read_context;
	/* Takes one line without a newline, at most 320 characters. */
	void (*emit)(void *context, const char *text);
	void *emit_context;
	/* What the CPU can do; the rules on reserved controls, fixed bits and widths need it. */
	const struct vmx_capability *capability;
};

/*
 * Explains a VM entry that failed late: exit reason (the whole field, bit 31 set) and exit
 * qualification as in the VMCS. Returns the number of broken rules that were found; 0 means that
 * the cause is none of those known here, and the main fields are listed instead.
 */
unsigned int entry_failure_explain_exit(const struct entry_failure *failure, uint32_t exit_reason,
					uint64_t qualification);

/*
 * Explains a VMLAUNCH or VMRESUME that failed at once with this VM-instruction error; 0 for
 * VMfailInvalid. Returns as above; errors that come from no field are explained and return 0.
 */
unsigned int entry_failure_explain_error(const struct entry_failure *failure,
					 uint32_t instruction_error);

/*
 * Applies all rules: controls, host state, guest state. For a look before the first VM entry.
 * Emits only broken rules. Returns their number.
 */
unsigned int entry_failure_check_all(const struct entry_failure *failure);

#endif
