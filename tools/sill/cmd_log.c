/* SPDX-License-Identifier: MIT */
/* sill log: Sill's messages. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"

/* Text goes out as it is, but for what could reprogram a terminal. */
static void show(const struct sill_log *log)
{
	for (uint64_t i = 0; i < log->length; i++) {
		char c = log->text[i];

		putchar((c >= ' ' && c <= '~') || c == '\n' || c == '\t' ? c : '?');
	}
}

int cmd_log(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = 200000000};
	static struct sill_log log;
	bool follow = false;
	uint64_t next = 0;
	int status;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-f") != 0)
			return usage_error(argv[0], argv[i]);
		follow = true;
	}
	status = calls_begin(true);
	if (status != STATUS_GOOD)
		return status;
	for (;;) {
		int64_t answer;

		log.from = next;
		answer = call_log(&log);
		if (answer < 0)
			return calls_say_error("log", answer);
		if (log.from > next && log.length > 0) {
			fflush(stdout);
			fprintf(stderr, "sill: %" PRIu64 " older bytes are gone\n",
				log.from - next);
		}
		show(&log);
		if (fflush(stdout) != 0) {
			perror("sill: log");
			return STATUS_FAILED;
		}
		next = log.from + log.length;
		if (log.length > 0)
			continue;
		if (!follow)
			return STATUS_GOOD;
		nanosleep(&pause, NULL);
		/* It may have been unloaded meanwhile. */
		if (!sill_present())
			return calls_say_absence();
	}
}
