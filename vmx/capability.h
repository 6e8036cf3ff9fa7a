/* SPDX-License-Identifier: MIT */
/*
 * What VT-x offers on one CPU, and whether that is enough for Sill: a pure function over CPUID and
 * MSR values. The loader asks it on behalf of the core before boot services end, so that a refusal
 * can still return to an unharmed firmware; the core asks it again on every CPU.
 */
#ifndef VMX_CAPABILITY_H
#define VMX_CAPABILITY_H

#include <sill/handoff.h>

#include <stdbool.h>
#include <stdint.h>

struct vmx_cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* Which MSRs of struct vmx_facts were read: an MSR that was not read has no meaning. */
#define VMX_READ_FEATURE_CONTROL 0x01u
#define VMX_READ_BASIC		 0x02u /* IA32_VMX_BASIC to IA32_VMX_VMCS_ENUM, 480h–48Ah */
#define VMX_READ_PROCBASED_CTLS2 0x04u
#define VMX_READ_EPT_VPID_CAP	 0x08u
#define VMX_READ_TRUE_CTLS	 0x10u /* 48Dh–490h */
#define VMX_READ_VMFUNC		 0x20u
#define VMX_READ_PROCBASED_CTLS3 0x40u
#define VMX_READ_EXIT_CTLS2	 0x80u

/* Raw values as one CPU gives them. A CPUID leaf that the CPU does not have is all 0. */
struct vmx_facts {
	struct vmx_cpuid leaf_0;	/* highest basic leaf, vendor */
	struct vmx_cpuid leaf_1;	/* family, features */
	struct vmx_cpuid leaf_7;	/* structured features, subleaf 0 */
	struct vmx_cpuid leaf_7_1;	/* the same, subleaf 1 */
	struct vmx_cpuid leaf_d_1;	/* XSAVE features */
	struct vmx_cpuid leaf_80000000; /* highest extended leaf */
	struct vmx_cpuid leaf_80000001; /* extended features */
	struct vmx_cpuid leaf_80000008; /* address widths */

	uint32_t read; /* VMX_READ_… */
	uint64_t feature_control;
	uint64_t basic;
	uint64_t pinbased_ctls;
	uint64_t procbased_ctls;
	uint64_t exit_ctls;
	uint64_t entry_ctls;
	uint64_t misc;
	uint64_t cr0_fixed0;
	uint64_t cr0_fixed1;
	uint64_t cr4_fixed0;
	uint64_t cr4_fixed1;
	uint64_t vmcs_enum;
	uint64_t procbased_ctls2;
	uint64_t ept_vpid_cap;
	uint64_t true_pinbased_ctls;
	uint64_t true_procbased_ctls;
	uint64_t true_exit_ctls;
	uint64_t true_entry_ctls;
	uint64_t vmfunc;
	uint64_t procbased_ctls3;
	uint64_t exit_ctls2;
};

enum vmx_verdict {
	VMX_USABLE,
	VMX_NOT_INTEL,		   /* a processor with AMD-V, or of another maker without VT-x */
	VMX_NOT_IN_CPUID,	   /* no VT-x, or hidden by what runs below */
	VMX_NO_LONG_MODE,	   /* not a 64-bit processor */
	VMX_LOCKED_OFF,		   /* firmware locked IA32_FEATURE_CONTROL without VMX */
	VMX_LOCKED_FOR_SMX_ONLY,   /* the same, but VMX is allowed inside SMX operation */
	VMX_FACTS_INCOMPLETE,	   /* the caller did not read what this CPU has */
	VMX_REGION_TOO_LARGE,	   /* a VMCS region takes more than one page */
	VMX_NO_SECONDARY_CONTROLS, /* first-generation VT-x */
	VMX_NO_EPT,
	VMX_NO_UNRESTRICTED_GUEST,
	VMX_EPT_INSUFFICIENT, /* EPT without a property that Sill needs */
	VMX_CONTROL_MISSING,  /* a required control cannot be set to 1 */
	VMX_CONTROL_FORCED,   /* a control that Sill does not use cannot be set to 0 */
};

/* One 32-bit word of controls. SDM, "Reserved Controls and Default Settings". */
struct vmx_control_word {
	uint32_t must_be_1; /* allowed 0-settings: a bit that is 1 here must be 1 in the VMCS */
	uint32_t may_be_1;  /* allowed 1-settings: a bit that is 0 here must be 0 in the VMCS */
	uint32_t value;	    /* what Sill writes at first: required, optional, and forced bits */
};

struct vmx_capability {
	enum sill_mode mode; /* what it was asked for */
	enum vmx_verdict verdict;
	char message[320];    /* one sentence: what is missing; or that all is there */
	bool virtual_machine; /* another hypervisor runs below */

	/*
	 * If set, IA32_FEATURE_CONTROL is not locked: write feature_control before VMXON, on every
	 * CPU. If not, leave the MSR alone.
	 */
	bool set_feature_control;
	uint64_t feature_control;

	/*
	 * The values to write; bits that change later can be looked up with vmx_capability_has().
	 */
	struct vmx_control_word pin;
	struct vmx_control_word primary;
	struct vmx_control_word secondary;
	struct vmx_control_word exit;
	struct vmx_control_word entry;
	uint64_t tertiary_may_be_1; /* 0 = there are no tertiary controls */
	uint64_t exit2_may_be_1;
	uint64_t vm_functions; /* IA32_VMX_VMFUNC: VM_FUNCTION_*; 0 = none */

	/* IA32_VMX_BASIC */
	uint32_t revision;	   /* to be written to the start of VMXON and VMCS regions */
	uint32_t region_size;	   /* bytes */
	uint32_t vmcs_memory_type; /* 6 = write-back */
	bool addresses_32_bit;	   /* VMX structures must lie below 4 GiB */
	bool true_controls;
	bool ins_outs_information; /* VM-exit instruction information is valid for INS and OUTS */
	bool any_error_code;	   /* exceptions can be injected with or without an error code */

	/* IA32_VMX_MISC */
	uint32_t preemption_timer_shift; /* the timer counts down once every 2^shift TSC ticks */
	uint32_t cr3_targets;		 /* number of CR3-target values */
	uint32_t msr_list_max;		 /* recommended longest MSR-load or MSR-store list */
	bool activity_hlt;
	bool activity_shutdown;
	bool activity_wait_for_sipi;
	bool vmwrite_read_only;	 /* VMWRITE to VM-exit information fields works */
	bool inject_length_zero; /* software interrupts can be injected with length 0 */
	uint64_t misc;		 /* raw */

	/* IA32_VMX_EPT_VPID_CAP: EPT_CAP_… and VPID_CAP_… of vmx/controls.h; 0 = none */
	uint64_t ept_vpid_cap;

	/*
	 * Bits of CR0 and CR4 that must be 1 (fixed0) and that may be 1 (fixed1) in VMX operation.
	 * For the guest's CR0 use guest_cr0_fixed0: PE and PG are free in an unrestricted guest.
	 */
	uint64_t cr0_fixed0;
	uint64_t cr0_fixed1;
	uint64_t cr4_fixed0;
	uint64_t cr4_fixed1;
	uint64_t guest_cr0_fixed0;

	uint32_t physical_address_bits;	  /* MAXPHYADDR */
	uint32_t linear_address_bits;	  /* 48, or 57 with 5-level paging */
	uint32_t family, model, stepping; /* display values */
	char vendor[13];
};

/* The words of controls, for vmx_capability_has(). */
enum vmx_word {
	VMX_WORD_PIN,
	VMX_WORD_PRIMARY,
	VMX_WORD_SECONDARY,
	VMX_WORD_EXIT,
	VMX_WORD_ENTRY,
	VMX_WORD_COUNT
};

/*
 * Reads the facts from the CPU that runs this; CPL 0. It reads only MSRs that the CPU has.
 * In vmx/capability_read.c, the only part that is not pure.
 */
void vmx_facts_read(struct vmx_facts *facts);

/*
 * Decides whether Sill can run in this mode with these facts, fills in all of *out, and returns the
 * verdict, which is in *out as well. Only what the facts contain is filled in if the verdict is not
 * VMX_USABLE. Never fails, whatever the facts are.
 */
enum vmx_verdict vmx_capability_check(const struct vmx_facts *facts, enum sill_mode mode,
				      struct vmx_capability *out);

/* Whether every bit of mask (PIN_BASED_…, PRIMARY_…, …) may be set to 1 in that word. */
bool vmx_capability_has(const struct vmx_capability *capability, enum vmx_word word, uint32_t mask);

/*
 * Name in words of the lowest control that mask contains ("HLT exiting"); "reserved control" for a
 * bit without a name.
 */
const char *vmx_control_words(enum vmx_word word, uint32_t mask);

/* Whether the lowest control in mask has a name: one that the SDM defines. */
bool vmx_control_is_named(enum vmx_word word, uint32_t mask);

/* "pin-based VM-execution controls" and so on. */
const char *vmx_word_words(enum vmx_word word);

/* What a person can do about a verdict; "" if nothing needs doing. In vmx/capability_advice.c. */
const char *vmx_capability_advice(const struct vmx_capability *capability);

/*
 * Describes what VT-x offers on this CPU, every required and optional control by name, in lines of
 * at most 100 characters without a newline. Nothing is allocated.
 */
void vmx_capability_describe(const struct vmx_capability *capability,
			     void (*emit)(void *context, const char *text), void *context);

#endif
