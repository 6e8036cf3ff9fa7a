/* SPDX-License-Identifier: MIT */
/* The services in Sill that a channel can lead to; see include/sill/channel.h. */
#include "channel/channel.h"
#include "core/cpu.h"
#include "core/format.h"
#include "core/memory_log.h"
#include "core/string.h"
#include "core/time.h"

/* What is written comes back. */
static void work_echo(struct channel *channel)
{
	struct queue *out = &channel->stream->out, *in = &channel->stream->in;

	while (queue_used(out) > 0 && queue_room(in) > 0) {
		uint32_t count, room;
		const uint8_t *from = queue_bytes(out, &count);
		uint8_t *to = queue_space(in, &room);

		if (count > room)
			count = room;
		memcpy(to, from, count);
		queue_taken(out, count);
		queue_filled(in, count);
	}
	channel->service_ended = channel->write_ended && queue_used(out) == 0;
}

/* Sill's messages, from the oldest that is left; to their end, once the guest has ended. */
static void work_log(struct channel *channel)
{
	struct queue *out = &channel->stream->out, *in = &channel->stream->in;
	uint32_t room = 0, count = 1;

	queue_taken(out, queue_used(out));
	while (count > 0 && queue_room(in) > 0) {
		uint8_t *to = queue_space(in, &room);

		count = (uint32_t)memory_log_read(&channel->position, (char *)to, room);
		channel->position += count;
		queue_filled(in, count);
	}
	channel->service_ended = channel->write_ended && count == 0;
}

/* Days since 1970-01-01 as a date of the Gregorian calendar. */
static void date_of_day(uint32_t day, uint32_t *year, uint32_t *month, uint32_t *of_month)
{
	static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint32_t length;

	for (*year = 1970;; (*year)++) {
		bool leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;

		length = leap ? 366 : 365;
		if (day < length)
			break;
		day -= length;
	}
	for (*month = 0;; (*month)++) {
		bool leap_february = *month == 1 && length == 366;

		if (day < lengths[*month] + (leap_february ? 1u : 0u))
			break;
		day -= lengths[*month] + (leap_february ? 1u : 0u);
	}
	(*month)++;
	*of_month = day + 1;
}

#define TIME_LINE     32 /* bytes, the final NUL included */
#define LINES_AT_ONCE 32u

static uint32_t write_time(char text[TIME_LINE])
{
	uint64_t ns = time_is_known() ? time_utc_ns(rdtsc()) : 0;
	uint32_t second = (uint32_t)(ns / 1000000000 % 86400);
	uint32_t year, month, day;

	if (!time_is_known())
		return (uint32_t)format(text, TIME_LINE, "unknown\n");
	date_of_day((uint32_t)(ns / 1000000000 / 86400), &year, &month, &day);
	return (uint32_t)format(text, TIME_LINE, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ\n", year,
				month, day, second / 3600, second / 60 % 60, second % 60,
				(uint32_t)(ns % 1000000000));
}

/* A line with the time for each line that comes, whatever is in it. */
static void work_time(struct channel *channel)
{
	struct queue *out = &channel->stream->out, *in = &channel->stream->in;
	unsigned int lines = 0;
	uint8_t byte;

	/* Not all at once: other CPUs may wait for their turn. */
	while (lines < LINES_AT_ONCE && queue_room(in) >= TIME_LINE &&
	       queue_get(out, &byte, 1) == 1) {
		char text[TIME_LINE];

		if (byte == '\n') {
			(void)queue_put(in, text, write_time(text));
			lines++;
		}
	}
	channel->service_ended = channel->write_ended && queue_used(out) == 0;
}

const struct channel_service *channel_service_find(const char *name)
{
	static const struct channel_service services[] = {
		{SILL_CHANNEL_ECHO, work_echo},
		{SILL_CHANNEL_LOG, work_log},
		{SILL_CHANNEL_TIME, work_time},
	};

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (strcmp(services[i].name, name) == 0)
			return &services[i];
	}
	return NULL;
}
