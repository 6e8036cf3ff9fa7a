/* SPDX-License-Identifier: MIT */
/*
 * The guest's channels. A channel has two ends here: `from`, whose bytes go to the guest, and `to`,
 * which gets the guest's. Bytes wait in the stream's own queues and nowhere else, so who is slow
 * stops his own channel alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <linux/sockios.h>
#include <unistd.h>

#include "tools/sill-link/channel.h"
#include "tools/sill-link/exec.h"
#include "tools/sill-link/file.h"
#include "tools/sill-link/loop.h"
#include "tools/sill-link/place.h"
#include "tools/sill-link/report.h"
#include "tools/sill-link/share.h"

/* In microseconds. Nothing wakes us when somebody opens a pipe, or reads the last byte of it. */
#define LOOK_AGAIN 20000u
/* A channel that failed stays so long, for the guest to read what came before. */
#define GRACE 1000000u
/* No time yet. */
#define NOT_YET UINT64_MAX

enum kind {
	PROCESS,
	SOCKET,
	PIPES,
	FILE_REQUEST
};
static const char *const kind_words[] = {"a program", "a socket", "named pipes", "a file"};

static struct channel {
	bool used;
	enum kind kind;
	unsigned int stream;
	char name[LINK_NAME_MAX + 1];

	struct source from, to;
	bool to_is_full; /* it took less than it was given, and has not been ready since */
	int process;	 /* -1: none */
	int unread;	 /* what tells how much the process has left unread; -1: none */
	bool process_ended;
	int status;
	bool left_some; /* it has ended and not read all that it was given */
	struct place *place;
	struct file_request request;

	bool from_ended; /* nothing more will come from here */
	bool end_sent, done_sent, done_seen;
	int32_t failure; /* not 0: what the guest is told when it has read what there was */
	uint64_t failed_at, has_all_at;

	uint64_t to_guest, from_guest; /* bytes, and the CRC-32 of them */
	uint32_t to_guest_crc, from_guest_crc;
} channels[LINK_STREAMS];

static struct link *the_link;
static const struct options *the_options;

void channels_begin(struct link *link, const struct options *options)
{
	the_link = link;
	the_options = options;
}

static struct link_stream *stream_of(const struct channel *channel)
{
	return &the_link->streams[channel->stream];
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Closes what gets the guest's bytes, so that its reader comes to the end. */
static void close_to(struct channel *channel)
{
	if (channel->kind == SOCKET && channel->to.fd >= 0)
		shutdown(channel->to.fd, SHUT_WR);
	source_close(&channel->to);
}

/* Lets go of all on this machine; the stream is the caller's business. */
static void drop(struct channel *channel, const char *why, uint64_t now)
{
	char fate[64], text[96] = "";

	if (channel->process >= 0 && channel->process_ended)
		snprintf(text, sizeof(text), ", %s",
			 process_fate(channel->status, fate, sizeof(fate)));
	say_note("channel %s: %s; from the guest %" PRIu64 " bytes (CRC-32 %08" PRIx32
		 "), to it %" PRIu64 " bytes (CRC-32 %08" PRIx32 ")%s",
		 channel->name, why, channel->from_guest, channel->from_guest_crc,
		 channel->to_guest, channel->to_guest_crc, text);
	/* Before its input is closed, which it could take for a good end. */
	if (channel->process >= 0)
		process_let_go(channel->process, now);
	source_close(&channel->from);
	source_close(&channel->to);
	close_end(&channel->unread);
	close_end(&channel->request.fd);
	if (channel->place != NULL)
		place_leave(channel->place);
	channel->used = false;
}

/* The guest is told, once it has what there was to be read; what it sends from now on is lost. */
static void fail(struct channel *channel, int error, uint64_t now)
{
	if (channel->failure != 0)
		return;
	channel->failure = -error;
	channel->failed_at = now;
	channel->has_all_at = NOT_YET;
	source_close(&channel->to);
}

/* Nothing more can be got for the guest, and that is not the end that it should have had. */
static void fail_to_fetch(struct channel *channel, int error, uint64_t now)
{
	fail(channel, error, now);
	source_close(&channel->from);
	close_end(&channel->request.fd);
}

static int begin_process(struct channel *channel, int number, const struct process_pipes *pipes)
{
	if (number < 0)
		return number;
	channel->kind = PROCESS;
	channel->process = number;
	channel->from.fd = pipes->from;
	channel->to.fd = pipes->to;
	channel->unread = pipes->unread;
	return 0;
}

static int begin_exec(struct channel *channel, const char *command)
{
	char *const arguments[] = {"/bin/sh", "-c", (char *)command, NULL};
	const struct process_wishes wishes = {.channel = channel->name, .error = -1, .inherit = -1};
	struct process_pipes pipes;

	return begin_process(channel, process_start(arguments, &wishes, &pipes), &pipes);
}

static int begin_place(struct channel *channel)
{
	channel->place = place_take(channel->name);
	if (channel->place == NULL)
		return -errno;
	channel->kind = places_are_pipes() ? PIPES : SOCKET;
	return 0;
}

/* Joins it to what was asked for. 0 or a negative errno: why the guest is refused. */
static int begin(struct channel *channel)
{
	const char *name = channel->name;
	struct process_pipes pipes;

	for (unsigned int i = 0; i < the_options->execs; i++) {
		if (strcmp(the_options->exec[i].name, name) == 0)
			return begin_exec(channel, the_options->exec[i].command);
	}
	if (the_options->share != NULL && strcmp(name, SHARE_9P_NAME) == 0)
		return begin_process(channel, share_start(&pipes), &pipes);
	if (the_options->share != NULL && strcmp(name, SHARE_FILE_NAME) == 0) {
		channel->kind = FILE_REQUEST;
		return 0;
	}
	return places_are_wanted() ? begin_place(channel) : -ENOENT;
}

static void take_up(unsigned int stream)
{
	struct channel *channel = &channels[stream];
	const char *name = the_link->streams[stream].name;
	int error = -EINVAL;

	*channel = (struct channel){.stream = stream,
				    .from = SOURCE_NONE,
				    .to = SOURCE_NONE,
				    .process = -1,
				    .unread = -1,
				    .request = {.fd = -1}};
	if (memchr(name, '\0', LINK_NAME_MAX + 1) == NULL || !name_is_good(name)) {
		say_note("the guest opened a channel under a name that none can have: refused");
	} else {
		snprintf(channel->name, sizeof(channel->name), "%s", name);
		error = begin(channel);
		if (error != 0)
			say_note("channel %s: the guest opened it: refused: %s", name,
				 error == -ENOENT ? "nothing here is to be joined to it"
						  : strerror(-error));
	}
	if (error != 0) {
		link_close(the_link, stream, error);
		return;
	}
	channel->used = true;
	say_note("channel %s: the guest opened it: %s", channel->name, kind_words[channel->kind]);
	/* The others count as joined when a program of this machine is there. */
	if (channel->kind == PROCESS || channel->kind == FILE_REQUEST)
		link_accept(the_link, stream);
}

void channels_look(uint64_t now)
{
	for (unsigned int i = 0; i < LINK_STREAMS; i++) {
		struct link_stream *stream = &the_link->streams[i];
		struct channel *channel = &channels[i];

		if (i == LINK_CONSOLE)
			continue;
		if (channel->used && stream->state != LINK_OPENING && stream->state != LINK_OPEN) {
			char why[96] = "closed";

			if (stream->state == LINK_GONE && stream->reason != 0)
				snprintf(why, sizeof(why), "broken off: %s",
					 strerror(-stream->reason));
			drop(channel, why, now);
		}
		if (stream->state == LINK_GONE)
			link_close(the_link, i, 0);
		if (!channel->used && stream->state == LINK_OPENING)
			take_up(i);
	}
}

/* A program has connected to the socket. */
static void join_socket(struct channel *channel, uint64_t now)
{
	int fd = own_socket_accept(&channel->place->socket);

	if (fd < 0) {
		source_watch(&channel->place->socket.listener, EPOLLIN);
		return;
	}
	channel->from.fd = fd;
	/* A second descriptor: each direction is waited for and closed by itself. */
	channel->to.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	place_joined(channel->place);
	link_accept(the_link, channel->stream);
	say_detail("channel %s: a program has connected", channel->name);
	if (channel->to.fd < 0)
		fail_to_fetch(channel, errno, now);
}

/* A program has opened one of the pipes. */
static void join_pipes(struct channel *channel, uint64_t now)
{
	bool there = false;

	if (channel->from.fd < 0 && !channel->from_ended) {
		channel->from.fd = open(channel->place->in.path,
					O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
		if (channel->from.fd < 0) {
			fail_to_fetch(channel, errno, now);
			return;
		}
		source_watch(&channel->from, EPOLLIN);
	}
	/* Without a reader it can't be opened. */
	if (channel->to.fd < 0) {
		channel->to.fd = open(channel->place->out.path,
				      O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
		there = channel->to.fd >= 0;
		if (!there && errno != ENXIO)
			fail_to_fetch(channel, errno, now);
	}
	if ((there || channel->from.ready != 0) && stream_of(channel)->state == LINK_OPENING) {
		link_accept(the_link, channel->stream);
		say_detail("channel %s: a program has opened a pipe", channel->name);
	}
}

static bool is_waiting_for_reader(const struct channel *channel)
{
	return channel->kind == PIPES && channel->to.fd < 0 && !channel->done_sent &&
	       channel->failure == 0;
}

static void join(struct channel *channel, uint64_t now)
{
	if (channel->kind == SOCKET && stream_of(channel)->state == LINK_OPENING)
		join_socket(channel, now);
	else if (is_waiting_for_reader(channel))
		join_pipes(channel, now);
}

static void count_taken(struct channel *channel, const uint8_t *bytes, uint32_t size)
{
	channel->from_guest_crc = crc32_add(channel->from_guest_crc, bytes, size);
	channel->from_guest += size;
	queue_taken(&stream_of(channel)->in, size);
}

/* The guest's bytes are a request for a file. */
static void take_request(struct channel *channel, uint64_t now)
{
	struct link_stream *stream = stream_of(channel);
	uint32_t size;
	const uint8_t *bytes = queue_bytes(&stream->in, &size);
	bool last = stream->ended && channel->from_guest + size == stream->ended_total;
	int answer;

	if (size == 0 && (!last || channel->request.complete))
		return;
	answer = file_request_take(&channel->request, bytes, size, last, share_directory());
	count_taken(channel, bytes, size);
	if (answer != 0) {
		say_note("channel %s: the file is refused: %s", channel->name, strerror(-answer));
		fail(channel, -answer, now);
	}
}

/* The guest's bytes go where they are to go. */
static void deliver(struct channel *channel, uint64_t now)
{
	struct link_stream *stream = stream_of(channel);
	const uint8_t *bytes;
	uint32_t size;

	while (bytes = queue_bytes(&stream->in, &size), size > 0) {
		ssize_t sent;

		if (channel->failure != 0) {
			count_taken(channel, bytes, size);
			continue;
		}
		if (channel->kind == FILE_REQUEST) {
			take_request(channel, now);
			continue;
		}
		if (channel->to.fd < 0) {
			/* It has been closed: the program has ended. Or it is not there yet. */
			if (channel->process_ended)
				fail(channel, EPIPE, now);
			return;
		}
		if (channel->to_is_full && channel->to.ready == 0)
			return;
		channel->to.ready = 0;
		sent = write(channel->to.fd, bytes, size);
		if (sent > 0)
			count_taken(channel, bytes, (uint32_t)sent);
		channel->to_is_full = sent < 0 && (errno == EAGAIN || errno == EINTR);
		if (sent < 0 && !channel->to_is_full) {
			say_note("channel %s: the program does not take the guest's bytes any "
				 "more: %s",
				 channel->name, strerror(errno));
			fail(channel, errno == EPIPE ? ECONNRESET : errno, now);
		}
		if (channel->to_is_full)
			return;
	}
	channel->to_is_full = false;
	if (channel->kind == FILE_REQUEST && channel->failure == 0)
		take_request(channel, now);
}

/* The bytes for the guest. */
static void fetch(struct channel *channel, uint64_t now)
{
	struct link_stream *stream = stream_of(channel);
	uint32_t size;
	uint8_t *space;

	while (space = queue_space(&stream->out, &size), size > 0 && !channel->from_ended) {
		ssize_t got;

		if (channel->kind == FILE_REQUEST) {
			if (channel->request.fd < 0)
				return;
			got = file_request_read(&channel->request, space, size);
			if (got < 0) {
				fail_to_fetch(channel, (int)-got, now);
				return;
			}
		} else {
			/* A named pipe that nobody has opened yet looks as if it had ended. */
			if (channel->from.fd < 0 || channel->from.ready == 0)
				return;
			got = read(channel->from.fd, space, size);
			if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
				channel->from.ready = 0;
				return;
			}
			if (got < 0) {
				fail_to_fetch(channel, errno, now);
				return;
			}
		}
		if (got == 0) {
			channel->from_ended = true;
			source_close(&channel->from);
			return;
		}
		channel->to_guest_crc = crc32_add(channel->to_guest_crc, space, (size_t)got);
		channel->to_guest += (uint64_t)got;
		queue_filled(&stream->out, (uint32_t)got);
	}
}

static void look_at_process(struct channel *channel)
{
	char fate[64];
	int left = 0;

	if (channel->process < 0 || channel->process_ended ||
	    !process_has_ended(channel->process, &channel->status))
		return;
	channel->process_ended = true;
	channel->left_some = ioctl(channel->unread, FIONREAD, &left) == 0 && left > 0;
	source_close(&channel->to);
	close_end(&channel->unread);
	process_fate(channel->status, fate, sizeof(fate));
	if (channel->left_some)
		say_note("channel %s: the program has left %d of the guest's bytes unread; %s",
			 channel->name, left, fate);
	else if (channel->status != 0)
		say_note("channel %s: the program failed: %s", channel->name, fate);
	else
		say_detail("channel %s: the program: %s", channel->name, fate);
}

/* All that it said is in the queue. */
static void judge_process(struct channel *channel, uint64_t now)
{
	if (!channel->process_ended || !channel->from_ended)
		return;
	if (channel->status != 0)
		fail(channel, EIO, now);
	else if (channel->left_some)
		fail(channel, EPIPE, now);
}

/* Whether the one who gets the guest's bytes has them all, and is done with them. */
static bool all_is_taken(struct channel *channel, uint64_t now)
{
	int left = 0, error = 0;
	socklen_t size = sizeof(error);

	switch (channel->kind) {
	case PROCESS:
		close_to(channel);
		return channel->process_ended && channel->status == 0 && !channel->left_some;
	case SOCKET:
		/* It sees the end at once, and we see what it has not read. */
		shutdown(channel->to.fd, SHUT_WR);
		if (ioctl(channel->to.fd, SIOCOUTQ, &left) == 0 && left > 0)
			return false;
		if (getsockopt(channel->to.fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
		    error != 0)
			fail(channel, error, now); /* it left without reading */
		return channel->failure == 0;
	case PIPES:
		return channel->to.fd >= 0 &&
		       (ioctl(channel->to.fd, FIONREAD, &left) != 0 || left == 0);
	default:
		return true;
	}
}

/* The guest has ended its direction, and all of it has gone out of our hands. */
static bool guest_has_ended(const struct channel *channel)
{
	const struct link_stream *stream = stream_of(channel);

	return stream->ended && channel->from_guest == stream->ended_total;
}

static void finish_from_guest(struct channel *channel, uint64_t now)
{
	const struct link_stream *stream = stream_of(channel);

	if (channel->done_sent || channel->failure != 0 || !guest_has_ended(channel))
		return;
	if (stream->ended_has_crc && stream->ended_crc != channel->from_guest_crc) {
		say_error("channel %s: what came is not what the guest sent: %" PRIu64
			  " bytes with CRC-32 %08" PRIx32 ", the guest's is %08" PRIx32,
			  channel->name, channel->from_guest, channel->from_guest_crc,
			  stream->ended_crc);
		fail(channel, EIO, now);
		return;
	}
	if (!all_is_taken(channel, now))
		return;
	close_to(channel);
	channel->done_sent = true;
	link_done(the_link, channel->stream, true, channel->from_guest_crc);
	say_detail("channel %s: all %" PRIu64 " bytes of the guest's are taken", channel->name,
		   channel->from_guest);
}

static void finish_to_guest(struct channel *channel)
{
	const struct link_stream *stream = stream_of(channel);

	/* A program's word counts when it has ended: what it says last may be that it failed. */
	if (!channel->end_sent && channel->from_ended &&
	    (channel->kind != PROCESS || channel->process_ended)) {
		channel->end_sent = true;
		link_end(the_link, channel->stream, true, channel->to_guest_crc);
	}
	if (!stream->done || channel->done_seen)
		return;
	channel->done_seen = true;
	if (stream->done_total != channel->to_guest ||
	    (stream->done_has_crc && stream->done_crc != channel->to_guest_crc))
		say_error("channel %s: what the guest took is not what was sent: %" PRIu64
			  " bytes with CRC-32 %08" PRIx32 ", sent were %" PRIu64
			  " with CRC-32 %08" PRIx32,
			  channel->name, stream->done_total, stream->done_crc, channel->to_guest,
			  channel->to_guest_crc);
	else
		say_detail("channel %s: the guest has taken all %" PRIu64 " bytes", channel->name,
			   channel->to_guest);
}

/*
 * A channel that failed: whether the guest can be told now. What is not on its way yet when it is
 * told is lost, and so is what the guest has not read.
 */
static bool can_be_told(struct channel *channel, uint64_t now)
{
	const struct link_stream *stream = stream_of(channel);
	bool may_get_more = !channel->from_ended && channel->from.fd >= 0;

	if (may_get_more && now - channel->failed_at < GRACE)
		return false;
	source_close(&channel->from);
	if (stream->bytes_acknowledged != channel->to_guest)
		return false;
	if (channel->has_all_at == NOT_YET)
		channel->has_all_at = now;
	return stream->done || (channel->to_guest == 0 && !channel->end_sent) ||
	       now - channel->has_all_at >= GRACE;
}

static void watch(struct channel *channel)
{
	const struct link_stream *stream = stream_of(channel);

	if (channel->kind == PIPES && stream->state == LINK_OPENING)
		return; /* by join_pipes() */
	source_watch(&channel->from, queue_room(&stream->out) > 0 ? EPOLLIN : 0);
	source_watch(&channel->to, channel->to_is_full ? EPOLLOUT : 0);
}

static void work(struct channel *channel, uint64_t now)
{
	join(channel, now);
	if (stream_of(channel)->state == LINK_OPEN) {
		deliver(channel, now);
		fetch(channel, now);
		look_at_process(channel);
		judge_process(channel, now);
		finish_from_guest(channel, now);
		finish_to_guest(channel);
	}
	if (channel->failure != 0 && can_be_told(channel, now)) {
		int32_t reason = channel->failure;

		drop(channel, strerror(-reason), now);
		link_close(the_link, channel->stream, reason);
		return;
	}
	watch(channel);
}

void channels_work(uint64_t now)
{
	channels_look(now);
	for (unsigned int i = 0; i < LINK_STREAMS; i++) {
		if (channels[i].used)
			work(&channels[i], now);
	}
}

uint64_t channels_due(uint64_t now)
{
	uint64_t due = UINT64_MAX;

	for (unsigned int i = 0; i < LINK_STREAMS; i++) {
		struct channel *channel = &channels[i];

		if (!channel->used)
			continue;
		if (is_waiting_for_reader(channel) ||
		    (!channel->done_sent && channel->kind != PROCESS && channel->failure == 0 &&
		     guest_has_ended(channel)))
			due = earlier(due, now + LOOK_AGAIN);
		if (channel->failure != 0)
			due = earlier(due, now + LOOK_AGAIN);
	}
	return due;
}

unsigned int channels_open(void)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < LINK_STREAMS; i++)
		count += channels[i].used;
	return count;
}

void channels_end(uint64_t now)
{
	for (unsigned int i = 0; i < LINK_STREAMS; i++) {
		if (channels[i].used)
			drop(&channels[i], "sill-link leaves", now);
	}
}
