/* SPDX-License-Identifier: MIT */
/* Names for code addresses of the core; the table is made by scripts/symbols after a first link. */
#ifndef SILL_CORE_SYMBOLS_H
#define SILL_CORE_SYMBOLS_H

#include <stdint.h>

/*
 * The function that the address lies in, and how far in it; NULL for addresses outside text. Valid
 * until the next call.
 */
const char *symbol_find(uint64_t address, uint64_t *offset);

#endif
