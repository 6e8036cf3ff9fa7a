/* SPDX-License-Identifier: MIT */
/*
 * The doors: every way by which a guest can reach Sill, side by side. The contract with the guest
 * is include/sill/doors.h. A door carries a message to one of the services (doors/service.h) and
 * the answer back. It is one row in doors/doors.def and one file, doors/<name>.c, which defines
 * door_<name>.
 *
 * Each vCPU has doors of its own, as each CPU has its own local APIC at the same address: nothing
 * here is shared by CPUs but what the mode provides in struct doors_place.
 */
#ifndef SILL_DOORS_DOORS_H
#define SILL_DOORS_DOORS_H

#include <sill/doors.h>

#include "core/cpu.h"
#include "doors/view.h"
#include "vmx/access.h"
#include "vmx/vcpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the mode, and with it the guest's memory, has to offer to the doors. */
struct doors_place {
	uint64_t mmio_page; /* guest-physical, not mapped by EPT; 0: there is none */
	/* Where POLL looks and what WATCH may watch: RAM from 0 to ram_size, or one page each. */
	uint64_t ram_size;
	uint64_t poll_page, watch_page; /* 0: all of the RAM */
	/*
	 * Begins or ends the watch of a page (not called for watch_page, which is watched always):
	 * EPT lets the guest only read it. -SILL_ENOMEM.
	 */
	int (*watch)(struct vcpu *vcpu, uint64_t page, bool begin);
	/* Lets the guest write to a page that is watched, or takes that back. */
	void (*lend)(struct vcpu *vcpu, uint64_t page, bool begin);
	struct door_view *view; /* for VIEW, shared by all CPUs; NULL: there is none */
};

struct door {
	/* What this CPU or machine lacks for it, in words, or NULL. May be NULL itself. */
	const char *(*lacks)(const struct vcpu *vcpu);
	/*
	 * Opens it; -SILL_ENOMEM. May be NULL. Memory comes from door_allocate(), which gives it
	 * for as long as this guest runs.
	 */
	int (*open)(struct vcpu *vcpu);
	/* Fills in EBX, ECX and EDX of CPUID leaf 40000002h. May be NULL. */
	void (*describe)(struct vcpu *vcpu, struct cpuid_result *r);
	/* Called every DOORS_PERIOD_US while door_wants_look() says so. May be NULL. */
	void (*look)(struct vcpu *vcpu);
};

#define DOORS_PERIOD_US 1000u

/* A page whose accesses reach a door: its EPT violations. */
struct door_page {
	uint64_t gpa; /* VCPU_NO_PAGE: not used */
	void (*access)(struct vcpu *vcpu, uint64_t gpa, uint64_t qualification);
};
#define DOOR_PAGES	2u

#define DOORS_MEMORY	7u /* pages for what doors allocate, of each vCPU */
#define DOORS_MOST_SIZE (DOORS_MEMORY * 4096u)

struct doors {
	uint32_t open;	  /* a bit for each door */
	uint32_t lacking; /* of those that were wanted */
	uint32_t said;	  /* that they lack something */
	uint32_t want_look;
	const struct doors_place *place;
	struct door_page pages[DOOR_PAGES];
	void *state[SILL_DOOR_COUNT]; /* each door's own */
	exit_handler *cpuid;	      /* the mode's handler, without Sill's leaves */
	struct access_memory *accesses;
	bool told[SILL_DOOR_COUNT]; /* wrong use was reported */
	char *memory; /* DOORS_MEMORY pages, for door_allocate(); NULL: there are none */
	size_t used;
};

/*
 * Makes room for doors; once for each vCPU, before anything else here. Without it (as where only
 * the doors that need no memory are wanted) the others lack it. -SILL_ENOMEM.
 */
__attribute__((warn_unused_result)) int doors_create(struct vcpu *vcpu, bool with_memory);

/*
 * Opens the doors of a set (1u << SILL_DOOR_*) as far as this CPU can; says which not and why. The
 * VMCS is current and set up, but the guest hasn't run. *place stays as it is.
 */
void doors_open(struct vcpu *vcpu, uint32_t wanted, const struct doors_place *place);

/*
 * Ends all that doors have been asked to do, before they are opened anew for the same guest. (Of a
 * guest that has ended nothing is left to end.)
 */
void doors_close(struct vcpu *vcpu);

static inline bool door_is_open(const struct vcpu *vcpu, enum sill_door_number number)
{
	return (vcpu->doors->open >> number & 1) != 0;
}

/* In the handler of EPT violations: true if a door has dealt with it. */
static inline bool doors_access(struct vcpu *vcpu, uint64_t gpa, uint64_t qualification)
{
	const struct doors *doors = vcpu->doors;

	for (unsigned int i = 0; i < DOOR_PAGES; i++) {
		if ((gpa & ~4095ull) == doors->pages[i].gpa) {
			doors->pages[i].access(vcpu, gpa, qualification);
			return true;
		}
	}
	return false;
}

/* TIMER_DOORS is due. */
void doors_look(struct vcpu *vcpu);

/* The guest has made its step (vmx/step.h): WATCH takes back what it has lent for it. */
void door_watch_step_ended(struct vcpu *vcpu);

/* CPUID leaves 40000002h and 40000003h; and all of CPUID when that door is closed. */
exit_handler doors_cpuid, doors_cpuid_hidden;

/* Leaf 40000002h: *r is 0 in all. */
void doors_describe(struct vcpu *vcpu, uint32_t number, struct cpuid_result *r);

/* The door PORT: IN and OUT; the exit's qualification. */
void door_port_access(struct vcpu *vcpu, uint64_t qualification);
/* INS and OUTS: elements that were, or will be, in the guest's memory. */
void door_port_in_string(struct vcpu *vcpu, uint32_t port, void *to, uint32_t size);
void door_port_out_string(struct vcpu *vcpu, uint32_t port, const void *from, uint32_t size);
/* An access of another kind. */
void door_port_reject(struct vcpu *vcpu);

/* Whether the ports of that door begin somewhere here, and it is open. */
static inline bool door_port_is(const struct vcpu *vcpu, uint32_t port)
{
	return port - SILL_DOOR_PORTS < SILL_DOOR_PORT_COUNT && door_is_open(vcpu, SILL_DOOR_PORT);
}

/* Whether an interrupt of Sill's own can end a HLT. */
bool door_push_wakes(const struct vcpu *vcpu);

/*
 * The calls, for CPL 0; the results are those of hypercall/calls.def. Addresses are guest-linear.
 */
int door_ring_name(struct vcpu *vcpu, uint64_t ring);
int64_t door_ring_kick(struct vcpu *vcpu);
int door_watch_name(struct vcpu *vcpu, uint64_t page);
int door_push_name(struct vcpu *vcpu, uint64_t push, uint64_t vector);

/* For the doors' own files. */

/* Zeroed memory; NULL if there is none left. */
__attribute__((warn_unused_result)) void *door_allocate(struct vcpu *vcpu, size_t size);
/* From now on this door's look() is called now and then, or it is no longer. */
void door_wants_look(struct vcpu *vcpu, enum sill_door_number number, bool wants);
/*
 * EPT violations in this page are for `access` to deal with; VCPU_NO_PAGE: in none. Each door that
 * has such a page has an index of its own, below DOOR_PAGES.
 */
void door_take_page(struct vcpu *vcpu, unsigned int index, uint64_t gpa,
		    void (*access)(struct vcpu *vcpu, uint64_t gpa, uint64_t qualification));

/*
 * An access that Sill can't carry out: the guest gets #UD, and the log the reason, once for each
 * door.
 */
void door_refuse_access(struct vcpu *vcpu, enum sill_door_number number, uint64_t gpa,
			const char *why);

#define SILL_DOOR(number, NAME, name, summary) extern const struct door door_##name;
#include "doors/doors.def"
#undef SILL_DOOR

#endif
