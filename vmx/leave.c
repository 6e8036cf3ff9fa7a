/* SPDX-License-Identifier: MIT */
/* How a CPU leaves Sill; see vmx/leave.h. */
#include "vmx/leave.h"

#include <sill/errno.h>

#include "core/address_space.h"
#include "core/cpu.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/safe_access.h"
#include "core/string.h"
#include "core/window.h"
#include "vmx/counters.h"
#include "vmx/event.h"
#include "vmx/guest_memory.h"
#include "vmx/landing.h"
#include "vmx/step.h"

#define CR4_CET	      (1ull << 23)
#define CET_SH_STK_EN 1u
#define CPUID_7_LA57  (1u << 16)
#define UPPER_LEVEL   (PAGE_PRESENT | PAGE_WRITE | PAGE_ACCESSED)
#define NMI_GATE      (VECTOR_NMI * sizeof(struct landing_gate))

extern const char landing_code[], landing_nmi[];			    /* vmx/leave.asm */
__attribute__((noreturn)) void leave_step(uint64_t landing, uint64_t code); /* vmx/leave.asm */

#define AT(member, offset) \
	_Static_assert(offsetof(struct landing, member) == (offset), "vmx/leave.asm relies on it")
AT(registers, 512);
AT(rip, 512 + sizeof(struct vcpu_registers));
AT(cr3, 672);
AT(nmis_seen, 720);
AT(gdtr, 728);
AT(ds, 738);
AT(idtr, 740);
AT(own_gdtr, 752);
AT(own_idtr, 764);
AT(gs, 774);
AT(nmi, 782);
AT(counters, 784);
_Static_assert(offsetof(struct percpu, nmi_count) == 152, "vmx/leave.asm relies on it");

/* A CPU's landing lies at the end of the page that its struct percpu begins. */
#define LANDING_OFFSET (PAGE_SIZE - (sizeof(struct landing) + 15) / 16 * 16)
_Static_assert(sizeof(struct percpu) <= LANDING_OFFSET, "both fit into one page");

/* The page tables of the landing: the code's page, then that of each CPU in turn. */
static struct {
	uint64_t *pages;
	uint64_t entry[2]; /* for a slot of a PML4 table; of a PML5 table (0: the CPU has none) */
	uint64_t root[2];  /* the core's own top-level tables */
} tables;

static uint64_t new_table(unsigned int at, uint64_t entry)
{
	uint64_t *table = page_allocate();

	if (table == NULL)
		return 0;
	table[at] = entry;
	return physical_of(table);
}

int leave_prepare(void)
{
	const struct address_space *space = memory_address_space();
	uint64_t code, table;

	tables.pages = page_allocate();
	if (tables.pages == NULL ||
	    !address_space_translate(space, (uintptr_t)landing_code, &code, NULL))
		return -SILL_ENOMEM;
	tables.pages[0] = address_space_make_entry(code & PAGE_ADDRESS, ADDRESS_SPACE_EXECUTE);

	table = physical_of(tables.pages);
	for (int level = 0; level < 2; level++) {
		table = new_table(0, table | UPPER_LEVEL);
		if (table == 0)
			return -SILL_ENOMEM;
	}
	tables.entry[0] = table | UPPER_LEVEL;
	tables.root[0] = space->root;

	if (cpuid(0, 0).eax < 7 || (cpuid(7, 0).ecx & CPUID_7_LA57) == 0)
		return 0;
	table = new_table(0, tables.entry[0]);
	tables.entry[1] = table | UPPER_LEVEL;
	tables.root[1] = new_table(511, space->root | UPPER_LEVEL);
	return table == 0 || tables.root[1] == 0 ? -SILL_ENOMEM : 0;
}

static struct landing *own_landing(void)
{
	return (struct landing *)((char *)this_cpu() + LANDING_OFFSET);
}

static bool has_five_levels(void)
{
	return (read_cr4() & CR4_LA57) != 0;
}

/*
 * Whether the guest itself finds the slot free, or filled by another CPU that left before: what it
 * has in CR3 need not be memory of its own, but in Sill's arena it reads neither.
 */
static bool may_fill(struct vcpu *vcpu, uint64_t at, uint64_t entry)
{
	uint64_t now;

	return guest_read_physical(vcpu, at, &now, sizeof(now)) == 0 && (now == 0 || now == entry);
}

/*
 * The landing's entry goes into a slot that is empty. Other CPUs may be using the same table, so
 * this one store, which no CPU can have cached the opposite of, is all that is done to it.
 */
static bool fill_slot(struct vcpu *vcpu, uint64_t table, unsigned int slot, uint64_t entry)
{
	uint64_t *own = virtual_of(tables.root[has_five_levels()]);
	uint64_t at = table + 8 * slot;

	if ((own[slot] != 0 && own[slot] != entry) ||
	    (vcpu != NULL && !may_fill(vcpu, at, entry)) ||
	    (!physical_replace(at, 8, 0, entry) && physical_load(at, 8) != entry))
		return false;
	own[slot] = entry;
	return true;
}

/* The landing's address in both worlds, or 0: no slot is free. vcpu is NULL before the launch. */
static uint64_t place_landing(struct vcpu *vcpu, const struct sill_launch *state)
{
	bool five_levels = has_five_levels();
	uint64_t page = address_space_make_entry(physical_of(this_cpu()), ADDRESS_SPACE_WRITE);

	/* Without EFER.NXE bit 63 is reserved. */
	if ((state->ia32_efer & EFER_NXE) == 0)
		page &= ~PAGE_NOT_EXECUTABLE;
	tables.pages[1 + this_cpu()->index] = page;
	for (unsigned int n = 0; n < LANDING_SLOTS; n++) {
		unsigned int slot = landing_slot(n);

		if (fill_slot(vcpu, state->cr3 & PAGE_ADDRESS, slot, tables.entry[five_levels]))
			return landing_address(slot, five_levels);
	}
	return 0;
}

/*
 * All that needs no landing, and then the step. SDM, "VMXOFF"; what is loaded here from *state can
 * be in force under the core's own page tables too. That leaves CR4.CET, since the core has no
 * ENDBR instructions. CR4.PCIDE is set while CR3's low bits are 0, as "MOV to CR4" demands.
 */
__attribute__((noreturn)) static void step(const struct sill_launch *state, uint64_t address,
					   bool in_vmx_operation)
{
	struct percpu *cpu = this_cpu();
	uint64_t code = address + (uintptr_t)landing_code % PAGE_SIZE;
	uint64_t landing = address + (1 + cpu->index) * (uint64_t)PAGE_SIZE + LANDING_OFFSET;

	landing_set_addresses(own_landing(), landing, address + (uintptr_t)landing_nmi % PAGE_SIZE);
	if (in_vmx_operation && cpu->vcpu != NULL) {
		uint64_t vmcs = physical_of(cpu->vcpu->vmcs);

		/* In this order: an NMI leaves its mark in the VMCS of the CPU's vCPU. */
		__atomic_store_n(&cpu->vcpu, NULL, __ATOMIC_SEQ_CST);
		vmclear(vmcs);
	}
	wrmsr(MSR_IA32_SYSENTER_CS, state->ia32_sysenter_cs);
	wrmsr(MSR_IA32_SYSENTER_ESP, state->ia32_sysenter_esp);
	wrmsr(MSR_IA32_SYSENTER_EIP, state->ia32_sysenter_eip);
	wrmsr(MSR_IA32_PAT, state->ia32_pat);
	(void)!safe_wrmsr(MSR_IA32_DEBUGCTL, state->ia32_debugctl);
	if (in_vmx_operation)
		vmxoff();
	write_cr4((state->cr4 & ~CR4_CET) ^ CR4_PGE);
	write_cr0(state->cr0);
	leave_step(landing, code);
}

/* A control register as the guest sees it. */
static uint64_t seen(enum vmcs_field real, enum vmcs_field mask, enum vmcs_field shadow)
{
	uint64_t owned = vmread(mask);

	return (vmread(real) & ~owned) | (vmread(shadow) & owned);
}

static void read_state(struct sill_launch *state)
{
	_Static_assert((int)SILL_SEGMENT_TR == (int)VMCS_SEGMENT_TR, "both in the SDM's order");

	state->rip = vmread(VMCS_GUEST_RIP);
	state->rsp = vmread(VMCS_GUEST_RSP);
	state->rflags = vmread(VMCS_GUEST_RFLAGS);
	state->cr0 = seen(VMCS_GUEST_CR0, VMCS_CR0_GUEST_HOST_MASK, VMCS_CR0_READ_SHADOW);
	state->cr3 = vmread(VMCS_GUEST_CR3);
	state->cr4 = seen(VMCS_GUEST_CR4, VMCS_CR4_GUEST_HOST_MASK, VMCS_CR4_READ_SHADOW);
	state->dr7 = vmread(VMCS_GUEST_DR7);
	state->ia32_efer = vmread(VMCS_GUEST_IA32_EFER);
	state->ia32_pat = vmread(VMCS_GUEST_IA32_PAT);
	state->ia32_debugctl = vmread(VMCS_GUEST_IA32_DEBUGCTL);
	state->ia32_sysenter_cs = vmread(VMCS_GUEST_IA32_SYSENTER_CS);
	state->ia32_sysenter_esp = vmread(VMCS_GUEST_IA32_SYSENTER_ESP);
	state->ia32_sysenter_eip = vmread(VMCS_GUEST_IA32_SYSENTER_EIP);
	state->gdtr.base = vmread(VMCS_GUEST_GDTR_BASE);
	state->gdtr.limit = (uint32_t)vmread(VMCS_GUEST_GDTR_LIMIT);
	state->idtr.base = vmread(VMCS_GUEST_IDTR_BASE);
	state->idtr.limit = (uint32_t)vmread(VMCS_GUEST_IDTR_LIMIT);
	for (unsigned int i = 0; i < SILL_SEGMENT_COUNT; i++) {
		state->segments[i].selector = (uint16_t)vmread(VMCS_GUEST_SELECTOR(i));
		state->segments[i].limit = (uint32_t)vmread(VMCS_GUEST_LIMIT(i));
		state->segments[i].access_rights = (uint32_t)vmread(VMCS_GUEST_ACCESS_RIGHTS(i));
		state->segments[i].base = vmread(VMCS_GUEST_BASE(i));
	}
}

static bool uses_shadow_stack(uint64_t cr4)
{
	uint64_t supervisor, user;

	return (cr4 & CR4_CET) != 0 &&
	       (!safe_rdmsr(MSR_IA32_S_CET, &supervisor) || !safe_rdmsr(MSR_IA32_U_CET, &user) ||
		((supervisor | user) & CET_SH_STK_EN) != 0);
}

/* Does the guest wait for nothing that only a VM entry could bring? */
static bool is_at_rest(const struct vcpu *vcpu)
{
	/* An interrupt that the guest doesn't take before it asks to be left is not waited for. */
	if (event_interrupt_waits(vcpu) && (vmread(VMCS_GUEST_RFLAGS) & RFLAGS_IF) != 0)
		return false;
	return !step_is_pending(vcpu) && vcpu->waiting_nmis == 0 && !vcpu->waiting_machine_check &&
	       vmread(VMCS_GUEST_ACTIVITY_STATE) == 0 &&
	       vmread(VMCS_GUEST_INTERRUPTIBILITY_STATE) == 0 &&
	       vmread(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) == 0 &&
	       (vmread(VMCS_VM_ENTRY_INTERRUPTION_INFORMATION) & INTERRUPTION_VALID) == 0;
}

void vcpu_leave(struct vcpu *vcpu)
{
	struct landing *landing = own_landing();
	uint16_t nmi_selector = 0;
	struct sill_launch state;
	uint64_t address;
	bool five_levels;

	event_take_posted(vcpu);
	/* Any NMI from here on shows either here or on the landing. */
	landing->nmis_seen = __atomic_load_n(&this_cpu()->nmi_count, __ATOMIC_SEQ_CST);
	read_state(&state);
	if (!is_at_rest(vcpu) || (state.ia32_efer & EFER_LMA) == 0 || uses_shadow_stack(state.cr4))
		return;

	/*
	 * SDM, "MOV—Move to/from Control Registers": CR4.LA57 cannot change in IA-32e mode. But a
	 * VM exit loads it.
	 */
	five_levels = (state.cr4 & CR4_LA57) != 0;
	if (five_levels != has_five_levels()) {
		vmwrite(VMCS_HOST_CR3, tables.root[five_levels]);
		vmwrite(VMCS_HOST_CR4, read_cr4() ^ CR4_LA57);
		return;
	}

	if (state.idtr.limit >= NMI_GATE + sizeof(struct landing_gate) - 1 &&
	    guest_read_as_cpu(vcpu,
			      state.idtr.base + NMI_GATE + offsetof(struct landing_gate, selector),
			      &nmi_selector, sizeof(nmi_selector)) != 0)
		return;
	if (!landing_fill(landing, &state, nmi_selector))
		return;
	address = place_landing(vcpu, &state);
	if (address == 0)
		return;
	if ((vcpu->capability->entry.value & VM_ENTRY_LOAD_GUEST_IA32_LBR_CTL) != 0)
		wrmsr(MSR_IA32_LBR_CTL, vmread(VMCS_GUEST_IA32_LBR_CTL));
	memcpy(landing->registers, &vcpu->registers, sizeof(landing->registers));
	landing->counters = counters_give_back(vcpu);
	step(&state, address, true);
}

void launch_abandon(const struct sill_launch *launch, bool in_vmx_operation)
{
	struct landing *landing = own_landing();
	uint16_t nmi_selector;
	uint64_t address;

	/* UEFI maps memory at its physical addresses. */
	physical_read(launch->idtr.base + NMI_GATE + offsetof(struct landing_gate, selector),
		      &nmi_selector, sizeof(nmi_selector));
	landing->nmis_seen = 0;
	/* A VM entry that failed may have stopped them nevertheless. */
	landing->counters =
		this_cpu()->vcpu != NULL ? counters_give_back(this_cpu()->vcpu) : COUNTERS_NONE;
	memset(landing->registers, 0, sizeof(landing->registers));
	if (!landing_fill(landing, launch, nmi_selector))
		panic("the firmware's segment selectors leave no way back to it");
	address = place_landing(NULL, launch);
	if (address == 0)
		panic("the firmware's top-level page table has no free slot");
	step(launch, address, in_vmx_operation);
}
