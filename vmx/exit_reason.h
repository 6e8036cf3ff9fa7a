/* SPDX-License-Identifier: MIT */
/*
 * Why a VM exit happened: the basic exit reasons with their names, and the layout of the exit
 * qualifications that Sill interprets.
 */
#ifndef VMX_EXIT_REASON_H
#define VMX_EXIT_REASON_H

#include <stdint.h>

/* X(number, NAME, "name in words"); SDM, appendix "VMX Basic Exit Reasons". */
#define EXIT_REASONS(X)                                                                   \
	X(0, EXCEPTION_OR_NMI, "exception or NMI")                                        \
	X(1, EXTERNAL_INTERRUPT, "external interrupt")                                    \
	X(2, TRIPLE_FAULT, "triple fault")                                                \
	X(3, INIT_SIGNAL, "INIT signal")                                                  \
	X(4, SIPI, "start-up IPI")                                                        \
	X(5, IO_SMI, "I/O system-management interrupt")                                   \
	X(6, OTHER_SMI, "other system-management interrupt")                              \
	X(7, INTERRUPT_WINDOW, "interrupt window")                                        \
	X(8, NMI_WINDOW, "NMI window")                                                    \
	X(9, TASK_SWITCH, "task switch")                                                  \
	X(10, CPUID, "CPUID")                                                             \
	X(11, GETSEC, "GETSEC")                                                           \
	X(12, HLT, "HLT")                                                                 \
	X(13, INVD, "INVD")                                                               \
	X(14, INVLPG, "INVLPG")                                                           \
	X(15, RDPMC, "RDPMC")                                                             \
	X(16, RDTSC, "RDTSC")                                                             \
	X(17, RSM, "RSM")                                                                 \
	X(18, VMCALL, "VMCALL")                                                           \
	X(19, VMCLEAR, "VMCLEAR")                                                         \
	X(20, VMLAUNCH, "VMLAUNCH")                                                       \
	X(21, VMPTRLD, "VMPTRLD")                                                         \
	X(22, VMPTRST, "VMPTRST")                                                         \
	X(23, VMREAD, "VMREAD")                                                           \
	X(24, VMRESUME, "VMRESUME")                                                       \
	X(25, VMWRITE, "VMWRITE")                                                         \
	X(26, VMXOFF, "VMXOFF")                                                           \
	X(27, VMXON, "VMXON")                                                             \
	X(28, CONTROL_REGISTER_ACCESS, "control-register access")                         \
	X(29, MOV_DR, "MOV DR")                                                           \
	X(30, IO_INSTRUCTION, "I/O instruction")                                          \
	X(31, RDMSR, "RDMSR")                                                             \
	X(32, WRMSR, "WRMSR")                                                             \
	X(33, ENTRY_FAILURE_GUEST_STATE, "VM-entry failure due to invalid guest state")   \
	X(34, ENTRY_FAILURE_MSR_LOADING, "VM-entry failure due to MSR loading")           \
	X(36, MWAIT, "MWAIT")                                                             \
	X(37, MONITOR_TRAP_FLAG, "monitor trap flag")                                     \
	X(39, MONITOR, "MONITOR")                                                         \
	X(40, PAUSE, "PAUSE")                                                             \
	X(41, ENTRY_FAILURE_MACHINE_CHECK, "VM-entry failure due to machine-check event") \
	X(43, TPR_BELOW_THRESHOLD, "TPR below threshold")                                 \
	X(44, APIC_ACCESS, "APIC access")                                                 \
	X(45, VIRTUALIZED_EOI, "virtualized EOI")                                         \
	X(46, GDTR_OR_IDTR_ACCESS, "access to GDTR or IDTR")                              \
	X(47, LDTR_OR_TR_ACCESS, "access to LDTR or TR")                                  \
	X(48, EPT_VIOLATION, "EPT violation")                                             \
	X(49, EPT_MISCONFIGURATION, "EPT misconfiguration")                               \
	X(50, INVEPT, "INVEPT")                                                           \
	X(51, RDTSCP, "RDTSCP")                                                           \
	X(52, VMX_PREEMPTION_TIMER_EXPIRED, "VMX-preemption timer expired")               \
	X(53, INVVPID, "INVVPID")                                                         \
	X(54, WBINVD_OR_WBNOINVD, "WBINVD or WBNOINVD")                                   \
	X(55, XSETBV, "XSETBV")                                                           \
	X(56, APIC_WRITE, "APIC write")                                                   \
	X(57, RDRAND, "RDRAND")                                                           \
	X(58, INVPCID, "INVPCID")                                                         \
	X(59, VMFUNC, "VMFUNC")                                                           \
	X(60, ENCLS, "ENCLS")                                                             \
	X(61, RDSEED, "RDSEED")                                                           \
	X(62, PAGE_MODIFICATION_LOG_FULL, "page-modification log full")                   \
	X(63, XSAVES, "XSAVES")                                                           \
	X(64, XRSTORS, "XRSTORS")                                                         \
	X(65, PCONFIG, "PCONFIG")                                                         \
	X(66, SPP_RELATED_EVENT, "SPP-related event")                                     \
	X(67, UMWAIT, "UMWAIT")                                                           \
	X(68, TPAUSE, "TPAUSE")                                                           \
	X(69, LOADIWKEY, "LOADIWKEY")                                                     \
	X(70, ENCLV, "ENCLV")                                                             \
	X(72, ENQCMD_PASID_TRANSLATION_FAILURE, "ENQCMD PASID translation failure")       \
	X(73, ENQCMDS_PASID_TRANSLATION_FAILURE, "ENQCMDS PASID translation failure")     \
	X(74, BUS_LOCK, "bus lock")                                                       \
	X(75, INSTRUCTION_TIMEOUT, "instruction timeout")                                 \
	X(76, SEAMCALL, "SEAMCALL")                                                       \
	X(77, TDCALL, "TDCALL")                                                           \
	X(78, RDMSRLIST, "RDMSRLIST")                                                     \
	X(79, WRMSRLIST, "WRMSRLIST")

enum exit_reason {
#define X(number, name, words) EXIT_REASON_##name = (number),
	EXIT_REASONS(X)
#undef X
	/* Size of a table indexed by basic exit reason; numbers from here on are unknown. */
	EXIT_REASON_COUNT
};

/*
 * The exit-reason field. SDM, "Basic VM-Exit Information". Bit 31 tells a failed VM entry from an
 * exit: it is looked at before the basic reason, never masked away first.
 */
#define EXIT_REASON_BASIC_MASK	      0x0000ffffu
#define EXIT_REASON_BASIC(reason)     (EXIT_REASON_BASIC_MASK & (uint32_t)(reason))
#define EXIT_REASON_BUSY_SHADOW_STACK 0x02000000u
#define EXIT_REASON_BUS_LOCK_BIT      0x04000000u
#define EXIT_REASON_ENCLAVE	      0x08000000u
#define EXIT_REASON_PENDING_MTF	      0x10000000u
#define EXIT_REASON_FROM_VMX_ROOT     0x20000000u
#define EXIT_REASON_ENTRY_FAILURE     0x80000000u

/*
 * Exit qualification of a failed VM entry with reason 33. SDM, "VM-Entry Failures During or After
 * Loading Guest State". Reason 34 has the number of the MSR-load entry, counted from 1.
 */
#define ENTRY_FAILURE_QUALIFICATION_OTHER	  0u
#define ENTRY_FAILURE_QUALIFICATION_PDPTE	  2u
#define ENTRY_FAILURE_QUALIFICATION_NMI_INJECTION 3u
#define ENTRY_FAILURE_QUALIFICATION_LINK_POINTER  4u

/* SDM, "Exit Qualification for Control-Register Accesses". */
#define CR_ACCESS_NUMBER(qualification)	     (0xfu & (uint32_t)(qualification))
#define CR_ACCESS_TYPE(qualification)	     (((uint32_t)(qualification) >> 4) & 0x3u)
#define CR_ACCESS_TYPE_MOV_TO_CR	     0u
#define CR_ACCESS_TYPE_MOV_FROM_CR	     1u
#define CR_ACCESS_TYPE_CLTS		     2u
#define CR_ACCESS_TYPE_LMSW		     3u
#define CR_ACCESS_LMSW_MEMORY(qualification) (((uint32_t)(qualification) >> 6) & 0x1u)
#define CR_ACCESS_REGISTER(qualification)    (((uint32_t)(qualification) >> 8) & 0xfu)
#define CR_ACCESS_LMSW_SOURCE(qualification) (((uint32_t)(qualification) >> 16) & 0xffffu)

/* SDM, "Exit Qualification for MOV DR". */
#define DR_ACCESS_NUMBER(qualification)	  (0x7u & (uint32_t)(qualification))
#define DR_ACCESS_FROM_DR(qualification)  (((uint32_t)(qualification) >> 4) & 0x1u)
#define DR_ACCESS_REGISTER(qualification) (((uint32_t)(qualification) >> 8) & 0xfu)

/* SDM, "Exit Qualification for I/O Instructions". */
#define IO_ACCESS_BYTES(qualification)	   ((0x7u & (uint32_t)(qualification)) + 1u) /* 1, 2, 4 */
#define IO_ACCESS_IN(qualification)	   (((uint32_t)(qualification) >> 3) & 0x1u)
#define IO_ACCESS_STRING(qualification)	   (((uint32_t)(qualification) >> 4) & 0x1u)
#define IO_ACCESS_REP(qualification)	   (((uint32_t)(qualification) >> 5) & 0x1u)
#define IO_ACCESS_IMMEDIATE(qualification) (((uint32_t)(qualification) >> 6) & 0x1u)
#define IO_ACCESS_PORT(qualification)	   (((uint32_t)(qualification) >> 16) & 0xffffu)

/*
 * VM-exit instruction information of INS and OUTS, if IA32_VMX_BASIC bit 54 is set. SDM, table
 * "Format of the VM-Exit Instruction-Information Field as Used for INS and OUTS".
 */
#define IO_INFORMATION_ADDRESS_SIZE(info) (((uint32_t)(info) >> 7) & 0x7u) /* 16 << it bits */
#define IO_INFORMATION_SEGMENT(info)	  (((uint32_t)(info) >> 15) & 0x7u)

/* SDM, "Exit Qualification for EPT Violations". */
#define EPT_VIOLATION_READ		   0x0001ull
#define EPT_VIOLATION_WRITE		   0x0002ull
#define EPT_VIOLATION_FETCH		   0x0004ull
#define EPT_VIOLATION_READABLE		   0x0008ull
#define EPT_VIOLATION_WRITABLE		   0x0010ull
#define EPT_VIOLATION_EXECUTABLE	   0x0020ull
#define EPT_VIOLATION_USER_EXECUTABLE	   0x0040ull
#define EPT_VIOLATION_LINEAR_ADDRESS_VALID 0x0080ull
#define EPT_VIOLATION_TRANSLATED	   0x0100ull /* 0: an access to a paging structure */
#define EPT_VIOLATION_NMI_UNBLOCKING	   0x1000ull
#define EPT_VIOLATION_SHADOW_STACK	   0x2000ull

/* SDM, "Exit Qualification for Debug Exceptions". */
#define DEBUG_EXCEPTION_B0_B3 0x0000000full
#define DEBUG_EXCEPTION_BD    0x00002000ull
#define DEBUG_EXCEPTION_BS    0x00004000ull
#define DEBUG_EXCEPTION_RTM   0x00010000ull

/* SDM, "Exit Qualification for Task Switches". */
#define TASK_SWITCH_SELECTOR(qualification) (0xffffu & (uint32_t)(qualification))
#define TASK_SWITCH_SOURCE(qualification)   (((uint32_t)(qualification) >> 30) & 0x3u)

/* SDM, "Exit Qualification for APIC-Access VM Exits". */
#define APIC_ACCESS_OFFSET(qualification) (0xfffu & (uint32_t)(qualification))
#define APIC_ACCESS_TYPE(qualification)	  (((uint32_t)(qualification) >> 12) & 0xfu)

/* Exit qualification of a start-up IPI: the vector, whose page is where the processor starts. */
#define SIPI_VECTOR(qualification) (0xffu & (uint32_t)(qualification))

/*
 * The reason in words ("EPT violation"). Takes the whole exit-reason field or only the basic
 * reason; never NULL: a number without a meaning gives "unknown exit reason".
 */
const char *exit_reason_words(uint32_t reason);

#endif
