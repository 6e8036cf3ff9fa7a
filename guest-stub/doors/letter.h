/* SPDX-License-Identifier: MIT */
/* A letter: a message at the start of a page of ordinary memory, for the doors WATCH and POLL. */
#ifndef GUEST_DOORS_LETTER_H
#define GUEST_DOORS_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sill/doors.h>

#define LETTER __attribute__((aligned(4096))) struct sill_letter

/* Into its place in the letter, with the largest moves: at a watched page each may be an exit. */
void letter_write(struct sill_letter *letter, const void *data, size_t size);

/*
 * Sends what lies in the letter and waits so many milliseconds. The answer's size, or a negative
 * error: Sill's own, or -SILL_EIO if no answer came.
 */
int64_t letter_send(struct sill_letter *letter, uint32_t service, uint32_t size, uint64_t ms);

/* The same for a word, which is replaced by the answer. False: no answer, or no echo. */
bool letter_echo(struct sill_letter *letter, uint64_t *word, uint64_t ms);

/* The echo of a block of any size. */
int64_t letter_transfer(struct sill_letter *letter, void *data, size_t size, uint64_t ms);

/* UTC; 0: not known. */
uint64_t letter_time_ns(struct sill_letter *letter, uint64_t ms);

/* Tests of messages that are wrong whoever looks at the letter, and of what is at their borders. */
void letter_test(const char *door, struct sill_letter *letter, uint64_t ms);

#endif
