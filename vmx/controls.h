/* SPDX-License-Identifier: MIT */
/*
 * Bits of the VM-execution, VM-exit and VM-entry controls and of the other VMCS fields that have a
 * layout: access rights, interruptibility, interruption information, capability words.
 *
 * The controls are tables (bit, NAME, "name in words") so that a control that is missing or not
 * allowed can be named to a person.
 */
#ifndef VMX_CONTROLS_H
#define VMX_CONTROLS_H

#include <stdint.h>

#include "ept/capability.h"

/* SDM, "Pin-Based VM-Execution Controls". */
#define PIN_BASED_CONTROL_BITS(X)                                            \
	X(0, EXTERNAL_INTERRUPT_EXITING, "external-interrupt exiting")       \
	X(3, NMI_EXITING, "NMI exiting")                                     \
	X(5, VIRTUAL_NMIS, "virtual NMIs")                                   \
	X(6, ACTIVATE_VMX_PREEMPTION_TIMER, "activate VMX-preemption timer") \
	X(7, PROCESS_POSTED_INTERRUPTS, "process posted interrupts")

/* SDM, "Processor-Based VM-Execution Controls", the primary ones. */
#define PRIMARY_CONTROL_BITS(X)                                         \
	X(2, INTERRUPT_WINDOW_EXITING, "interrupt-window exiting")      \
	X(3, USE_TSC_OFFSETTING, "use TSC offsetting")                  \
	X(7, HLT_EXITING, "HLT exiting")                                \
	X(9, INVLPG_EXITING, "INVLPG exiting")                          \
	X(10, MWAIT_EXITING, "MWAIT exiting")                           \
	X(11, RDPMC_EXITING, "RDPMC exiting")                           \
	X(12, RDTSC_EXITING, "RDTSC exiting")                           \
	X(15, CR3_LOAD_EXITING, "CR3-load exiting")                     \
	X(16, CR3_STORE_EXITING, "CR3-store exiting")                   \
	X(17, ACTIVATE_TERTIARY_CONTROLS, "activate tertiary controls") \
	X(19, CR8_LOAD_EXITING, "CR8-load exiting")                     \
	X(20, CR8_STORE_EXITING, "CR8-store exiting")                   \
	X(21, USE_TPR_SHADOW, "use TPR shadow")                         \
	X(22, NMI_WINDOW_EXITING, "NMI-window exiting")                 \
	X(23, MOV_DR_EXITING, "MOV-DR exiting")                         \
	X(24, UNCONDITIONAL_IO_EXITING, "unconditional I/O exiting")    \
	X(25, USE_IO_BITMAPS, "use I/O bitmaps")                        \
	X(27, MONITOR_TRAP_FLAG, "monitor trap flag")                   \
	X(28, USE_MSR_BITMAPS, "use MSR bitmaps")                       \
	X(29, MONITOR_EXITING, "MONITOR exiting")                       \
	X(30, PAUSE_EXITING, "PAUSE exiting")                           \
	X(31, ACTIVATE_SECONDARY_CONTROLS, "activate secondary controls")

/* SDM, "Processor-Based VM-Execution Controls", the secondary ones. */
#define SECONDARY_CONTROL_BITS(X)                                                               \
	X(0, VIRTUALIZE_APIC_ACCESSES, "virtualize APIC accesses")                              \
	X(1, ENABLE_EPT, "enable EPT")                                                          \
	X(2, DESCRIPTOR_TABLE_EXITING, "descriptor-table exiting")                              \
	X(3, ENABLE_RDTSCP, "enable RDTSCP")                                                    \
	X(4, VIRTUALIZE_X2APIC_MODE, "virtualize x2APIC mode")                                  \
	X(5, ENABLE_VPID, "enable VPID")                                                        \
	X(6, WBINVD_EXITING, "WBINVD exiting")                                                  \
	X(7, UNRESTRICTED_GUEST, "unrestricted guest")                                          \
	X(8, APIC_REGISTER_VIRTUALIZATION, "APIC-register virtualization")                      \
	X(9, VIRTUAL_INTERRUPT_DELIVERY, "virtual-interrupt delivery")                          \
	X(10, PAUSE_LOOP_EXITING, "PAUSE-loop exiting")                                         \
	X(11, RDRAND_EXITING, "RDRAND exiting")                                                 \
	X(12, ENABLE_INVPCID, "enable INVPCID")                                                 \
	X(13, ENABLE_VM_FUNCTIONS, "enable VM functions")                                       \
	X(14, VMCS_SHADOWING, "VMCS shadowing")                                                 \
	X(15, ENABLE_ENCLS_EXITING, "enable ENCLS exiting")                                     \
	X(16, RDSEED_EXITING, "RDSEED exiting")                                                 \
	X(17, ENABLE_PML, "enable PML")                                                         \
	X(18, EPT_VIOLATION_VE, "EPT-violation #VE")                                            \
	X(19, CONCEAL_VMX_FROM_PT, "conceal VMX from PT")                                       \
	X(20, ENABLE_XSAVES_XRSTORS, "enable XSAVES/XRSTORS")                                   \
	X(21, PASID_TRANSLATION, "PASID translation")                                           \
	X(22, MODE_BASED_EXECUTE_CONTROL_FOR_EPT, "mode-based execute control for EPT")         \
	X(23, SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT, "sub-page write permissions for EPT")         \
	X(24, INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES, "Intel PT uses guest physical addresses") \
	X(25, USE_TSC_SCALING, "use TSC scaling")                                               \
	X(26, ENABLE_USER_WAIT_AND_PAUSE, "enable user wait and pause")                         \
	X(27, ENABLE_PCONFIG, "enable PCONFIG")                                                 \
	X(28, ENABLE_ENCLV_EXITING, "enable ENCLV exiting")                                     \
	X(30, VMM_BUS_LOCK_DETECTION, "VMM bus-lock detection")                                 \
	X(31, INSTRUCTION_TIMEOUT, "instruction timeout")

/* SDM, "Processor-Based VM-Execution Controls", the tertiary ones (a 64-bit field). */
#define TERTIARY_CONTROL_BITS(X)                                           \
	X(0, LOADIWKEY_EXITING, "LOADIWKEY exiting")                       \
	X(1, ENABLE_HLAT, "enable HLAT")                                   \
	X(2, EPT_PAGING_WRITE_CONTROL, "EPT paging-write control")         \
	X(3, GUEST_PAGING_VERIFICATION, "guest-paging verification")       \
	X(4, IPI_VIRTUALIZATION, "IPI virtualization")                     \
	X(6, ENABLE_MSR_LIST_INSTRUCTIONS, "enable MSR-list instructions") \
	X(7, VIRTUALIZE_IA32_SPEC_CTRL, "virtualize IA32_SPEC_CTRL")

/* SDM, "VM-Function Controls". */
#define VM_FUNCTION_EPTP_SWITCHING (1ull << 0)

/* SDM, "VM-Exit Controls", the primary ones. */
#define VM_EXIT_CONTROL_BITS(X)                                                   \
	X(2, SAVE_DEBUG_CONTROLS, "save debug controls")                          \
	X(9, HOST_ADDRESS_SPACE_SIZE, "host address-space size")                  \
	X(12, LOAD_IA32_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL")           \
	X(15, ACKNOWLEDGE_INTERRUPT_ON_EXIT, "acknowledge interrupt on exit")     \
	X(18, SAVE_IA32_PAT, "save IA32_PAT")                                     \
	X(19, LOAD_IA32_PAT, "load IA32_PAT")                                     \
	X(20, SAVE_IA32_EFER, "save IA32_EFER")                                   \
	X(21, LOAD_IA32_EFER, "load IA32_EFER")                                   \
	X(22, SAVE_VMX_PREEMPTION_TIMER_VALUE, "save VMX-preemption timer value") \
	X(23, CLEAR_IA32_BNDCFGS, "clear IA32_BNDCFGS")                           \
	X(24, CONCEAL_VMX_FROM_PT, "conceal VMX from PT")                         \
	X(25, CLEAR_IA32_RTIT_CTL, "clear IA32_RTIT_CTL")                         \
	X(26, CLEAR_IA32_LBR_CTL, "clear IA32_LBR_CTL")                           \
	X(27, CLEAR_UINV, "clear UINV")                                           \
	X(28, LOAD_CET_STATE, "load CET state")                                   \
	X(29, LOAD_PKRS, "load PKRS")                                             \
	X(30, SAVE_IA32_PERF_GLOBAL_CTRL, "save IA32_PERF_GLOBAL_CTRL")           \
	X(31, ACTIVATE_SECONDARY_CONTROLS, "activate secondary controls")

/* SDM, "VM-Exit Controls", the secondary ones (a 64-bit field). */
#define SECONDARY_VM_EXIT_CONTROL_BITS(X) \
	X(3, PREMATURELY_BUSY_SHADOW_STACK, "prematurely busy shadow stack")

/* SDM, "VM-Entry Controls". */
#define VM_ENTRY_CONTROL_BITS(X)                                                      \
	X(2, LOAD_DEBUG_CONTROLS, "load debug controls")                              \
	X(9, IA32E_MODE_GUEST, "IA-32e mode guest")                                   \
	X(10, ENTRY_TO_SMM, "entry to SMM")                                           \
	X(11, DEACTIVATE_DUAL_MONITOR_TREATMENT, "deactivate dual-monitor treatment") \
	X(13, LOAD_IA32_PERF_GLOBAL_CTRL, "load IA32_PERF_GLOBAL_CTRL")               \
	X(14, LOAD_IA32_PAT, "load IA32_PAT")                                         \
	X(15, LOAD_IA32_EFER, "load IA32_EFER")                                       \
	X(16, LOAD_IA32_BNDCFGS, "load IA32_BNDCFGS")                                 \
	X(17, CONCEAL_VMX_FROM_PT, "conceal VMX from PT")                             \
	X(18, LOAD_IA32_RTIT_CTL, "load IA32_RTIT_CTL")                               \
	X(19, LOAD_UINV, "load UINV")                                                 \
	X(20, LOAD_CET_STATE, "load CET state")                                       \
	X(21, LOAD_GUEST_IA32_LBR_CTL, "load guest IA32_LBR_CTL")                     \
	X(22, LOAD_PKRS, "load PKRS")

/* The masks made from the tables: PIN_BASED_x, PRIMARY_x, … one prefix a control word. */
enum pin_based_control {
#define X(bit, name, words) PIN_BASED_##name = 1u << (bit),
	PIN_BASED_CONTROL_BITS(X)
#undef X
};

enum primary_control {
#define X(bit, name, words) PRIMARY_##name = 1u << (bit),
	PRIMARY_CONTROL_BITS(X)
#undef X
};

enum secondary_control {
#define X(bit, name, words) SECONDARY_##name = 1u << (bit),
	SECONDARY_CONTROL_BITS(X)
#undef X
};

enum tertiary_control {
#define X(bit, name, words) TERTIARY_##name = 1u << (bit),
	TERTIARY_CONTROL_BITS(X)
#undef X
};

enum vm_exit_control {
#define X(bit, name, words) VM_EXIT_##name = 1u << (bit),
	VM_EXIT_CONTROL_BITS(X)
#undef X
};

enum secondary_vm_exit_control {
#define X(bit, name, words) SECONDARY_VM_EXIT_##name = 1u << (bit),
	SECONDARY_VM_EXIT_CONTROL_BITS(X)
#undef X
};

enum vm_entry_control {
#define X(bit, name, words) VM_ENTRY_##name = 1u << (bit),
	VM_ENTRY_CONTROL_BITS(X)
#undef X
};

/*
 * Segment access rights. SDM, "Guest Register State", table "Format of Access Rights": the second
 * doubleword of a descriptor shifted right by 8, without the limit's bits, plus "unusable".
 */
#define SEGMENT_TYPE_MASK	   0x0000000fu
#define SEGMENT_TYPE_ACCESSED	   0x00000001u
#define SEGMENT_TYPE_WRITABLE	   0x00000002u /* data; "readable" for code */
#define SEGMENT_TYPE_READABLE	   0x00000002u
#define SEGMENT_TYPE_EXPAND_DOWN   0x00000004u /* data; "conforming" for code */
#define SEGMENT_TYPE_CONFORMING	   0x00000004u
#define SEGMENT_TYPE_CODE	   0x00000008u
#define SEGMENT_S		   0x00000010u /* code or data, not system */
#define SEGMENT_DPL_SHIFT	   5u
#define SEGMENT_DPL_MASK	   0x00000060u
#define SEGMENT_DPL(access_rights) ((SEGMENT_DPL_MASK & (access_rights)) >> SEGMENT_DPL_SHIFT)
#define SEGMENT_PRESENT		   0x00000080u
#define SEGMENT_AVL		   0x00001000u
#define SEGMENT_L		   0x00002000u /* 64-bit code */
#define SEGMENT_DB		   0x00004000u
#define SEGMENT_G		   0x00008000u
#define SEGMENT_UNUSABLE	   0x00010000u
#define SEGMENT_RESERVED	   0xfffe0f00u
#define SEGMENT_TYPE_LDT	   2u
#define SEGMENT_TYPE_TSS16_BUSY	   3u
#define SEGMENT_TYPE_TSS_BUSY	   11u /* 32-bit TSS; 64-bit TSS in IA-32e mode */

/* Usual values for the guest's first state. */
#define SEGMENT_CODE32_FLAT 0xc09bu /* G, 32-bit, present, DPL 0, execute/read, accessed */
#define SEGMENT_CODE64_FLAT 0xa09bu /* G, L, present, DPL 0, execute/read, accessed */
#define SEGMENT_DATA32_FLAT 0xc093u /* G, 32-bit, present, DPL 0, read/write, accessed */
#define SEGMENT_CODE16	    0x009bu /* limit in bytes, 16-bit */
#define SEGMENT_DATA16	    0x0093u
#define SEGMENT_LDT	    0x0082u
#define SEGMENT_TSS_BUSY    0x008bu

/* SDM, "Guest Non-Register State": activity state. */
#define ACTIVITY_STATE_ACTIVE	     0u
#define ACTIVITY_STATE_HLT	     1u
#define ACTIVITY_STATE_SHUTDOWN	     2u
#define ACTIVITY_STATE_WAIT_FOR_SIPI 3u

/* SDM, "Guest Non-Register State": interruptibility state. */
#define BLOCKING_BY_STI		  0x01u
#define BLOCKING_BY_MOV_SS	  0x02u
#define BLOCKING_BY_SMI		  0x04u
#define BLOCKING_BY_NMI		  0x08u
#define ENCLAVE_INTERRUPTION	  0x10u
#define INTERRUPTIBILITY_RESERVED 0xffffffe0u

/* SDM, "Guest Non-Register State": pending debug exceptions. */
#define PENDING_DEBUG_B0_B3		 0x0000000fu
#define PENDING_DEBUG_BLD		 0x00000800u /* bus-lock detected */
#define PENDING_DEBUG_ENABLED_BREAKPOINT 0x00001000u
#define PENDING_DEBUG_BS		 0x00004000u
#define PENDING_DEBUG_RTM		 0x00010000u

/* VMCS link pointer when no VMCS is linked. */
#define VMCS_LINK_POINTER_NONE 0xffffffffffffffffull

/*
 * Interruption information: one format for VM-entry interruption information, VM-exit interruption
 * information and IDT-vectoring information. SDM, "VM-Entry Controls for Event Injection" and
 * "Information for VM Exits Due to Vectored Events".
 */
#define INTERRUPTION_VECTOR_MASK			0x000000ffu
#define INTERRUPTION_TYPE_SHIFT				8u
#define INTERRUPTION_TYPE_MASK				0x00000700u
#define INTERRUPTION_TYPE(info)				((INTERRUPTION_TYPE_MASK & (info)) >> INTERRUPTION_TYPE_SHIFT)
#define INTERRUPTION_DELIVER_ERROR_CODE			0x00000800u /* exits: it is valid */
#define INTERRUPTION_NMI_UNBLOCKING_DUE_TO_IRET		0x00001000u /* exit only */
#define INTERRUPTION_ENTRY_RESERVED			0x7ffff000u
#define INTERRUPTION_VALID				0x80000000u

#define INTERRUPTION_TYPE_EXTERNAL_INTERRUPT		0u
#define INTERRUPTION_TYPE_NMI				2u
#define INTERRUPTION_TYPE_HARDWARE_EXCEPTION		3u
#define INTERRUPTION_TYPE_SOFTWARE_INTERRUPT		4u
#define INTERRUPTION_TYPE_PRIVILEGED_SOFTWARE_EXCEPTION 5u /* INT1 */
#define INTERRUPTION_TYPE_SOFTWARE_EXCEPTION		6u /* INT3, INTO */
#define INTERRUPTION_TYPE_OTHER_EVENT			7u /* entry only: pending MTF VM exit */

/* An interruption-information value; type is one of INTERRUPTION_TYPE_…, vector 0..255. */
#define INTERRUPTION_INFORMATION(type, vector)                                \
	(INTERRUPTION_VALID | ((uint32_t)(type) << INTERRUPTION_TYPE_SHIFT) | \
	 (INTERRUPTION_VECTOR_MASK & (uint32_t)(vector)))

/* EPT pointer. SDM, "Extended-Page-Table Pointer (EPTP)". */
#define EPTP_MEMORY_TYPE_MASK	     0x7ull
#define EPTP_MEMORY_TYPE_UC	     0x0ull
#define EPTP_MEMORY_TYPE_WB	     0x6ull
#define EPTP_WALK_LENGTH_SHIFT	     3u
#define EPTP_WALK_LENGTH_MASK	     0x38ull
#define EPTP_WALK_LENGTH_4	     (3ull << EPTP_WALK_LENGTH_SHIFT) /* the length less 1 */
#define EPTP_WALK_LENGTH_5	     (4ull << EPTP_WALK_LENGTH_SHIFT)
#define EPTP_ACCESSED_AND_DIRTY	     0x40ull
#define EPTP_SUPERVISOR_SHADOW_STACK 0x80ull
#define EPTP_RESERVED_LOW	     0xf00ull

/* IA32_VMX_BASIC. SDM, "Basic VMX Information". */
#define VMX_BASIC_REVISION_MASK	       0x7fffffffull
#define VMX_BASIC_REGION_SIZE_SHIFT    32u
#define VMX_BASIC_REGION_SIZE_MASK     0x1fffull /* after the shift; bytes, at most 4096 */
#define VMX_BASIC_32_BIT_ADDRESSES     (1ull << 48)
#define VMX_BASIC_DUAL_MONITOR	       (1ull << 49)
#define VMX_BASIC_MEMORY_TYPE_SHIFT    50u
#define VMX_BASIC_MEMORY_TYPE_MASK     0xfull
#define VMX_BASIC_INS_OUTS_INFORMATION (1ull << 54)
#define VMX_BASIC_TRUE_CONTROLS	       (1ull << 55)
#define VMX_BASIC_NO_ERROR_CODE_CHECK  (1ull << 56) /* exceptions with or without error code */

/* IA32_VMX_MISC. SDM, "Miscellaneous Data". */
#define VMX_MISC_PREEMPTION_TIMER_SHIFT_MASK 0x1full
#define VMX_MISC_STORE_LMA		     (1ull << 5)
#define VMX_MISC_ACTIVITY_HLT		     (1ull << 6)
#define VMX_MISC_ACTIVITY_SHUTDOWN	     (1ull << 7)
#define VMX_MISC_ACTIVITY_WAIT_FOR_SIPI	     (1ull << 8)
#define VMX_MISC_PT_IN_VMX		     (1ull << 14)
#define VMX_MISC_SMBASE_IN_SMM		     (1ull << 15)
#define VMX_MISC_CR3_TARGETS_SHIFT	     16u
#define VMX_MISC_CR3_TARGETS_MASK	     0x1ffull
#define VMX_MISC_MSR_LIST_SHIFT		     25u /* 512 * (value + 1) entries are recommended at most */
#define VMX_MISC_MSR_LIST_MASK		     0x7ull
#define VMX_MISC_SMM_VMXOFF		     (1ull << 28)
#define VMX_MISC_VMWRITE_ANY_FIELD	     (1ull << 29)
#define VMX_MISC_INJECT_LENGTH_ZERO	     (1ull << 30)

/* IA32_VMX_EPT_VPID_CAP; EPT_CAP_x are in ept/capability.h. SDM, "VPID and EPT Capabilities". */
#define VPID_CAP_INVVPID			  (1ull << 32)
#define VPID_CAP_INDIVIDUAL_ADDRESS		  (1ull << 40)
#define VPID_CAP_SINGLE_CONTEXT			  (1ull << 41)
#define VPID_CAP_ALL_CONTEXT			  (1ull << 42)
#define VPID_CAP_SINGLE_CONTEXT_RETAINING_GLOBALS (1ull << 43)

/* INVEPT and INVVPID types. SDM, "INVEPT", "INVVPID". */
#define INVEPT_SINGLE_CONTEXT			 1ull
#define INVEPT_ALL_CONTEXT			 2ull
#define INVVPID_INDIVIDUAL_ADDRESS		 0ull
#define INVVPID_SINGLE_CONTEXT			 1ull
#define INVVPID_ALL_CONTEXT			 2ull
#define INVVPID_SINGLE_CONTEXT_RETAINING_GLOBALS 3ull

#endif
