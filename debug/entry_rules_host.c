/* SPDX-License-Identifier: MIT */
/*
 * VM-entry rules on the host state. SDM, "Checks on Host Control Registers, MSRs, and SSP", "Checks
 * on Host Segment and Descriptor-Table Registers", "Checks Related to Address-Space Size".
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/msr.h"
#include "debug/entry_rules.h"
#include "vmx/controls.h"
#include "vmx/vmcs.h"

static void registers(struct entry_check *check)
{
	const struct vmx_capability *capability = check->capability;
	bool host_64 = check->exit & VM_EXIT_HOST_ADDRESS_SPACE_SIZE;
	uint64_t efer;

	check->section = "Checks on Host Control Registers, MSRs, and SSP";
	entry_rule_fixed(check, VMCS_HOST_CR0, "CR0", capability->cr0_fixed0,
			 capability->cr0_fixed1);
	entry_rule_fixed(check, VMCS_HOST_CR4, "CR4", capability->cr4_fixed0,
			 capability->cr4_fixed1);
	if ((entry_field(check, VMCS_HOST_CR4) & CR4_CET) &&
	    !(entry_field(check, VMCS_HOST_CR0) & CR0_WP))
		entry_broken(check, VMCS_HOST_CR4, "CR4.CET needs CR0.WP");
	if (entry_field(check, VMCS_HOST_CR3) & entry_beyond_width(check))
		entry_broken(check, VMCS_HOST_CR3, "the CPU has only %u physical-address bits",
			     capability->physical_address_bits);
	entry_rule_canonical(check, VMCS_HOST_IA32_SYSENTER_ESP);
	entry_rule_canonical(check, VMCS_HOST_IA32_SYSENTER_EIP);
	if (check->exit & VM_EXIT_LOAD_IA32_PAT)
		entry_rule_pat(check, VMCS_HOST_IA32_PAT);
	if (check->exit & VM_EXIT_LOAD_IA32_EFER) {
		efer = entry_field(check, VMCS_HOST_IA32_EFER);
		if (efer & ~(uint64_t)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
			entry_broken(check, VMCS_HOST_IA32_EFER,
				     "a reserved bit is 1; SCE, LME, LMA and NXE are defined");
		if (!!(efer & EFER_LMA) != host_64 || !!(efer & EFER_LME) != host_64)
			entry_broken(check, VMCS_HOST_IA32_EFER,
				     "LMA (bit 10) and LME (bit 8) must both be %u, as \"host "
				     "address-space size\" is",
				     (unsigned int)host_64);
	}
	if (check->exit & VM_EXIT_LOAD_CET_STATE) {
		entry_rule_s_cet(check, VMCS_HOST_IA32_S_CET);
		entry_rule_canonical(check, VMCS_HOST_SSP);
		if (entry_field(check, VMCS_HOST_SSP) & 3)
			entry_broken(check, VMCS_HOST_SSP, "bits 1:0 must be 0");
		entry_rule_canonical(check, VMCS_HOST_IA32_INTERRUPT_SSP_TABLE_ADDR);
	}
	if (check->exit & VM_EXIT_LOAD_PKRS)
		entry_rule_upper_half_zero(check, VMCS_HOST_IA32_PKRS);
}

static void segments(struct entry_check *check)
{
	static const uint32_t selectors[] = {
		VMCS_HOST_ES_SELECTOR, VMCS_HOST_CS_SELECTOR, VMCS_HOST_SS_SELECTOR,
		VMCS_HOST_DS_SELECTOR, VMCS_HOST_FS_SELECTOR, VMCS_HOST_GS_SELECTOR,
		VMCS_HOST_TR_SELECTOR,
	};
	static const uint32_t bases[] = {VMCS_HOST_FS_BASE, VMCS_HOST_GS_BASE, VMCS_HOST_GDTR_BASE,
					 VMCS_HOST_IDTR_BASE, VMCS_HOST_TR_BASE};
	unsigned int i;

	check->section = "Checks on Host Segment and Descriptor-Table Registers";
	for (i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		if (entry_field(check, selectors[i]) & 7)
			entry_broken(check, selectors[i],
				     "RPL (bits 1:0) and TI (bit 2) must be 0");
	}
	if (!entry_field(check, VMCS_HOST_CS_SELECTOR))
		entry_broken(check, VMCS_HOST_CS_SELECTOR, "the selector must not be 0");
	if (!entry_field(check, VMCS_HOST_TR_SELECTOR))
		entry_broken(check, VMCS_HOST_TR_SELECTOR,
			     "the selector must not be 0 (firmware often leaves TR so)");
	if (!(check->exit & VM_EXIT_HOST_ADDRESS_SPACE_SIZE) &&
	    !entry_field(check, VMCS_HOST_SS_SELECTOR))
		entry_broken(check, VMCS_HOST_SS_SELECTOR,
			     "the selector must not be 0 without \"host address-space size\"");
	for (i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		entry_rule_canonical(check, bases[i]);
}

/* Sill runs in IA-32e mode, which decides about "host address-space size". */
static void address_space(struct entry_check *check)
{
	check->section = "Checks Related to Address-Space Size";
	if (!(check->exit & VM_EXIT_HOST_ADDRESS_SPACE_SIZE)) {
		entry_broken(check, VMCS_PRIMARY_VM_EXIT_CONTROLS,
			     "\"host address-space size\" must be 1: the host runs in IA-32e mode");
		return;
	}
	if (!(entry_field(check, VMCS_HOST_CR4) & CR4_PAE))
		entry_broken(check, VMCS_HOST_CR4, "CR4.PAE (bit 5) must be 1 for a 64-bit host");
	entry_rule_canonical(check, VMCS_HOST_RIP);
}

void entry_rules_host(struct entry_check *check)
{
	registers(check);
	segments(check);
	address_space(check);
}
