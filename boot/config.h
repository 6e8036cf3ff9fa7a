/* SPDX-License-Identifier: MIT */
/*
 * The configuration file, \EFI\sill\sill.conf: its text becomes a struct sill_config. Pure: the
 * text comes from a disk that anybody may have written, so the parser is fuzzed and unit-tested
 * on the host. The keys are described for people in boot/sill.conf.
 */
#ifndef SILL_BOOT_CONFIG_H
#define SILL_BOOT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sill/handoff.h"

#define CONFIG_MAX_FILE	   (64u * 1024u) /* bytes */
#define CONFIG_MAX_PATH	   256		 /* bytes, the final NUL included */
#define CONFIG_MAX_OPTIONS 512		 /* bytes, the final NUL included */

/* What a guest gets unless its configuration says otherwise. */
#define CONFIG_DEFAULT_MEMORY (64ull << 20)

/*
 * A guest as configured. `settings` is complete except for the image's and the modules' file
 * ranges, which are 0 until the loader has read the files. Paths are absolute, with backslashes.
 */
struct config_guest {
	char image_path[CONFIG_MAX_PATH];
	char module_path[SILL_MAX_MODULES][CONFIG_MAX_PATH];
	struct sill_guest settings;
};

/* Underlay mode: what is started when Sill lies beneath. */
struct config_next {
	char path[CONFIG_MAX_PATH]; /* absolute, with backslashes; "": the firmware goes on */
	bool on_partition;	    /* the file is on the partition that follows, and only there */
	uint8_t partition[16];	    /* its GUID, as the partition table has it */
	char options[CONFIG_MAX_OPTIONS]; /* its command line */
};

/* Some 100 KiB: too big for a stack. */
struct sill_config {
	uint32_t mode;		   /* enum sill_mode */
	struct sill_serial serial; /* port 0: no serial console */
	uint32_t log_level;	   /* enum sill_log_level */
	uint32_t finish;	   /* enum sill_finish */
	struct config_next next;
	struct sill_underlay underlay;
	struct sill_channel_settings channels;
	uint32_t guest_count; /* at least 1 in guest mode, 0 in underlay mode */
	struct config_guest guests[SILL_MAX_GUESTS];
};

/* The first thing that is wrong with the file, for a person to read. */
struct config_error {
	unsigned line; /* from 1; 0: the file as a whole */
	char text[320];
};

/*
 * Parses `length` bytes of `text`. Fills in all of *config, defaults included, and returns 0; or
 * fills in *error and returns -SILL_E2BIG (the file is larger than CONFIG_MAX_FILE) or
 * -SILL_EINVAL (anything else). *config is undefined after an error, *error after success.
 */
int config_parse(const void *text, size_t length, struct sill_config *config,
		 struct config_error *error) __attribute__((warn_unused_result));

#endif
