/* SPDX-License-Identifier: MIT */
/*
 * Channels, as the other rooms see them: the calls of include/sill/channel.h, and what has to be
 * done now and then. One table for all CPUs, behind one lock.
 */
#ifndef SILL_CHANNEL_CHANNELS_H
#define SILL_CHANNEL_CHANNELS_H

#include <sill/channel.h>
#include <sill/handoff.h>

#include "vmx/vcpu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Once: takes memory for the channels, and finds the serial line. -SILL_ENOMEM. Says what became
 * of the line.
 */
__attribute__((warn_unused_result)) int
channels_start(const struct sill_channel_settings *settings);

/* SILL_FEATURE_CHANNELS and _LINK, as far as there are. */
uint32_t channels_features(void);

/* The I/O port of the line's UART; 0: there is none. */
uint16_t channels_link_port(void);

/* A guest begins on this vCPU, or an OS anew: whose rings were named here are gone. */
void channels_begin(struct vcpu *vcpu);

/* TIMER_CHANNELS is due on this vCPU. */
void channels_look(struct vcpu *vcpu);

/* An interrupt for one of its rings may come to this vCPU some time. */
bool channels_may_wake(const struct vcpu *vcpu);

/* The guest has ended: closes all. */
void channels_end(void);

/* The guest goes on without Sill: closes all, and none is opened any more. */
void channels_leave(struct vcpu *vcpu);

/* The calls; answers are as in hypercall/calls.def. Memory is the caller's, by linear address. */
int64_t channel_open(struct vcpu *vcpu, uint64_t name, uint64_t length, uint64_t flags);
int64_t channel_close(struct vcpu *vcpu, uint64_t handle, uint64_t what, uint64_t has_crc32,
		      uint64_t crc32);
int64_t channel_read(struct vcpu *vcpu, uint64_t handle, uint64_t to, uint64_t size);
int64_t channel_write(struct vcpu *vcpu, uint64_t handle, uint64_t from, uint64_t size);
int64_t channel_wait(struct vcpu *vcpu, uint64_t handle, uint64_t wanted, uint64_t microseconds);
int64_t channel_rings(struct vcpu *vcpu, uint64_t handle, uint64_t description);
int64_t channel_kick(struct vcpu *vcpu, uint64_t handle);
/* 0 and *state, or an error. */
int64_t channel_describe(uint64_t which, struct sill_channel *state);
void channel_describe_link(struct sill_link *state);

#endif
