/* SPDX-License-Identifier: MIT */
/*
 * An access made for the guest; see vmx/access.h.
 *
 * EPT violations don't tell which instruction it was, so it is read from the guest's memory,
 * through the guest's page tables, and decoded. That is most of the work, and a driver uses the
 * same few instructions again and again. So they are remembered, together with the page-table
 * entries and the bytes that they were found by; if all of these are as they were, so is the
 * instruction. Nothing is believed that wasn't looked at in this exit.
 */
#include "vmx/access.h"

#include <sill/errno.h>

#include "core/cpu_setup.h"
#include "core/msr.h"
#include "core/memory.h"
#include "core/string.h"
#include "core/trap.h"

#define HELD_BYTES 16
_Static_assert(INSTRUCTION_MAX_LENGTH <= HELD_BYTES, "an instruction fits");

static enum instruction_mode mode_of(uint64_t cs_access_rights)
{
	/* Outside of IA-32e mode the CPU does not look at L, which should be 0 there. */
	if ((cs_access_rights & SEGMENT_L) != 0 && (vmread(VMCS_GUEST_IA32_EFER) & EFER_LMA) != 0)
		return INSTRUCTION_MODE_64;
	return (cs_access_rights & SEGMENT_DB) != 0 ? INSTRUCTION_MODE_32 : INSTRUCTION_MODE_16;
}

/* Reads as much of the instruction as is there: it may end with the last page that is mapped. */
static size_t fetch(struct vcpu *vcpu, uint64_t linear, uint8_t bytes[HELD_BYTES])
{
	size_t first = PAGE_SIZE - linear % PAGE_SIZE;

	if (first >= HELD_BYTES)
		return guest_fetch(vcpu, linear, bytes, HELD_BYTES) == 0 ? HELD_BYTES : 0;
	if (guest_fetch(vcpu, linear, bytes, first) != 0)
		return 0;
	return guest_fetch(vcpu, linear + first, bytes + first, HELD_BYTES - first) == 0
		       ? HELD_BYTES
		       : first;
}

/* Whether the site is still what was decoded; then there is nothing more to find out. */
static bool site_holds(const struct access_site *site, uint64_t rip)
{
	return site->rip == rip && guest_translation_holds(&site->code, rip);
}

/*
 * Remembers an instruction that lies within its page, with 16 bytes of memory that it is part of.
 * They are read afresh, through the translation that is remembered: it may be another by now than
 * the one that `bytes` came by, so long as the instruction is the same.
 */
static bool site_remember(struct vcpu *vcpu, struct access_site *site,
			  const uint8_t bytes[HELD_BYTES], size_t length)
{
	uint64_t offset = vcpu->rip % PAGE_SIZE, first = offset;
	uint8_t held[HELD_BYTES];

	if (offset + length > PAGE_SIZE ||
	    guest_translate(vcpu, vcpu->rip, PAGE_ACCESS_FETCH, &site->code) != 0 ||
	    site->code.count == 0)
		return false;
	if (first > PAGE_SIZE - HELD_BYTES)
		first = PAGE_SIZE - HELD_BYTES;
	physical_read(site->code.hpa + first, held, HELD_BYTES);
	if (memcmp(held + (offset - first), bytes, length) != 0)
		return false;
	for (unsigned int i = 0; i < 2; i++) {
		struct physical_word *word = &site->code.words[site->code.count++];

		word->physical = site->code.hpa + first + 8 * i;
		memcpy(&word->value, held + 8 * i, 8);
	}
	site->rip = vcpu->rip;
	return true;
}

static unsigned int set_of(uint64_t rip)
{
	return rip / 2 % ACCESS_SETS;
}

/* The one that has been of this address, or else the older of its set. */
static struct access_site *site_to_use(struct access_memory *memory, uint64_t rip)
{
	unsigned int set = set_of(rip), way = memory->next_way[set];

	for (unsigned int i = 0; i < ACCESS_WAYS; i++) {
		if (memory->sites[set][i].rip == rip)
			return &memory->sites[set][i];
	}
	memory->next_way[set] = (uint8_t)((way + 1) % ACCESS_WAYS);
	return &memory->sites[set][way];
}

__attribute__((noinline)) static const struct instruction *decode_anew(struct vcpu *vcpu,
								       struct access_memory *memory,
								       uint64_t cs_access_rights,
								       const char **why)
{
	struct access_site *site = site_to_use(memory, vcpu->rip);
	enum instruction_mode mode = mode_of(cs_access_rights);
	uint64_t base = mode == INSTRUCTION_MODE_64 ? 0 : vmread(VMCS_GUEST_CS_BASE);
	uint8_t bytes[HELD_BYTES];
	uint64_t linear = base + vcpu->rip;
	size_t count = fetch(vcpu, mode == INSTRUCTION_MODE_64 ? linear : (uint32_t)linear, bytes);
	struct instruction instruction;

	if (instruction_decode(bytes, count, mode, &instruction, why) != 0)
		return NULL;
	*site = (struct access_site){.instruction = instruction};
	/* What can't be remembered is there until the next exit: a site without an address. */
	if (mode != INSTRUCTION_MODE_64 || !site_remember(vcpu, site, bytes, instruction.length)) {
		site->rip = 0;
		site->code.count = 0;
	}
	return &site->instruction;
}

static uint64_t read_register(void *context, unsigned int number)
{
	return vcpu_read_register(context, number);
}

/* Most are a register and a displacement, and then the call is not worth its while. */
static inline uint64_t offset_of(struct vcpu *vcpu, const struct instruction *instruction)
{
	if (instruction->base < INSTRUCTION_RIP && instruction->index == INSTRUCTION_NO_REGISTER &&
	    instruction->address_bytes == 8)
		return vcpu_read_register(vcpu, instruction->base) + instruction->displacement;
	return instruction_offset(instruction, read_register, vcpu,
				  vcpu->rip + instruction->length);
}

const char *access_decode(struct vcpu *vcpu, struct access_memory *memory, uint64_t gpa,
			  uint64_t qualification, struct access *access)
{
	const struct access_site *site = memory->sites[set_of(vcpu->rip)];
	uint64_t cs_access_rights = vmread_counted(VMCS_GUEST_CS_ACCESS_RIGHTS), linear;
	const struct instruction *instruction;
	const uint64_t ordinary = EPT_VIOLATION_LINEAR_ADDRESS_VALID | EPT_VIOLATION_TRANSLATED;
	const char *why = NULL;

	if ((qualification & ordinary) != ordinary)
		return "the CPU's own access to a page table";
	if ((qualification & EPT_VIOLATION_FETCH) != 0)
		return "an instruction fetch";
	if ((vmread_counted(VMCS_IDT_VECTORING_INFORMATION) & INTERRUPTION_VALID) != 0)
		return "the delivery of an exception or interrupt";
	if (site->rip != vcpu->rip)
		site++; /* the other one of its set */
	instruction = &site->instruction;
	if ((cs_access_rights & SEGMENT_L) == 0 || !site_holds(site, vcpu->rip)) {
		instruction = decode_anew(vcpu, memory, cs_access_rights, &why);
		if (instruction == NULL)
			return why;
	}
	/* Memory may show another instruction than the one that the CPU has fetched. */
	access->is_store = instruction->kind == INSTRUCTION_STORE;
	if (access->is_store != ((qualification & EPT_VIOLATION_WRITE) != 0))
		return "not what its code shows now";
	linear = offset_of(vcpu, instruction);
	if ((cs_access_rights & SEGMENT_L) == 0 || instruction->segment >= VMCS_SEGMENT_FS)
		linear += vmread_counted(VMCS_GUEST_BASE(instruction->segment));
	access->instruction = instruction;
	access->bytes = instruction->bytes;
	access->offset = (unsigned int)(gpa % PAGE_SIZE);
	/* What begins in the page before is reported with another address than it has here. */
	if (linear % PAGE_SIZE != access->offset || access->offset + access->bytes > PAGE_SIZE)
		return "an access across the page's border";
	access->value = 0;
	if (access->is_store)
		access->value = instruction_store_value(
			instruction, instruction->has_immediate
					     ? 0
					     : vcpu_read_register(vcpu, instruction->reg));
	return NULL;
}

int access_store(struct vcpu *vcpu, struct access_memory *memory, const struct access *access,
		 uint64_t gpa)
{
	uint64_t linear = vmread_counted(VMCS_GUEST_LINEAR_ADDRESS);

	if (!guest_translation_holds(&memory->data, linear) &&
	    guest_translate(vcpu, linear, PAGE_ACCESS_WRITE, &memory->data) != 0)
		return -SILL_EFAULT;
	if (memory->data.gpa != gpa - gpa % PAGE_SIZE)
		return -SILL_EFAULT;
	physical_store(memory->data.hpa + access->offset, access->bytes, access->value);
	return 0;
}

/* What the register holds then; a whole one is the commonest, and holds what was loaded. */
static inline uint64_t loaded(const struct vcpu *vcpu, const struct instruction *instruction,
			      uint64_t value)
{
	if (instruction->bytes == 8)
		return value;
	return instruction_load_result(instruction, vcpu_read_register(vcpu, instruction->reg),
				       value);
}

void access_finish(struct vcpu *vcpu, const struct access *access, uint64_t value)
{
	const struct instruction *instruction = access->instruction;

	if (!access->is_store)
		vcpu_write_register(vcpu, instruction->reg, loaded(vcpu, instruction, value));
	vcpu_advance_by(vcpu, instruction->length);
}
