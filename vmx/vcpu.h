/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU: the guest's registers that the VMCS has no field for, what Sill knows of the
 * guest that runs on it, and the small vocabulary in which exit handlers speak of it.
 *
 * Who may call: the physical CPU on which the vCPU's VMCS is current.
 */
#ifndef SILL_VMX_VCPU_H
#define SILL_VMX_VCPU_H

#include "core/cpu_setup.h"
#include "core/trap.h"
#include "ept/ept.h"
#include "vmx/capability.h"
#include "vmx/controls.h"
#include "vmx/exit_reason.h"
#include "vmx/instructions.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * In the order in which vmx/entry.asm pushes and pops them: that of the register numbers in
 * instruction encodings, RSP left out (it is in the VMCS).
 */
struct vcpu_registers {
	union {
		struct {
			uint64_t rax, rcx, rdx, rbx, rbp, rsi, rdi;
			uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
		};
		uint64_t in_order[15];
	};
};

/* How a guest ended. */
enum vcpu_end {
	VCPU_RUNNING,
	VCPU_EXITED,	    /* it said so itself, with a status */
	VCPU_HALTED,	    /* HLT, and nothing can wake it */
	VCPU_CRASHED,	    /* it did what a CPU cannot go on from */
	VCPU_NOT_HANDLED,   /* it did what Sill has no answer to */
	VCPU_ENTRY_FAILED,  /* the CPU refused its state, in a VM exit */
	VCPU_ENTRY_REFUSED, /* VMLAUNCH or VMRESUME failed */
	VCPU_OUT_OF_TIME,   /* its time limit passed */
};

/*
 * The last VM exits, for reports: the exit-reason field and the guest's RIP of each, in turn. An
 * index of 8 bits wraps around by itself.
 */
#define VCPU_TRACE_WORDS 256

/* More than one instruction writes to: the largest XSAVE area takes four. A power of 2. */
#define VCPU_LENT_PAGES 8

/* What the VMX-preemption timer is used for: vmx/timer.h. */
enum timer_use {
	TIMER_DEADLINE, /* looks whether the guest's time is over */
	TIMER_STEP,	/* ends what was lent to the guest for an instruction (underlay/hole.h) */
	TIMER_DOORS,	/* the doors that Sill looks after now and then (doors/doors.h) */
	TIMER_CHANNELS, /* the serial line, and rings (channel/channels.h) */
	TIMER_PROVOCATION, /* provoke = … in sill.conf (guest/run.c) */
	TIMER_USES
};

#define VCPU_NO_PAGE UINT64_MAX

struct vcpu;

/* Handles one kind of VM exit. When it returns, the guest is resumed. */
typedef void exit_handler(struct vcpu *vcpu);

struct vcpu {
	struct vcpu_registers registers; /* at offset 0, at the top of the host stack */

	uint64_t run_rsp; /* the stack of who called vcpu_run(); vmx/entry.asm knows its place */
	uint64_t rip;	  /* the guest's, at this exit */

	uint8_t trace_at; /* where the next exit is noted */
	uint64_t trace[VCPU_TRACE_WORDS];
	uint64_t exits[EXIT_REASON_COUNT];
	/*
	 * The mode's row of vmx/exit_table.c. A copy, since a pointer to it would cost one more
	 * instruction at each exit.
	 */
	exit_handler *handlers[EXIT_REASON_COUNT];
	uint64_t odd_exits; /* those whose reason is in no table: failed VM entries */
	/*
	 * Exits whose reason is an instruction's without a call of vcpu_advance(): the others need
	 * not be counted.
	 */
	uint64_t not_advanced;

	void *vmcs;		   /* the VMCS region, */
	uint8_t *io_bitmaps;	   /* the two I/O bitmaps (NULL: not used), */
	uint8_t *msr_bitmap;	   /* the MSR bitmaps: whole pages of the arena */
	struct counters *counters; /* vmx/counters.c; NULL: none that are stopped */

	const struct vmx_capability *capability;
	struct ept *ept;
	uint64_t other_ept_pointer; /* of what the guest can switch to by VMFUNC; 0: nothing */
	uint64_t tsc_offset;	    /* guest TSC = TSC + this */
	void (*tsc_moved)(struct vcpu *vcpu); /* called when that has changed, if not NULL */
	uint64_t deadline; /* the TSC at which its time is over, UINT64_MAX = never */
	uint32_t time_limit_ms;
	uint64_t timer[TIMER_USES]; /* the TSC at which each is due, TIMER_NEVER = never */
	/*
	 * These two as they are while no event waits for the guest. Whoever changes them calls
	 * event_write_controls() (vmx/event.h).
	 */
	uint32_t pin_controls, primary_controls;
	uint32_t waiting_nmis;		/* NMIs that the guest is still to get: 0 to 2 */
	bool waiting_machine_check;	/* the same for a #MC */
	uint64_t waiting_interrupts[4]; /* those it is still to get: a bit for each vector */
	uint64_t cr0_owned, cr4_owned;	/* bits that the guest sees the shadow of */
	uint64_t cr4_forced;		/* of the owned bits, those that are 1 in truth */
	uint64_t cr4_allowed;		/* bits that the guest may set */
	uint64_t xcr0_allowed;
	bool pages_1g; /* the CPU has 1-GByte pages, for the guest's own tables */

	uint32_t apic_id;		 /* of the CPU that it runs on */
	bool has_cet;			 /* the CPU has control-flow enforcement */
	bool boot_cpu;			 /* INIT makes it start at the reset vector */
	bool waits_for_sipi;		 /* it got an INIT, and no SIPI since */
	uint64_t init_ticks, sipi_ticks; /* TSC ticks that the last such exit's handler took */

	/* If not NULL: takes over when the guest has ended, in place of vcpu_run()'s return. */
	void (*ended)(struct vcpu *vcpu);
	enum vcpu_end end;
	uint32_t status;	    /* if it exited */
	char why[200];		    /* in words, unless it exited */
	uint32_t instruction_error; /* if entry was refused; 0 = VMfailInvalid */

	uint64_t guest_memory;	     /* bytes of RAM */
	uint32_t hypercall_features; /* SILL_FEATURE_* */
	uint32_t guest_id;

	/*
	 * Asked when Sill itself is about to touch guest-physical memory that EPT doesn't map:
	 * 0 if it does now, as it would after the guest's own touch, else -SILL_EFAULT.
	 */
	int (*grant)(struct vcpu *vcpu, uint64_t gpa);
	/*
	 * Takes Sill away; its own call is answered already. Returns if this CPU is to stay a
	 * while. NULL: not from beneath this guest.
	 */
	void (*unload)(struct vcpu *vcpu);
	void *guest; /* whose vCPU it is: of use to the room that made it */
	/*
	 * A page of the guest's that EPT lets it only read, for Sill to see its writes: what Sill
	 * writes in its name goes there as into any. Guest-physical; VCPU_NO_PAGE: there is none.
	 */
	uint64_t watched_page;
	struct doors *doors;	   /* the other ways to reach Sill: doors/doors.h */
	exit_handler *doors_cpuid; /* answers the leaves of CPUID that belong to them */

	/* In the underlay: pages of the hole that can be written to just now (underlay/hole.h). */
	uint64_t lent_pages[VCPU_LENT_PAGES]; /* 0: none */
	uint32_t next_lent;
};

_Static_assert(offsetof(struct vcpu, registers) == 0, "vmx/entry.asm relies on it");
_Static_assert(sizeof(struct vcpu_registers) == 15 * 8, "vmx/entry.asm relies on it");
_Static_assert(offsetof(struct vcpu, run_rsp) == 15 * 8, "vmx/entry.asm relies on it");

/*
 * Ends the guest: leaves the handler, however deep in it this is called, and lets vcpu_run()
 * return. vcpu_stop() gives the reason in words; vcpu_exit() is for an end of the guest's choice.
 */
__attribute__((noreturn, format(printf, 3, 4), cold)) void
vcpu_stop(struct vcpu *vcpu, enum vcpu_end end, const char *fmt, ...);
__attribute__((noreturn, cold)) void vcpu_exit(struct vcpu *vcpu, uint32_t status);

/* The exiting instruction is emulated wholly: the guest goes on behind it. */
void vcpu_advance(struct vcpu *vcpu);

/* What vcpu_advance() leaves to do if a single step, an interrupt shadow or RF ends. */
__attribute__((cold)) void vcpu_finish_instruction(void);

/* vcpu_advance() for the shortest paths, where the jump to it counts. */
static inline __attribute__((always_inline)) void vcpu_advance_inline(struct vcpu *vcpu)
{
	uint64_t length = vmread_proven(VMCS_VM_EXIT_INSTRUCTION_LENGTH);
	uint64_t interruptibility = vmread_proven(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	uint64_t rflags = vmread_proven(VMCS_GUEST_RFLAGS);

	vmwrite_proven(VMCS_GUEST_RIP, vcpu->rip + length);
	if (__builtin_expect(((rflags & (RFLAGS_TF | RFLAGS_RF)) | interruptibility) != 0, false))
		vcpu_finish_instruction();
}

/*
 * The exiting instruction is to be executed again: part of it was done, and its registers say
 * which.
 */
static inline void vcpu_repeat(struct vcpu *vcpu)
{
	vcpu->not_advanced++;
}

/*
 * Gives the guest a fault, at the instruction that caused the exit. Only for exits that
 * instructions cause: those never interrupt the delivery of another event.
 */
void vcpu_inject_ud(struct vcpu *vcpu);
void vcpu_inject_gp(struct vcpu *vcpu); /* error code 0 */
/* #SS(0) for the stack segment, else #GP(0). */
void vcpu_inject_segment_fault(struct vcpu *vcpu, enum vmcs_segment segment);
void vcpu_inject_pf(struct vcpu *vcpu, uint64_t address, uint32_t error_code);

/*
 * The general form: SDM, "VM-Entry Controls for Event Injection". type is INTERRUPTION_TYPE_*;
 * error_code counts only if has_error_code.
 */
void vcpu_inject(struct vcpu *vcpu, uint32_t type, uint32_t vector, bool has_error_code,
		 uint32_t error_code);

/*
 * If the exit interrupted the delivery of an event, delivers it again at the next entry. To be
 * called by handlers of exits that can do so (EPT violations, exceptions) before they resume.
 * SDM, "Information for VM Exits That Occur During Event Delivery".
 */
void vcpu_redeliver_event(struct vcpu *vcpu);

/*
 * After an EPT violation (its exit qualification) whose cause was removed: the guest does at the
 * next entry what it was about to do.
 */
void vcpu_retry_access(struct vcpu *vcpu, uint64_t qualification);

/*
 * Adds to the CPU's counts of VMX instructions those of the exit path, which does not count while
 * it runs: they follow from the numbers of exits. Once, when the guest has ended.
 */
void vcpu_account(const struct vcpu *vcpu);

#define VCPU_ENCODED_RSP 4

/* The general register with this number in instruction encodings, 0 to 15, RSP included. */
static inline uint64_t vcpu_read_register(const struct vcpu *vcpu, unsigned int number)
{
	if (__builtin_expect(number == VCPU_ENCODED_RSP, false))
		return vmread(VMCS_GUEST_RSP);
	return vcpu->registers.in_order[number < VCPU_ENCODED_RSP ? number : number - 1];
}
void vcpu_write_register(struct vcpu *vcpu, unsigned int number, uint64_t value);

/*
 * vcpu_advance() behind an exit that an instruction of this many bytes caused though its reason is
 * no instruction's: for those the CPU does not tell the length.
 */
void vcpu_advance_by(struct vcpu *vcpu, unsigned int length);

/* Is the code segment a 64-bit one? Then registers are read and written whole. */
static inline bool vcpu_in_64_bit_code(void)
{
	/*
	 * Outside of IA-32e mode descriptors should leave L clear ("Segment Descriptors"). A guest
	 * that sets it nevertheless only finds its own hypercalls answered in the other convention.
	 */
	return (vmread(VMCS_GUEST_CS_ACCESS_RIGHTS) & SEGMENT_L) != 0;
}

/* SDM, "Guest Non-Register State": with unrestricted guest, SS.DPL is always the CPL. */
static inline unsigned int vcpu_cpl(void)
{
	return SEGMENT_DPL((uint32_t)vmread(VMCS_GUEST_SS_ACCESS_RIGHTS));
}

#endif
