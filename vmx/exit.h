/* SPDX-License-Identifier: MIT */
/* The exit path's inner contracts: who handles which VM exit. */
#ifndef SILL_VMX_EXIT_H
#define SILL_VMX_EXIT_H

#include "vmx/vcpu.h"

/* Indexed by mode and basic exit reason. */
extern exit_handler *const exit_table[SILL_MODE_COUNT][EXIT_REASON_COUNT];

/* Failed VM entries, unknown reasons, reasons without a handler: stops the guest. */
__attribute__((noreturn, cold)) void vmx_stop_unhandled(struct vcpu *vcpu, uint64_t reason);
exit_handler exit_unhandled;

/* The families of exits, one file each. */
exit_handler exit_cpuid;	     /* vmx/exit_cpuid.c */
exit_handler exit_rdmsr, exit_wrmsr; /* vmx/exit_msr.c */
exit_handler exit_control_register;  /* vmx/exit_control_register.c */
exit_handler exit_xsetbv;	     /* vmx/exit_xsetbv.c */
exit_handler exit_exception_or_nmi, exit_external_interrupt, exit_task_switch,
	exit_triple_fault;						/* vmx/exit_event.c */
exit_handler exit_nmi_window, exit_interrupt_window;			/* vmx/event.c */
exit_handler exit_wbinvd, exit_invalid_opcode, exit_rdpmc, exit_xsaves; /* vmx/exit_instruction.c */
exit_handler exit_hypercall;						/* hypercall/dispatch.c */
exit_handler exit_hypercall_shown; /* the same, for people to watch */

/* In guest mode, those who play the machine: guest/. */
exit_handler guest_exit_io; /* guest/ports.c */
exit_handler guest_exit_hlt, guest_exit_preemption_timer,
	guest_exit_monitor_trap_flag;					/* guest/run.c */
exit_handler guest_exit_ept_violation, guest_exit_ept_misconfiguration; /* guest/memory.c */

/* In underlay mode: underlay/. */
exit_handler underlay_exit_cpuid;		       /* exit_cpuid.c */
exit_handler underlay_exit_rdmsr, underlay_exit_wrmsr; /* exit_msr.c */
exit_handler underlay_exit_xsetbv;		       /* exit_xsetbv.c */
exit_handler underlay_exit_triple_fault;	       /* reset.c */
exit_handler underlay_exit_init, underlay_exit_sipi;   /* underlay/init_sipi.c */
exit_handler underlay_exit_ept_violation, underlay_exit_ept_misconfiguration; /* memory.c */
exit_handler underlay_exit_monitor_trap_flag, underlay_exit_preemption_timer; /* doors.c */
exit_handler underlay_exit_io;						      /* underlay/ports.c */

#endif
