/* SPDX-License-Identifier: MIT */
/*
 * Who answers which VM exit, in each mode: the one place that knows every room. A reason without a
 * row stops the guest with a report.
 */
#include "vmx/exit.h"

/* The first row stands for all, the others replace it. */
#pragma GCC diagnostic ignored "-Woverride-init"

/* Instructions of features that CPUID does not show: on such a CPU they raise #UD. */
#define INSTRUCTIONS_OF_VMX_AND_SMX                                                                \
	[EXIT_REASON_GETSEC] = exit_invalid_opcode, [EXIT_REASON_VMCLEAR] = exit_invalid_opcode,   \
	[EXIT_REASON_VMLAUNCH] = exit_invalid_opcode, [EXIT_REASON_VMPTRLD] = exit_invalid_opcode, \
	[EXIT_REASON_VMPTRST] = exit_invalid_opcode, [EXIT_REASON_VMREAD] = exit_invalid_opcode,   \
	[EXIT_REASON_VMRESUME] = exit_invalid_opcode, [EXIT_REASON_VMWRITE] = exit_invalid_opcode, \
	[EXIT_REASON_VMXOFF] = exit_invalid_opcode, [EXIT_REASON_VMXON] = exit_invalid_opcode,     \
	[EXIT_REASON_INVEPT] = exit_invalid_opcode, [EXIT_REASON_INVVPID] = exit_invalid_opcode,   \
	[EXIT_REASON_VMFUNC] = exit_invalid_opcode, [EXIT_REASON_SEAMCALL] = exit_invalid_opcode,  \
	[EXIT_REASON_TDCALL] = exit_invalid_opcode

exit_handler *const exit_table[SILL_MODE_COUNT][EXIT_REASON_COUNT] = {
	[SILL_MODE_GUEST] =
		{
			[0 ... EXIT_REASON_COUNT - 1] = exit_unhandled,
			[EXIT_REASON_EXCEPTION_OR_NMI] = exit_exception_or_nmi,
			[EXIT_REASON_EXTERNAL_INTERRUPT] = exit_external_interrupt,
			[EXIT_REASON_TRIPLE_FAULT] = exit_triple_fault,
			[EXIT_REASON_INTERRUPT_WINDOW] = exit_interrupt_window,
			[EXIT_REASON_NMI_WINDOW] = exit_nmi_window,
			[EXIT_REASON_TASK_SWITCH] = exit_task_switch,
			[EXIT_REASON_CPUID] = exit_cpuid,
			[EXIT_REASON_HLT] = guest_exit_hlt,
			[EXIT_REASON_INVD] = exit_wbinvd,
			[EXIT_REASON_VMCALL] = exit_hypercall,
			[EXIT_REASON_CONTROL_REGISTER_ACCESS] = exit_control_register,
			[EXIT_REASON_IO_INSTRUCTION] = guest_exit_io,
			[EXIT_REASON_RDMSR] = exit_rdmsr,
			[EXIT_REASON_WRMSR] = exit_wrmsr,
			[EXIT_REASON_MONITOR_TRAP_FLAG] = guest_exit_monitor_trap_flag,
			[EXIT_REASON_EPT_VIOLATION] = guest_exit_ept_violation,
			[EXIT_REASON_EPT_MISCONFIGURATION] = guest_exit_ept_misconfiguration,
			[EXIT_REASON_VMX_PREEMPTION_TIMER_EXPIRED] = guest_exit_preemption_timer,
			[EXIT_REASON_WBINVD_OR_WBNOINVD] = exit_wbinvd,
			[EXIT_REASON_XSETBV] = exit_xsetbv,
			[EXIT_REASON_MONITOR] = exit_invalid_opcode,
			[EXIT_REASON_MWAIT] = exit_invalid_opcode,
			[EXIT_REASON_RDPMC] = exit_rdpmc,
			INSTRUCTIONS_OF_VMX_AND_SMX,
		},
	[SILL_MODE_UNDERLAY] =
		{
			[0 ... EXIT_REASON_COUNT - 1] = exit_unhandled,
			[EXIT_REASON_EXCEPTION_OR_NMI] = exit_exception_or_nmi,
			[EXIT_REASON_TRIPLE_FAULT] = underlay_exit_triple_fault,
			[EXIT_REASON_INTERRUPT_WINDOW] = exit_interrupt_window,
			[EXIT_REASON_NMI_WINDOW] = exit_nmi_window,
			[EXIT_REASON_TASK_SWITCH] = exit_task_switch,
			[EXIT_REASON_XSAVES] = exit_xsaves,
			[EXIT_REASON_XRSTORS] = exit_xsaves,
			[EXIT_REASON_INIT_SIGNAL] = underlay_exit_init,
			[EXIT_REASON_SIPI] = underlay_exit_sipi,
			[EXIT_REASON_CPUID] = underlay_exit_cpuid,
			[EXIT_REASON_INVD] = exit_wbinvd,
			[EXIT_REASON_IO_INSTRUCTION] = underlay_exit_io,
			[EXIT_REASON_VMCALL] = exit_hypercall,
			[EXIT_REASON_CONTROL_REGISTER_ACCESS] = exit_control_register,
			[EXIT_REASON_RDMSR] = underlay_exit_rdmsr,
			[EXIT_REASON_WRMSR] = underlay_exit_wrmsr,
			[EXIT_REASON_MONITOR_TRAP_FLAG] = underlay_exit_monitor_trap_flag,
			[EXIT_REASON_EPT_VIOLATION] = underlay_exit_ept_violation,
			[EXIT_REASON_EPT_MISCONFIGURATION] = underlay_exit_ept_misconfiguration,
			[EXIT_REASON_VMX_PREEMPTION_TIMER_EXPIRED] = underlay_exit_preemption_timer,
			[EXIT_REASON_XSETBV] = underlay_exit_xsetbv,
			INSTRUCTIONS_OF_VMX_AND_SMX,
		},
};
