/* SPDX-License-Identifier: MIT */
/* VM-entry rules on the controls. SDM, "Checks on VMX Controls". */
#include <stdbool.h>
#include <stdint.h>

#include "debug/entry_rules.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

#define VECTOR_NMI 2u

/* SDM, "Error Code": #DF, #TS, #NP, #SS, #GP, #PF and #AC push one. (#CP where the CPU has CET.) */
#define VECTORS_WITH_ERROR_CODE \
	((1u << 8) | (1u << 10) | (1u << 11) | (1u << 12) | (1u << 13) | (1u << 14) | (1u << 17))

/* Reserved controls must be as the capability MSRs say: one line for each bit. */
static void reserved(struct entry_check *check, uint32_t field, enum vmx_word word, uint32_t value,
		     const struct vmx_control_word *allowed)
{
	uint32_t must_be_1 = allowed->must_be_1 & ~value;
	uint32_t must_be_0 = value & ~allowed->may_be_1;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		uint32_t mask = 1u << bit;

		if (must_be_1 & mask)
			entry_broken(check, field, "bit %u (%s) must be 1 on this CPU", bit,
				     vmx_control_words(word, mask));
		if (must_be_0 & mask)
			entry_broken(check, field, "bit %u (%s) must be 0 on this CPU", bit,
				     vmx_control_words(word, mask));
	}
}

static void ept_pointer(struct entry_check *check)
{
	uint64_t eptp = entry_field(check, VMCS_EPT_POINTER);
	uint64_t cap = check->capability->ept_vpid_cap;
	uint64_t type = eptp & EPTP_MEMORY_TYPE_MASK;
	uint64_t length = eptp & EPTP_WALK_LENGTH_MASK;

	if (!((type == EPTP_MEMORY_TYPE_WB && (cap & EPT_CAP_WB)) ||
	      (type == EPTP_MEMORY_TYPE_UC && (cap & EPT_CAP_UC))))
		entry_broken(check, VMCS_EPT_POINTER,
			     "memory type %llu (bits 2:0) is not supported; 6 is write-back",
			     (unsigned long long)type);
	if (!((length == EPTP_WALK_LENGTH_4 && (cap & EPT_CAP_WALK_LENGTH_4)) ||
	      (length == EPTP_WALK_LENGTH_5 && (cap & EPT_CAP_WALK_LENGTH_5))))
		entry_broken(check, VMCS_EPT_POINTER,
			     "page-walk length %llu (bits 5:3, length less 1) is not supported",
			     (unsigned long long)(length >> EPTP_WALK_LENGTH_SHIFT));
	if ((eptp & EPTP_ACCESSED_AND_DIRTY) && !(cap & EPT_CAP_ACCESSED_AND_DIRTY))
		entry_broken(check, VMCS_EPT_POINTER,
			     "bit 6 must be 0: the CPU has no accessed and dirty flags for EPT");
	if ((eptp & EPTP_SUPERVISOR_SHADOW_STACK) && !(cap & EPT_CAP_SUPERVISOR_SHADOW_STACK))
		entry_broken(check, VMCS_EPT_POINTER,
			     "bit 7 must be 0: the CPU has no supervisor shadow-stack control");
	if (eptp & EPTP_RESERVED_LOW)
		entry_broken(check, VMCS_EPT_POINTER, "bits 11:8 are reserved and must be 0");
	if (eptp & entry_beyond_width(check))
		entry_broken(check, VMCS_EPT_POINTER, "the CPU has only %u physical-address bits",
			     check->capability->physical_address_bits);
}

static void vm_functions(struct entry_check *check)
{
	uint64_t functions = entry_field(check, VMCS_VM_FUNCTION_CONTROLS);
	uint64_t unknown = functions & ~check->capability->vm_functions;

	if (unknown)
		entry_broken(check, VMCS_VM_FUNCTION_CONTROLS,
			     "bits %llxh must be 0: this CPU has no such VM function",
			     (unsigned long long)unknown);
	if (!(functions & VM_FUNCTION_EPTP_SWITCHING))
		return;
	if (!(check->secondary & SECONDARY_ENABLE_EPT))
		entry_broken(check, VMCS_VM_FUNCTION_CONTROLS,
			     "\"EPTP switching\" needs \"enable EPT\"");
	entry_rule_physical(check, VMCS_EPTP_LIST_ADDRESS, 12);
}

static void secondary_controls(struct entry_check *check)
{
	uint32_t secondary = check->secondary;
	bool tpr_shadow = check->primary & PRIMARY_USE_TPR_SHADOW;
	const uint32_t field = VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS;

	if (secondary & SECONDARY_VIRTUALIZE_APIC_ACCESSES)
		entry_rule_physical(check, VMCS_APIC_ACCESS_ADDRESS, 12);
	if (!tpr_shadow && (secondary & (SECONDARY_VIRTUALIZE_X2APIC_MODE |
					 SECONDARY_APIC_REGISTER_VIRTUALIZATION |
					 SECONDARY_VIRTUAL_INTERRUPT_DELIVERY)))
		entry_broken(check, field,
			     "\"virtualize x2APIC mode\", \"APIC-register virtualization\" and "
			     "\"virtual-interrupt delivery\" need \"use TPR shadow\"");
	if ((secondary & SECONDARY_VIRTUALIZE_X2APIC_MODE) &&
	    (secondary & SECONDARY_VIRTUALIZE_APIC_ACCESSES))
		entry_broken(check, field,
			     "\"virtualize x2APIC mode\" and \"virtualize APIC accesses\" exclude "
			     "each other");
	if ((secondary & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY) &&
	    !(check->pin & PIN_BASED_EXTERNAL_INTERRUPT_EXITING))
		entry_broken(check, field,
			     "\"virtual-interrupt delivery\" needs \"external-interrupt exiting\"");
	if ((secondary & SECONDARY_ENABLE_VPID) && !(entry_field(check, VMCS_VPID) & 0xffff))
		entry_broken(check, VMCS_VPID, "with \"enable VPID\" the VPID must not be 0");
	if (secondary & SECONDARY_ENABLE_EPT)
		ept_pointer(check);
	else {
		if (secondary & SECONDARY_UNRESTRICTED_GUEST)
			entry_broken(check, field, "\"unrestricted guest\" needs \"enable EPT\"");
		if (secondary & SECONDARY_ENABLE_PML)
			entry_broken(check, field, "\"enable PML\" needs \"enable EPT\"");
		if (secondary & SECONDARY_MODE_BASED_EXECUTE_CONTROL_FOR_EPT)
			entry_broken(check, field,
				     "\"mode-based execute control for EPT\" needs \"enable EPT\"");
		if (secondary & SECONDARY_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT)
			entry_broken(check, field,
				     "\"sub-page write permissions for EPT\" needs \"enable EPT\"");
	}
	if (secondary & SECONDARY_ENABLE_VM_FUNCTIONS)
		vm_functions(check);
	if (secondary & SECONDARY_ENABLE_PML)
		entry_rule_physical(check, VMCS_PML_ADDRESS, 12);
	if (secondary & SECONDARY_SUB_PAGE_WRITE_PERMISSIONS_FOR_EPT)
		entry_rule_physical(check, VMCS_SUB_PAGE_PERMISSION_TABLE_POINTER, 12);
	if (secondary & SECONDARY_VMCS_SHADOWING) {
		entry_rule_physical(check, VMCS_VMREAD_BITMAP_ADDRESS, 12);
		entry_rule_physical(check, VMCS_VMWRITE_BITMAP_ADDRESS, 12);
	}
	if (secondary & SECONDARY_EPT_VIOLATION_VE)
		entry_rule_physical(check, VMCS_VIRTUALIZATION_EXCEPTION_ADDRESS, 12);
	if ((secondary & SECONDARY_INTEL_PT_USES_GUEST_PHYSICAL_ADDRESSES) &&
	    (!(secondary & SECONDARY_ENABLE_EPT) || !(check->entry & VM_ENTRY_LOAD_IA32_RTIT_CTL) ||
	     !(check->exit & VM_EXIT_CLEAR_IA32_RTIT_CTL)))
		entry_broken(check, field,
			     "\"Intel PT uses guest physical addresses\" needs \"enable EPT\", "
			     "\"load IA32_RTIT_CTL\" and \"clear IA32_RTIT_CTL\"");
	if ((secondary & SECONDARY_USE_TSC_SCALING) && !entry_field(check, VMCS_TSC_MULTIPLIER))
		entry_broken(check, VMCS_TSC_MULTIPLIER,
			     "with \"use TSC scaling\" the multiplier must not be 0");
}

static void execution_controls(struct entry_check *check)
{
	const struct vmx_capability *capability = check->capability;
	uint64_t threshold;

	check->section = "VM-Execution Control Fields";
	reserved(check, VMCS_PIN_BASED_CONTROLS, VMX_WORD_PIN, check->pin, &capability->pin);
	reserved(check, VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS, VMX_WORD_PRIMARY, check->primary,
		 &capability->primary);
	if (check->primary & PRIMARY_ACTIVATE_SECONDARY_CONTROLS)
		reserved(check, VMCS_SECONDARY_PROCESSOR_BASED_CONTROLS, VMX_WORD_SECONDARY,
			 check->secondary, &capability->secondary);
	if (check->tertiary & ~capability->tertiary_may_be_1)
		entry_broken(
			check, VMCS_TERTIARY_PROCESSOR_BASED_CONTROLS,
			"bits %llxh must be 0 on this CPU",
			(unsigned long long)(check->tertiary & ~capability->tertiary_may_be_1));

	if (entry_field(check, VMCS_CR3_TARGET_COUNT) > capability->cr3_targets)
		entry_broken(check, VMCS_CR3_TARGET_COUNT, "the CPU has only %u CR3-target values",
			     capability->cr3_targets);
	if (check->primary & PRIMARY_USE_IO_BITMAPS) {
		entry_rule_physical(check, VMCS_IO_BITMAP_A, 12);
		entry_rule_physical(check, VMCS_IO_BITMAP_B, 12);
	}
	if (check->primary & PRIMARY_USE_MSR_BITMAPS)
		entry_rule_physical(check, VMCS_MSR_BITMAPS, 12);
	if (check->primary & PRIMARY_USE_TPR_SHADOW) {
		entry_rule_physical(check, VMCS_VIRTUAL_APIC_ADDRESS, 12);
		threshold = entry_field(check, VMCS_TPR_THRESHOLD);
		if (!(check->secondary & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY) && (threshold >> 4))
			entry_broken(check, VMCS_TPR_THRESHOLD, "bits 31:4 must be 0");
	}
	if (!(check->pin & PIN_BASED_NMI_EXITING) && (check->pin & PIN_BASED_VIRTUAL_NMIS))
		entry_broken(check, VMCS_PIN_BASED_CONTROLS,
			     "\"virtual NMIs\" needs \"NMI exiting\"");
	if (!(check->pin & PIN_BASED_VIRTUAL_NMIS) && (check->primary & PRIMARY_NMI_WINDOW_EXITING))
		entry_broken(check, VMCS_PRIMARY_PROCESSOR_BASED_CONTROLS,
			     "\"NMI-window exiting\" needs \"virtual NMIs\"");
	if (check->pin & PIN_BASED_PROCESS_POSTED_INTERRUPTS) {
		if (!(check->secondary & SECONDARY_VIRTUAL_INTERRUPT_DELIVERY) ||
		    !(check->exit & VM_EXIT_ACKNOWLEDGE_INTERRUPT_ON_EXIT))
			entry_broken(check, VMCS_PIN_BASED_CONTROLS,
				     "\"process posted interrupts\" needs \"virtual-interrupt "
				     "delivery\" and \"acknowledge interrupt on exit\"");
		if (entry_field(check, VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR) > 0xff)
			entry_broken(check, VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR,
				     "a vector is 0 to 255");
		entry_rule_physical(check, VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 6);
	}
	secondary_controls(check);
}

/* An MSR list: both its ends must be within the CPU's physical addresses. */
static void msr_list(struct entry_check *check, uint32_t count_field, uint32_t address_field)
{
	uint64_t count = entry_field(check, count_field) & 0xffffffff;
	uint64_t address = entry_field(check, address_field);

	if (!count)
		return;
	entry_rule_physical(check, address_field, 4);
	if (!(address & entry_beyond_width(check)) &&
	    ((address + 16 * count - 1) & entry_beyond_width(check)))
		entry_broken(check, count_field,
			     "the list from %llxh ends beyond the CPU's %u "
			     "physical-address bits",
			     (unsigned long long)address, check->capability->physical_address_bits);
}

static void exit_controls(struct entry_check *check)
{
	uint64_t secondary;

	check->section = "VM-Exit Control Fields";
	reserved(check, VMCS_PRIMARY_VM_EXIT_CONTROLS, VMX_WORD_EXIT, check->exit,
		 &check->capability->exit);
	if (check->exit & VM_EXIT_ACTIVATE_SECONDARY_CONTROLS) {
		secondary = entry_field(check, VMCS_SECONDARY_VM_EXIT_CONTROLS) &
			    ~check->capability->exit2_may_be_1;
		if (secondary)
			entry_broken(check, VMCS_SECONDARY_VM_EXIT_CONTROLS,
				     "bits %llxh must be 0 on this CPU",
				     (unsigned long long)secondary);
	}
	if (!(check->pin & PIN_BASED_ACTIVATE_VMX_PREEMPTION_TIMER) &&
	    (check->exit & VM_EXIT_SAVE_VMX_PREEMPTION_TIMER_VALUE))
		entry_broken(check, VMCS_PRIMARY_VM_EXIT_CONTROLS,
			     "\"save VMX-preemption timer value\" needs \"activate VMX-preemption "
			     "timer\"");
	msr_list(check, VMCS_VM_EXIT_MSR_STORE_COUNT, VMCS_VM_EXIT_MSR_STORE_ADDRESS);
	msr_list(check, VMCS_VM_EXIT_MSR_LOAD_COUNT, VMCS_VM_EXIT_MSR_LOAD_ADDRESS);
}

/* The rules on an event that is to be injected; only if the field's valid bit is 1. */
static void injection(struct entry_check *check)
{
	const uint32_t field = VMCS_VM_ENTRY_INTERRUPTION_INFORMATION;
	const struct vmx_capability *capability = check->capability;
	uint32_t info = check->injection;
	uint32_t vector = info & INTERRUPTION_VECTOR_MASK;
	uint32_t type = INTERRUPTION_TYPE(info);
	bool exception = type == INTERRUPTION_TYPE_HARDWARE_EXCEPTION;
	bool delivers = info & INTERRUPTION_DELIVER_ERROR_CODE;
	bool real_mode = check->unrestricted && !(entry_field(check, VMCS_GUEST_CR0) & CR0_PE);
	uint64_t length;

	if (!info)
		return;
	switch (type) {
	case 1:
		entry_broken(check, field, "interruption type 1 is reserved");
		break;
	case INTERRUPTION_TYPE_OTHER_EVENT:
		if (!vmx_capability_has(capability, VMX_WORD_PRIMARY, PRIMARY_MONITOR_TRAP_FLAG))
			entry_broken(check, field,
				     "type 7 (other event) needs a CPU with \"monitor trap flag\"");
		if (vector != 0)
			entry_broken(check, field, "type 7 (other event) needs vector 0");
		break;
	case INTERRUPTION_TYPE_NMI:
		if (vector != VECTOR_NMI)
			entry_broken(check, field, "type 2 (NMI) needs vector 2, not %u", vector);
		break;
	case INTERRUPTION_TYPE_HARDWARE_EXCEPTION:
		if (vector > 31)
			entry_broken(check, field,
				     "type 3 (hardware exception) needs a vector of at most 31, "
				     "not %u",
				     vector);
		break;
	default:
		break;
	}

	/* Whether an error code is delivered must fit the exception and the mode. */
	if (delivers && !exception)
		entry_broken(check, field,
			     "only a hardware exception (type 3) can deliver an error code");
	else if (delivers && real_mode)
		entry_broken(check, field,
			     "no error code can be delivered in real-address mode (CR0.PE = 0)");
	else if (exception && vector <= 31 && !capability->any_error_code && !real_mode &&
		 delivers != !!(VECTORS_WITH_ERROR_CODE & (1u << vector)))
		entry_broken(check, field, "exception %u %s", vector,
			     delivers ? "has no error code to deliver (bit 11)"
				      : "needs an error code delivered (bit 11)");
	if (info & INTERRUPTION_ENTRY_RESERVED)
		entry_broken(check, field, "bits 30:12 are reserved and must be 0");
	if (delivers && (entry_field(check, VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE) >> 16))
		entry_broken(check, VMCS_VM_ENTRY_EXCEPTION_ERROR_CODE, "bits 31:16 must be 0");
	if (type == INTERRUPTION_TYPE_SOFTWARE_INTERRUPT ||
	    type == INTERRUPTION_TYPE_PRIVILEGED_SOFTWARE_EXCEPTION ||
	    type == INTERRUPTION_TYPE_SOFTWARE_EXCEPTION) {
		length = entry_field(check, VMCS_VM_ENTRY_INSTRUCTION_LENGTH);
		if (length > 15 || (length == 0 && !capability->inject_length_zero))
			entry_broken(check, VMCS_VM_ENTRY_INSTRUCTION_LENGTH,
				     "a software interrupt or exception needs the length of its "
				     "instruction, %u to 15",
				     capability->inject_length_zero ? 0u : 1u);
	}
}

static void entry_controls(struct entry_check *check)
{
	check->section = "VM-Entry Control Fields";
	reserved(check, VMCS_VM_ENTRY_CONTROLS, VMX_WORD_ENTRY, check->entry,
		 &check->capability->entry);
	injection(check);
	msr_list(check, VMCS_VM_ENTRY_MSR_LOAD_COUNT, VMCS_VM_ENTRY_MSR_LOAD_ADDRESS);
	if (check->entry & (VM_ENTRY_ENTRY_TO_SMM | VM_ENTRY_DEACTIVATE_DUAL_MONITOR_TREATMENT))
		entry_broken(check, VMCS_VM_ENTRY_CONTROLS,
			     "\"entry to SMM\" and \"deactivate dual-monitor treatment\" must be 0 "
			     "outside SMM");
}

void entry_rules_controls(struct entry_check *check)
{
	execution_controls(check);
	exit_controls(check);
	entry_controls(check);
}
