/* SPDX-License-Identifier: MIT */
/*
 * Writes to CR0 and CR4 that touch a bit which Sill owns: each mode chooses these. A write to CR0
 * gets all the checks that the CPU would make: it left them to us with the exit. One to CR4 that
 * comes here can only be refused.
 */
#include "core/cpu.h"
#include "core/cpu_setup.h"
#include "core/msr.h"
#include "vmx/exit.h"
#include "vmx/guest_memory.h"
#include "vmx/tlb.h"

#define CR0_DEFINED                                                                                \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
	 CR0_PG)

/* SDM, "Registers in PAE Paging": these are loaded when paging starts, and #GP if they're bad. */
static bool load_pdptes(uint64_t cr3, uint8_t physical_bits)
{
	uint64_t reserved = 0x1e6 | ~((1ull << physical_bits) - 1);
	uint64_t pdpte[4];
	struct vcpu *vcpu = this_cpu()->vcpu;

	if (guest_read_physical(vcpu, cr3 & 0xffffffe0, pdpte, sizeof(pdpte)) != 0)
		return false;
	for (unsigned int i = 0; i < 4; i++) {
		if ((pdpte[i] & 1) != 0 && (pdpte[i] & reserved) != 0)
			return false;
	}
	for (unsigned int i = 0; i < 4; i++)
		vmwrite(VMCS_GUEST_PDPTE0 + 2 * i, pdpte[i]);
	return true;
}

struct paging_registers {
	uint64_t cr0, cr3, cr4, efer;
};

static struct paging_registers read_paging_registers(const struct vcpu *vcpu)
{
	return (struct paging_registers){
		.cr0 = (vmread(VMCS_GUEST_CR0) & ~vcpu->cr0_owned) |
		       (vmread(VMCS_CR0_READ_SHADOW) & vcpu->cr0_owned),
		.cr3 = vmread(VMCS_GUEST_CR3),
		.cr4 = (vmread(VMCS_GUEST_CR4) & ~vcpu->cr4_owned) |
		       (vmread(VMCS_CR4_READ_SHADOW) & vcpu->cr4_owned),
		.efer = vmread(VMCS_GUEST_IA32_EFER),
	};
}

static bool uses_pae_paging(const struct paging_registers *r)
{
	return (r->cr0 & CR0_PG) != 0 && (r->cr4 & CR4_PAE) != 0 && (r->efer & EFER_LME) == 0;
}

/* SDM, "MOV—Move to/from Control Registers", exceptions; "Control Registers" for the rules. */
static bool is_valid_cr0(const struct paging_registers *r, uint64_t value)
{
	bool starts_paging = (r->cr0 & CR0_PG) == 0 && (value & CR0_PG) != 0;
	bool ends_paging = (r->cr0 & CR0_PG) != 0 && (value & CR0_PG) == 0;

	if (value >> 32 != 0 || ((value & CR0_PG) != 0 && (value & CR0_PE) == 0) ||
	    ((value & CR0_NW) != 0 && (value & CR0_CD) == 0))
		return false;
	if (starts_paging && (r->efer & EFER_LME) != 0 &&
	    ((r->cr4 & CR4_PAE) == 0 || vcpu_in_64_bit_code() ||
	     (vmread(VMCS_GUEST_TR_ACCESS_RIGHTS) & SEGMENT_TYPE_MASK) == SEGMENT_TYPE_TSS16_BUSY))
		return false;
	if (ends_paging && ((r->cr4 & CR4_PCIDE) != 0 || vcpu_in_64_bit_code()))
		return false;
	if ((value & CR0_WP) == 0 && (r->cr4 & CR4_CET) != 0)
		return false;
	return true;
}

static void write_guest_cr0(struct vcpu *vcpu, uint64_t written)
{
	struct paging_registers r = read_paging_registers(vcpu);
	struct paging_registers after = r;
	/* ET is always 1; other undefined bits stay 0. */
	uint64_t value = (written & (CR0_DEFINED | ~0xffffffffull)) | CR0_ET;
	uint64_t changed = r.cr0 ^ value;
	uint64_t caches = (CR0_CD | CR0_NW) & ~vcpu->cr0_owned;

	if (!is_valid_cr0(&r, value))
		goto fault;
	after.cr0 = value;
	if (uses_pae_paging(&after) && (changed & (CR0_PG | CR0_CD | CR0_NW)) != 0 &&
	    !load_pdptes(r.cr3, (uint8_t)vcpu->capability->physical_address_bits))
		goto fault;

	if ((changed & CR0_PG) != 0 && (r.efer & EFER_LME) != 0) {
		/* "Initializing IA-32e Mode": LMA follows PG, and the entry control follows LMA. */
		bool active = (value & CR0_PG) != 0;
		uint64_t controls =
			vmread(VMCS_VM_ENTRY_CONTROLS) & ~(uint64_t)VM_ENTRY_IA32E_MODE_GUEST;

		vmwrite(VMCS_GUEST_IA32_EFER, (r.efer & ~EFER_LMA) | (active ? EFER_LMA : 0));
		vmwrite(VMCS_VM_ENTRY_CONTROLS,
			controls | (active ? (uint64_t)VM_ENTRY_IA32E_MODE_GUEST : 0));
	}
	vmwrite(VMCS_GUEST_CR0, (value & ~vcpu->cr0_owned) |
					(vcpu->capability->guest_cr0_fixed0 & vcpu->cr0_owned));
	vmwrite(VMCS_CR0_READ_SHADOW, value);
	/* No VM entry loads CD and NW: where they are the guest's, they are set here and now. */
	if ((changed & caches) != 0)
		write_cr0((read_cr0() & ~caches) | (value & caches));
	if ((changed & (CR0_PG | CR0_WP)) != 0)
		tlb_flush_guest(vcpu);
	vcpu_advance(vcpu);
	return;
fault:
	vcpu_inject_gp(vcpu);
}

void exit_control_register(struct vcpu *vcpu)
{
	uint64_t qualification = vmread(VMCS_EXIT_QUALIFICATION);
	uint32_t number = CR_ACCESS_NUMBER(qualification);
	uint64_t value;

	if (CR_ACCESS_TYPE(qualification) != CR_ACCESS_TYPE_MOV_TO_CR ||
	    (number != 0 && number != 4))
		vmx_stop_unhandled(vcpu, EXIT_REASON_CONTROL_REGISTER_ACCESS);
	value = vcpu_read_register(vcpu, CR_ACCESS_REGISTER(qualification));
	/* Outside of 64-bit mode the operand has 32 bits. */
	if (!vcpu_in_64_bit_code())
		value = (uint32_t)value;
	/*
	 * Of CR4 Sill owns the bits of features that the guest is not shown, and it sees all of
	 * them as 0: a write that comes here sets one of them, which on such a CPU is reserved.
	 */
	if (number == 4)
		vcpu_inject_gp(vcpu);
	else
		write_guest_cr0(vcpu, value);
}
