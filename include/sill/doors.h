/* SPDX-License-Identifier: MIT */
/*
 * The doors: all the ways by which a guest can reach Sill, for comparison. Behind each of them are
 * the same two services; docs/doors.md tells what each door costs and what it is good for. Usable
 * from any C program.
 *
 * Which doors are open is asked of CPUID, leaf 40000002h (SILL_CPUID_DOORS), with ECX = number of
 * the door:
 *   EAX = SILL_DOOR_OPEN and so on; 0: there is no door with this number
 *   EBX, ECX, EDX = what has to be known of the door (the comments below); 0 unless it is open
 * With ECX = FFFFFFFFh (SILL_DOORS_OPEN): EAX has a bit for each door that is open, by number.
 */
#ifndef SILL_DOORS_H
#define SILL_DOORS_H

#include <stdint.h>

#define SILL_DOOR(number, NAME, name, summary) SILL_DOOR_##NAME = (number),
enum sill_door_number {
#include "../../doors/doors.def"
	SILL_DOOR_COUNT
};
#undef SILL_DOOR

/* Sets of doors: those that sill.conf opens if it names none. */
#define SILL_DOORS_ALL	    ((1u << SILL_DOOR_COUNT) - 1)
#define SILL_DOORS_UNDERLAY (1u << SILL_DOOR_VMCALL | 1u << SILL_DOOR_CPUID)

/* In place of a door's number: asks for all that are open. */
#define SILL_DOORS_OPEN 0xffffffffu

/* What CPUID says of a door, in EAX. */
#define SILL_DOOR_OPEN	  1u /* it can be used */
#define SILL_DOOR_OFF	  2u /* sill.conf has it switched off */
#define SILL_DOOR_LACKING 3u /* this CPU or this machine lacks what it needs */

/*
 * The services. A message is either a word (64 bits, or what a register of the door has) or a block
 * of 0 to SILL_BLOCK_MAX bytes, and so is the answer.
 */
#define SILL_SERVICE_ECHO 0u /* answers with the message */
/*
 * Answers with the time, whatever the message: a word: UTC in nanoseconds since 1970; a block:
 * struct sill_time of sill/hypercall.h, or as much of it as there is room for.
 * -ENODEV if the machine's clock could not be read.
 */
#define SILL_SERVICE_TIME  1u
#define SILL_SERVICE_COUNT 2u
/* Any other number: -ENOSYS. */

#define SILL_BLOCK_MAX 4096u

/*
 * VMCALL: ping is the echo of a word, time the time; serve takes blocks. Off: VMCALL raises #UD, as
 * where Sill is not.
 *
 * CPUID, leaf 40000003h (SILL_CPUID_SERVE): EBX = service, ECX = low and EDX = high half of the
 * word; answers EAX = 0 or a negative error, ECX and EDX = the word. Off: none of Sill's leaves is
 * there.
 *
 * RTC: ports 70h and 71h, guest mode only (in underlay mode they are the machine's own). Off: they
 * read as ones.
 */

/*
 * PORT and MMIO: one device with two registers.
 *   DATA     written: appends to the message; read: takes from the answer, all ones beyond its end.
 *            1, 2 or 4 bytes at a time, by MMIO also 8; any of them at the register's own address.
 *            By port in guest mode also by INS and OUTS.
 *   CONTROL  4 bytes. Written: the service that messages are for, at first echo; whatever was
 *            begun is dropped. Read: bytes of the answer that are still there, or a negative error.
 *            An error stays until CONTROL is written: -EINVAL for an access of another size or at
 *            another address, -E2BIG for a message of more than SILL_BLOCK_MAX bytes, and those
 *            of the service. Reads of DATA give all ones then.
 * The first read of either ends the message; what is written after it begins a new one.
 * By port there is a third one:
 *   CALL     4 bytes, read only: IN EAX, DX answers with what the service that CONTROL names says
 * to the word that EAX held before. No device could do that: hardware does not see the register's
 * old value. A hypervisor does.
 */
#define SILL_DEVICE_DATA    0x0u
#define SILL_DEVICE_CONTROL 0x8u
#define SILL_DEVICE_CALL    0xcu /* PORT only */
/* CPUID: EBX = the first port. */
#define SILL_DOOR_PORTS	     0x5120u
#define SILL_DOOR_PORT_COUNT 16u
/*
 * CPUID: EBX = low, ECX = high half of the page's guest-physical address. What reads or writes it
 * must be a MOV, MOVZX, MOVSX or MOVSXD between memory and a general register, or a MOV of an
 * immediate. Other instructions raise #UD, and Sill's log says why; so do those that cross the
 * page's border.
 */

/*
 * WATCH and POLL: a message that lies at the start of a page.
 *
 * WATCH: door_watch names the page, in guest mode any of the guest's RAM; in underlay mode it is
 * the one that CPUID tells (EBX = low, ECX = high half of its guest-physical address). Each write
 * to it is a VM exit; the one that makes state SILL_LETTER_SENT is answered at once. (What Sill
 * itself writes there, as the answer of a call, is no write of the guest's.)
 *
 * POLL: nothing is called. Sill looks for a page of RAM that begins with the pattern, a few pages
 * each time, from when CPUID was first asked for this door; having found one it looks there until
 * the pattern is gone. CPUID: EBX = microseconds from one look to the next, of the time that the
 * guest itself runs. In underlay mode Sill looks at one page only, whose guest-physical address is
 * in ECX (low half) and EDX.
 */
#define SILL_LETTER_PATTERN  0x726f6f446c6c6953ull /* "SillDoor" */
#define SILL_LETTER_IDLE     0u
#define SILL_LETTER_SENT     1u /* written last, by the guest */
#define SILL_LETTER_ANSWERED 2u /* written last, by Sill */
#define SILL_LETTER_DATA_MAX (4096u - 32u)

struct sill_letter {
	uint64_t pattern[2]; /* POLL: SILL_LETTER_PATTERN, twice; WATCH: ignored */
	uint32_t state;	     /* SILL_LETTER_* */
	uint32_t service;
	uint32_t size;	/* of data: the message's, then the answer's */
	int32_t result; /* of the answer: 0 or a negative error */
	uint8_t data[SILL_LETTER_DATA_MAX];
};

/*
 * RING: door_ring names two pages next to each other. The guest fills in slots from head on (number
 * modulo SILL_RING_SLOTS), adds their count to head, and calls door_kick; Sill answers in the same
 * slots, up to head, and sets tail to it. Both count up for ever and wrap at 2^32.
 */
#define SILL_RING_SLOTS	  256u
#define SILL_RING_VERSION 1u

struct sill_ring_slot {
	uint64_t word;	  /* the message, then the answer */
	uint32_t service; /* of the message */
	int32_t result;	  /* of the answer: 0 or a negative error */
};

struct sill_ring {
	uint32_t version; /* SILL_RING_VERSION, written by the guest */
	uint32_t reserved[15];
	uint32_t head; /* written by the guest only; on a cache line of its own */
	uint32_t reserved_head[15];
	uint32_t tail; /* written by Sill only */
	uint32_t reserved_tail[1024 - 33];
	struct sill_ring_slot slots[SILL_RING_SLOTS];
};

/*
 * VIEW: CPUID: EBX = number of the EPT that shows two pages more, for VMFUNC with EAX = 0 and ECX =
 * that number (0 is the ordinary one); ECX = low, EDX = high half of the first page's
 * guest-physical address. It has code, for 64-bit mode: called at its start it is the echo of RDI,
 * in RAX; called at SILL_VIEW_TIME it answers RAX = UTC in nanoseconds, or 0 if it is not known. It
 * changes RAX, RCX, RDX and flags, and needs the second page mapped right behind the first.
 */
#define SILL_VIEW_ECHO 0x00u
#define SILL_VIEW_TIME 0x40u

/*
 * PUSH: door_push names a struct sill_push that does not cross a page's end, and a vector. From
 * then on Sill fills it in every so often (CPUID: EBX = microseconds, of the time that the guest
 * itself runs), sequence last, and if the vector is 32 or above interrupts with it; while the last
 * interrupt could not be delivered there is no other.
 */
struct sill_push {
	uint64_t utc_ns; /* the time, as the service says; 0: not known */
	uint64_t tsc;	 /* the guest's TSC when Sill wrote this */
	/*
	 * Counts up from 1; 0 while Sill writes the others. Who reads on another CPU than the one
	 * that named it reads this before and after.
	 */
	uint64_t sequence;
};

#endif
