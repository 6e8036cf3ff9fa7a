/* SPDX-License-Identifier: MIT */
/* What this program does with all ways. */
#ifndef GUEST_DOORS_DOORS_H
#define GUEST_DOORS_DOORS_H

#include <stdbool.h>

/* Tests the ways or doors that are named in list ("a,b"; empty: all). How many tests failed. */
unsigned test_doors(const char *list);

/* Measures them all, one line each for scripts/doors-table. False: something was wrong. */
bool measure_doors(void);

/* Tries them all where Sill is not, and tells what happened, in the same form. */
void try_without_sill(void);

#endif
