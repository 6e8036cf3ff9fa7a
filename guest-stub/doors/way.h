/* SPDX-License-Identifier: MIT */
/*
 * A way to reach what is beneath: what a door can be used for and how, in one form for all of them,
 * so that they can be tested and measured side by side. A door has one way or more; each door's are
 * in a file of its own, found by its row in doors/doors.def.
 */
#ifndef GUEST_DOORS_WAY_H
#define GUEST_DOORS_WAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sill/call.h>
#include "measure.h"
#include "paging.h"

#define WAY_MAX_BATCH 256u

/* Parts of memory of whatever type. */
typedef uint32_t __attribute__((may_alias, aligned(1))) any32;
typedef uint64_t __attribute__((may_alias, aligned(1))) any64;

/* Something whose ticks are counted exactly. A list of them ends with a name of NULL. */
struct way_net {
	const char *name;
	measuring_function *measure; /* from measure_code.asm */
	unsigned setup;		     /* instructions between its RDTSC that are not meant */
	unsigned messages;	     /* it is about so many: 1, or a batch */
	void *(*prepare)(void);	     /* makes its buffer, before each try; NULL: none needed */
};

struct way {
	const char *name;      /* for scripts: letters, digits and _ */
	const char *title;     /* for people */
	const char *privilege; /* who can use it */
	const char *without;   /* what happens where Sill isn't */
	bool push;	       /* Sill can begin */
	bool needs_vmcall;     /* the door VMCALL has to be open, too */
	unsigned word_bits;    /* of a message; 0: it carries none from the guest */
	unsigned batch;	       /* messages that one call of echo() is */
	uint64_t time_age_ns;  /* how old an answer of time_ns() may be */
	const struct way_net *nets;

	/* Makes it ready. NULL, or a sentence that says why it can't be used. */
	const char *(*start)(void);
	void (*stop)(void);
	/*
	 * Sends batch words and replaces them by the answers. False: no answer came, or an error.
	 * NULL: this way carries no message.
	 */
	bool (*echo)(uint64_t *words);
	/* The echo of a block, in its place, by as many messages as it takes: the size. */
	int64_t (*transfer)(void *data, size_t size);
	/* UTC in nanoseconds; 0: not known. */
	uint64_t (*time_ns)(void);
	/* Waits for Sill to begin. False: it didn't. NULL: this way is not one of those. */
	bool (*receive)(void);
	/* Tries it where nobody may be, and says what happened(). True: somebody answered. */
	bool (*absent)(void);
};

/* The ways of a door. */
struct ways {
	const struct way *first;
	unsigned count;
	bool goes_on; /* being asked for, it goes on in the background and costs others time */
	void (*wrong)(void); /* tests of wrong use, and that Sill is alive after */
};

#define SILL_DOOR(number, NAME, name, summary) extern const struct ways way_##name;
#include "../../doors/doors.def"
#undef SILL_DOOR

struct door {
	enum sill_door_number number;
	const char *name;
	const struct ways *ways;
};
extern const struct door doors[SILL_DOOR_COUNT];

/*
 * Stores at addresses of the test area, and loads of what is mapped there twice: the compiler knows
 * nothing of mappings.
 */
static inline void store8(void *at, uint8_t value)
{
	__asm__ volatile("movb %1, (%0)" : : "r"(at), "q"(value) : "memory");
}

static inline void store64(void *at, uint64_t value)
{
	__asm__ volatile("movq %1, (%0)" : : "r"(at), "r"(value) : "memory");
}

static inline uint64_t load64(const void *at)
{
	uint64_t value;

	__asm__ volatile("movq (%1), %0" : "=r"(value) : "r"(at) : "memory");
	return value;
}

/* What CPUID says of a door; all zeros where Sill isn't. */
struct door_state {
	uint32_t state; /* SILL_DOOR_OPEN and so on */
	uint32_t b, c, d;
};
struct door_state door_state(enum sill_door_number door);
const char *door_state_name(uint32_t state);

/* The state of a door for one of its ways, which may need another door. */
uint32_t way_state(const struct door *door, const struct way *way);

/* VMCALL where it may raise #UD; caught.vector says whether it did. */
int64_t try_vmcall(uint64_t number, uint64_t a, uint64_t b);

/* VM exits of this CPU until now, the one of this question not counted; 0: Sill does not say. */
uint64_t exits_until_now(void);
uint64_t exits_for_reason(unsigned reason);

/*
 * What happened when something was tried: in pieces, which become one text. It is printed at once,
 * because Sill may have something to say on the same console meanwhile.
 */
__attribute__((format(printf, 1, 2))) void happened(const char *format, ...);
/* All of it; the next piece begins a new one. */
const char *what_happened(void);

/* The name of an exception, "#UD"; "no exception" for NO_EXCEPTION. */
const char *exception_name(uint64_t vector);

/* Words and bytes to send: any i gives another one, and all bits change. */
uint64_t mixed(uint64_t i);
void fill_mixed(void *block, size_t size, uint64_t seed);

/* The pages of the test area (paging.h), by those who use them. */
enum test_page {
	TEST_PAGE_NOTHING = 1, /* never mapped */
	TEST_PAGE_VMCALL = 8,
	TEST_PAGE_MMIO_BEFORE = 16, /* RAM */
	TEST_PAGE_MMIO,
	TEST_PAGE_MMIO_AFTER, /* RAM */
	TEST_PAGE_VIEW = 24,  /* two */
	TEST_PAGE_LETTER = 32,
	TEST_PAGE_CODE = 40,   /* two */
	TEST_PAGE_RING = 48,   /* two */
	TEST_PAGE_STRING = 56, /* two */
};

#endif
