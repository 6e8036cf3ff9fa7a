/* SPDX-License-Identifier: MIT */
/* Hypercalls from a Linux program; see tools/sill/calls.h. */
#include "tools/sill/calls.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <unistd.h>

#include "tools/sill/commands.h"
#include "tools/sill/cpus.h"

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
	else if (errno == ENOSYS)
		fputs("sill: this kernel can't grant the call: it was built without "
		      "CONFIG_X86_IOPL_IOPERM\n",
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

#define RETRY_SIZE(buffer, size, call)                                      \
	({                                                                  \
		int64_t retry_answer;                                       \
		int retry_rest = TRIES;                                     \
                                                                            \
		do {                                                        \
			touch(buffer, size);                                \
			retry_answer = (call);                              \
		} while (retry_answer == -SILL_EFAULT && --retry_rest > 0); \
		retry_answer;                                               \
	})
#define RETRY(buffer, call) RETRY_SIZE(buffer, sizeof(*(buffer)), call)

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

int64_t call_link_state(struct sill_link *link)
{
	return RETRY(link, sill_link_state(link, sizeof(*link)));
}

int64_t call_channel_open(const char *name, uint64_t flags)
{
	char copy[SILL_CHANNEL_NAME_MAX + 1] = ""; /* to be touched */
	size_t length = strlen(name);

	if (length == 0 || length > SILL_CHANNEL_NAME_MAX)
		return -SILL_EINVAL;
	memcpy(copy, name, length);
	return RETRY(&copy, sill_channel_open(copy, length, flags));
}

int64_t call_channel_close(uint64_t handle, uint64_t what, bool has_crc32, uint32_t crc32)
{
	return sill_channel_close(handle, what, has_crc32, has_crc32 ? crc32 : 0);
}

/* A Sill that says that it moved more than it was asked for is not believed. */
static int64_t moved(int64_t answer, size_t size)
{
	return answer > 0 && (uint64_t)answer > size ? -SILL_EINVAL : answer;
}

int64_t call_channel_read(uint64_t handle, void *data, size_t size)
{
	return moved(RETRY_SIZE(data, size, sill_channel_read(handle, data, size)), size);
}

int64_t call_channel_write(uint64_t handle, void *data, size_t size)
{
	return moved(RETRY_SIZE(data, size, sill_channel_write(handle, data, size)), size);
}

int64_t call_channel_wait(uint64_t handle, uint64_t wanted, uint64_t microseconds)
{
	return sill_channel_wait(handle, wanted, microseconds);
}

int64_t call_channel_state(uint64_t which, struct sill_channel *channel)
{
	int64_t answer = RETRY(channel, sill_channel_state(which, channel, sizeof(*channel)));

	channel->name[SILL_CHANNEL_NAME_MAX] = '\0';
	return answer;
}

int calls_say_error(const char *call, int64_t error)
{
	fprintf(stderr, "sill: %s: %s\n", call,
		sill_is_error(error) ? strerror((int)-error) : "an answer without sense");
	return STATUS_FAILED;
}
