/* SPDX-License-Identifier: MIT */
/* sill channels: those that are open, and the serial line; closes one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/sill/calls.h"
#include "tools/sill/channel.h"
#include "tools/sill/channel_options.h"
#include "tools/sill/commands.h"

static const struct {
	uint32_t bit;
	const char *word;
} words[] = {
	{SILL_CHANNEL_BROKEN, "broken"},       {SILL_CHANNEL_CONNECTED, "connected"},
	{SILL_CHANNEL_READABLE, "readable"},   {SILL_CHANNEL_WRITABLE, "writable"},
	{SILL_CHANNEL_EMPTY, "empty"},	       {SILL_CHANNEL_ENDED, "ended"},
	{SILL_CHANNEL_DELIVERED, "delivered"},
};
#define WORDS (sizeof(words) / sizeof(words[0]))

struct table {
	struct sill_channel channels[SILL_CHANNELS_MAX]; /* the open ones */
	size_t count;
};

/* An error of the call, or 0. */
static int64_t read_table(struct table *table)
{
	table->count = 0;
	for (uint64_t place = 0; place < SILL_CHANNELS_MAX; place++) {
		struct sill_channel *channel = &table->channels[table->count];
		int64_t answer;

		memset(channel, 0, sizeof(*channel));
		answer = call_channel_state(place, channel);
		/* sill.conf allows fewer. */
		if (answer == -SILL_EINVAL && place > 0)
			break;
		if (answer < 0)
			return answer;
		/* A name that is none can't come from Sill, and must not reach a terminal. */
		if (channel->handle != 0 && channel_name_fault(channel->name) == NULL)
			table->count++;
	}
	return 0;
}

static int say_error(int64_t error)
{
	if (error == -SILL_ENOSYS)
		fputs("sill: channels: this Sill is older than this program and has no channels\n",
		      stderr);
	else if (error == -SILL_ENOTSUP || error == -SILL_EINVAL)
		fputs("sill: channels: sill.conf allows no channels\n", stderr);
	else
		return calls_say_error("channel_state", error);
	return STATUS_FAILED;
}

static void print_words(uint32_t state, const char *before, const char *between, const char *after)
{
	const char *separator = "";

	for (size_t i = 0; i < WORDS; i++) {
		if ((state & words[i].bit) == 0)
			continue;
		printf("%s%s%s%s", separator, before, words[i].word, after);
		separator = between;
	}
}

static void show_table(const struct table *table)
{
	if (table->count == 0)
		puts("no channel is open");
	else
		printf("%-12s %12s %12s %10s %8s %8s  %s\n", "channel", "written", "read", "handle",
		       "calls", "buffer", "state");
	for (size_t i = 0; i < table->count; i++) {
		const struct sill_channel *channel = &table->channels[i];

		printf("%-12s %12" PRIu64 " %12" PRIu64 " %#10" PRIx32 " %8" PRIu64 " %8" PRIu32
		       "  ",
		       channel->name, channel->written, channel->read, channel->handle,
		       channel->calls, channel->buffer);
		print_words(channel->state, "", ", ", "");
		if ((channel->state & SILL_CHANNEL_BROKEN) != 0 && channel->error != 0)
			printf(" (%s)", channel_error_words(channel->error));
		puts(channel->rings != 0 ? "; used by way of rings" : "");
	}
}

static void show_link(const struct sill_link *link)
{
	if (link->port == 0) {
		puts("link: no serial line (sill.conf names one)");
		return;
	}
	printf("link: port %#" PRIx32 ", %" PRIu32 " baud, %s\n", link->port, link->baud,
	       link->up != 0 ? "up: sill-link answers" : "down: nobody answers");
	printf("  bytes:  %" PRIu64 " sent, %" PRIu64 " received\n", link->bytes_sent,
	       link->bytes_received);
	printf("  frames: %" PRIu64 " sent (%" PRIu64 " of them once more), %" PRIu64
	       " received, %" PRIu64 " bad\n",
	       link->frames_sent, link->frames_repeated, link->frames_received, link->frames_bad);
	printf("  times that the port lost bytes: %" PRIu64 "\n", link->overruns);
	printf("  Sill's share of a CPU for the line: %" PRIu32 " %%\n", link->share);
}

static void show_json(const struct table *table, const struct sill_link *link)
{
	puts("{\"channels\": [");
	for (size_t i = 0; i < table->count; i++) {
		const struct sill_channel *channel = &table->channels[i];

		printf("  {\"name\": \"%s\", \"handle\": %" PRIu32 ", \"state\": [", channel->name,
		       channel->handle);
		print_words(channel->state, "\"", ", ", "\"");
		printf("], \"error\": %" PRId32 ", \"written\": %" PRIu64 ", \"read\": %" PRIu64
		       ", \"calls\": %" PRIu64 ", \"buffer\": %" PRIu32 ", \"rings\": %s}%s\n",
		       channel->error, channel->written, channel->read, channel->calls,
		       channel->buffer, channel->rings != 0 ? "true" : "false",
		       i + 1 < table->count ? "," : "");
	}
	if (link->port == 0) {
		puts("], \"link\": null}");
		return;
	}
	printf("], \"link\": {\"port\": %" PRIu32 ", \"baud\": %" PRIu32
	       ", \"up\": %s, \"share\": %" PRIu32 ", \"bytes_sent\": %" PRIu64
	       ", \"bytes_received\": %" PRIu64 ",\n",
	       link->port, link->baud, link->up != 0 ? "true" : "false", link->share,
	       link->bytes_sent, link->bytes_received);
	printf("  \"frames_sent\": %" PRIu64 ", \"frames_received\": %" PRIu64
	       ", \"frames_repeated\": %" PRIu64 ", \"frames_bad\": %" PRIu64
	       ", \"overruns\": %" PRIu64 "}}\n",
	       link->frames_sent, link->frames_received, link->frames_repeated, link->frames_bad,
	       link->overruns);
}

static int show(bool json)
{
	struct sill_link link = {0};
	struct table table;
	int64_t error = read_table(&table);

	if (error != 0)
		return say_error(error);
	error = call_link_state(&link);
	if (error < 0)
		return calls_say_error("link_state", error);
	if (json) {
		show_json(&table, &link);
	} else {
		show_table(&table);
		show_link(&link);
	}
	return STATUS_GOOD;
}

static int close_channel(const char *name)
{
	struct table table;
	int64_t error = read_table(&table);

	if (error != 0)
		return say_error(error);
	for (size_t i = 0; i < table.count; i++) {
		if (strcmp(table.channels[i].name, name) != 0)
			continue;
		error = call_channel_close(table.channels[i].handle, SILL_CHANNEL_ALL, false, 0);
		if (error == 0)
			return STATUS_GOOD;
		fprintf(stderr, "sill: channels: closing %s: %s\n", name,
			channel_error_words(error));
		return STATUS_FAILED;
	}
	fprintf(stderr, "sill: channels: no channel %s is open\n", name);
	return STATUS_FAILED;
}

int cmd_channels(int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	const char *closing = argc == 3 && strcmp(argv[1], "--close") == 0 ? argv[2] : NULL;
	int status;

	if (argc == 2 && strcmp(argv[1], "--close") == 0) {
		fputs("sill: channels: close which one? (see sill --help)\n", stderr);
		return STATUS_USAGE;
	}
	if (argc > 1 && !json && closing == NULL)
		return usage_error(argv[0],
				   argv[argc > 2 && strcmp(argv[1], "--json") == 0 ? 2 : 1]);
	if (closing != NULL && !channel_option_name(argv[0], closing))
		return STATUS_USAGE;
	status = calls_begin(true);
	if (status != STATUS_GOOD)
		return status;
	return closing != NULL ? close_channel(closing) : show(json);
}
