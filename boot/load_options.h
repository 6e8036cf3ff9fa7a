/* SPDX-License-Identifier: MIT */
/* What sill.efi was told when it was started. Pure. */
#ifndef SILL_BOOT_LOAD_OPTIONS_H
#define SILL_BOOT_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether the last word of load options is this one (ASCII, lower case), in any case. They are
 * `size` bytes of UCS-2, which may end with a NUL: the UEFI shell gives the whole command line, a
 * boot option its own data, which may be anything.
 */
bool load_options_say(const void *options, uint32_t size, const char *word);

#endif
