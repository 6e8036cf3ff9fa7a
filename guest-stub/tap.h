/* SPDX-License-Identifier: MIT */
/* Test results in the Test Anything Protocol, one line each on the console. */
#ifndef GUEST_TAP_H
#define GUEST_TAP_H

#include <stdbool.h>
#include <stdint.h>

void tap_start(void);

/* One result. Returns good, so that a test can add its own explanation. */
__attribute__((format(printf, 2, 3))) bool tap_ok(bool good, const char *format, ...);

/* The same for two numbers that must be equal; prints both where they are not. */
__attribute__((format(printf, 3, 4))) bool tap_equal(uint64_t got, uint64_t expected,
						     const char *format, ...);

/* More about the last result, as a comment. */
__attribute__((format(printf, 1, 2))) void tap_note(const char *format, ...);

/* A test that this CPU or configuration cannot do. */
void tap_skip(const char *name, const char *reason);

/* Something went so wrong that no further test makes sense. Does not return. */
__attribute__((format(printf, 1, 2))) _Noreturn void tap_bail_out(const char *format, ...);

/* Prints the plan. Returns how many tests failed. */
unsigned tap_end(void);

#endif
