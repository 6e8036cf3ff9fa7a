/* SPDX-License-Identifier: MIT */
/* The hypercalls, in plain words. */
#include "cpu.h"
#include "console.h"
#include "modes.h"
#include <sill/call.h>

/* The date and time of day of a number of seconds since 1970, as text. */
static void print_utc(uint64_t seconds)
{
	uint64_t days = seconds / 86400;
	unsigned rest = (unsigned)(seconds % 86400);
	unsigned year = 1970, month = 0;

	for (;;) {
		unsigned length = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365;

		if (days < length)
			break;
		days -= length;
		year++;
	}
	for (;; month++) {
		static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		unsigned length = lengths[month] + (month == 1 && leap);

		if (days < length)
			break;
		days -= length;
	}
	print("%04u-%02u-%02u %02u:%02u:%02u UTC", year, month + 1, (unsigned)days + 1, rest / 3600,
	      rest / 60 % 60, rest % 60);
}

static void print_answer(const char *call, int64_t answer)
{
	if (sill_is_error(answer))
		print("  %s answers %ld, an error of sill/errno.h.\n", call, answer);
	else
		print("  %s answers %ld.\n", call, answer);
}

static void info(void)
{
	struct sill_info info = {0};
	int64_t answer;

	print("info: what is beneath me?\n");
	answer = sill_info(&info, sizeof(info));
	print_answer("info", answer);
	if (sill_is_error(answer))
		return;
	print("  Sill %u.%u.%u with ABI version %u; I am guest %u.\n", info.version_major,
	      info.version_minor, info.version_patch, info.abi_version, info.guest_id);
	print("  I have %lu MiB of memory and %u calls to choose from.\n", info.memory >> 20,
	      info.calls);
}

static void time(void)
{
	struct sill_time time = {0};
	int64_t answer;

	print("time: how late is it?\n");
	answer = sill_time(&time, sizeof(time));
	print_answer("time", answer);
	if (sill_is_error(answer))
		return;
	print("  It is ");
	print_utc(time.utc_ns / 1000000000);
	print("; the TSC read %lu then and counts %lu ticks a second.\n", time.tsc, time.tsc_hz);
}

static void display_info(void)
{
	struct sill_display_info display = {0};
	int64_t answer;

	print("display_info: how large is the screen?\n");
	answer = sill_display_info(&display, sizeof(display));
	print_answer("display_info", answer);
	if (answer == -SILL_ENODEV)
		print("  (ENODEV: this machine has no framebuffer.)\n");
	else if (!sill_is_error(answer))
		print("  %ux%u pixels now, %ux%u at most.\n", display.width, display.height,
		      display.max_width, display.max_height);
}

static void log(void)
{
	struct sill_log log = {0};
	int64_t answer;

	print("log: what have you said?\n");
	answer = sill_log(&log, sizeof(log));
	print_answer("log", answer);
	if (sill_is_error(answer))
		return;
	print("  %lu bytes of your messages, from position %lu on.\n", log.length, log.from);
}

static void stats(void)
{
	static struct sill_stats stats;
	uint64_t exits = 0;
	int64_t answer;

	print("stats: how often did I exit to you?\n");
	answer = sill_stats(0, &stats, sizeof(stats));
	print_answer("stats", answer);
	if (sill_is_error(answer))
		return;
	for (unsigned i = 0; i < SILL_STATS_REASONS; i++)
		exits += stats.exits[i];
	print("  %lu times.\n", exits);
}

static void serve(void)
{
	char text[] = "what comes back?";
	int64_t answer;

	print("serve: an echo of more than a word, please.\n");
	answer = sill_serve(SILL_SERVICE_ECHO, text, sizeof(text) - 1, sizeof(text) - 1);
	print_answer("serve", answer);
	if (!sill_is_error(answer))
		print("  \"%s\" came back.\n", text);
	print("  (There are more ways to reach you: the program doors.elf goes through them.)\n");
}

bool demo(void)
{
	static const char text[] = "Hello from the guest, through console_write.\n";
	struct cpuid_result features;

	print("demo: I am a guest. I look for Sill with CPUID, which never faults.\n");
	if (!sill_present()) {
		print("demo: Sill is not here, so I make no VMCALL: it would raise #UD.\n");
		return false;
	}
	features = cpuid(SILL_CPUID_FEATURES, 0);
	print("  CPUID 40000000h says SillSillSill; 40000001h: ABI %u, features %x, %u calls,\n"
	      "  doorbell port %xh.\n",
	      features.eax, features.ebx, features.ecx, features.edx);

	print("ping: will 42 come back?\n");
	print_answer("ping", sill_ping(42));
	info();
	print("console_write: may I write on your console?\n");
	print_answer("console_write", sill_console_write(text, sizeof(text) - 1));
	time();
	display_info();
	log();
	stats();
	serve();
	print("unload: would you go away?\n");
	print_answer("unload", sill_unload());
	print("  (ENOTSUP: without Sill this guest has no machine.)\n");
	print("call 1000: there is no such call.\n");
	print_answer("call 1000", sill_vmcall1(1000, 0));
	return true;
}
