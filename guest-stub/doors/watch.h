/* SPDX-License-Identifier: MIT */
/* A page of memory that Sill watches, for those who test it. */
#ifndef GUEST_DOORS_WATCH_H
#define GUEST_DOORS_WATCH_H

#include <stdint.h>
#include "way.h"

#define EXIT_REASON_EPT 48 /* EPT violation */

/* The call door_watch; caught.vector says whether it raised an exception. */
int64_t watch_page(const void *page);

/* Tests of all kinds of writes to the page, which is watched. */
void watch_test_writes(struct sill_letter *letter);

#endif
