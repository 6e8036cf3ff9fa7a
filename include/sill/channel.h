/* SPDX-License-Identifier: MIT */
/*
 * Channels: named, reliable streams of bytes, both ways, between a guest and a service of Sill's
 * (echo, log, time) or a program on the machine at the other end of the serial line (sill-link).
 * What a call does and answers stands in hypercall/calls.def; docs/channels.md has the whole.
 *
 * Two ways to move the bytes:
 *   channel_read, channel_write copy from and to the caller's memory during the call. Sill keeps no
 *   address, so it makes no difference what becomes of the memory afterwards: for programs.
 *   Rings (channel_rings, channel_kick) are memory that both share from then on: for kernels, which
 *   know that the memory stays theirs.
 *
 * A channel belongs to the guest, not to one of its processes: Sill knows no processes. Whoever may
 * make the calls may use each handle.
 */
#ifndef SILL_CHANNEL_H
#define SILL_CHANNEL_H

#include <stdint.h>

/* A name: 1 to this many of A-Z a-z 0-9 . _ -, the first not a dot: a good name for a file, too. */
#define SILL_CHANNEL_NAME_MAX 31u

/* The most channels that sill.conf can allow. */
#define SILL_CHANNELS_MAX 16u

/* The services in Sill: these names never reach the serial line. */
#define SILL_CHANNEL_ECHO "echo" /* gives back what it gets */
#define SILL_CHANNEL_LOG  "log"	 /* Sill's messages, and then each new one; takes nothing */
#define SILL_CHANNEL_TIME "time" /* a line with the time (UTC, ISO 8601) for each line it gets */

/*
 * A handle is what channel_open answers: 256 to 7FFFFFFFh. Its low 8 bits are the channel's place
 * in the table, 0 to SILL_CHANNELS_MAX - 1; the rest changes each time the place is used again, so
 * a stale handle is known as such.
 */
#define SILL_CHANNEL_PLACE(handle) ((handle) % 256u)
#define SILL_CHANNEL_FIRST_HANDLE  256u

/* Flags of channel_open. */
#define SILL_CHANNEL_TAKE_OVER (1u << 0) /* closes the channel first if it is open already */

/* What channel_close ends. */
#define SILL_CHANNEL_ALL     0u /* the channel; what the other end hasn't got yet is lost */
#define SILL_CHANNEL_WRITING 1u /* the guest's direction alone: the other end comes to its end */

/* What is true of a channel: struct sill_channel and channel_wait. */
#define SILL_CHANNEL_CONNECTED (1u << 0) /* somebody is at the other end */
#define SILL_CHANNEL_READABLE  (1u << 1) /* there are bytes, or the end, to be read */
#define SILL_CHANNEL_WRITABLE  (1u << 2) /* there is room for bytes */
#define SILL_CHANNEL_EMPTY     (1u << 3) /* the other end's machine has all that was written */
#define SILL_CHANNEL_ENDED     (1u << 4) /* the other end sends no more than what is to be read */
#define SILL_CHANNEL_DELIVERED (1u << 5) /* its program has all, up to the end of writing */
#define SILL_CHANNEL_BROKEN    (1u << 6) /* it is of no use any more: error says why */

/* channel_wait comes back after so many microseconds at the most: the CPU is Sill's meanwhile. */
#define SILL_CHANNEL_WAIT_MAX 250u

/* What channel_read and channel_write move in one call at the most. */
#define SILL_CHANNEL_MOVE_MAX (64u << 10)

/* channel_state. It only grows at its end; a caller passes the size that it knows. */
struct sill_channel {
	uint32_t handle; /* 0: the place is free, and the rest is 0 */
	uint32_t state;	 /* SILL_CHANNEL_* */
	int32_t error;	 /* if it is broken: a negative error, of channel_read's */
	uint32_t buffer; /* bytes that may be on their way, each way */
	char name[SILL_CHANNEL_NAME_MAX + 1];
	uint64_t written; /* bytes, by the guest, since it was opened */
	uint64_t read;	  /* the same */
	uint64_t calls;	  /* hypercalls that named the handle */
	/*
	 * What the other end tells: how many bytes its program took (of use once it is DELIVERED)
	 * and their CRC-32; how many it sent in all (once it has ENDED) and theirs. CRC-32 as in
	 * zlib, Ethernet and gzip. A service of Sill's has none: has_crc32 is 0.
	 */
	uint64_t delivered;
	uint64_t sent;
	uint32_t delivered_crc32;
	uint32_t sent_crc32;
	uint32_t has_crc32; /* 1: both directions' are true, as far as they have ended */
	uint32_t rings;	    /* 1: it is used by way of rings */
};

/* link_state: the serial line. It only grows at its end. */
struct sill_link {
	uint32_t port;	     /* I/O port of the UART; 0: no line is used for the link */
	uint32_t baud;	     /* bits a second, of which a byte takes 10 */
	uint32_t up;	     /* 1: sill-link answers */
	uint32_t share;	     /* per cent of a CPU's time that Sill may spend on the line unasked */
	uint64_t bytes_sent; /* on the line */
	uint64_t bytes_received;
	uint64_t frames_sent; /* good ones */
	uint64_t frames_received;
	uint64_t frames_repeated; /* sent once more */
	uint64_t frames_bad;	  /* received, with a wrong CRC-32 or no frame at all */
	uint64_t overruns;	  /* times that the UART lost bytes: Sill came too late */
};

/*
 * Rings. The guest describes them once, in memory that it may use for something else after the
 * call; all addresses are guest-physical, page-aligned, and RAM of the guest's. They stay Sill's to
 * read and write until the channel is closed.
 */
#define SILL_RINGS_VERSION   1u
#define SILL_RINGS_PAGES_MAX 16u

struct sill_channel_rings {
	uint32_t version; /* SILL_RINGS_VERSION */
	uint32_t pages;	  /* of each ring: 1, 2, 4, 8 or 16, no more than the channel's buffer */
	uint32_t vector; /* 32 to 255: the interrupt that wakes this CPU, for this alone; 0: none */
	uint32_t reserved;
	uint64_t control;			 /* one page: struct sill_channel_control */
	uint64_t to_sill[SILL_RINGS_PAGES_MAX];	 /* the first `pages` of them, 0 in the others */
	uint64_t to_guest[SILL_RINGS_PAGES_MAX]; /* the same */
};

/*
 * What both look at. Each cache line has one writer. head and tail count bytes, from 0 on, and wrap
 * at 2^32; byte number n lies at n modulo the ring's size. Who moves an index has done with the
 * bytes before (on x86 a plain store is enough). A head that is more than a ring's size ahead of
 * its tail, or goes back, breaks the channel with -EPROTO.
 *
 * Sleeping: a guest that has nothing to do stores 1 in `wake`, executes MFENCE, looks at
 * to_guest_head and to_sill_tail once more, and only then halts. Sill sets `asleep` when it stops
 * looking by itself, and looks once more afterwards; so a guest that has moved an index executes
 * MFENCE, reads `asleep`, and calls channel_kick only if it is 1.
 */
struct sill_channel_control {
	/* Written by the guest: */
	__attribute__((aligned(64))) uint32_t to_sill_head; /* bytes that it has put in */
	uint32_t ended; /* 1: no more will come; once set it stays */
	/* Written by Sill: */
	__attribute__((aligned(64))) uint32_t to_sill_tail; /* bytes that it has taken out */
	uint32_t asleep;				    /* 1: it has to be called */
	/* Written by Sill: */
	__attribute__((aligned(64))) uint32_t to_guest_head; /* bytes that it has put in */
	uint32_t state; /* SILL_CHANNEL_CONNECTED, _ENDED, _DELIVERED, _BROKEN */
	int32_t error;	/* if it is broken */
	/* Written by the guest: */
	__attribute__((aligned(64))) uint32_t to_guest_tail; /* bytes that it has taken out */
	uint32_t wake; /* 1: interrupt it when an index or the state changes */
};

#endif
