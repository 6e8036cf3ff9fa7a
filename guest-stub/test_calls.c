/* SPDX-License-Identifier: MIT */
/* Each call's answers and errors, with pointers that are good. */
#include "cpu.h"
#include "helpers.h"
#include <sill/call.h>
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
	static const uint64_t large[] = {1000, 65536, 1ull << 63, (uint64_t)-1};
	static uint8_t buffer[1024], again[1024];
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

static int64_t call_stats(void *buffer, uint64_t size)
{
	return sill_stats(0, buffer, size);
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
	tap_equal(info.mode, 0, "info: guest mode");
	tap_equal(info.cpus, 1, "info: one CPU");
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

/* All of the log in pieces: each begins where the one before ended. */
static void log(void)
{
	static struct sill_log log;
	uint64_t end = (uint64_t)-1, bytes = 0;
	const uint64_t head = sizeof(log) - sizeof(log.text);
	bool whole = true;

	tap_equal((uint64_t)sill_log(&log, head - 1), (uint64_t)-SILL_EINVAL,
		  "log: no room for position and length: EINVAL");
	log.from = end;
	memset(log.text, 0xa5, sizeof(log.text));
	tap_equal((uint64_t)sill_log(&log, sizeof(log)), head, "log: beyond its end is no text");
	tap_ok(log.length == 0 && log.from > 0 && log.from < end, "log: but the end's position");
	tap_ok(filled_with(log.text, 0xa5, sizeof(log.text)), "log: and no more is written");
	end = log.from;

	log.from = 0;
	tap_equal((uint64_t)sill_log(&log, head), head, "log: no room for text");
	tap_equal(log.length, 0, "log: is no text");
	memset(log.text, 0xa5, sizeof(log.text));
	tap_equal((uint64_t)sill_log(&log, head + 10), head + 10, "log: room for 10 bytes");
	tap_equal(log.length, 10, "log: is 10 bytes of text");
	tap_ok(filled_with(log.text + 10, 0xa5, sizeof(log.text) - 10), "log: and no more");
	tap_ok(log.from > 0 || (log.text[0] == '[' && log.text[6] == '.'), "log: the first line");

	while (log.from < end) {
		uint64_t from = log.from;

		if (sill_log(&log, (uint64_t)-1) != (int64_t)(head + log.length) ||
		    log.from != from || log.length == 0 || log.length > sizeof(log.text)) {
			whole = false;
			break;
		}
		for (uint64_t i = 0; i < log.length; i++)
			whole &= log.text[i] == '\n' || (log.text[i] >= ' ' && log.text[i] <= '~');
		bytes += log.length;
		log.from += log.length;
	}
	tap_ok(whole && log.from == end, "log: all of it is text, without a gap");
	tap_ok(bytes > 1000 && bytes <= 16384, "log: %lu bytes of it", bytes);
	tap_equal((uint64_t)sill_log((struct sill_log *)0x0000700000000000, sizeof(log)),
		  (uint64_t)-SILL_EFAULT, "log: a pointer to nothing: EFAULT");
}

#define REASON_CPUID  10
#define REASON_VMCALL 18

static void stats(void)
{
	static struct sill_stats before, after;

	sizes("stats", call_stats, sizeof(before));
	sill_stats(0, &before, sizeof(before));
	tap_equal(before.cpus, 1, "stats: one CPU");
	tap_equal(before.reasons, SILL_STATS_REASONS, "stats: the number of exit reasons");
	tap_equal(before.flags, SILL_STATS_CALLER, "stats: it is the CPU that asks");
	tap_equal(before.apic_id, 0, "stats: its APIC ID");
	for (unsigned i = 0; i < 3; i++)
		cpuid(0, 0);
	sill_ping(0);
	sill_stats(0, &after, sizeof(after));
	tap_equal(after.exits[REASON_CPUID] - before.exits[REASON_CPUID], 3,
		  "stats: three exits by CPUID");
	tap_equal(after.exits[REASON_VMCALL] - before.exits[REASON_VMCALL], 2,
		  "stats: two exits by VMCALL");
	tap_equal(after.odd, 0, "stats: no failed VM entry");
	tap_equal((uint64_t)sill_stats(1, &after, sizeof(after)), (uint64_t)-SILL_EINVAL,
		  "stats: there is no second CPU: EINVAL");
	tap_equal((uint64_t)sill_stats((uint64_t)-1, &after, sizeof(after)), (uint64_t)-SILL_EINVAL,
		  "stats: CPU 2^64 - 1: EINVAL");
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
	log();
	stats();
	tap_equal((uint64_t)sill_unload(), (uint64_t)-SILL_ENOTSUP, "unload: guest mode: ENOTSUP");
	exit_call();
}
