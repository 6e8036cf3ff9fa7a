/* SPDX-License-Identifier: MIT */
/*
 * Within this room: the serial line that the link goes over. No interrupts: the UART is looked at
 * when a call is made that has to do with channels, and when the VMX-preemption timer says so. All
 * of it under the lock of channels.c.
 */
#ifndef SILL_CHANNEL_LINE_H
#define SILL_CHANNEL_LINE_H

#include <sill/channel.h>
#include <sill/handoff.h>

#include "link/link.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Once: finds the UART and begins the link, whose streams have their queues already. Without a
 * UART nothing ever happens.
 */
void line_start(struct link *link, const struct sill_channel_settings *settings);

uint16_t line_port(void);

static inline bool line_present(void)
{
	return line_port() != 0;
}

/* Moves what can be moved at once, some 32 bytes at the most each way. */
void line_work(void);

/* The same unasked, and counted: within the share of the CPU's time that sill.conf gives it. */
void line_work_unasked(void);

/* The value of the TSC at which line_work_unasked() should be called next. */
uint64_t line_next(void);

/* A byte that somebody typed at the other end, or -1. */
int line_take_console_byte(void);

/* Until what is to be said has left, if somebody is there, for so long at the most. */
void line_finish(uint32_t us);

/*
 * In a panic, without the lock: what the other end has not confirmed of the console's text, for
 * that is to follow in no frame. Some of it may have arrived.
 */
void line_tell_rest(void);

/* The line is nobody's from now on. */
void line_stop(void);

void line_describe(struct sill_link *state);

#endif
