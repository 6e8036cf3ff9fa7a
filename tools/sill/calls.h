/* SPDX-License-Identifier: MIT */
/* Hypercalls from a Linux program: what has to be true before one, and what its errors mean. */
#ifndef SILL_TOOLS_CALLS_H
#define SILL_TOOLS_CALLS_H

#include <sill/call.h>

#include <stddef.h>

/*
 * Before the first call: stays on the CPU where this program is, and looks whether Sill is beneath
 * it. granted: calls will be made that Linux has to grant. STATUS_GOOD, or another enum status of
 * tools/sill/commands.h, and why has been said.
 */
int calls_begin(bool granted);

/* Says that there is no Sill here; STATUS_NO_SILL. */
int calls_say_absence(void);

/*
 * Calls with a buffer for the answer. Sill never waits for a page that Linux would have to bring
 * in first, so a call that fails by that is made again with the page touched, some times.
 */
int64_t call_info(struct sill_info *info);
int64_t call_time(struct sill_time *time);
int64_t call_display_info(struct sill_display_info *display);
int64_t call_log(struct sill_log *log);
int64_t call_stats(uint64_t cpu, struct sill_stats *stats);
int64_t call_link_state(struct sill_link *link);

/*
 * Calls on channels. data is writable memory of the program's, page-aligned so that Sill crosses
 * as few pages as there can be; of size bytes at most SILL_CHANNEL_MOVE_MAX are moved.
 * call_channel_close() may be made by a signal handler.
 */
int64_t call_channel_open(const char *name, uint64_t flags);
int64_t call_channel_close(uint64_t handle, uint64_t what, bool has_crc32, uint32_t crc32);
int64_t call_channel_read(uint64_t handle, void *data, size_t size);
int64_t call_channel_write(uint64_t handle, void *data, size_t size);
int64_t call_channel_wait(uint64_t handle, uint64_t wanted, uint64_t microseconds);
int64_t call_channel_state(uint64_t which, struct sill_channel *channel);

/* Says which call failed and why; STATUS_FAILED. */
int calls_say_error(const char *call, int64_t error);

#endif
