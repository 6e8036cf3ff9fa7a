/* SPDX-License-Identifier: MIT */
/* The proof that VT-x is a set of CPU instructions; see debug/proof.h. */
#include "debug/proof.h"

#include "core/format.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/msr.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "core/safe_access.h"
#include "core/trap.h"
#include "vmx/instructions.h"

static bool is_firmware(uint32_t kind)
{
	return kind == SILL_MEMORY_BOOT_SERVICES || kind == SILL_MEMORY_RUNTIME;
}

struct mapped {
	const struct sill_handoff *handoff;
	uint64_t pages;
	uint64_t executable_pages;
	uint64_t firmware_pages;
};

static int count_page(void *context, uint64_t virtual, uint64_t physical, uint32_t flags)
{
	struct mapped *mapped = context;
	const struct sill_handoff *handoff = mapped->handoff;

	(void)virtual;
	mapped->pages++;
	if ((flags & ADDRESS_SPACE_EXECUTE) != 0)
		mapped->executable_pages++;
	for (uint32_t i = 0; i < handoff->memory_map_count; i++) {
		const struct sill_memory_range *range = &handoff->memory_map[i];

		if (is_firmware(range->kind) && physical - range->range.base < range->range.size)
			mapped->firmware_pages++;
	}
	return 0;
}

/*
 * A firmware function could only be called if its code were mapped, where firmware runs: at its
 * physical address. Reads the first byte of each range of firmware code, and counts those that
 * could be read. Each attempt has to fault; a call would do the same.
 */
static void probe_firmware_code(const struct sill_handoff *handoff, uint64_t *probed,
				uint64_t *readable)
{
	*probed = *readable = 0;
	for (uint32_t i = 0; i < handoff->memory_map_count; i++) {
		const struct sill_memory_range *range = &handoff->memory_map[i];
		uint8_t byte;

		if (!is_firmware(range->kind) || range->executable == 0)
			continue;
		++*probed;
		if (safe_read_byte((const void *)(uintptr_t)range->range.base, &byte))
			++*readable;
	}
}

static void tell_firmware(const struct sill_handoff *handoff)
{
	struct mapped mapped = {.handoff = handoff};
	uint64_t kib[2] = {0}, probed, readable;

	for (uint32_t i = 0; i < handoff->memory_map_count; i++) {
		const struct sill_memory_range *range = &handoff->memory_map[i];

		if (is_firmware(range->kind))
			kib[range->kind == SILL_MEMORY_RUNTIME] += range->range.size >> 10;
	}
	(void)address_space_walk(memory_address_space(), count_page, &mapped);
	probe_firmware_code(handoff, &probed, &readable);
	if (mapped.firmware_pages != 0 || readable != 0)
		panic("firmware memory is mapped: %llu pages, %llu of %llu code ranges readable",
		      (unsigned long long)mapped.firmware_pages, (unsigned long long)readable,
		      (unsigned long long)probed);

	log_info("proof: boot services ended, after %u call%s of ExitBootServices",
		 handoff->exit_boot_services_attempts,
		 handoff->exit_boot_services_attempts == 1 ? "" : "s");
	log_info("proof: firmware (%s %x.%x) holds %llu KiB for boot and %llu KiB for run time;",
		 handoff->firmware_vendor, handoff->firmware_revision >> 16,
		 handoff->firmware_revision & 0xffff, (unsigned long long)kib[0],
		 (unsigned long long)kib[1]);
	log_info(
		"proof:   of the %llu pages that Sill's page tables map (%llu executable), %llu are "
		"of these;",
		(unsigned long long)mapped.pages, (unsigned long long)mapped.executable_pages,
		(unsigned long long)mapped.firmware_pages);
	log_info("proof:   %llu ranges of firmware code tried, each read ended in a page fault",
		 (unsigned long long)probed);
}

static void tell_lock(const struct vmx_facts *facts, const struct vmx_capability *capability)
{
	if ((facts->read & VMX_READ_FEATURE_CONTROL) == 0)
		return;
	if ((facts->feature_control & FEATURE_CONTROL_LOCK) != 0)
		log_info(
			"proof: IA32_FEATURE_CONTROL = %llx: locked by the firmware, VMX outside SMX "
			"%s. That is all its say.",
			(unsigned long long)facts->feature_control,
			(facts->feature_control & FEATURE_CONTROL_VMX_OUTSIDE_SMX) != 0
				? "allowed"
				: "forbidden");
	else
		log_info("proof: IA32_FEATURE_CONTROL = %llx: left unlocked by the firmware; Sill "
			 "writes %llx itself. No firmware setting is involved.",
			 (unsigned long long)facts->feature_control,
			 (unsigned long long)capability->feature_control);
}

void proof_begin(const struct sill_handoff *handoff, const struct vmx_facts *facts,
		 const struct vmx_capability *capability)
{
	log_info("proof: CPUID.1:ECX = %08x, bit 5 (VMX) is %u", facts->leaf_1.ecx,
		 facts->leaf_1.ecx >> 5 & 1);
	log_info("proof: IA32_VMX_BASIC = %016llx: VMCS revision %x, regions of %u bytes",
		 (unsigned long long)facts->basic, capability->revision, capability->region_size);
	tell_lock(facts, capability);
	tell_firmware(handoff);
}

void proof_end(const struct sill_handoff *handoff)
{
	static const char *const names[] = {
#define X(name) #name,
		VMX_INSTRUCTIONS(X)
#undef X
	};
	uint64_t counts[VMX_INSTRUCTION_COUNT];
	uint64_t probed, readable, faults;
	char text[200];
	size_t length = 0;

	/* All at one moment, before the log itself causes more. */
	for (unsigned int i = 0; i < VMX_INSTRUCTION_COUNT; i++)
		counts[i] = this_cpu()->vmx_count[i];
	for (unsigned int i = 0; i < VMX_INSTRUCTION_COUNT; i++)
		length +=
			(size_t)format(text + length, sizeof(text) - length, "%s%s %llu",
				       i > 0 ? ", " : "", names[i], (unsigned long long)counts[i]);
	log_info("proof: VMX instructions executed: %s", text);

	/* Still so after everything that ran. What cannot be reached was not called. */
	faults = trap_survived_faults();
	probe_firmware_code(handoff, &probed, &readable);
	faults = trap_survived_faults() - faults;
	if (readable != 0)
		panic("firmware code has become readable: %llu of %llu ranges",
		      (unsigned long long)readable, (unsigned long long)probed);
	log_info(
		"proof: firmware calls since boot services ended: 0; a call would have faulted (%llu "
		"of %llu code ranges fault)",
		(unsigned long long)faults, (unsigned long long)probed);
}
