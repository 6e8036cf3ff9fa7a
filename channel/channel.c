/* SPDX-License-Identifier: MIT */
/* One channel: what is true of it, whatever its other end is; see channel/channel.h. */
#include "channel/channel.h"

#include "channel/line.h"

int32_t channel_error(const struct channel *channel)
{
	if (channel->error == 0 && channel->service == NULL && channel->stream->state == LINK_GONE)
		return channel->stream->reason;
	return channel->error;
}

bool channel_is_over(const struct channel *channel)
{
	return channel->service == NULL && channel->stream->state == LINK_GONE;
}

bool channel_has_ended(const struct channel *channel)
{
	return channel->service != NULL ? channel->service_ended
					: channel->stream->ended || (channel_is_over(channel) &&
								     channel->stream->reason == 0);
}

uint32_t channel_state(const struct channel *channel)
{
	const struct link_stream *stream = channel->stream;
	bool is_empty = queue_used(&stream->out) == 0, ended = channel_has_ended(channel);
	bool service = channel->service != NULL;
	uint32_t state = 0;

	if (channel->error != 0)
		return SILL_CHANNEL_BROKEN;
	/* Nothing more will be, but what has come has come, and what was delivered was. */
	if (channel_error(channel) != 0) {
		state = SILL_CHANNEL_BROKEN;
		if (queue_used(&stream->in) > 0 || ended)
			state |= SILL_CHANNEL_READABLE;
		if (ended)
			state |= SILL_CHANNEL_ENDED;
		if (stream->done)
			state |= SILL_CHANNEL_DELIVERED;
		return state;
	}
	if (service || stream->state == LINK_OPEN)
		state |= SILL_CHANNEL_CONNECTED;
	if (queue_used(&stream->in) > 0 || ended)
		state |= SILL_CHANNEL_READABLE;
	if (!channel->write_ended && !channel_is_over(channel) && queue_room(&stream->out) > 0)
		state |= SILL_CHANNEL_WRITABLE;
	if (is_empty)
		state |= SILL_CHANNEL_EMPTY;
	if (ended)
		state |= SILL_CHANNEL_ENDED;
	if (service ? channel->write_ended && is_empty : stream->done)
		state |= SILL_CHANNEL_DELIVERED;
	return state;
}

void channel_work(struct channel *channel)
{
	if (channel->service != NULL)
		channel->service->work(channel);
	else
		line_work();
}

void channel_end_writing(struct channel *channel, bool has_crc32, uint32_t crc32)
{
	if (channel->write_ended)
		return;
	channel->write_ended = true;
	if (channel->service == NULL)
		link_end(channel->link, channel->stream_number, has_crc32, crc32);
}

void channel_was_written(struct channel *channel, uint32_t size)
{
	channel->written += size;
}

void channel_was_read(struct channel *channel, uint32_t size)
{
	channel->read += size;
}

void channel_took_all(struct channel *channel)
{
	const struct link_stream *stream = channel->stream;

	if (channel->service == NULL && !channel->told_done && stream->state == LINK_OPEN &&
	    stream->ended && queue_used(&stream->in) == 0) {
		channel->told_done = true;
		link_done(channel->link, channel->stream_number, false, 0);
	}
}
