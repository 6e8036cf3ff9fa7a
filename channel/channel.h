/* SPDX-License-Identifier: MIT */
/*
 * Within this room: one channel, and what its other end is. All of it belongs to who holds the lock
 * of channels.c.
 */
#ifndef SILL_CHANNEL_CHANNEL_H
#define SILL_CHANNEL_CHANNEL_H

#include <sill/channel.h>
#include <sill/errno.h>

#include "channel/check.h"
#include "link/link.h"
#include "vmx/vcpu.h"

#include <stdbool.h>
#include <stdint.h>

struct channel;

/* A service in Sill. It has the queues of a link's stream, which is not opened for it. */
struct channel_service {
	const char *name;
	/* Does what can be done now: takes from `out`, what the guest wrote, and puts into `in`. */
	void (*work)(struct channel *channel);
};

/* Rings in the guest's memory. */
struct channel_ring_pair {
	struct vcpu *vcpu; /* on which they were named; NULL: there are none */
	uint32_t vector;
	struct ring_state state;
	uint64_t control; /* guest-physical, as the rest */
	uint64_t to_sill[SILL_RINGS_PAGES_MAX], to_guest[SILL_RINGS_PAGES_MAX];
	uint32_t asleep;     /* what the guest was told: it has to call */
	uint32_t idle;	     /* looks in a row that found nothing to do */
	uint32_t told_state; /* what the guest was last told */
	bool news;	     /* since it was woken last */
};

struct channel {
	uint32_t handle; /* 0: the place is free */
	uint32_t uses;	 /* of the place */
	char name[SILL_CHANNEL_NAME_MAX + 1];
	const struct channel_service *service; /* NULL: it goes over the link */
	struct link *link;		       /* of whose streams one belongs to the place, */
	unsigned int stream_number;	       /* this one; */
	struct link_stream *stream;	       /* a service has the use of its queues alone */
	bool write_ended;		       /* the guest writes no more */
	bool service_ended;		       /* the service has no more to say */
	bool told_done;			       /* link_done() was called */
	int32_t error;			       /* it is broken; 0: it isn't */
	uint64_t written, read, calls;
	uint64_t position; /* the service log: where it is */
	struct channel_ring_pair rings;
};

/* The service with this name, or NULL. */
const struct channel_service *channel_service_find(const char *name);

/* SILL_CHANNEL_* that are true of it now. */
uint32_t channel_state(const struct channel *channel);

/* 0, or why the channel can't be used any more. */
int32_t channel_error(const struct channel *channel);

/* The other end closed it in peace: what it sent before can still be read. */
bool channel_is_over(const struct channel *channel);

/* No more will come than what is to be read. */
bool channel_has_ended(const struct channel *channel);

/* The service or the link does what can be done now. */
void channel_work(struct channel *channel);

/* The guest's direction is over. */
void channel_end_writing(struct channel *channel, bool has_crc32, uint32_t crc32);

/* Bytes went from the guest, or to it. */
void channel_was_written(struct channel *channel, uint32_t size);
void channel_was_read(struct channel *channel, uint32_t size);

/* The guest has done with all that there is: if nothing more comes, the other end learns of it. */
void channel_took_all(struct channel *channel);

/* rings.c: names the channel's rings; as channel_rings() of channels.h. */
int64_t rings_name(struct vcpu *vcpu, struct channel *channel,
		   const struct sill_channel_rings *rings);

/*
 * The guest calls: moves what can be moved between the rings and the queues; answers the number of
 * bytes, or the channel's error.
 */
int64_t rings_kick(struct vcpu *vcpu, struct channel *channel);

/*
 * The channel is about to be closed: the guest finds that in the page that it named, and is woken
 * if it sleeps, though later if it does so on another CPU.
 */
void rings_close(struct vcpu *vcpu, const struct channel *channel);

/* The same, by the timer of the vCPU on which they were named; answers whether anything moved. */
bool rings_look(struct vcpu *vcpu, struct channel *channel);

/* The value of the TSC at which rings_look() is to be called next. */
uint64_t rings_next(const struct channel *channel);

/* How often Sill looks for what has come for a guest while nothing moves. */
#define RINGS_IDLE_MS 10u

#endif
