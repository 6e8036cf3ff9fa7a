/* SPDX-License-Identifier: MIT */
/* A channel that this program has open; see tools/sill/channel.h. */
#include "tools/sill/channel.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tools/sill/calls.h"
#include "tools/sill/commands.h"
#include "tools/sill/moment.h"

/* So long it is quiet about that nobody is there. */
#define SILENT_US (2 * US_PER_S)
/* So long a channel of this name may go on existing after the program that used it has ended. */
#define LEFT_US	    US_PER_S
#define LEFT_TRY_US 20000u

/* The open channel's handle, or 0, for the handler of signals. */
static volatile uint64_t to_close;
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define ENDING (sizeof(ending) / sizeof(ending[0]))

const char *channel_name_fault(const char *name)
{
	size_t length = strlen(name);

	if (length == 0)
		return "is empty";
	if (length > SILL_CHANNEL_NAME_MAX)
		return "is longer than 31 bytes";
	if (name[0] == '.')
		return "begins with a dot";
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") !=
	    length)
		return "has a character that is none of A-Z a-z 0-9 . _ -";
	return NULL;
}

const char *channel_error_words(int64_t error)
{
	switch (error) {
	case -SILL_ENOENT:
		return "refused: sill-link at the other end of the line takes no channel of this "
		       "name";
	case -SILL_ECONNRESET:
		return "the other end closed it before all was done";
	case -SILL_ETIMEDOUT:
		return "the line is dead: sill-link at its other end no longer answers";
	case -SILL_EBADF:
		return "it is not open any more: another program took it over or closed it";
	case -SILL_EBUSY:
		return "it is used by way of rings, which a kernel has set up";
	case -SILL_EPROTO:
		return "it is broken: a kernel wrote nonsense into its rings";
	case -SILL_EPIPE:
		return "the other end closed it before it had taken all";
	case -SILL_EFAULT:
		return "Linux keeps taking this program's memory away (is the machine short of it?)";
	case -SILL_EPERM:
		return "the permission (CAP_SYS_RAWIO) was taken away";
	default:
		return sill_is_error(error) ? strerror((int)-error) : "an answer without sense";
	}
}

int channel_say_error(const struct channel *channel, int64_t error)
{
	fprintf(stderr, "sill: %s %s: %s\n", channel->command, channel->name,
		channel_error_words(error));
	switch (error) {
	case -SILL_ENOENT:
	case -SILL_ECONNRESET:
	case -SILL_ETIMEDOUT:
	case -SILL_EBADF:
	case -SILL_EPIPE:
		return STATUS_NOBODY;
	default:
		return STATUS_FAILED;
	}
}

static int say_open_error(const struct channel *channel, int64_t error)
{
	const char *words;

	switch (error) {
	case -SILL_EBUSY:
		words = "is open already: another program uses it, or a program that was killed "
			"left it open; --take-over closes it first";
		break;
	case -SILL_ENFILE:
		words = "as many channels are open as sill.conf allows; 'sill channels' shows them, "
			"and 'sill channels --close NAME' closes one";
		break;
	case -SILL_ENOENT:
		words = "Sill has no service of this name, and no serial line on which it could "
			"reach another machine (sill.conf names the line)";
		break;
	case -SILL_ENOTSUP:
		words = "sill.conf allows no channels";
		break;
	case -SILL_ENOSYS:
		words = "this Sill is older than this program and has no channels";
		break;
	case -SILL_EINVAL:
		words = "this Sill takes no such name";
		break;
	default:
		words = channel_error_words(error);
		break;
	}
	fprintf(stderr, "sill: %s %s: %s\n", channel->command, channel->name, words);
	return STATUS_FAILED;
}

/* Between two instructions of the program: a call is made or not, but never half. */
static void on_ending(int signal_number)
{
	uint64_t handle = to_close;

	if (handle != 0)
		(void)call_channel_close(handle, SILL_CHANNEL_ALL, false, 0);
	/* It is blocked until this handler returns, and then ends the program. */
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static bool is_service(const char *name)
{
	return strcmp(name, SILL_CHANNEL_ECHO) == 0 || strcmp(name, SILL_CHANNEL_LOG) == 0 ||
	       strcmp(name, SILL_CHANNEL_TIME) == 0;
}

/* Bytes a second of the line that this channel goes over, 10 bits each; 0: none. */
static uint32_t line_rate(const char *name)
{
	struct sill_link link = {0};

	if (is_service(name) || call_link_state(&link) < 0 || link.port == 0)
		return 0;
	return link.baud / 10;
}

/* With the signals that close it held back, so that none comes between the call and its answer. */
static int64_t open_guarded(const struct channel *channel)
{
	uint64_t flags = channel->take_over ? SILL_CHANNEL_TAKE_OVER : 0;
	sigset_t held, before;
	int64_t answer;

	sigemptyset(&held);
	for (size_t i = 0; i < ENDING; i++)
		sigaddset(&held, ending[i]);
	sigprocmask(SIG_BLOCK, &held, &before);
	answer = call_channel_open(channel->name, flags);
	if (answer > 0)
		to_close = (uint64_t)answer;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return answer;
}

static void watch_signals(void)
{
	struct sigaction action = {.sa_handler = on_ending}, old;

	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < ENDING; i++) {
		/* What nohup and the like ignore stays ignored. */
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
	}
	/* A reader that went away is an error of write(), which is said. */
	signal(SIGPIPE, SIG_IGN);
}

int channel_open(struct channel *channel)
{
	uint64_t begin = moment_us();
	int64_t answer;

	watch_signals();
	/* The program before may be on its way out, or the other end about to learn that it is. */
	while ((answer = open_guarded(channel), answer == -SILL_EBUSY || answer == -SILL_ENFILE) &&
	       moment_us() - begin < LEFT_US)
		moment_pass(LEFT_TRY_US);
	if (answer < 0)
		return say_open_error(channel, answer);
	channel->handle = (uint64_t)answer;
	channel->opened_us = moment_us();
	channel->moved_us = channel->opened_us;
	channel->line = line_rate(channel->name);
	channel->connected = false;
	channel->said_waiting = false;
	return STATUS_GOOD;
}

static void say_waiting(struct channel *channel)
{
	struct sill_link link = {0};

	channel->said_waiting = true;
	if (call_link_state(&link) < 0 || link.port == 0)
		fprintf(stderr,
			"sill: %s %s: waiting: nobody is at the other end yet; Ctrl-C ends\n",
			channel->command, channel->name);
	else
		fprintf(stderr,
			"sill: %s %s: waiting for sill-link at the other end of the line (port "
			"%#" PRIx32 ", %" PRIu32 " baud)%s; Ctrl-C ends\n",
			channel->command, channel->name, link.port, link.baud,
			link.up != 0 ? ", which is there but has not taken this channel yet" : "");
}

bool channel_is_over(const struct sill_channel *state)
{
	/* Somebody who has not come yet has not ended anything either. */
	return (state->state & (SILL_CHANNEL_ENDED | SILL_CHANNEL_CONNECTED)) == SILL_CHANNEL_ENDED;
}

int channel_look(struct channel *channel, struct sill_channel *state, uint32_t wanted)
{
	uint64_t now = moment_us(), quiet = now - channel->moved_us;
	int64_t answer = call_channel_state(channel->handle, state);

	if (answer < 0)
		return channel_say_error(channel, answer);
	channel->buffer = state->buffer;
	if ((state->state & SILL_CHANNEL_CONNECTED) != 0 || channel_is_over(state))
		channel->connected = true;
	if ((state->state & wanted) != 0)
		return STATUS_GOOD;
	if ((state->state & SILL_CHANNEL_BROKEN) != 0) {
		/* Without a reason it was the other end. */
		channel_say_error(channel, state->error != 0 ? state->error : -SILL_ECONNRESET);
		return STATUS_NOBODY;
	}
	if (!channel->connected && !channel->said_waiting && quiet >= SILENT_US)
		say_waiting(channel);
	return channel_check_timeout(channel, now);
}

int channel_check_timeout(const struct channel *channel, uint64_t now)
{
	uint64_t quiet = now - channel->moved_us;

	if (channel->timeout_us == 0 || quiet < channel->timeout_us)
		return STATUS_GOOD;
	fprintf(stderr, "sill: %s %s: given up: %s for %" PRIu64 " s\n", channel->command,
		channel->name,
		channel->connected ? "the other end has neither taken nor sent anything"
				   : "nobody has been at the other end",
		quiet / US_PER_S);
	return STATUS_NOBODY;
}

void channel_moved(struct channel *channel, uint64_t now)
{
	channel->moved_us = now;
}

int channel_end_writing(struct channel *channel, uint32_t crc32)
{
	int64_t answer = call_channel_close(channel->handle, SILL_CHANNEL_WRITING, true, crc32);

	return answer < 0 ? channel_say_error(channel, answer) : STATUS_GOOD;
}

void channel_close(struct channel *channel)
{
	if (channel->handle != 0 && to_close == channel->handle) {
		(void)call_channel_close(channel->handle, SILL_CHANNEL_ALL, false, 0);
		to_close = 0;
	}
	channel->handle = 0;
}

void channel_leave(void)
{
	struct sigaction old;

	to_close = 0;
	/* Only without a handler do they end a system call such as mount(). */
	for (size_t i = 0; i < ENDING; i++) {
		if (sigaction(ending[i], NULL, &old) == 0 && old.sa_handler == on_ending)
			signal(ending[i], SIG_DFL);
	}
}
