/* SPDX-License-Identifier: MIT */
/*
 * The fields of the VMCS: every encoding under its name from the SDM, in one table, so that what
 * is read, what is written and what is printed in an explanation cannot drift apart.
 */
#ifndef VMX_VMCS_H
#define VMX_VMCS_H

#include <stdint.h>

/*
 * SDM, "Field Encoding in VMCS": bit 0 access type (1 = high half of a 64-bit field), bits 9:1
 * index, bits 11:10 type, bits 14:13 width; the others are reserved and 0.
 */
#define VMCS_FIELD_HIGH		    0x1u /* the high 32 bits of a 64-bit field, as its own field */
#define VMCS_FIELD_INDEX(encoding)  (((encoding) >> 1) & 0x1ffu)
#define VMCS_FIELD_TYPE(encoding)   (((encoding) >> 10) & 0x3u)
#define VMCS_FIELD_WIDTH(encoding)  (((encoding) >> 13) & 0x3u)
#define VMCS_FIELD_RESERVED	    0xffff9000u

#define VMCS_FIELD_TYPE_CONTROL	    0u
#define VMCS_FIELD_TYPE_READ_ONLY   1u /* VM-exit information */
#define VMCS_FIELD_TYPE_GUEST_STATE 2u
#define VMCS_FIELD_TYPE_HOST_STATE  3u

#define VMCS_FIELD_WIDTH_16	    0u
#define VMCS_FIELD_WIDTH_64	    1u
#define VMCS_FIELD_WIDTH_32	    2u
#define VMCS_FIELD_WIDTH_NATURAL    3u

/* X(encoding, NAME); SDM, appendix "Field Encoding in VMCS", in its order. */
#define VMCS_FIELDS(X)                                  \
	/* 16-bit control fields */                     \
	X(0x0000, VPID)                                 \
	X(0x0002, POSTED_INTERRUPT_NOTIFICATION_VECTOR) \
	X(0x0004, EPTP_INDEX)                           \
	X(0x0006, HLAT_PREFIX_SIZE)                     \
	X(0x0008, LAST_PID_POINTER_INDEX)               \
	/* 16-bit guest-state fields */                 \
	X(0x0800, GUEST_ES_SELECTOR)                    \
	X(0x0802, GUEST_CS_SELECTOR)                    \
	X(0x0804, GUEST_SS_SELECTOR)                    \
	X(0x0806, GUEST_DS_SELECTOR)                    \
	X(0x0808, GUEST_FS_SELECTOR)                    \
	X(0x080a, GUEST_GS_SELECTOR)                    \
	X(0x080c, GUEST_LDTR_SELECTOR)                  \
	X(0x080e, GUEST_TR_SELECTOR)                    \
	X(0x0810, GUEST_INTERRUPT_STATUS)               \
	X(0x0812, PML_INDEX)                            \
	X(0x0814, GUEST_UINV)                           \
	/* 16-bit host-state fields */                  \
	X(0x0c00, HOST_ES_SELECTOR)                     \
	X(0x0c02, HOST_CS_SELECTOR)                     \
	X(0x0c04, HOST_SS_SELECTOR)                     \
	X(0x0c06, HOST_DS_SELECTOR)                     \
	X(0x0c08, HOST_FS_SELECTOR)                     \
	X(0x0c0a, HOST_GS_SELECTOR)                     \
	X(0x0c0c, HOST_TR_SELECTOR)                     \
	/* 64-bit control fields */                     \
	X(0x2000, IO_BITMAP_A)                          \
	X(0x2002, IO_BITMAP_B)                          \
	X(0x2004, MSR_BITMAPS)                          \
	X(0x2006, VM_EXIT_MSR_STORE_ADDRESS)            \
	X(0x2008, VM_EXIT_MSR_LOAD_ADDRESS)             \
	X(0x200a, VM_ENTRY_MSR_LOAD_ADDRESS)            \
	X(0x200c, EXECUTIVE_VMCS_POINTER)               \
	X(0x200e, PML_ADDRESS)                          \
	X(0x2010, TSC_OFFSET)                           \
	X(0x2012, VIRTUAL_APIC_ADDRESS)                 \
	X(0x2014, APIC_ACCESS_ADDRESS)                  \
	X(0x2016, POSTED_INTERRUPT_DESCRIPTOR_ADDRESS)  \
	X(0x2018, VM_FUNCTION_CONTROLS)                 \
	X(0x201a, EPT_POINTER)                          \
	X(0x201c, EOI_EXIT_BITMAP_0)                    \
	X(0x201e, EOI_EXIT_BITMAP_1)                    \
	X(0x2020, EOI_EXIT_BITMAP_2)                    \
	X(0x2022, EOI_EXIT_BITMAP_3)                    \
	X(0x2024, EPTP_LIST_ADDRESS)                    \
	X(0x2026, VMREAD_BITMAP_ADDRESS)                \
	X(0x2028, VMWRITE_BITMAP_ADDRESS)               \
	X(0x202a, VIRTUALIZATION_EXCEPTION_ADDRESS)     \
	X(0x202c, XSS_EXITING_BITMAP)                   \
	X(0x202e, ENCLS_EXITING_BITMAP)                 \
	X(0x2030, SUB_PAGE_PERMISSION_TABLE_POINTER)    \
	X(0x2032, TSC_MULTIPLIER)                       \
	X(0x2034, TERTIARY_PROCESSOR_BASED_CONTROLS)    \
	X(0x2036, ENCLV_EXITING_BITMAP)                 \
	X(0x2038, LOW_PASID_DIRECTORY_ADDRESS)          \
	X(0x203a, HIGH_PASID_DIRECTORY_ADDRESS)         \
	X(0x203c, SHARED_EPT_POINTER)                   \
	X(0x203e, PCONFIG_EXITING_BITMAP)               \
	X(0x2040, HLATP)                                \
	X(0x2042, PID_POINTER_TABLE_ADDRESS)            \
	X(0x2044, SECONDARY_VM_EXIT_CONTROLS)           \
	X(0x204a, SPEC_CTRL_MASK)                       \
	X(0x204c, SPEC_CTRL_SHADOW)                     \
	/* 64-bit read-only data fields */              \
	X(0x2400, GUEST_PHYSICAL_ADDRESS)               \
	/* 64-bit guest-state fields */                 \
	X(0x2800, VMCS_LINK_POINTER)                    \
	X(0x2802, GUEST_IA32_DEBUGCTL)                  \
	X(0x2804, GUEST_IA32_PAT)                       \
	X(0x2806, GUEST_IA32_EFER)                      \
	X(0x2808, GUEST_IA32_PERF_GLOBAL_CTRL)          \
	X(0x280a, GUEST_PDPTE0)                         \
	X(0x280c, GUEST_PDPTE1)                         \
	X(0x280e, GUEST_PDPTE2)                         \
	X(0x2810, GUEST_PDPTE3)                         \
	X(0x2812, GUEST_IA32_BNDCFGS)                   \
	X(0x2814, GUEST_IA32_RTIT_CTL)                  \
	X(0x2816, GUEST_IA32_LBR_CTL)                   \
	X(0x2818, GUEST_IA32_PKRS)                      \
	/* 64-bit host-state fields */                  \
	X(0x2c00, HOST_IA32_PAT)                        \
	X(0x2c02, HOST_IA32_EFER)                       \
	X(0x2c04, HOST_IA32_PERF_GLOBAL_CTRL)           \
	X(0x2c06, HOST_IA32_PKRS)                       \
	/* 32-bit control fields */                     \
	X(0x4000, PIN_BASED_CONTROLS)                   \
	X(0x4002, PRIMARY_PROCESSOR_BASED_CONTROLS)     \
	X(0x4004, EXCEPTION_BITMAP)                     \
	X(0x4006, PAGE_FAULT_ERROR_CODE_MASK)           \
	X(0x4008, PAGE_FAULT_ERROR_CODE_MATCH)          \
	X(0x400a, CR3_TARGET_COUNT)                     \
	X(0x400c, PRIMARY_VM_EXIT_CONTROLS)             \
	X(0x400e, VM_EXIT_MSR_STORE_COUNT)              \
	X(0x4010, VM_EXIT_MSR_LOAD_COUNT)               \
	X(0x4012, VM_ENTRY_CONTROLS)                    \
	X(0x4014, VM_ENTRY_MSR_LOAD_COUNT)              \
	X(0x4016, VM_ENTRY_INTERRUPTION_INFORMATION)    \
	X(0x4018, VM_ENTRY_EXCEPTION_ERROR_CODE)        \
	X(0x401a, VM_ENTRY_INSTRUCTION_LENGTH)          \
	X(0x401c, TPR_THRESHOLD)                        \
	X(0x401e, SECONDARY_PROCESSOR_BASED_CONTROLS)   \
	X(0x4020, PLE_GAP)                              \
	X(0x4022, PLE_WINDOW)                           \
	X(0x4024, INSTRUCTION_TIMEOUT_CONTROL)          \
	/* 32-bit read-only data fields */              \
	X(0x4400, VM_INSTRUCTION_ERROR)                 \
	X(0x4402, EXIT_REASON)                          \
	X(0x4404, VM_EXIT_INTERRUPTION_INFORMATION)     \
	X(0x4406, VM_EXIT_INTERRUPTION_ERROR_CODE)      \
	X(0x4408, IDT_VECTORING_INFORMATION)            \
	X(0x440a, IDT_VECTORING_ERROR_CODE)             \
	X(0x440c, VM_EXIT_INSTRUCTION_LENGTH)           \
	X(0x440e, VM_EXIT_INSTRUCTION_INFORMATION)      \
	/* 32-bit guest-state fields */                 \
	X(0x4800, GUEST_ES_LIMIT)                       \
	X(0x4802, GUEST_CS_LIMIT)                       \
	X(0x4804, GUEST_SS_LIMIT)                       \
	X(0x4806, GUEST_DS_LIMIT)                       \
	X(0x4808, GUEST_FS_LIMIT)                       \
	X(0x480a, GUEST_GS_LIMIT)                       \
	X(0x480c, GUEST_LDTR_LIMIT)                     \
	X(0x480e, GUEST_TR_LIMIT)                       \
	X(0x4810, GUEST_GDTR_LIMIT)                     \
	X(0x4812, GUEST_IDTR_LIMIT)                     \
	X(0x4814, GUEST_ES_ACCESS_RIGHTS)               \
	X(0x4816, GUEST_CS_ACCESS_RIGHTS)               \
	X(0x4818, GUEST_SS_ACCESS_RIGHTS)               \
	X(0x481a, GUEST_DS_ACCESS_RIGHTS)               \
	X(0x481c, GUEST_FS_ACCESS_RIGHTS)               \
	X(0x481e, GUEST_GS_ACCESS_RIGHTS)               \
	X(0x4820, GUEST_LDTR_ACCESS_RIGHTS)             \
	X(0x4822, GUEST_TR_ACCESS_RIGHTS)               \
	X(0x4824, GUEST_INTERRUPTIBILITY_STATE)         \
	X(0x4826, GUEST_ACTIVITY_STATE)                 \
	X(0x4828, GUEST_SMBASE)                         \
	X(0x482a, GUEST_IA32_SYSENTER_CS)               \
	X(0x482e, VMX_PREEMPTION_TIMER_VALUE)           \
	/* 32-bit host-state field */                   \
	X(0x4c00, HOST_IA32_SYSENTER_CS)                \
	/* natural-width control fields */              \
	X(0x6000, CR0_GUEST_HOST_MASK)                  \
	X(0x6002, CR4_GUEST_HOST_MASK)                  \
	X(0x6004, CR0_READ_SHADOW)                      \
	X(0x6006, CR4_READ_SHADOW)                      \
	X(0x6008, CR3_TARGET_VALUE_0)                   \
	X(0x600a, CR3_TARGET_VALUE_1)                   \
	X(0x600c, CR3_TARGET_VALUE_2)                   \
	X(0x600e, CR3_TARGET_VALUE_3)                   \
	/* natural-width read-only data fields */       \
	X(0x6400, EXIT_QUALIFICATION)                   \
	X(0x6402, IO_RCX)                               \
	X(0x6404, IO_RSI)                               \
	X(0x6406, IO_RDI)                               \
	X(0x6408, IO_RIP)                               \
	X(0x640a, GUEST_LINEAR_ADDRESS)                 \
	/* natural-width guest-state fields */          \
	X(0x6800, GUEST_CR0)                            \
	X(0x6802, GUEST_CR3)                            \
	X(0x6804, GUEST_CR4)                            \
	X(0x6806, GUEST_ES_BASE)                        \
	X(0x6808, GUEST_CS_BASE)                        \
	X(0x680a, GUEST_SS_BASE)                        \
	X(0x680c, GUEST_DS_BASE)                        \
	X(0x680e, GUEST_FS_BASE)                        \
	X(0x6810, GUEST_GS_BASE)                        \
	X(0x6812, GUEST_LDTR_BASE)                      \
	X(0x6814, GUEST_TR_BASE)                        \
	X(0x6816, GUEST_GDTR_BASE)                      \
	X(0x6818, GUEST_IDTR_BASE)                      \
	X(0x681a, GUEST_DR7)                            \
	X(0x681c, GUEST_RSP)                            \
	X(0x681e, GUEST_RIP)                            \
	X(0x6820, GUEST_RFLAGS)                         \
	X(0x6822, GUEST_PENDING_DEBUG_EXCEPTIONS)       \
	X(0x6824, GUEST_IA32_SYSENTER_ESP)              \
	X(0x6826, GUEST_IA32_SYSENTER_EIP)              \
	X(0x6828, GUEST_IA32_S_CET)                     \
	X(0x682a, GUEST_SSP)                            \
	X(0x682c, GUEST_IA32_INTERRUPT_SSP_TABLE_ADDR)  \
	/* natural-width host-state fields */           \
	X(0x6c00, HOST_CR0)                             \
	X(0x6c02, HOST_CR3)                             \
	X(0x6c04, HOST_CR4)                             \
	X(0x6c06, HOST_FS_BASE)                         \
	X(0x6c08, HOST_GS_BASE)                         \
	X(0x6c0a, HOST_TR_BASE)                         \
	X(0x6c0c, HOST_GDTR_BASE)                       \
	X(0x6c0e, HOST_IDTR_BASE)                       \
	X(0x6c10, HOST_IA32_SYSENTER_ESP)               \
	X(0x6c12, HOST_IA32_SYSENTER_EIP)               \
	X(0x6c14, HOST_RSP)                             \
	X(0x6c16, HOST_RIP)                             \
	X(0x6c18, HOST_IA32_S_CET)                      \
	X(0x6c1a, HOST_SSP)                             \
	X(0x6c1c, HOST_IA32_INTERRUPT_SSP_TABLE_ADDR)

enum vmcs_field {
#define X(encoding, name) VMCS_##name = (encoding),
	VMCS_FIELDS(X)
#undef X
};

/*
 * The segment fields of one register are found from its number in the SDM's order: ES, CS, SS, DS,
 * FS, GS, LDTR, TR. Valid for every such number.
 */
enum vmcs_segment {
	VMCS_SEGMENT_ES,
	VMCS_SEGMENT_CS,
	VMCS_SEGMENT_SS,
	VMCS_SEGMENT_DS,
	VMCS_SEGMENT_FS,
	VMCS_SEGMENT_GS,
	VMCS_SEGMENT_LDTR,
	VMCS_SEGMENT_TR,
	VMCS_SEGMENT_COUNT
};

#define VMCS_GUEST_SELECTOR(segment)	  (VMCS_GUEST_ES_SELECTOR + 2u * (uint32_t)(segment))
#define VMCS_GUEST_LIMIT(segment)	  (VMCS_GUEST_ES_LIMIT + 2u * (uint32_t)(segment))
#define VMCS_GUEST_ACCESS_RIGHTS(segment) (VMCS_GUEST_ES_ACCESS_RIGHTS + 2u * (uint32_t)(segment))
#define VMCS_GUEST_BASE(segment)	  (VMCS_GUEST_ES_BASE + 2u * (uint32_t)(segment))

/*
 * Name of the field without its VMCS_ prefix ("GUEST_RFLAGS"), or NULL for an encoding that is not
 * in the table. The high half of a 64-bit field has the name of the field.
 */
const char *vmcs_field_name(uint32_t encoding);

/* Bytes of the field as VMREAD delivers it on a 64-bit processor: 2, 4 or 8. */
static inline unsigned int vmcs_field_bytes(uint32_t encoding)
{
	switch (VMCS_FIELD_WIDTH(encoding)) {
	case VMCS_FIELD_WIDTH_16:
		return 2;
	case VMCS_FIELD_WIDTH_32:
		return 4;
	case VMCS_FIELD_WIDTH_64:
		return (encoding & VMCS_FIELD_HIGH) ? 4 : 8;
	default:
		return 8;
	}
}

#endif
