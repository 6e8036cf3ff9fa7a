/* SPDX-License-Identifier: MIT */
/* UNIT: boot/config.c core/format.c */
/*
 * Any bytes as sill.conf: no access outside of them, and what is accepted keeps the promises that
 * the loader and the core rely on.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/config.h"
#include "sill/errno.h"

#define REQUIRE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

static void check_path(const char *path)
{
	REQUIRE(memchr(path, '\0', CONFIG_MAX_PATH));
	REQUIRE(path[0] == '\\' && path[1] != '\0' && !strchr(path, '/'));
	REQUIRE(!strstr(path, "\\..\\") && !strstr(path, "\\\\"));
}

static void check_guest(const struct config_guest *guest)
{
	const struct sill_guest *settings = &guest->settings;

	check_path(guest->image_path);
	REQUIRE(settings->image.base == 0 && settings->image.size == 0);
	REQUIRE(memchr(settings->name, '\0', sizeof(settings->name)));
	REQUIRE(memchr(settings->cmdline, '\0', sizeof(settings->cmdline)));
	REQUIRE(settings->memory % (2u << 20) == 0 && settings->memory >= 4u << 20);
	REQUIRE(settings->memory <= 1ull << 40);
	REQUIRE(settings->lazy_memory % (2u << 20) == 0);
	REQUIRE(settings->lazy_memory < settings->memory);
	REQUIRE(settings->time_limit_ms <= 86400000 && settings->trace_hypercalls <= 1);
	REQUIRE(settings->module_count <= SILL_MAX_MODULES);
	for (uint32_t i = 0; i < settings->module_count; i++) {
		check_path(guest->module_path[i]);
		REQUIRE(memchr(settings->modules[i].cmdline, '\0', SILL_MAX_CMDLINE));
	}
	REQUIRE(settings->vmcs_setting_count <= SILL_MAX_VMCS_SETTINGS);
	for (uint32_t i = 0; i < settings->vmcs_setting_count; i++) {
		uint32_t field = settings->vmcs_settings[i].field;

		REQUIRE((field & 0xc00) == 0x800 || field == 0x4016 || field == 0x4018 ||
			field == 0x401a);
	}
}

static void check_next(const struct config_next *next)
{
	if (next->path[0] != '\0')
		check_path(next->path);
	else
		REQUIRE(!next->on_partition);
	REQUIRE(memchr(next->options, '\0', sizeof(next->options)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sill_config config;
	struct config_error error;
	int result = config_parse(data, size, &config, &error);

	if (result) {
		REQUIRE(result == -SILL_EINVAL || result == -SILL_E2BIG);
		REQUIRE(memchr(error.text, '\0', sizeof(error.text)) && error.text[0]);
		REQUIRE(error.line <= size);
		return 0;
	}
	if (config.mode == SILL_MODE_UNDERLAY) {
		check_next(&config.next);
		REQUIRE(config.guest_count == 0 && config.underlay.show_hypervisor <= 1);
		REQUIRE(config.underlay.cpu_without_ept < SILL_MAX_CPUS ||
			config.underlay.cpu_without_ept == UINT32_MAX);
	} else {
		REQUIRE(config.mode == SILL_MODE_GUEST);
		REQUIRE(config.guest_count >= 1 && config.guest_count <= SILL_MAX_GUESTS);
	}
	REQUIRE(config.serial.port <= 0xfff8 && config.serial.baud);
	REQUIRE(115200 % config.serial.baud == 0);
	REQUIRE(config.log_level <= SILL_LOG_DEBUG && config.finish <= SILL_FINISH_EMULATOR);
	for (uint32_t i = 0; i < config.guest_count; i++)
		check_guest(&config.guests[i]);
	return 0;
}
