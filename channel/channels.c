/* SPDX-License-Identifier: MIT */
/* The table of channels, and the calls; see channel/channels.h. */
#include "channel/channels.h"

#include <sill/errno.h>
#include <sill/hypercall.h>

#include "channel/channel.h"
#include "channel/line.h"
#include "core/console.h"
#include "core/cpu.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/spinlock.h"
#include "core/string.h"
#include "core/time.h"
#include "vmx/event.h"
#include "vmx/guest_memory.h"
#include "vmx/timer.h"

_Static_assert(SILL_CHANNELS_MAX + 1 <= LINK_STREAMS, "a stream for each channel");
_Static_assert(SILL_CHANNEL_NAME_MAX == LINK_NAME_MAX, "the link carries the names");

/* What the console said before somebody came to the other end of the line. */
#define CONSOLE_COPY 8192u
/* On its way there, and from there. */
#define CONSOLE_QUEUE 4096u
#define CONSOLE_INPUT 256u

/* At the end, and when the guest goes on without Sill: so long for what is still to be said. */
#define FINISH_US 500000u
#define UNLOAD_US 100000u

static struct {
	struct spinlock lock; /* for all that follows, the channels, the link and the line */
	struct channel *table;
	uint32_t limit; /* places that may be used */
	uint32_t rings; /* places from here on never had rings: the looks end here */
	bool closed;	/* for good */
	/*
	 * The vCPU whose timer looks after the line: the one that used it last, and in any case
	 * the first one, now and then: the other may be asleep for good.
	 */
	struct vcpu *first, *user;
	uint64_t user_seen; /* the TSC when the user looked last */
} channels;

/* ---- time ---- */

/* A CPU that has not looked for so long sleeps too deeply for its timer. */
#define USER_GONE_MS 30u

static void arm(struct vcpu *vcpu)
{
	uint64_t at = TIMER_NEVER, idle = rdtsc() + time_tsc_hz() / 1000 * RINGS_IDLE_MS;

	if (line_present() && vcpu == channels.user)
		at = line_next();
	else if (line_present() && vcpu == channels.first)
		at = idle;
	for (uint32_t i = 0; i < channels.rings; i++) {
		const struct channel *channel = &channels.table[i];
		uint64_t look = channel->handle != 0 && channel->rings.vcpu == vcpu
					? rings_next(channel)
					: TIMER_NEVER;

		if (look < at)
			at = look;
	}
	/* Who calls again and again doesn't put off what is due. */
	if (vcpu->timer[TIMER_CHANNELS] < at)
		at = vcpu->timer[TIMER_CHANNELS];
	timer_set(vcpu, TIMER_CHANNELS, at);
}

static void set_user(struct vcpu *vcpu)
{
	channels.user = vcpu;
	channels.user_seen = rdtsc();
}

void channels_look(struct vcpu *vcpu)
{
	spin_lock(&channels.lock);
	if (vcpu == channels.user)
		channels.user_seen = rdtsc();
	else if (vcpu == channels.first && (int64_t)(rdtsc() - channels.user_seen) >
						   (int64_t)(time_tsc_hz() / 1000 * USER_GONE_MS))
		channels.user = vcpu;
	event_take_posted(vcpu);
	line_work_unasked();
	for (uint32_t i = 0; i < channels.rings; i++) {
		struct channel *channel = &channels.table[i];

		if (channel->handle != 0 && channel->rings.vcpu == vcpu &&
		    rings_look(vcpu, channel) && channel->service == NULL)
			set_user(vcpu);
	}
	arm(vcpu);
	spin_unlock(&channels.lock);
}

bool channels_may_wake(const struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < channels.rings; i++) {
		const struct channel *channel = &channels.table[i];

		if (channel->handle != 0 && channel->rings.vcpu == vcpu &&
		    channel->rings.vector != 0)
			return true;
	}
	return false;
}

/* ---- the table ---- */

static struct channel *find(uint64_t handle)
{
	uint32_t place = SILL_CHANNEL_PLACE((uint32_t)handle);
	struct channel *channel = &channels.table[place];

	if (handle < SILL_CHANNEL_FIRST_HANDLE || handle > INT32_MAX || place >= channels.limit ||
	    channel->handle != handle)
		return NULL;
	return channel;
}

/* The caller of a call: who uses the line looks after it from now on. */
static struct channel *begin_call(struct vcpu *vcpu, uint64_t handle)
{
	struct channel *channel;

	spin_lock(&channels.lock);
	channel = find(handle);
	if (channel != NULL) {
		channel->calls++;
		if (channel->service == NULL)
			set_user(vcpu);
	}
	return channel;
}

static int64_t end_call(struct vcpu *vcpu, int64_t answer)
{
	arm(vcpu);
	spin_unlock(&channels.lock);
	return answer;
}

/* vcpu: that which runs the guest; NULL: nobody is to be told in the guest's memory. */
static void close_channel(struct vcpu *vcpu, struct channel *channel, int32_t reason)
{
	if (channel->rings.vcpu != NULL && vcpu != NULL)
		rings_close(vcpu, channel);
	if (channel->service == NULL)
		link_close(channel->link, channel->stream_number, reason);
	*channel = (struct channel){
		.uses = channel->uses,
		.link = channel->link,
		.stream_number = channel->stream_number,
		.stream = channel->stream,
	};
}

static struct channel *find_name(const char *name)
{
	for (uint32_t i = 0; i < channels.limit; i++) {
		struct channel *channel = &channels.table[i];

		if (channel->handle != 0 && strcmp(channel->name, name) == 0)
			return channel;
	}
	return NULL;
}

/* For the link a place whose stream the other end doesn't know any more. */
static struct channel *find_free(bool service)
{
	for (uint32_t i = 0; i < channels.limit; i++) {
		struct channel *channel = &channels.table[i];

		if (channel->handle == 0 && (service || channel->stream->state == LINK_FREE))
			return channel;
	}
	return NULL;
}

static int64_t open_named(struct vcpu *vcpu, const char *name, bool take_over)
{
	const struct channel_service *service = channel_service_find(name);
	struct channel *channel = find_name(name);
	uint32_t place;

	if (channels.closed)
		return -SILL_ENOTSUP;
	if (service == NULL && !line_present())
		return -SILL_ENOENT;
	if (channel != NULL && !take_over)
		return -SILL_EBUSY;
	if (channel != NULL)
		close_channel(vcpu, channel, -SILL_ECONNRESET);
	channel = find_free(service != NULL);
	if (channel == NULL)
		return -SILL_ENFILE;
	place = (uint32_t)(channel - channels.table);
	channel->handle = channel_handle(place, channel->uses++);
	channel->service = service;
	memcpy(channel->name, name, strlen(name) + 1);
	if (service == NULL) {
		set_user(vcpu);
		link_open(channel->link, channel->stream_number, name);
	} else {
		queue_taken(&channel->stream->out, queue_used(&channel->stream->out));
		queue_taken(&channel->stream->in, queue_used(&channel->stream->in));
	}
	channel_work(channel);
	return channel->handle;
}

/* ---- the calls ---- */

int64_t channel_open(struct vcpu *vcpu, uint64_t name, uint64_t length, uint64_t flags)
{
	char copy[SILL_CHANNEL_NAME_MAX + 1] = "";

	if (channels.limit == 0)
		return -SILL_ENOTSUP;
	if (length > SILL_CHANNEL_NAME_MAX || (flags & ~(uint64_t)SILL_CHANNEL_TAKE_OVER) != 0)
		return -SILL_EINVAL;
	if (guest_read(vcpu, name, copy, length, NULL) != 0)
		return -SILL_EFAULT;
	if (!channel_name_is_good(copy, length))
		return -SILL_EINVAL;
	spin_lock(&channels.lock);
	return end_call(vcpu, open_named(vcpu, copy, (flags & SILL_CHANNEL_TAKE_OVER) != 0));
}

int64_t channel_close(struct vcpu *vcpu, uint64_t handle, uint64_t what, uint64_t has_crc32,
		      uint64_t crc32)
{
	struct channel *channel;

	if (what > SILL_CHANNEL_WRITING || has_crc32 > 1 || crc32 > UINT32_MAX)
		return -SILL_EINVAL;
	channel = begin_call(vcpu, handle);
	if (channel == NULL)
		return end_call(vcpu, -SILL_EBADF);
	if (what == SILL_CHANNEL_ALL)
		close_channel(vcpu, channel, 0);
	else
		channel_end_writing(channel, has_crc32 != 0, (uint32_t)crc32);
	if (channel->handle != 0)
		channel_work(channel);
	else
		line_work();
	return end_call(vcpu, 0);
}

/*
 * A piece of the caller's memory at a time, up to the end of its page: each is translated, and
 * checked, just before it is copied. What was moved before a piece that can't be is not taken back:
 * the caller is told how much.
 */
static uint32_t piece_size(uint64_t linear, uint64_t size, uint32_t unbroken)
{
	uint32_t to_page_end = PAGE_SIZE - linear % PAGE_SIZE;

	if (size > unbroken)
		size = unbroken;
	return size < to_page_end ? (uint32_t)size : to_page_end;
}

static int64_t read_pieces(struct vcpu *vcpu, struct channel *channel, uint64_t to, uint64_t size)
{
	struct queue *in = &channel->stream->in;
	uint64_t done = 0;

	while (done < size && queue_used(in) > 0) {
		uint32_t unbroken, piece;
		const uint8_t *from = queue_bytes(in, &unbroken);

		piece = piece_size(to + done, size - done, unbroken);
		if (guest_write(vcpu, to + done, from, piece, NULL) != 0)
			return done > 0 ? (int64_t)done : -SILL_EFAULT;
		queue_taken(in, piece);
		channel_was_read(channel, piece);
		done += piece;
	}
	return (int64_t)done;
}

static int64_t write_pieces(struct vcpu *vcpu, struct channel *channel, uint64_t from,
			    uint64_t size)
{
	struct queue *out = &channel->stream->out;
	uint64_t done = 0;

	while (done < size && queue_room(out) > 0) {
		uint32_t unbroken, piece;
		uint8_t *to = queue_space(out, &unbroken);

		piece = piece_size(from + done, size - done, unbroken);
		if (guest_read(vcpu, from + done, to, piece, NULL) != 0)
			return done > 0 ? (int64_t)done : -SILL_EFAULT;
		queue_filled(out, piece);
		channel_was_written(channel, piece);
		done += piece;
	}
	return (int64_t)done;
}

/* What reading and writing begin with: 0, or why not. In any case the lock is held afterwards. */
static int64_t begin_move(struct vcpu *vcpu, uint64_t handle, uint64_t *size,
			  struct channel **channel)
{
	*channel = begin_call(vcpu, handle);
	if (*channel == NULL)
		return -SILL_EBADF;
	if ((*channel)->rings.vcpu != NULL)
		return -SILL_EBUSY;
	if (*size > SILL_CHANNEL_MOVE_MAX)
		*size = SILL_CHANNEL_MOVE_MAX;
	channel_work(*channel);
	return 0;
}

int64_t channel_read(struct vcpu *vcpu, uint64_t handle, uint64_t to, uint64_t size)
{
	struct channel *channel;
	int64_t answer = begin_move(vcpu, handle, &size, &channel);

	if (answer == 0)
		answer = channel->error;
	if (answer == 0)
		answer = read_pieces(vcpu, channel, to, size);
	/* What came before the link was lost can still be read, up to the end if that came, too. */
	if (answer == 0 && size > 0 && !channel_has_ended(channel))
		answer = channel_error(channel) != 0 ? channel_error(channel) : -SILL_EAGAIN;
	/* Who reads the end has done with what came before it. */
	if (answer == 0 && size > 0)
		channel_took_all(channel);
	/* There is room again. */
	if (answer >= 0)
		channel_work(channel);
	return end_call(vcpu, answer);
}

int64_t channel_write(struct vcpu *vcpu, uint64_t handle, uint64_t from, uint64_t size)
{
	struct channel *channel;
	int64_t answer = begin_move(vcpu, handle, &size, &channel);

	if (answer == 0)
		answer = channel_error(channel);
	if (answer == 0 && (channel->write_ended || channel_is_over(channel)))
		answer = -SILL_EPIPE;
	if (answer == 0) {
		answer = write_pieces(vcpu, channel, from, size);
		if (answer == 0 && size > 0)
			answer = -SILL_EAGAIN;
	}
	if (answer >= 0)
		channel_work(channel);
	return end_call(vcpu, answer);
}

int64_t channel_wait(struct vcpu *vcpu, uint64_t handle, uint64_t wanted, uint64_t microseconds)
{
	uint64_t end;
	bool first = true;

	if (microseconds > SILL_CHANNEL_WAIT_MAX)
		microseconds = SILL_CHANNEL_WAIT_MAX;
	end = rdtsc() + time_tsc_hz() / 1000000 * microseconds;
	for (;;) {
		struct channel *channel;
		uint32_t state;

		/* The lock is free between two looks: another CPU may have something to write. */
		spin_lock(&channels.lock);
		channel = find(handle);
		if (channel == NULL)
			return end_call(vcpu, -SILL_EBADF);
		channel->calls += first;
		first = false;
		if (channel->service == NULL)
			set_user(vcpu);
		channel_work(channel);
		state = channel_state(channel);
		if ((state & (wanted | SILL_CHANNEL_BROKEN)) != 0 || rdtsc() >= end)
			return end_call(vcpu, state);
		spin_unlock(&channels.lock);
		__builtin_ia32_pause();
	}
}

int64_t channel_rings(struct vcpu *vcpu, uint64_t handle, uint64_t description)
{
	struct sill_channel_rings rings;
	struct channel *channel;
	int64_t answer;

	if (guest_read(vcpu, description, &rings, sizeof(rings), NULL) != 0)
		return -SILL_EFAULT;
	answer = channel_rings_check(&rings);
	channel = begin_call(vcpu, handle);
	if (channel == NULL)
		answer = -SILL_EBADF;
	else if (answer == 0)
		answer = rings_name(vcpu, channel, &rings);
	if (answer == 0 && channels.rings <= SILL_CHANNEL_PLACE((uint32_t)handle))
		channels.rings = SILL_CHANNEL_PLACE((uint32_t)handle) + 1;
	return end_call(vcpu, answer);
}

int64_t channel_kick(struct vcpu *vcpu, uint64_t handle)
{
	struct channel *channel = begin_call(vcpu, handle);
	int64_t answer;

	if (channel == NULL)
		answer = -SILL_EBADF;
	else if (channel->rings.vcpu == NULL)
		answer = -SILL_ENODEV;
	else
		answer = rings_kick(vcpu, channel);
	return end_call(vcpu, answer);
}

int64_t channel_describe(uint64_t which, struct sill_channel *state)
{
	const struct channel *channel = NULL;
	const struct link_stream *stream;

	*state = (struct sill_channel){0};
	if (which < SILL_CHANNELS_MAX && which >= channels.limit)
		return channels.limit == 0 ? -SILL_ENOTSUP : 0;
	spin_lock(&channels.lock);
	if (which < channels.limit)
		channel = &channels.table[which];
	else
		channel = find(which);
	if (channel != NULL && channel->handle != 0) {
		stream = channel->stream;
		*state = (struct sill_channel){
			.handle = channel->handle,
			.state = channel_state(channel),
			.error = channel_error(channel),
			.buffer = stream->out.size,
			.written = channel->written,
			.read = channel->read,
			.calls = channel->calls,
			.rings = channel->rings.vcpu != NULL,
		};
		memcpy(state->name, channel->name, sizeof(state->name));
		if (channel->service == NULL) {
			state->delivered = stream->done_total;
			state->delivered_crc32 = stream->done_crc;
			state->sent = stream->ended_total;
			state->sent_crc32 = stream->ended_crc;
			state->has_crc32 = (stream->ended || stream->done) &&
					   (!stream->ended || stream->ended_has_crc) &&
					   (!stream->done || stream->done_has_crc);
		} else {
			state->delivered = channel->written;
			state->sent = channel->read + queue_used(&stream->in);
		}
	}
	spin_unlock(&channels.lock);
	if (channel != NULL)
		return 0;
	return which < SILL_CHANNEL_FIRST_HANDLE ? -SILL_EINVAL : -SILL_EBADF;
}

void channel_describe_link(struct sill_link *state)
{
	spin_lock(&channels.lock);
	line_describe(state);
	spin_unlock(&channels.lock);
}

/* ---- the beginning and the end ---- */

static int take_console_byte(void)
{
	int byte;

	spin_lock(&channels.lock);
	byte = line_take_console_byte();
	spin_unlock(&channels.lock);
	return byte;
}

static void flush_console(void)
{
	spin_lock(&channels.lock);
	line_finish(FINISH_US);
	spin_unlock(&channels.lock);
}

static const struct console_link console_link = {take_console_byte, flush_console, line_tell_rest};

static size_t pages_for(size_t size)
{
	return (size + PAGE_SIZE - 1) / PAGE_SIZE;
}

int channels_start(const struct sill_channel_settings *settings)
{
	struct link_stream *console;
	struct link *link;
	uint8_t *buffers;
	char *memory;

	if (settings->count == 0)
		return 0;
	link = pages_allocate(pages_for(sizeof(struct link)));
	channels.table = pages_allocate(pages_for(SILL_CHANNELS_MAX * sizeof(struct channel)));
	memory = pages_allocate(pages_for(CONSOLE_COPY + CONSOLE_QUEUE + CONSOLE_INPUT));
	buffers = pages_allocate(pages_for(2ull * settings->count * settings->buffer));
	if (link == NULL || channels.table == NULL || memory == NULL || buffers == NULL)
		return -SILL_ENOMEM;
	console = &link->streams[LINK_CONSOLE];
	console->out = (struct queue){(uint8_t *)memory + CONSOLE_COPY, CONSOLE_QUEUE, 0, 0};
	console->in = (struct queue){console->out.memory + CONSOLE_QUEUE, CONSOLE_INPUT, 0, 0};
	for (uint32_t i = 0; i < settings->count; i++) {
		/* Stream 0 is the console. */
		struct link_stream *stream = &link->streams[i + 1];

		stream->out = (struct queue){buffers, settings->buffer, 0, 0};
		stream->in = (struct queue){buffers + settings->buffer, settings->buffer, 0, 0};
		buffers += 2 * settings->buffer;
		channels.table[i].link = link;
		channels.table[i].stream_number = i + 1;
		channels.table[i].stream = stream;
	}
	line_start(link, settings);
	if (line_present())
		console_join_link(memory, CONSOLE_COPY, &console_link);
	channels.limit = settings->count;
	return 0;
}

uint32_t channels_features(void)
{
	return (channels.limit != 0 ? SILL_FEATURE_CHANNELS : 0) |
	       (line_present() ? SILL_FEATURE_LINK : 0);
}

uint16_t channels_link_port(void)
{
	return line_port();
}

void channels_begin(struct vcpu *vcpu)
{
	if (channels.limit == 0)
		return;
	spin_lock(&channels.lock);
	if (channels.first == NULL) {
		channels.first = channels.user = vcpu;
		if (line_present() && !timer_present(vcpu))
			log_warning("link: this CPU has no VMX-preemption timer: Sill looks at the "
				    "line only while a guest makes calls about channels");
	}
	if (channels.user == vcpu)
		channels.user = channels.first;
	for (uint32_t i = 0; i < channels.limit; i++) {
		struct channel *channel = &channels.table[i];

		if (channel->handle != 0 && channel->rings.vcpu == vcpu)
			close_channel(NULL, channel, -SILL_ECONNRESET);
	}
	/* Also those that another CPU has posted meanwhile. */
	event_drop_interrupt(vcpu, 0);
	arm(vcpu);
	spin_unlock(&channels.lock);
}

static void close_all(struct vcpu *vcpu)
{
	for (uint32_t i = 0; i < channels.limit; i++) {
		if (channels.table[i].handle != 0)
			close_channel(vcpu, &channels.table[i], -SILL_ECONNRESET);
	}
	line_work();
}

void channels_end(void)
{
	spin_lock(&channels.lock);
	close_all(NULL);
	spin_unlock(&channels.lock);
}

void channels_leave(struct vcpu *vcpu)
{
	spin_lock(&channels.lock);
	channels.closed = true;
	close_all(vcpu);
	line_finish(UNLOAD_US);
	line_stop();
	spin_unlock(&channels.lock);
}
