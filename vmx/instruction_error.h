/* SPDX-License-Identifier: MIT */
/*
 * VM-instruction errors: why VMLAUNCH, VMRESUME, VMPTRLD, VMREAD and their like failed, from the
 * number in VMCS_VM_INSTRUCTION_ERROR.
 */
#ifndef VMX_INSTRUCTION_ERROR_H
#define VMX_INSTRUCTION_ERROR_H

#include <stdint.h>

/* X(number, NAME, "the SDM's words", "what to look at"); SDM, "VM Instruction Error Numbers". */
#define VM_INSTRUCTION_ERRORS(X)                                                                    \
	X(1, VMCALL_IN_ROOT, "VMCALL executed in VMX root operation",                               \
	  "Sill itself executed VMCALL: look for a call of guest code in the core")                 \
	X(2, VMCLEAR_INVALID_ADDRESS, "VMCLEAR with invalid physical address",                      \
	  "the operand must be a physical address, 4-KByte aligned, within the CPU's width")        \
	X(3, VMCLEAR_VMXON_POINTER, "VMCLEAR with VMXON pointer",                                   \
	  "the VMCS lies in the region that was given to VMXON: each needs a page of its own")      \
	X(4, VMLAUNCH_NON_CLEAR, "VMLAUNCH with non-clear VMCS",                                    \
	  "the VMCS was launched already or never cleared: VMRESUME, or VMCLEAR and VMPTRLD first") \
	X(5, VMRESUME_NON_LAUNCHED, "VMRESUME with non-launched VMCS",                              \
	  "the first entry after VMCLEAR must be VMLAUNCH")                                         \
	X(6, VMRESUME_AFTER_VMXOFF, "VMRESUME after VMXOFF",                                        \
	  "VMXOFF and VMXON happened between VMXON and VMRESUME: clear and launch the VMCS anew")   \
	X(7, ENTRY_INVALID_CONTROL, "VM entry with invalid control field(s)",                       \
	  "a VM-execution, VM-exit or VM-entry control field breaks a rule")                        \
	X(8, ENTRY_INVALID_HOST_STATE, "VM entry with invalid host-state field(s)",                 \
	  "a host-state field breaks a rule")                                                       \
	X(9, VMPTRLD_INVALID_ADDRESS, "VMPTRLD with invalid physical address",                      \
	  "the operand must be a physical address, 4-KByte aligned, within the CPU's width")        \
	X(10, VMPTRLD_VMXON_POINTER, "VMPTRLD with VMXON pointer",                                  \
	  "the VMCS lies in the region that was given to VMXON: each needs a page of its own")      \
	X(11, VMPTRLD_INCORRECT_REVISION, "VMPTRLD with incorrect VMCS revision identifier",        \
	  "the first 4 bytes of the VMCS must be bits 30:0 of IA32_VMX_BASIC of this CPU")          \
	X(12, UNSUPPORTED_COMPONENT, "VMREAD or VMWRITE from or to unsupported VMCS component",     \
	  "this CPU has no field with that encoding: is the feature that it belongs to there?")     \
	X(13, VMWRITE_READ_ONLY, "VMWRITE to read-only VMCS component",                             \
	  "VM-exit information can be written only if bit 29 of IA32_VMX_MISC is 1")                \
	X(15, VMXON_IN_ROOT, "VMXON executed in VMX root operation",                                \
	  "VMX operation is already on: on this CPU VMXON was executed before")                     \
	X(16, ENTRY_INVALID_EXECUTIVE_VMCS, "VM entry with invalid executive-VMCS pointer",         \
	  "happens in system-management mode only")                                                 \
	X(17, ENTRY_NON_LAUNCHED_EXECUTIVE_VMCS, "VM entry with non-launched executive VMCS",       \
	  "happens in system-management mode only")                                                 \
	X(18, ENTRY_EXECUTIVE_VMCS_NOT_VMXON,                                                       \
	  "VM entry with executive-VMCS pointer not VMXON pointer",                                 \
	  "happens in system-management mode only")                                                 \
	X(19, VMCALL_NON_CLEAR, "VMCALL with non-clear VMCS",                                       \
	  "VMCALL in VMX root operation tried to activate the dual-monitor treatment")              \
	X(20, VMCALL_INVALID_EXIT_CONTROLS, "VMCALL with invalid VM-exit control fields",           \
	  "VMCALL in VMX root operation tried to activate the dual-monitor treatment")              \
	X(22, VMCALL_INCORRECT_MSEG, "VMCALL with incorrect MSEG revision identifier",              \
	  "VMCALL in VMX root operation tried to activate the dual-monitor treatment")              \
	X(23, VMXOFF_DUAL_MONITOR, "VMXOFF under dual-monitor treatment of SMIs and SMM",           \
	  "firmware's system-management monitor is active: VMX operation cannot be left")           \
	X(24, VMCALL_INVALID_SMM_FEATURES, "VMCALL with invalid SMM-monitor features",              \
	  "VMCALL in VMX root operation tried to activate the dual-monitor treatment")              \
	X(25, ENTRY_INVALID_EXECUTIVE_CONTROLS,                                                     \
	  "VM entry with invalid VM-execution control fields in executive VMCS",                    \
	  "happens in system-management mode only")                                                 \
	X(26, ENTRY_BLOCKED_BY_MOV_SS, "VM entry with events blocked by MOV SS",                    \
	  "VMLAUNCH or VMRESUME directly follows MOV SS or POP SS in the host")                     \
	X(28, INVALID_INVALIDATION_OPERAND, "Invalid operand to INVEPT/INVVPID",                    \
	  "unsupported type, VPID 0, a linear address that is not canonical, or reserved bits set")

enum vm_instruction_error {
#define X(number, name, words, hint) VM_INSTRUCTION_ERROR_##name = (number),
	VM_INSTRUCTION_ERRORS(X)
#undef X
};

/*
 * The error in the SDM's words, and what to look at. Never NULL: a number that the SDM does not
 * define (0: VMfailInvalid, there was no current VMCS to hold a number) gives that in words.
 */
const char *vm_instruction_error_words(uint32_t error);
const char *vm_instruction_error_hint(uint32_t error);

#endif
