/* SPDX-License-Identifier: MIT */
/* UNIT: boot/config.c core/format.c */
/*
 * sill.conf: every key with good and bad values, the line that each error names, and the shipped
 * file itself, which must be right as it stands and with each commented setting uncommented.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "boot/config.h"
#include "sill/doors.h"
#include "sill/errno.h"

#define G    "guest = \\k.elf\n"
#define A10  "aaaaaaaaaa"
#define A50  A10 A10 A10 A10 A10
#define A250 A50 A50 A50 A50 A50
#define MIB  (1ull << 20)

static struct sill_config config;
static struct config_error error;

/* From a block of its own, without a NUL at its end, so that any overread is seen. */
static int parse_bytes(const void *text, size_t length)
{
	char *copy = malloc(length ? length : 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, text, length);
	memset(&config, 0xa5, sizeof(config));
	memset(&error, 0xa5, sizeof(error));
	result = config_parse(copy, length, &config, &error);
	free(copy);
	if (result)
		assert_non_null(memchr(error.text, '\0', sizeof(error.text)));
	return result;
}

static void good(const char *text)
{
	if (parse_bytes(text, strlen(text)) != 0)
		fail_msg("refused, line %u: %s\n%s", error.line, error.text, text);
}

/* The error must name this line and have these texts in it. */
static void bad_bytes(const void *text, size_t length, unsigned line, const char *first,
		      const char *second)
{
	int result = parse_bytes(text, length);

	if (result != -SILL_EINVAL)
		fail_msg("result %d for:\n%.*s", result, (int)length, (const char *)text);
	if (error.line != line || !strstr(error.text, first) || !strstr(error.text, second))
		fail_msg("line %u: %s\nexpected line %u, '%s', '%s'", error.line, error.text, line,
			 first, second);
}

static void bad(const char *text, unsigned line, const char *first, const char *second)
{
	bad_bytes(text, strlen(text), line, first, second);
}

static void test_defaults(void **state)
{
	(void)state;
	good(G);
	assert_int_equal(config.serial.port, 0x3f8);
	assert_int_equal(config.serial.baud, 115200);
	assert_int_equal(config.log_level, SILL_LOG_INFO);
	assert_int_equal(config.finish, SILL_FINISH_AUTO);
	assert_int_equal(config.mode, SILL_MODE_GUEST);
	assert_int_equal(config.guest_count, 1);

	const struct sill_guest *settings = &config.guests[0].settings;

	assert_string_equal(config.guests[0].image_path, "\\k.elf");
	assert_string_equal(settings->name, "\\k.elf");
	assert_string_equal(settings->cmdline, "");
	assert_int_equal(settings->memory, CONFIG_DEFAULT_MEMORY);
	assert_int_equal(settings->lazy_memory, 0);
	assert_int_equal(settings->time_limit_ms, 0);
	assert_int_equal(settings->trace_hypercalls, 0);
	assert_int_equal(settings->module_count, 0);
	assert_int_equal(settings->vmcs_setting_count, 0);
	assert_int_equal(settings->image.base, 0);
	assert_int_equal(settings->image.size, 0);
}

static void test_global_keys(void **state)
{
	(void)state;
	good("mode = guest\n" G);
	assert_int_equal(config.mode, SILL_MODE_GUEST);
	bad("mode = Guest\n" G, 1, "mode = Guest", "allowed: guest, underlay");
	bad("mode = under\n" G, 1, "mode = under", "allowed: guest, underlay");

	good("console = com1\n" G);
	assert_int_equal(config.serial.port, 0x3f8);
	good("console = com2\n" G);
	assert_int_equal(config.serial.port, 0x2f8);
	good("console = none\n" G);
	assert_int_equal(config.serial.port, 0);
	good("console = 0xE010\n" G);
	assert_int_equal(config.serial.port, 0xe010);
	good("console = 0x100\n" G);
	assert_int_equal(config.serial.port, 0x100);
	good("console = 0xfff8\n" G);
	assert_int_equal(config.serial.port, 0xfff8);
	static const char *const no_ports[] = {"com3",
					       "COM1",
					       "0xff",
					       "0xfff9",
					       "0x103f8",
					       "0x",
					       "1016",
					       "0x3f8h",
					       "0x0",
					       "com1 ,",
					       "-1",
					       "0x10000000000003f8",
					       "0x100000000000003f8"};

	for (size_t i = 0; i < sizeof(no_ports) / sizeof(no_ports[0]); i++) {
		char text[100];

		snprintf(text, sizeof(text), "\n" G "console = %s\n", no_ports[i]);
		bad(text, 3, "console = ", "com2, none");
		assert_non_null(strstr(error.text, no_ports[i]));
	}

	good("baud = 9600\n" G);
	assert_int_equal(config.serial.baud, 9600);
	good("baud = 50\n" G);
	assert_int_equal(config.serial.baud, 50);
	bad("baud = 49\n" G, 1, "baud = 49", "50 to 115200");
	bad("baud = 115201\n" G, 1, "baud = 115201", "50 to 115200");
	bad("baud = 230400\n" G, 1, "baud = 230400", "50 to 115200");
	bad("baud = 14401\n" G, 1, "baud = 14401", "divisor");
	bad("baud = 0\n" G, 1, "baud = 0", "50 to 115200");
	bad("baud = fast\n" G, 1, "baud = fast", "50 to 115200");
	bad("baud = 9600 8n1\n" G, 1, "baud = 9600 8n1", "50 to 115200");
	bad("baud = 18446744073709561216\n" G, 1, "baud = 18446744073709561216", "50 to");

	static const char *const levels[] = {"error", "warning", "info", "debug"};
	static const char *const ways[] = {"auto", "halt", "reset", "emulator"};

	for (unsigned i = 0; i < 4; i++) {
		char text[100];

		snprintf(text, sizeof(text), "log = %s\nfinish = %s\n" G, levels[i], ways[i]);
		good(text);
		assert_int_equal(config.log_level, i);
		assert_int_equal(config.finish, i);
	}
	bad("log = verbose\n" G, 1, "log = verbose", "warning, info");
	bad("log = inf\n" G, 1, "log = inf:", "warning, info");
	bad("finish = off\n" G, 1, "finish = off", "auto, halt, reset, emulator");
}

static void test_channels(void **state)
{
	const struct sill_channel_settings *channels = &config.channels;

	(void)state;
	good(G);
	assert_int_equal(channels->count, 4);
	assert_int_equal(channels->buffer, 65536);
	assert_int_equal(channels->link_ports[0], 0);
	assert_int_equal(channels->link_ports[1], 0);
	assert_int_equal(channels->link_share, 20);
	assert_int_equal(channels->link_timeout_ms, 10000);
	good("baud = 9600\nlink = auto\nlink_share = 90\nlink_timeout = 3600\nchannels = 16\n"
	     "channel_buffer = 256K\n" G);
	assert_int_equal(channels->count, 16);
	assert_int_equal(channels->buffer, 256 << 10);
	assert_int_equal(channels->link_ports[0], 0x2f8);
	assert_int_equal(channels->link_ports[1], 0x3f8);
	assert_int_equal(channels->link_baud, 9600);
	assert_int_equal(channels->link_share, 90);
	assert_int_equal(channels->link_timeout_ms, 3600000);
	good("channels = 0\nlink = com1\n" G);
	assert_int_equal(channels->count, 0);
	assert_int_equal(channels->link_ports[0], 0x3f8);
	assert_int_equal(channels->link_ports[1], 0);
	good("mode = underlay\nnext = firmware\nlink = 0xE010\nbaud = 57600\n");
	assert_int_equal(channels->link_ports[0], 0xe010);
	assert_int_equal(channels->link_baud, 57600);
	assert_int_equal(config.serial.port, 0);
	bad("link = com3\n" G, 1, "link = com3", "auto, com1");
	bad("link = 0x80\n" G, 1, "link = 0x80", "auto, com1");
	bad("link_share = 0\n" G, 1, "link_share = 0", "1 to 90");
	bad("link_share = 91\n" G, 1, "link_share = 91", "1 to 90");
	bad("link_share = 20%\n" G, 1, "link_share = 20%", "1 to 90");
	bad("link_timeout = 0\n" G, 1, "link_timeout = 0", "1 to 3600");
	bad("link_timeout = 3601\n" G, 1, "link_timeout = 3601", "1 to 3600");
	bad("link_timeout = 4294967297\n" G, 1, "link_timeout", "1 to 3600");
	/* Four frames have to fit in. */
	good("link = com1\nlink_timeout = 2\n" G);
	assert_int_equal(channels->link_timeout_ms, 2000);
	bad("link_timeout = 1\nlink = com1\n" G, 1, "link_timeout = 1", "at least 2 seconds");
	good("link = com1\nbaud = 9600\n" G);
	assert_int_equal(channels->link_timeout_ms, 18000);
	bad("link = com1\nlink_timeout = 17\nbaud = 9600\n" G, 2, "link_timeout = 17",
	    "at 9600 baud");
	good("link = com1\nbaud = 50\n" G);
	assert_int_equal(channels->link_timeout_ms, 3361000);
	bad("channels = 17\n" G, 1, "channels = 17", "0 to 16");
	bad("channels = -1\n" G, 1, "channels = -1", "0 to 16");
	bad("channel_buffer = 2K\n" G, 1, "channel_buffer = 2K", "4K to 256K");
	bad("channel_buffer = 512K\n" G, 1, "channel_buffer = 512K", "4K to 256K");
	bad("channel_buffer = 12K\n" G, 1, "channel_buffer = 12K", "power of 2");
	bad("channel_buffer = 65536\n" G, 1, "channel_buffer = 65536", "power of 2");
	bad("link = none\nlink = com1\n" G, 2, "link = com1", "line 1");
}

static void test_paths(void **state)
{
	(void)state;
	good("guest = /EFI/sill\\x y.elf\n");
	assert_string_equal(config.guests[0].image_path, "\\EFI\\sill\\x y.elf");
	good("guest = \"\\a # b\"\n");
	assert_string_equal(config.guests[0].image_path, "\\a # b");
	good("guest = \\..a\\b..\\...\n");
	assert_string_equal(config.guests[0].image_path, "\\..a\\b..\\...");
	good("guest = \\" A250 "aaaa\n");
	assert_int_equal(strlen(config.guests[0].image_path), 255);
	assert_int_equal(strlen(config.guests[0].settings.name), 63);
	good("guest = \\long\\" A50 "\\kernel.elf\n");
	assert_string_equal(config.guests[0].settings.name, "g\\" A50 "\\kernel.elf");

	bad("guest = \\" A250 "aaaaa\n", 1, "too long", "allowed");
	bad("guest = x.elf\n", 1, "guest = x.elf", "not absolute");
	bad("guest = C:\\x.elf\n", 1, "guest = C:\\x.elf", "not absolute");
	bad("guest = \\\n", 1, "guest = \\", "empty part");
	bad("guest = \\a\\\n", 1, "guest = \\a\\", "empty part");
	bad("guest = \\\\server\\a\n", 1, "guest = ", "empty part");
	bad("guest = \\..\n", 1, "guest = ", "'..' in the path");
	bad("guest = \\a\\..\\b\n", 1, "guest = ", "'..' in the path");
	bad("guest = /a/../b\n", 1, "guest = ", "'..' in the path");
	bad("guest = \\a\\.\\b\n", 1, "guest = ", "'..' in the path");
	bad("guest = \\a*\n", 1, "guest = \\a*", "no file name");
	bad("guest = \\a\tb\n", 1, "guest = \\a?b", "no file name");
	bad("guest = \\\xc3\xa4.elf\n", 1, "guest = \\??.elf", "not ASCII");
	bad("guest =\n", 1, "guest = ", "no value");
	bad("guest = \"\"\n", 1, "guest = ", "no value");
}

static void test_guests(void **state)
{
	char text[1000] = "";

	(void)state;
	bad("", 0, "no guest", "guest = ");
	bad("# guest = \\a\n", 0, "no guest", "guest = ");
	for (unsigned i = 0; i < SILL_MAX_GUESTS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "guest = \\g%u\nmemory = %uM\n", i, 4 + 2 * i);
	good(text);
	assert_int_equal(config.guest_count, SILL_MAX_GUESTS);
	for (unsigned i = 0; i < SILL_MAX_GUESTS; i++) {
		char path[16];

		snprintf(path, sizeof(path), "\\g%u", i);
		assert_string_equal(config.guests[i].image_path, path);
		assert_int_equal(config.guests[i].settings.memory, (4 + 2 * i) * MIB);
	}
	strcat(text, "guest = \\more\n");
	bad(text, 2 * SILL_MAX_GUESTS + 1, "guest = \\more", "too many guests");

	static const char *const keys[] = {"cmdline",	       "module",     "memory",
					   "lazy_memory",      "time_limit", "provoke",
					   "trace_hypercalls", "vmcs"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(text, sizeof(text), "# a\n%s = 1\n" G, keys[i]);
		bad(text, 2, "belongs to a guest", "");
	}
	/* Defaults again for the second guest, and keys are no duplicates across guests. */
	good(G "cmdline = a\nmemory = 8M\nlazy_memory = 2M\ntime_limit = 3\n"
	       "trace_hypercalls = yes\nvmcs = 0x6820=2\nmodule = \\m\n" G "cmdline = b\n" G
	       "memory = 16M\n");
	assert_int_equal(config.guest_count, 3);
	assert_string_equal(config.guests[0].settings.cmdline, "a");
	assert_int_equal(config.guests[0].settings.time_limit_ms, 3000);
	assert_string_equal(config.guests[1].settings.cmdline, "b");
	assert_int_equal(config.guests[1].settings.memory, CONFIG_DEFAULT_MEMORY);
	assert_int_equal(config.guests[1].settings.lazy_memory, 0);
	assert_int_equal(config.guests[1].settings.time_limit_ms, 0);
	assert_int_equal(config.guests[1].settings.trace_hypercalls, 0);
	assert_int_equal(config.guests[1].settings.module_count, 0);
	assert_int_equal(config.guests[1].settings.vmcs_setting_count, 0);
	assert_int_equal(config.guests[2].settings.memory, 16 * MIB);
}

static void test_cmdline(void **state)
{
	static const struct {
		const char *line, *cmdline;
	} cases[] = {
		{"cmdline = a b  c  ", "a b  c"},
		{"cmdline=a=b", "a=b"},
		{"  cmdline\t=\t a\tb\t", "a\tb"},
		{"cmdline =", ""},
		{"cmdline = # nothing", ""},
		{"cmdline =# nothing", ""},
		{"cmdline = \"\"", ""},
		{"cmdline = a # b", "a"},
		{"cmdline = a\t# b", "a"},
		{"cmdline = a#b", "a#b"},
		{"cmdline = \"a # b\"", "a # b"},
		{"cmdline = \" a \" # c", " a "},
		{"cmdline = a \"b\"", "a \"b\""},
		{"cmdline = a # \xc3\xa4 \"", "a"},
		{"cmdline = " A250 "aaaaa", A250 "aaaaa"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[400];

		snprintf(text, sizeof(text), G "%s", cases[i].line);
		good(text);
		assert_string_equal(config.guests[0].settings.cmdline, cases[i].cmdline);
	}
	bad(G "cmdline = " A250 "aaaaaa", 2, "cmdline = aaaa", "too long");
	bad(G "cmdline = " A250 A250 A250, 2, "cmdline = aaaa", "too long");
	bad(G "cmdline = \"a", 2, "cmdline = ", "never closed");
	bad(G "cmdline = \"", 2, "cmdline = ", "never closed");
	bad(G "cmdline = \"a\" b", 2, "cmdline = a", "after the closing");
	bad(G "cmdline = \"a\"b", 2, "cmdline = a", "after the closing");
	bad(G "cmdline = \"a\"#b", 2, "cmdline = a", "after the closing");
	bad(G "cmdline = \xc3\xa4", 2, "cmdline = ??", "not ASCII");
}

static void test_modules(void **state)
{
	char text[1000] = G;

	(void)state;
	for (unsigned i = 0; i < SILL_MAX_MODULES; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "module = /m%u  text %u\n", i, i);
	good(text);
	assert_int_equal(config.guests[0].settings.module_count, SILL_MAX_MODULES);
	assert_string_equal(config.guests[0].module_path[7], "\\m7");
	assert_string_equal(config.guests[0].settings.modules[7].cmdline, "text 7");
	strcat(text, "module = \\more\n");
	bad(text, SILL_MAX_MODULES + 2, "module = \\more", "too many modules");

	good(G "module = \\m\n");
	assert_string_equal(config.guests[0].settings.modules[0].cmdline, "");
	good(G "module = \"\\m a # b\" # c\n");
	assert_string_equal(config.guests[0].module_path[0], "\\m");
	assert_string_equal(config.guests[0].settings.modules[0].cmdline, "a # b");
	good(G "module = \\" A250 "aaaa " A250 "aaaaa\n");
	assert_int_equal(strlen(config.guests[0].settings.modules[0].cmdline), 255);
	bad(G "module = \\m " A250 "aaaaaa\n", 2, "module = \\m aaa", "arguments are too long");
	bad(G "module = m\n", 2, "module = m", "not absolute");
	bad(G "module = \\" A250 "aaaaa x\n", 2, "module = ", "path is too long");
	bad(G "module =\n", 2, "module = ", "no value");
	bad(G "module = \" \\m\"\n", 2, "module = ", "not absolute");
}

static void test_memory(void **state)
{
	static const struct {
		const char *text;
		uint64_t size;
	} cases[] = {
		{"4M", 4 * MIB},    {"64M", 64 * MIB},	   {"8192K", 8 * MIB}, {"3G", 3072 * MIB},
		{"1T", MIB << 20},  {"1024G", MIB << 20},  {"6m", 6 * MIB},    {"1g", 1024 * MIB},
		{"0004M", 4 * MIB}, {"1022M", 1022 * MIB},
	};
	static const char *const wrong[] = {
		"64",
		"0",
		"0M",
		"2M",
		"5M",
		"4097K",
		"1026G",
		"1025T",
		"2T",
		"64MB",
		"64 M",
		"M",
		"",
		"-64M",
		"0x40M",
		"64Q",
		"6.5G",
		"16777216T",
		"18446744073709551615K",
		"18446744073709551616M",
		"17592186044480M",
		"4M4M",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[100];

		snprintf(text, sizeof(text), G "memory = %s\n", cases[i].text);
		good(text);
		assert_int_equal(config.guests[0].settings.memory, cases[i].size);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[100];

		snprintf(text, sizeof(text), G "\n\nmemory = %s\n", wrong[i]);
		bad(text, 4, "memory = ", "4M to 1T");
		assert_non_null(strstr(error.text, wrong[i]));
	}
}

static uint32_t doors_of(const char *text)
{
	good(text);
	return config.mode == SILL_MODE_UNDERLAY
		       ? config.underlay.doors
		       : config.guests[config.guest_count - 1].settings.doors;
}

#define FIRMWARE "mode = underlay\nnext = firmware\n"

static void test_doors(void **state)
{
	const uint32_t vmcall = 1u << SILL_DOOR_VMCALL, mmio = 1u << SILL_DOOR_MMIO;

	(void)state;
	assert_int_equal(doors_of(G), SILL_DOORS_ALL);
	assert_int_equal(doors_of(G "doors = none\n"), 0);
	assert_int_equal(doors_of(G "doors = mmio\tvmcall  mmio\n"), vmcall | mmio);
	assert_int_equal(doors_of(G "doors = all -mmio\n"), SILL_DOORS_ALL & ~mmio);
	assert_int_equal(doors_of(G "doors = mmio vmcall -mmio\n"), vmcall);
	assert_int_equal(doors_of(G "doors = -mmio\n"), 0);

	/* Above the guests: for all of them; among the settings of one: for that one. */
	assert_int_equal(doors_of("doors = mmio\n" G G), mmio);
	assert_int_equal(config.guests[0].settings.doors, mmio);
	assert_int_equal(doors_of("doors = mmio\n" G "doors = none\n" G), mmio);
	assert_int_equal(config.guests[0].settings.doors, 0);
	assert_int_equal(doors_of(G "doors = none\n" G), SILL_DOORS_ALL);

	assert_int_equal(doors_of(FIRMWARE), SILL_DOORS_UNDERLAY);
	assert_int_equal(doors_of(FIRMWARE "doors = all\n"), SILL_DOORS_ALL);
	assert_int_equal(doors_of("doors = vmcall cpuid port\n" FIRMWARE),
			 SILL_DOORS_UNDERLAY | 1u << SILL_DOOR_PORT);

	bad(G "doors = window\n", 2, "doors = window", "no such door");
	bad(G "doors = mmi\n", 2, "no such door", "vmcall cpuid rtc port mmio");
	bad(G "doors = - mmio\n", 2, "doors", "no such door");
	bad(G "doors = mmio,port\n", 2, "doors", "no such door");
	bad(G "doors =\n", 2, "doors", "there is no value");
	bad(G "doors = all\ndoors = none\n", 3, "doors", "given before, on line 2");
	bad("doors = all\ndoors = none\n" G, 2, "doors", "given before, on line 1");
	bad(FIRMWARE "doors = port\n", 3, "underlay mode", "vmcall and cpuid");
	bad(FIRMWARE "doors = all -vmcall\n", 3, "underlay mode", "vmcall and cpuid");
	bad("doors = none\n" FIRMWARE, 1, "underlay mode", "vmcall and cpuid");
	bad(FIRMWARE "doors = all\ndoors = none\n", 4, "doors", "given before, on line 3");
}

static void test_lazy_memory(void **state)
{
	(void)state;
	good(G "lazy_memory = 4M\nmemory = 6M\n");
	assert_int_equal(config.guests[0].settings.lazy_memory, 4 * MIB);
	assert_int_equal(config.guests[0].settings.memory, 6 * MIB);
	good(G "lazy_memory = 0\n");
	good(G "lazy_memory = 0M\n");
	good(G "lazy_memory = 62M\n");
	good(G "memory = 1T\nlazy_memory = 1048574M\n");
	assert_int_equal(config.guests[0].settings.lazy_memory, 1048574 * MIB);
	bad(G "lazy_memory = 1T\n", 2, "lazy_memory = 1T", "below memory");
	bad(G "lazy_memory = 3M\n", 2, "lazy_memory = 3M", "multiple of 2M");
	bad(G "lazy_memory = 4\n", 2, "lazy_memory = 4", "not a size");
	/* Known only at the guest's end, but the line is that of the key. */
	bad(G "lazy_memory = 64M\ntime_limit = 1\n", 2, "lazy_memory = 64M", "(64M)");
	bad(G "lazy_memory = 8M\nmemory = 8M\n" G, 2, "lazy_memory = 8M", "(8M)");
	bad(G "memory = 8M\n\nlazy_memory = 10M\n", 4, "lazy_memory = 10M", "(8M)");
	bad(G "lazy_memory = 8M\n" G "memory = 8M\nlazy_memory = 8M\n", 5, "lazy_memory = 8M",
	    "(8M)");
}

static void test_time_limit_and_trace(void **state)
{
	(void)state;
	good(G "time_limit = 0\n");
	assert_int_equal(config.guests[0].settings.time_limit_ms, 0);
	good(G "time_limit = 86400\n");
	assert_int_equal(config.guests[0].settings.time_limit_ms, 86400000);
	bad(G "time_limit = 86401\n", 2, "time_limit = 86401", "86400 seconds");
	bad(G "time_limit = 1.5\n", 2, "time_limit = 1.5", "86400 seconds");
	bad(G "time_limit = 30s\n", 2, "time_limit = 30s", "86400 seconds");
	bad(G "time_limit = 18446744073709551617\n", 2, "time_limit = 1844", "86400 seconds");

	good(G "provoke = nothing\n");
	assert_int_equal(config.guests[0].settings.provoke, SILL_PROVOKE_NOTHING);
	good(G "provoke = nmi\n");
	assert_int_equal(config.guests[0].settings.provoke, SILL_PROVOKE_NMI);
	good(G "provoke = panic-twice\n");
	assert_int_equal(config.guests[0].settings.provoke, SILL_PROVOKE_PANIC_TWICE);
	bad(G "provoke = Panic\n", 2, "provoke = Panic",
	    "allowed: nothing, nmi, panic, panic-twice");
	good(G "trace_hypercalls = yes\n");
	assert_int_equal(config.guests[0].settings.trace_hypercalls, 1);
	good(G "trace_hypercalls = no\n");
	assert_int_equal(config.guests[0].settings.trace_hypercalls, 0);
	bad(G "trace_hypercalls = true\n", 2, "trace_hypercalls = true", "allowed: yes, no");
	bad(G "trace_hypercalls = 1\n", 2, "trace_hypercalls = 1", "allowed: yes, no");
}

static void test_vmcs(void **state)
{
	static const char *const right[] = {
		"0x6820=0x0",	     "26656=2",		  "0x681E=0xffffffffffffffff",
		"0x0800=0xffff",     "0x4800=0xffffffff", "0x4016=0x80000b0d",
		"0x4018=0xffffffff", "0x401a=15",	  "0x2802=0xffffffffffffffff",
		"0x2803=0xffffffff", "0x4826=2",	  "0x4826=4",
	};
	static const struct {
		const char *text, *reason;
	} wrong[] = {
		{"0x6820", "not encoding=value"},
		{"0x6820=", "not encoding=value"},
		{"=1", "not encoding=value"},
		{"0x6820 = 1", "not encoding=value"},
		{"0x6820=1=2", "not encoding=value"},
		{"RFLAGS=0", "not encoding=value"},
		{"6820h=0", "not encoding=value"},
		{"0x6820=0x10000000000000000", "not encoding=value"},
		{"0x6c16=0", "could break Sill"}, /* host RIP */
		{"0x4000=0", "could break Sill"}, /* pin-based controls */
		{"0x201a=0", "could break Sill"}, /* EPT pointer */
		{"0x4402=0", "could break Sill"}, /* exit reason */
		{"0x4014=1", "could break Sill"}, /* VM-entry MSR-load count */
		{"0x401c=1", "could break Sill"}, /* TPR threshold */
		{"0x0c00=8", "could break Sill"}, /* host ES */
		{"0x4017=0", "no VMCS field"},
		{"0x6821=0", "no VMCS field"},
		{"0x7820=0", "no VMCS field"},
		{"0xe820=0", "no VMCS field"},
		{"0x100006820=0", "no VMCS field"},
		{"0x0800=0x10000", "wider than"},
		{"0x4800=0x100000000", "wider than"},
		{"0x4016=0x100000000", "wider than"},
		{"0x2803=0x100000000", "wider than"},
		{"0x2800=0", "link pointer"},
		{"0x2801=0", "link pointer"},
		{"0x482e=0", "use time_limit"},
		{"0x4826=3", "never end"},
	};
	char text[1000] = G;

	(void)state;
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		snprintf(text, sizeof(text), G "vmcs = %s\n", right[i]);
		good(text);
		assert_int_equal(config.guests[0].settings.vmcs_setting_count, 1);
		assert_int_equal(config.guests[0].settings.vmcs_settings[0].field,
				 strtoull(right[i], NULL, 0));
		assert_true(config.guests[0].settings.vmcs_settings[0].value ==
			    strtoull(strchr(right[i], '=') + 1, NULL, 0));
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(text, sizeof(text), G "vmcs = %s\n", wrong[i].text);
		bad(text, 2, wrong[i].reason, "0x4016, 0x4018, 0x401A");
		assert_non_null(strstr(error.text, wrong[i].text));
	}
	strcpy(text, G);
	for (unsigned i = 0; i < SILL_MAX_VMCS_SETTINGS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "vmcs = 0x%x=%u\n",
			 0x6800 + 2 * i, i);
	good(text);
	strcat(text, "vmcs = 0x6820=2\n");
	bad(text, SILL_MAX_VMCS_SETTINGS + 2, "too many", "");
	bad(G "vmcs = 0x6820=2\nvmcs = 26656=2\n", 3, "vmcs = 26656=2", "set before");
}

static void test_duplicates(void **state)
{
	static const char *const global[] = {"mode = guest", "console = com1", "baud = 9600",
					     "log = info", "finish = auto"};
	static const char *const of_guest[] = {"cmdline =",	   "memory = 8M",
					       "lazy_memory = 2M", "time_limit = 1",
					       "provoke = nmi",	   "trace_hypercalls = no"};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(global) / sizeof(global[0]); i++) {
		snprintf(text, sizeof(text), "\n%s\n" G "%s\n", global[i], global[i]);
		bad(text, 4, global[i], "given before, on line 2");
	}
	for (size_t i = 0; i < sizeof(of_guest) / sizeof(of_guest[0]); i++) {
		snprintf(text, sizeof(text), G "%s\n" G "%s\n\n%s\n", of_guest[i], of_guest[i],
			 of_guest[i]);
		bad(text, 6, of_guest[i], "given before, on line 4");
	}
}

static void test_lines(void **state)
{
	(void)state;
	good("\r\n# c\r\n\r\nbaud = 9600\r\n" G);
	assert_int_equal(config.serial.baud, 9600);
	good("\xef\xbb\xbf" G);
	good(" \t guest=\\a");
	assert_string_equal(config.guests[0].image_path, "\\a");
	good(G " \t # \xc3\xa4\xf6\n\t\n ");

	bad(G "memory\n", 2, "key = value", "");
	bad(G "memory 64M\n", 2, "key = value", "");
	bad(G "memory : 64M # = \n", 2, "memory : 64M #", "unknown key");
	bad(G "= 64M\n", 2, "no key", "");
	bad(G " = 64M\n", 2, "no key", "");
	bad(G "Memory = 64M\n", 2, "Memory: unknown key", "trace_hypercalls vmcs");
	bad(G "mem = 64M\n", 2, "mem: unknown key", "lazy_memory");
	bad(G "memory2 = 64M\n", 2, "memory2: unknown key", "lazy_memory");
	bad(G "mem ory = 64M\n", 2, "mem ory: unknown key", "lazy_memory");
	bad(G A250 " = 64M\n", 2, "aaa...: unknown key", "vmcs");
	bad(G "\x80\xff = 64M\n", 2, "??: unknown key", "vmcs");
	bad("\n\n\nguest\n", 4, "key = value", "");
	bad("\xef\xbb\xbfgarbage\n", 1, "key = value", "");
	bad(G "\xef\xbb\xbfmemory = 8M\n", 2, "???memory: unknown key", "");
}

static void test_bytes(void **state)
{
	char text[] = G "# c\nmemory = 8M\n";

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		char *at = strchr(text, 'c');

		*at = (char)c;
		if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
			char hex[16];

			snprintf(hex, sizeof(hex), "0x%x ", c);
			bad_bytes(text, sizeof(text) - 1, 2, hex, "control character");
		} else {
			assert_int_equal(parse_bytes(text, sizeof(text) - 1), 0);
		}
		*at = 'c';
	}
	bad("guest = \\a\rmemory = 8M\n", 1, "0xd ", "control character");
	bad_bytes("\xff\xfeg\0u\0", 6, 1, "UTF-16", "");
	bad_bytes("\xfe\xff\0g\0u", 6, 1, "UTF-16", "");
	bad_bytes("g\0u\0", 4, 1, "0x0 ", "control character");
}

static void test_size_limit(void **state)
{
	char *text = malloc(CONFIG_MAX_FILE + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', CONFIG_MAX_FILE + 1);
	memcpy(text, G, strlen(G));
	assert_int_equal(parse_bytes(text, CONFIG_MAX_FILE), 0);
	assert_int_equal(parse_bytes(text, CONFIG_MAX_FILE + 1), -SILL_E2BIG);
	assert_int_equal(error.line, 0);
	assert_non_null(strstr(error.text, "64 KiB"));
	/* One line of that length, and that many lines. */
	memset(text, 'a', CONFIG_MAX_FILE);
	bad_bytes(text, CONFIG_MAX_FILE, 1, "key = value", "");
	text[5] = '=';
	bad_bytes(text, CONFIG_MAX_FILE, 1, "aaaaa: unknown key", "");
	memset(text, '\n', CONFIG_MAX_FILE);
	bad_bytes(text, CONFIG_MAX_FILE, 0, "no guest", "");
	free(text);
}

static void test_every_truncation(void **state)
{
	static const char text[] = "\xef\xbb\xbf"
				   "console = 0x3e8\r\nguest = \"\\a\" # x\r\nmodule = \\b c\r\n"
				   "memory = 8M\nlazy_memory = 2M\nvmcs = 0x6820=2\n";

	(void)state;
	for (size_t length = 0; length < sizeof(text); length++) {
		int result = parse_bytes(text, length);

		assert_true(result == 0 || result == -SILL_EINVAL);
		assert_true(result == 0 || error.line <= 7);
	}
}

/* The errors as a person meets them: nothing cut, everything said. */
static void test_longest_errors(void **state)
{
	(void)state;
	bad(G "module = " A250 "\n", 2, "aaa...: ", "up to 8 modules");
	bad(G "vmcs = 0x000000000000000000000000000000000000006c16=0x1234567\n", 2,
	    "could break Sill itself", "or 0x4016, 0x4018, 0x401A; up to 8");
	bad(G A250 " = 1\n", 2, "mode console", " vmcs");
	bad(G "memory = 1T\nlazy_memory = 1048574M\nlog = info\n" G "lazy_memory = 1048574M\n", 6,
	    "1048574M", "below memory");
}

static char *read_shipped(void)
{
	FILE *file = fopen("boot/sill.conf", "rb");
	char *text = calloc(1, CONFIG_MAX_FILE);

	if (!file || !text)
		fail_msg("boot/sill.conf cannot be read: run this from the root of the tree");
	assert_true(fread(text, 1, CONFIG_MAX_FILE - 1, file) > 0);
	fclose(file);
	return text;
}

static void test_shipped_file(void **state)
{
	char *text = read_shipped();

	(void)state;
	good(text);
	assert_int_equal(config.guest_count, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_string_equal(config.guests[i].image_path, "\\EFI\\sill\\guest-stub.elf");
		assert_int_equal(config.guests[i].settings.memory, 32 * MIB);
	}
	assert_string_equal(config.guests[0].settings.cmdline, "demo");
	assert_int_equal(config.guests[0].settings.trace_hypercalls, 1);
	assert_int_equal(config.guests[0].settings.lazy_memory, 0);
	assert_string_equal(config.guests[1].settings.cmdline, "bench");
	assert_int_equal(config.guests[1].settings.trace_hypercalls, 0);
	assert_int_equal(config.guests[1].settings.lazy_memory, 4 * MIB);
	free(text);
}

#define U "mode = underlay\nnext = \\n.efi\n"

static void test_underlay(void **state)
{
	(void)state;
	good(U);
	assert_int_equal(config.mode, SILL_MODE_UNDERLAY);
	assert_int_equal(config.guest_count, 0);
	assert_string_equal(config.next.path, "\\n.efi");
	assert_false(config.next.on_partition);
	assert_string_equal(config.next.options, "");
	assert_int_equal(config.underlay.show_hypervisor, 0);
	assert_int_equal(config.underlay.cpu_without_ept, UINT32_MAX);
	assert_int_equal(config.finish, SILL_FINISH_AUTO);
	/* The ports are the OS's, wherever in the file the mode is chosen. */
	assert_int_equal(config.serial.port, 0);
	good("console = com2\n" U);
	assert_int_equal(config.serial.port, 0x2f8);
	good("console = com1\n" U);
	assert_int_equal(config.serial.port, 0x3f8);
	good("next = /a/b c.efi\nmode = underlay\n");
	assert_string_equal(config.next.path, "\\a\\b c.efi");
	assert_int_equal(config.serial.port, 0);

	good(U "hypervisor_bit = yes\n");
	assert_int_equal(config.underlay.show_hypervisor, 1);
	good(U "hypervisor_bit = no\n");
	assert_int_equal(config.underlay.show_hypervisor, 0);
	bad(U "hypervisor_bit = 1\n", 3, "hypervisor_bit = 1", "allowed: yes, no");
	good(U "cpu_without_ept = 0\n");
	assert_int_equal(config.underlay.cpu_without_ept, 0);
	good(U "cpu_without_ept = 255\n");
	assert_int_equal(config.underlay.cpu_without_ept, 255);
	bad(U "cpu_without_ept = 256\n", 3, "cpu_without_ept = 256", "0 to 255");
	bad(U "cpu_without_ept = one\n", 3, "cpu_without_ept = one", "0 to 255");

	good(U "next_options = root=/dev/sda2 quiet\n");
	assert_string_equal(config.next.options, "root=/dev/sda2 quiet");
	good(U "next_options = \"a # b\"\n");
	assert_string_equal(config.next.options, "a # b");
	good(U "next_options =\n");
	assert_string_equal(config.next.options, "");
	good(U "next_options = " A250 A250 A10 "a\n");
	assert_int_equal(strlen(config.next.options), 511);
	bad(U "next_options = " A250 A250 A10 "aa\n", 3, "next_options = ", "too long");
	bad(U "next_options = a\nnext_options = b\n", 4, "next_options", "given before, on line 3");
}

static void test_next(void **state)
{
	static const uint8_t guid[16] = {0x67, 0x45, 0x23, 0x01, 0xab, 0x89, 0xef, 0xcd,
					 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

	(void)state;
	good("mode = underlay\nnext = firmware\n");
	assert_string_equal(config.next.path, "");
	assert_false(config.next.on_partition);
	good("mode = underlay\nnext = 01234567-89ab-cdef-0123-456789abcdef:\\EFI\\x.efi\n");
	assert_string_equal(config.next.path, "\\EFI\\x.efi");
	assert_true(config.next.on_partition);
	assert_memory_equal(config.next.partition, guid, sizeof(guid));
	good("mode = underlay\nnext = 01234567-89AB-CDEF-0123-456789ABCDEF:/EFI/x.efi\n");
	assert_string_equal(config.next.path, "\\EFI\\x.efi");
	assert_memory_equal(config.next.partition, guid, sizeof(guid));

	static const char *const wrong[] = {
		"Firmware",
		"x.efi",
		"\\",
		"\\a\\..\\b",
		"\\a\\\\b",
		"fs0:\\a",
		"\\" A250 A10,
		":\\a",
		"01234567-89ab-cdef-0123-456789abcdef",
		"01234567-89ab-cdef-0123-456789abcdef:",
		"01234567-89ab-cdef-0123-456789abcdef:x.efi",
		"01234567-89ab-cdef-0123-456789abcdef\\x.efi",
		"01234567-89ab-cdef-0123-456789abcdef:firmware",
		"01234567-89ab-cdef-0123-456789abcde:\\a",
		"01234567-89ab-cdef-0123-456789abcdeg:\\a",
		"0123456789abcdef0123456789abcdef:\\a",
		"01234567-89ab-cdef-01234567-89abcdef:\\a",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[400];

		snprintf(text, sizeof(text), "mode = underlay\nnext = %s\n", wrong[i]);
		bad(text, 2, "next = ", "partition's GUID");
	}
	bad("mode = underlay\nnext =\n", 2, "there is no value", "firmware");
	bad("mode = underlay\nnext = \\a\nnext = \\b\n", 3, "next", "given before, on line 2");
	bad("mode = underlay\n", 0, "next = ", "firmware");
}

/* The line of the first key that does not belong, wherever the mode stands. */
static void test_modes_apart(void **state)
{
	(void)state;
	bad(G G U, 1, "guest belongs to mode = guest", "mode = underlay");
	bad(U G "cmdline = a\n", 3, "guest belongs to mode = guest", "mode = underlay");
	bad(U "cmdline = a\n", 3, "no 'guest = '", "");
	bad(G "next = firmware\n", 2, "next belongs to mode = underlay", "mode = guest");
	bad("next_options = a\nnext = firmware\n" G, 1, "next_options belongs", "mode = guest");
	bad(G "\ncpu_without_ept = 0\n", 3, "cpu_without_ept belongs", "mode = guest");
	bad("mode = guest\nhypervisor_bit = no\n" G, 2, "hypervisor_bit belongs", "mode = guest");
	bad("next = firmware\n", 1, "next belongs to mode = underlay", "mode = guest");
}

/* "#key = value" is a setting that can be uncommented; "# text" is text. All keys appear. */
static void test_shipped_comments(void **state)
{
	static const char *const keys[] = {
		"mode",
		"console",
		"baud",
		"log",
		"finish",
		"guest",
		"cmdline",
		"module",
		"memory",
		"lazy_memory",
		"time_limit",
		"provoke",
		"trace_hypercalls",
		"vmcs",
	};
	char *text = read_shipped();

	(void)state;
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (line[0] == '#' && line[1] >= 'a' && line[1] <= 'z')
			line[0] = ' ';
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char plain[40], indented[40];

		snprintf(plain, sizeof(plain), "\n%s = ", keys[i]);
		snprintf(indented, sizeof(indented), "\n %s = ", keys[i]);
		if (!strstr(text, plain) && !strstr(text, indented))
			fail_msg("boot/sill.conf does not show %s", keys[i]);
	}
	good(text);
	/* What the file calls defaults are the defaults. */
	assert_int_equal(config.serial.port, 0x3f8);
	assert_int_equal(config.serial.baud, 115200);
	assert_int_equal(config.log_level, SILL_LOG_INFO);
	assert_int_equal(config.finish, SILL_FINISH_AUTO);
	assert_int_equal(config.guests[0].settings.lazy_memory, 0);
	assert_int_equal(config.guests[0].settings.time_limit_ms, 0);
	assert_int_equal(config.guests[0].settings.module_count, 1);
	assert_int_equal(config.guests[0].settings.vmcs_settings[0].field, 0x6820);
	free(text);
}

/* "#-key = value" is a setting of underlay mode. All of its keys appear. */
static void test_shipped_underlay(void **state)
{
	char *text = read_shipped(), chosen[2048] = "";

	(void)state;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (strncmp(line, "#-", 2) == 0) {
			strcat(chosen, line + 2);
			strcat(chosen, "\n");
		}
	}
	free(text);
	good(chosen);
	assert_int_equal(config.mode, SILL_MODE_UNDERLAY);
	assert_string_equal(config.next.path, "\\EFI\\debian\\grubx64.efi");
	assert_true(config.next.options[0] != '\0');
	assert_int_equal(config.underlay.show_hypervisor, 0);
	assert_int_equal(config.underlay.cpu_without_ept, 1);
	assert_non_null(strstr(chosen, "hypervisor_bit = no\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_global_keys),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_guests),
		cmocka_unit_test(test_cmdline),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_doors),
		cmocka_unit_test(test_lazy_memory),
		cmocka_unit_test(test_time_limit_and_trace),
		cmocka_unit_test(test_vmcs),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_size_limit),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_longest_errors),
		cmocka_unit_test(test_shipped_file),
		cmocka_unit_test(test_shipped_comments),
		cmocka_unit_test(test_shipped_underlay),
		cmocka_unit_test(test_underlay),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_modes_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
