/* SPDX-License-Identifier: MIT */
/*
 * The contract between a guest and Sill. Usable from any C program, freestanding or not; the
 * numbers come from hypercall/calls.def, where each call is described, and reach nasm programs
 * through the generated sill/hypercall.inc.
 *
 * Calling, from 64-bit code: VMCALL with RAX = number and RDI, RSI, RDX, R10, R8, R9 = arguments.
 * From code in a 16- or 32-bit code segment: EAX; EBX, ECX, EDX, ESI, EDI, EBP, and nothing above
 * bit 31 is read or changed. The result comes back in RAX (EAX): -4095 to -1 is a negative error
 * number of sill/errno.h, anything else a value. All other registers and the flags are preserved.
 *
 * A guest never has to guess: where Sill is absent, VMCALL raises #UD, so look first, with
 * CPUID, which raises nothing anywhere:
 *   leaf 40000000h  EAX = highest leaf of the range, EBX:ECX:EDX = "SillSillSill"
 *   leaf 40000001h  EAX = ABI version, EBX = feature bits, ECX = number of calls,
 *                   EDX = doorbell I/O port
 *   leaf 40000002h, 40000003h: the doors, see sill/doors.h
 */
#ifndef SILL_HYPERCALL_H
#define SILL_HYPERCALL_H

#include <stdint.h>

#define SILL_CPUID_SIGNATURE 0x40000000u
#define SILL_CPUID_FEATURES  0x40000001u
#define SILL_CPUID_DOORS     0x40000002u /* sill/doors.h */
#define SILL_CPUID_SERVE     0x40000003u /* sill/doors.h */
#define SILL_CPUID_MAX	     SILL_CPUID_SERVE

/* "Sill", three times over EBX, ECX, EDX. */
#define SILL_SIGNATURE 0x6c6c6953u

/*
 * Rises when an existing call changes its meaning. New calls and longer structures don't raise it.
 */
#define SILL_ABI_VERSION 1u

/* Feature bits: services that are present on this machine. */
#define SILL_FEATURE_CONSOLE  (1u << 0) /* console_write reaches a console */
#define SILL_FEATURE_TIME     (1u << 1) /* time is known: the RTC could be read */
#define SILL_FEATURE_DISPLAY  (1u << 2) /* display_info has a display to describe */
#define SILL_FEATURE_LOG      (1u << 3) /* log can be called */
#define SILL_FEATURE_STATS    (1u << 4) /* stats can be called */
#define SILL_FEATURE_UNLOAD   (1u << 5) /* unload takes Sill away */
#define SILL_FEATURE_UNDERLAY (1u << 6) /* underlay mode: the guest has the real machine */
#define SILL_FEATURE_CHANNELS (1u << 7) /* channels can be opened: sill/channel.h */
#define SILL_FEATURE_LINK     (1u << 8) /* and reach another machine by a serial line */
#define SILL_FEATURE_CHANNELS (1u << 7) /* channels can be opened: sill/channel.h */
#define SILL_FEATURE_LINK     (1u << 8) /* and reach another machine by a serial line */

/*
 * The doorbell: an I/O port that does nothing. Its only use is that a guest OS can grant it to a
 * ring-3 program (ioperm() on Linux), which thereby may make the calls marked GRANTED.
 */
#define SILL_DOORBELL_PORT     0x5117u

#define SILL_CONSOLE_WRITE_MAX 256u

/* All structures grow only at their end; a caller passes the size that it knows. */
struct sill_info {
	uint32_t abi_version;	/* SILL_ABI_VERSION */
	uint32_t features;	/* SILL_FEATURE_* */
	uint32_t version_major; /* of Sill itself */
	uint32_t version_minor;
	uint32_t version_patch;
	uint32_t guest_id;	    /* 0 for the first guest since start */
	uint32_t calls;		    /* how many calls there are: numbers 0 to calls - 1 */
	uint32_t console_write_max; /* bytes a call */
	uint64_t memory;	    /* bytes of guest memory; 0: what the machine has */
	uint32_t mode;		    /* 0 = guest mode, 1 = underlay mode */
	uint32_t cpus;		    /* how many CPUs Sill runs on: numbers 0 to cpus - 1 */
};

struct sill_time {
	uint64_t utc_ns; /* nanoseconds since 1970-01-01 00:00:00 UTC, leap seconds not counted */
	uint64_t tsc;	 /* what RDTSC read in the guest at utc_ns */
	uint64_t tsc_hz; /* ticks a second */
};

struct sill_display_info {
	uint32_t width; /* pixels, of the current mode */
	uint32_t height;
	uint32_t max_width; /* pixels, of the largest mode that the firmware offered */
	uint32_t max_height;
};

#define SILL_LOG_TEXT_MAX 512u

struct sill_log {
	uint64_t from;	 /* in: the position wanted; out: that of text[0] */
	uint64_t length; /* bytes of text that were written; 0: nothing there yet */
	char text[SILL_LOG_TEXT_MAX];
};

/* A table indexed by basic exit reason, as the SDM numbers them, has this many entries. */
#define SILL_STATS_REASONS 80u
#define SILL_STATS_CALLER  (1u << 0)

struct sill_stats {
	uint32_t cpus;	     /* how many CPUs Sill runs on */
	uint32_t apic_id;    /* of this one */
	uint32_t reasons;    /* entries of exits */
	uint32_t flags;	     /* bit 0, SILL_STATS_CALLER: it made this call */
	uint64_t odd;	     /* failed VM entries, which are in no entry of exits */
	uint64_t init_ticks; /* TSC ticks that its last INIT exit took, up to VM entry; 0 = none */
	uint64_t sipi_ticks; /* the same of its last start-up IPI */
	uint64_t exits[SILL_STATS_REASONS]; /* VM exits since Sill's start, by basic reason */
};

#define SILL_CALL(number, NAME, name, who, arguments, summary) SILL_CALL_##NAME = (number),
enum sill_call_number {
#include "../../hypercall/calls.def"
	SILL_CALL_COUNT
};
#undef SILL_CALL

#endif
