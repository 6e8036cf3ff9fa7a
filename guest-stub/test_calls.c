/* SPDX-License-Identifier: MIT */
/* Each call's answers and errors, with pointers that are good. */
#include "cpu.h"
#include "helpers.h"
#include "sill.h"
#include "string.h"
#include "suite.h"
#include "tap.h"

static void ping(void)
{
	static const uint64_t cookies[] = {
		0, 1, 0x7fffffffffffffff, 0x8000000000000000, 0x0123456789abcdef, (uint64_t)-4096,
	};
	static const uint64_t bad[] = {(uint64_t)-4095, (uint64_t)-22, (uint64_t)-1};

	for (unsigned i = 0; i < sizeof(cookies) / sizeof(cookies[0]); i++)
		tap_equal((uint64_t)sill_ping(cookies[i]), cookies[i], "ping: %lx comes back",
			  cookies[i]);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_equal((uint64_t)sill_ping(bad[i]), (uint64_t)-SILL_EINVAL,
			  "ping: %lx looks like an error: EINVAL", bad[i]);
}

static void unknown(void)
{
	static const uint64_t numbers[] = {
		SILL_CALL_COUNT,
		SILL_CALL_COUNT + 1,
		0xff,
		0x100,
		0xffff,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,		      /* PING, were the upper half ignored */
		0x100000000 + SILL_CALL_EXIT, /* EXIT */
		0x8000000000000000,
		0x7fffffffffffffff,
		(uint64_t)-1,
		(uint64_t)-SILL_CALL_COUNT,
	};

	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		tap_equal((uint64_t)sill_vmcall2(numbers[i], 99, 99), (uint64_t)-SILL_ENOSYS,
			  "unknown call %lx: ENOSYS", numbers[i]);
}

/* A call that fills in a structure: what every size does. */
static void sizes(const char *name, int64_t (*call)(void *, uint64_t), uint64_t whole)
{
	static const uint64_t small[] = {0, 1, 7};
	static const uint64_t large[] = {64, 65536, 1ull << 63, (uint64_t)-1};
	static uint8_t buffer[128], again[128];
	int64_t answer;

	for (unsigned i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
		memset(buffer, 0xa5, sizeof(buffer));
		tap_equal((uint64_t)call(buffer, small[i]), (uint64_t)-SILL_EINVAL,
			  "%s: size %lu: EINVAL", name, small[i]);
		tap_ok(filled_with(buffer, 0xa5, sizeof(buffer)), "%s: and nothing is written",
		       name);
	}
	memset(buffer, 0xa5, sizeof(buffer));
	tap_equal((uint64_t)call(buffer, 8), 8, "%s: size 8 is enough for 8 bytes", name);
	tap_ok(filled_with(buffer + 8, 0xa5, sizeof(buffer) - 8), "%s: and no more are written",
	       name);
	memset(buffer, 0xa5, sizeof(buffer));
	answer = call(buffer, whole - 1);
	tap_ok(answer >= 8 && answer < (int64_t)whole, "%s: one byte less than all", name);
	tap_ok(answer < 0 || filled_with(buffer + answer, 0xa5, sizeof(buffer) - (uint64_t)answer),
	       "%s: and only that many are written", name);
	memset(buffer, 0xa5, sizeof(buffer));
	tap_equal((uint64_t)call(buffer, whole), whole, "%s: the size of the structure", name);
	tap_ok(filled_with(buffer + whole, 0xa5, sizeof(buffer) - whole),
	       "%s: and no more is written", name);
	for (unsigned i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		memset(again, 0xa5, sizeof(again));
		tap_equal((uint64_t)call(again, large[i]), whole,
			  "%s: size %lx: the whole structure", name, large[i]);
		tap_ok(filled_with(again + whole, 0xa5, sizeof(again) - whole),
		       "%s: and no more is written", name);
	}
	/* At an odd address. */
	memset(again, 0xa5, sizeof(again));
	tap_equal((uint64_t)call(again + 1, whole), whole, "%s: an odd address will do", name);
	tap_ok(again[0] == 0xa5 && again[whole + 1] == 0xa5, "%s: and exactly that is written",
	       name);
}

static int64_t call_info(void *buffer, uint64_t size)
{
	return sill_info(buffer, size);
}

static int64_t call_time(void *buffer, uint64_t size)
{
	return sill_time(buffer, size);
}

static int64_t call_display(void *buffer, uint64_t size)
{
	return sill_display_info(buffer, size);
}

static void info(void)
{
	struct sill_info info = {0};

	sizes("info", call_info, sizeof(info));
	sill_info(&info, sizeof(info));
	tap_equal(info.abi_version, SILL_ABI_VERSION, "info: ABI version");
	tap_equal(info.features, cpuid(SILL_CPUID_FEATURES, 0).ebx, "info: features as CPUID's");
	tap_equal(info.calls, SILL_CALL_COUNT, "info: number of calls");
	tap_equal(info.console_write_max, SILL_CONSOLE_WRITE_MAX, "info: bytes of a console write");
	tap_equal(info.guest_id, 0, "info: the first guest");
	tap_ok(info.memory >= 4 * 1024 * 1024 && info.memory % 4096 == 0,
	       "info: memory is whole pages, at least 4 MiB");
}

static void display(void)
{
	struct sill_display_info d = {0};
	int64_t answer = sill_display_info(&d, sizeof(d));

	if (!(cpuid(SILL_CPUID_FEATURES, 0).ebx & SILL_FEATURE_DISPLAY)) {
		tap_equal((uint64_t)answer, (uint64_t)-SILL_ENODEV,
			  "display_info: no display: ENODEV");
		tap_ok(filled_with(&d, 0, sizeof(d)), "display_info: and nothing is written");
		return;
	}
	sizes("display_info", call_display, sizeof(d));
	tap_ok(d.width && d.height && d.width <= d.max_width && d.height <= d.max_height,
	       "display_info: %ux%u of %ux%u", d.width, d.height, d.max_width, d.max_height);
}

static void console_write(void)
{
	static char text[600];

	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = i % 64 == 63 ? '\n' : 'a' + i % 26;
	tap_equal((uint64_t)write_text(text, 0), 0, "console_write: no bytes");
	tap_equal((uint64_t)write_text("console_write: hello\n", 21), 21, "console_write: a line");
	tap_equal((uint64_t)write_text("\x80\xff\0\x1b[2J\a\b\n", 10), 10,
		  "console_write: bytes that are not text");
	tap_equal((uint64_t)write_text(text, 255), 255, "console_write: 255 bytes");
	tap_equal((uint64_t)write_text(text, 256), 256, "console_write: 256 bytes");
	tap_equal((uint64_t)write_text(text, 257), 256, "console_write: 256 of 257 bytes");
	tap_equal((uint64_t)write_text(text, 600), 256, "console_write: 256 of 600 bytes");
	tap_equal((uint64_t)write_text(text, 1ull << 63), 256, "console_write: 256 of 2^63");
	tap_equal((uint64_t)write_text(text, (uint64_t)-1), 256, "console_write: 256 of 2^64 - 1");
}

static void exit_call(void)
{
	static const uint64_t bad[] = {256, 257, 1ull << 32, 1ull << 63, (uint64_t)-1};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		tap_equal((uint64_t)sill_exit(bad[i]), (uint64_t)-SILL_EINVAL,
			  "exit: status %lx: EINVAL", bad[i]);
}

void test_calls(void)
{
	struct sill_time time;

	ping();
	unknown();
	info();
	if (cpuid(SILL_CPUID_FEATURES, 0).ebx & SILL_FEATURE_TIME)
		sizes("time", call_time, sizeof(time));
	else
		tap_equal((uint64_t)sill_time(&time, sizeof(time)), (uint64_t)-SILL_ENODEV,
			  "time: unknown on this machine: ENODEV");
	display();
	console_write();
	exit_call();
}
