/* SPDX-License-Identifier: MIT */
/* A machine's memory; see guest/memory.h. */
#include "guest/memory.h"

#include <sill/errno.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/panic.h"
#include "core/window.h"
#include "vmx/exit.h"
#include "vmx/tlb.h"

static uint64_t allocate_table(void *context)
{
	void *page = page_allocate();

	(void)context;
	return page != NULL ? physical_of(page) : 0;
}

static void release_table(void *context, uint64_t physical)
{
	(void)context;
	page_release(virtual_of(physical));
}

static void *reach_table(void *context, uint64_t physical)
{
	(void)context;
	return virtual_of(physical);
}

static int build(struct machine *machine, uint64_t ept_capabilities, const struct mtrr_state *mtrr)
{
	static const struct ept_memory tables = {
		.allocate = allocate_table,
		.release = release_table,
		.at = reach_table,
	};
	int error = ept_init(&machine->ept, ept_capabilities, mtrr, &tables);

	if (error == 0)
		error = ept_map(&machine->ept, 0, machine->ram.base, machine->lazy_start, EPT_ALL);
	if (error == 0)
		error = ept_protect(&machine->ept, MACHINE_ROM_START,
				    MACHINE_ROM_END - MACHINE_ROM_START, EPT_READ);
	return error;
}

int machine_memory_create(struct machine *machine, uint64_t ept_capabilities,
			  const struct mtrr_state *mtrr)
{
	/* Firmware and earlier guests were here: nothing of theirs may be found. */
	physical_zero(machine->ram.base, machine->lazy_start);
	machine->lazy_granted = 0;
	return build(machine, ept_capabilities, mtrr);
}

/* For struct doors_place: one vCPU, so what it has cached is all that anybody has. */
static int watch(struct vcpu *vcpu, uint64_t page, bool begin)
{
	struct machine *machine = machine_of(vcpu);
	int error = ept_protect(&machine->ept, page, PAGE_SIZE,
				begin ? EPT_READ | EPT_EXECUTE : EPT_ALL);

	door_view_follow(&machine->view);
	tlb_flush_ept(vcpu);
	return error;
}

static void lend(struct vcpu *vcpu, uint64_t page, bool begin)
{
	struct machine *machine = machine_of(vcpu);
	uint32_t permissions = begin ? EPT_ALL : EPT_READ | EPT_EXECUTE;

	/*
	 * While it was lent its neighbours may have been granted, and all of them joined to one
	 * large page; the table that this takes again is the one that it has set free.
	 */
	if (ept_replace_page(&machine->ept, page, machine->ram.base + page, permissions) != 0 &&
	    ept_protect(&machine->ept, page, PAGE_SIZE, permissions) != 0)
		panic("the watched page at %llx can't be told from those around it",
		      (unsigned long long)page);
	door_view_follow(&machine->view);
	tlb_flush_ept(vcpu);
}

/* A little beyond the end of RAM, where what runs into nothing does not run into a device. */
#define MMIO_DISTANCE (2u << 20)

void machine_memory_add_doors(struct machine *machine, uint32_t wanted)
{
	uint64_t memory = machine->settings->memory, mmio = memory + MMIO_DISTANCE;
	uint64_t view = (mmio + EPT_SIZE_1G) & ~(EPT_SIZE_1G - 1);
	bool addressable = mmio >> machine->vcpu->capability->physical_address_bits == 0;

	machine->doors = (struct doors_place){
		.mmio_page = addressable ? mmio : 0,
		.ram_size = memory,
		.watch = watch,
		.lend = lend,
		.view = &machine->view,
	};
	machine->view = (struct door_view){0};
	if ((wanted >> SILL_DOOR_VIEW & 1) != 0)
		/* If it can't be, the door stays closed and says so. */
		(void)!door_view_create(&machine->view, &machine->ept, view);
}

void machine_memory_destroy(struct machine *machine)
{
	door_view_destroy(&machine->view);
	ept_destroy(&machine->ept);
}

static int describe_range(void *context, const struct ept_leaf *leaf)
{
	(void)context;
	log_info("  %09llx-%09llx -> %09llx %c%c%c %s", (unsigned long long)leaf->gpa,
		 (unsigned long long)(leaf->gpa + leaf->size - 1), (unsigned long long)leaf->hpa,
		 (leaf->permissions & EPT_READ) != 0 ? 'r' : '-',
		 (leaf->permissions & EPT_WRITE) != 0 ? 'w' : '-',
		 (leaf->permissions & EPT_EXECUTE) != 0 ? 'x' : '-', memory_type_name(leaf->type));
	return 0;
}

void machine_memory_describe(const struct machine *machine)
{
	struct ept_audit audit;

	ept_audit(&machine->ept, machine->ram.base, machine->ram.size, &audit);
	if (audit.outside != 0 || audit.mistyped != 0 || audit.malformed != 0)
		panic("the EPT is wrong: %llu bytes outside of the guest's memory (first at "
		      "%llx), %llu of the wrong memory type, %llu malformed entries",
		      (unsigned long long)audit.outside,
		      (unsigned long long)audit.first_outside.gpa,
		      (unsigned long long)audit.mistyped, (unsigned long long)audit.malformed);
	log_info(
		"EPT: %llu KiB mapped by %llu 1-GiB, %llu 2-MiB and %llu 4-KiB pages in %llu tables:",
		(unsigned long long)(audit.reachable >> 10), (unsigned long long)audit.pages_1g,
		(unsigned long long)audit.pages_2m, (unsigned long long)audit.pages_4k,
		(unsigned long long)audit.tables);
	(void)ept_visit_ranges(&machine->ept, describe_range, NULL);
	if (machine->lazy_start < machine->settings->memory)
		log_info("  %09llx-%09llx granted page by page at first touch",
			 (unsigned long long)machine->lazy_start,
			 (unsigned long long)(machine->settings->memory - 1));
	log_info(
		"EPT: audited: all of it lies in the guest's own memory, nothing else is reachable");
}

int machine_grant(struct vcpu *vcpu, uint64_t gpa)
{
	struct machine *machine = machine_of(vcpu);
	uint64_t page = gpa & ~(uint64_t)(PAGE_SIZE - 1);
	int error;

	if (page < machine->lazy_start || page >= machine->settings->memory ||
	    ept_translate(&machine->ept, page, NULL, NULL) == 0)
		return -SILL_EFAULT;
	physical_zero(machine->ram.base + page, PAGE_SIZE);
	error = ept_grant_page(&machine->ept, page, machine->ram.base + page, EPT_ALL);
	if (error != 0)
		return error;
	machine->lazy_granted++;
	door_view_follow(&machine->view);
	tlb_flush_ept(vcpu);
	return 0;
}

__attribute__((noreturn)) static void stop_for_violation(struct vcpu *vcpu, uint64_t gpa,
							 uint64_t qualification)
{
	const char *access = (qualification & EPT_VIOLATION_FETCH) != 0	  ? "instruction fetch from"
			     : (qualification & EPT_VIOLATION_WRITE) != 0 ? "write to"
									  : "read of";
	uint64_t memory = machine_of(vcpu)->settings->memory;

	if (gpa >= memory)
		vcpu_stop(vcpu, VCPU_CRASHED,
			  "EPT violation: %s guest-physical %llx, where nothing is: its RAM "
			  "ends at %llx",
			  access, (unsigned long long)gpa, (unsigned long long)memory);
	vcpu_stop(vcpu, VCPU_CRASHED,
		  "EPT violation: %s guest-physical %llx, which is a ROM: it can only be read",
		  access, (unsigned long long)gpa);
}

void guest_exit_ept_violation(struct vcpu *vcpu)
{
	uint64_t gpa = vmread_counted(VMCS_GUEST_PHYSICAL_ADDRESS);
	uint64_t qualification = vmread_counted(VMCS_EXIT_QUALIFICATION);
	const uint64_t mapped =
		EPT_VIOLATION_READABLE | EPT_VIOLATION_WRITABLE | EPT_VIOLATION_EXECUTABLE;

	if (doors_access(vcpu, gpa, qualification))
		return;
	if ((qualification & mapped) != 0 || machine_grant(vcpu, gpa) != 0)
		stop_for_violation(vcpu, gpa, qualification);
	vcpu_retry_access(vcpu, qualification);
}

void guest_exit_ept_misconfiguration(struct vcpu *vcpu)
{
	(void)vcpu;
	/* No guest can cause this: the tables hold an entry that the CPU cannot understand. */
	panic("EPT misconfiguration at guest-physical %llx",
	      (unsigned long long)vmread(VMCS_GUEST_PHYSICAL_ADDRESS));
}
