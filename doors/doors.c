/* SPDX-License-Identifier: MIT */
/* The doors of a vCPU: which there are, which are open, who is asked when; see doors/doors.h. */
#include "doors/doors.h"

#include <sill/errno.h>
#include <sill/hypercall.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/string.h"
#include "core/time.h"
#include "vmx/access.h"
#include "vmx/event.h"
#include "vmx/exit.h"
#include "vmx/timer.h"

static const struct {
	const char *name;
	const struct door *door;
} doors_table[] = {
#define SILL_DOOR(number, NAME, name, summary) [number] = {#name, &door_##name},
#include "doors/doors.def"
#undef SILL_DOOR
};
_Static_assert(sizeof(doors_table) / sizeof(doors_table[0]) == SILL_DOOR_COUNT, "a row for each");

int doors_create(struct vcpu *vcpu, bool with_memory)
{
	_Static_assert(sizeof(struct doors) + sizeof(struct access_memory) <= 2 * PAGE_SIZE,
		       "they fit into the pages that come first");
	size_t pages = with_memory ? 2 + DOORS_MEMORY : 1;
	char *memory = pages_allocate(pages);

	if (memory == NULL)
		return -SILL_ENOMEM;
	vcpu->doors = (struct doors *)memory;
	vcpu->doors_cpuid = doors_cpuid;
	if (with_memory) {
		vcpu->doors->accesses = (struct access_memory *)(memory + sizeof(struct doors));
		vcpu->doors->memory = memory + 2 * PAGE_SIZE;
	}
	return 0;
}

void *door_allocate(struct vcpu *vcpu, size_t size)
{
	struct doors *doors = vcpu->doors;
	void *at;

	size = (size + 15) & ~(size_t)15;
	if (doors->memory == NULL || size > DOORS_MOST_SIZE - doors->used)
		return NULL;
	at = doors->memory + doors->used;
	doors->used += size;
	return memset(at, 0, size);
}

static void open_door(struct vcpu *vcpu, unsigned int number)
{
	const struct door *door = doors_table[number].door;
	const char *lacks = door->lacks != NULL ? door->lacks(vcpu) : NULL;

	if (lacks == NULL && door->open != NULL && door->open(vcpu) != 0)
		lacks = "memory: the loader made the arena too small";
	if (lacks == NULL) {
		vcpu->doors->open |= 1u << number;
		return;
	}
	vcpu->doors->lacking |= 1u << number;
	if ((vcpu->doors->said >> number & 1) != 0)
		return;
	vcpu->doors->said |= 1u << number;
	log_info("door %s stays closed: it lacks %s", doors_table[number].name, lacks);
}

void doors_open(struct vcpu *vcpu, uint32_t wanted, const struct doors_place *place)
{
	struct doors *doors = vcpu->doors;

	/* What the last guest left behind; its memory is given out anew. */
	*doors = (struct doors){
		.place = place,
		.accesses = doors->accesses,
		.memory = doors->memory,
		.said = doors->said,
	};
	if (doors->accesses != NULL)
		memset(doors->accesses, 0, sizeof(*doors->accesses));
	vcpu->watched_page = VCPU_NO_PAGE;
	for (unsigned int i = 0; i < DOOR_PAGES; i++)
		doors->pages[i].gpa = VCPU_NO_PAGE;
	for (unsigned int number = 0; number < SILL_DOOR_COUNT; number++) {
		if ((wanted >> number & 1) != 0)
			open_door(vcpu, number);
	}
	/* These two are the way in for all that is asked of Sill: without them it isn't there. */
	if (!door_is_open(vcpu, SILL_DOOR_VMCALL))
		vcpu->handlers[EXIT_REASON_VMCALL] = exit_invalid_opcode;
	doors->cpuid = exit_table[vcpu->capability->mode][EXIT_REASON_CPUID];
	vcpu->handlers[EXIT_REASON_CPUID] =
		door_is_open(vcpu, SILL_DOOR_CPUID) ? doors->cpuid : doors_cpuid_hidden;
}

void doors_close(struct vcpu *vcpu)
{
	timer_set(vcpu, TIMER_DOORS, TIMER_NEVER);
	event_drop_interrupt(vcpu, 0);
}

void doors_describe(struct vcpu *vcpu, uint32_t number, struct cpuid_result *r)
{
	const struct doors *doors = vcpu->doors;

	if (number == SILL_DOORS_OPEN)
		r->eax = doors->open;
	if (number >= SILL_DOOR_COUNT)
		return;
	if ((doors->lacking >> number & 1) != 0) {
		r->eax = SILL_DOOR_LACKING;
	} else if ((doors->open >> number & 1) == 0) {
		r->eax = SILL_DOOR_OFF;
	} else {
		r->eax = SILL_DOOR_OPEN;
		if (doors_table[number].door->describe != NULL)
			doors_table[number].door->describe(vcpu, r);
	}
}

static void set_timer(struct vcpu *vcpu)
{
	uint64_t period = time_tsc_hz() / 1000000 * DOORS_PERIOD_US;

	timer_set(vcpu, TIMER_DOORS, vcpu->doors->want_look != 0 ? rdtsc() + period : TIMER_NEVER);
}

void door_wants_look(struct vcpu *vcpu, enum sill_door_number number, bool wants)
{
	uint32_t before = vcpu->doors->want_look, bit = 1u << number;

	vcpu->doors->want_look = wants ? before | bit : before & ~bit;
	/* Where the timer runs already it isn't set back. */
	if ((before == 0) != (vcpu->doors->want_look == 0))
		set_timer(vcpu);
}

void doors_look(struct vcpu *vcpu)
{
	for (unsigned int number = 0; number < SILL_DOOR_COUNT; number++) {
		if ((vcpu->doors->want_look >> number & 1) != 0)
			doors_table[number].door->look(vcpu);
	}
	set_timer(vcpu);
}

void door_take_page(struct vcpu *vcpu, unsigned int index, uint64_t gpa,
		    void (*access)(struct vcpu *vcpu, uint64_t gpa, uint64_t qualification))
{
	vcpu->doors->pages[index] = (struct door_page){gpa, access};
}

void door_refuse_access(struct vcpu *vcpu, enum sill_door_number number, uint64_t gpa,
			const char *why)
{
	if (!vcpu->doors->told[number])
		log_warning(
			"door %s: the instruction at %llx accesses guest-physical %llx; Sill can't do "
			"that for it: %s. It gets #UD; use a plain MOV (said once)",
			doors_table[number].name, (unsigned long long)vcpu->rip,
			(unsigned long long)gpa, why);
	vcpu->doors->told[number] = true;
	/*
	 * Where an event was being delivered, or a page table read, the exception would come to the
	 * same place again, and again: a CPU that finds its stack or its tables on a device is at
	 * its end.
	 */
	if ((vmread(VMCS_IDT_VECTORING_INFORMATION) & INTERRUPTION_VALID) != 0 ||
	    (vmread(VMCS_EXIT_QUALIFICATION) & EPT_VIOLATION_TRANSLATED) == 0)
		vcpu->handlers[EXIT_REASON_TRIPLE_FAULT](vcpu);
	else
		vcpu_inject(vcpu, INTERRUPTION_TYPE_HARDWARE_EXCEPTION, VECTOR_UD, false, 0);
}
