/* SPDX-License-Identifier: MIT */
/* Hypercalls from a Linux program; see tools/calls.h. */
#include "tools/calls.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/cpus.h"

#define ABSENT "sill: no Sill beneath this system\n"
#define TRIES  100

/*
 * Should Sill go away between a look for it and a call, the program ends with the words for its
 * absence and not by the signal.
 */
static void on_invalid_opcode(int signal)
{
	(void)signal;
	if (write(STDERR_FILENO, ABSENT, sizeof(ABSENT) - 1) < 0)
		_exit(STATUS_FAILED);
	_exit(STATUS_NO_SILL);
}

int calls_say_absence(void)
{
	fputs(ABSENT, stderr);
	return STATUS_NO_SILL;
}

int calls_begin(bool granted)
{
	/* Sill may be beneath some CPUs only. */
	if (!cpus_stay())
		return STATUS_FAILED;
	signal(SIGILL, on_invalid_opcode);
	if (!sill_present())
		return calls_say_absence();
	if (!granted || ioperm(SILL_DOORBELL_PORT, 1, 1) == 0)
		return STATUS_GOOD;
	if (errno == EPERM)
		fputs("sill: this needs root (CAP_SYS_RAWIO), and a kernel that is not locked down\n",
		      stderr);
	else
		fprintf(stderr, "sill: ioperm: %s\n", strerror(errno));
	return STATUS_FAILED;
}

/* Every page of it is there and writable afterwards, unless Linux takes one away again at once. */
static void touch(void *buffer, size_t size)
{
	const volatile char *from = buffer;
	volatile char *to = buffer;

	for (size_t i = 0; i < size; i += 4096)
		to[i] = from[i];
	to[size - 1] = from[size - 1];
}

#define RETRY(buffer, call)                                                 \
	({                                                                  \
		int64_t retry_answer;                                       \
		int retry_rest = TRIES;                                     \
                                                                            \
		do {                                                        \
			touch(buffer, sizeof(*(buffer)));                   \
			retry_answer = (call);                              \
		} while (retry_answer == -SILL_EFAULT && --retry_rest > 0); \
		retry_answer;                                               \
	})

int64_t call_info(struct sill_info *info)
{
	return RETRY(info, sill_info(info, sizeof(*info)));
}

int64_t call_time(struct sill_time *time)
{
	return RETRY(time, sill_time(time, sizeof(*time)));
}

int64_t call_display_info(struct sill_display_info *display)
{
	return RETRY(display, sill_display_info(display, sizeof(*display)));
}

int64_t call_log(struct sill_log *log)
{
	int64_t answer = RETRY(log, sill_log(log, sizeof(*log)));

	/* A Sill that says more than it wrote is not believed. */
	return answer >= 0 && log->length > sizeof(log->text) ? -SILL_EINVAL : answer;
}

int64_t call_stats(uint64_t cpu, struct sill_stats *stats)
{
	return RETRY(stats, sill_stats(cpu, stats, sizeof(*stats)));
}

int calls_say_error(const char *call, int64_t error)
{
	fprintf(stderr, "sill: %s: %s\n", call,
		sill_is_error(error) ? strerror((int)-error) : "an answer without sense");
	return STATUS_FAILED;
}
