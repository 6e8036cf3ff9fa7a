/* SPDX-License-Identifier: MIT */
/*
 * `sill-link`: the other end of Sill's serial line, on a developer's Linux machine. One loop, one
 * process: the line (line.c), the link's own rules (link/link.c), the console (console.c) and the
 * channels (channel.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/sill-link/channel.h"
#include "tools/sill-link/console.h"
#include "tools/sill-link/exec.h"
#include "tools/sill-link/line.h"
#include "tools/sill-link/log.h"
#include "tools/sill-link/loop.h"
#include "tools/sill-link/options.h"
#include "tools/sill-link/place.h"
#include "tools/sill-link/report.h"
#include "tools/sill-link/share.h"
#include "tools/sill-link/status.h"

#define QUEUE_SIZE (64u << 10)
/* Sill that runs beside a guest listens for a while after each byte, and then only now and then. */
#define SLEEPS_AFTER_US 50000u
/* How often it is looked whether the session's time is over while the line takes nothing. */
#define NO_LINE_US 100000u
/* Of what had arrived when sill-link is told to leave: more than any line's buffers hold. */
#define LAST_READS 256

static struct link the_link;
static uint8_t memory[LINK_STREAMS][2][QUEUE_SIZE];
static struct source signals = SOURCE_NONE;
static bool asked_to_leave;

/* Standard files that were closed would be taken for others that are opened. */
static bool open_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static bool begin_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	/* Not to be ignored: children would vanish before they are waited for. */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals.fd < 0) {
		say_error("signalfd: %s", strerror(errno));
		return false;
	}
	source_watch(&signals, EPOLLIN);
	return true;
}

static void take_signals(void)
{
	struct signalfd_siginfo info;

	if (signals.ready == 0)
		return;
	signals.ready = 0;
	while (read(signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			processes_collect();
		else
			asked_to_leave = true;
	}
}

static bool begin_link(const struct options *options)
{
	const struct link_config config = {
		.opener = false,
		.baud = options->baud,
		.timeout_us = options->timeout_us,
		.sleeps_after_us = options->wake_us > 0 ? SLEEPS_AFTER_US : 0,
		.wake_us = options->wake_us,
	};
	uint32_t session = 0;

	while (session == 0) {
		if (getrandom(&session, sizeof(session), 0) != (ssize_t)sizeof(session)) {
			say_error("getrandom: %s", strerror(errno));
			return false;
		}
	}
	for (unsigned int i = 0; i < LINK_STREAMS; i++) {
		struct link_stream *stream = &the_link.streams[i];

		stream->out = (struct queue){.memory = memory[i][0], .size = QUEUE_SIZE};
		stream->in = (struct queue){.memory = memory[i][1], .size = QUEUE_SIZE};
	}
	link_start(&the_link, &config, session);
	return true;
}

static void say_session(void)
{
	static uint16_t told_version;
	static bool was_up;

	if (the_link.up != was_up)
		say_note(the_link.up ? "Sill answers" : "Sill does not answer any more");
	was_up = the_link.up;
	if (the_link.other_version != 0 && the_link.other_version != told_version)
		say_error("the Sill at the other end speaks version %u of the link, this sill-link "
			  "version %u: build both from the same source",
			  the_link.other_version, LINK_VERSION);
	told_version = the_link.other_version;
}

/* Whether there was anything. */
static bool receive(uint64_t now)
{
	uint8_t bytes[4096];
	bool was_joined = line_is_joined();
	size_t size = line_read(bytes, sizeof(bytes), now);

	if (was_joined && !line_is_joined())
		console_line_lost();
	for (size_t i = 0; i < size; i++) {
		enum frame_event event = link_receive(&the_link, bytes[i], now);

		console_line_byte(bytes[i], event, now);
		if (event == FRAME_COMPLETE)
			channels_look(now);
	}
	return size > 0;
}

/* Sill's last words may wait here: somebody saw the machine end, and ended sill-link at once. */
static void receive_last(void)
{
	for (int i = 0; i < LAST_READS; i++) {
		uint64_t now = loop_now();

		loop_wait(now);
		if (!receive(now) || !console_work(now))
			return;
	}
}

static void transmit(uint64_t now)
{
	size_t size;
	uint8_t *space;

	/* What waits from before goes first. */
	line_send();
	/* Time passes, too, while no byte can go. */
	if (!line_is_joined() || line_is_full())
		link_transmit(&the_link, NULL, 0, now);
	while (space = line_space(&size), size > 0) {
		size = link_transmit(&the_link, space, size, now);
		if (size == 0)
			return;
		line_filled(size);
		if (!line_send())
			return;
	}
}

static uint64_t next_time(uint64_t now)
{
	uint64_t due = earlier(line_due(), console_due());

	due = earlier(due, earlier(channels_due(now), processes_due()));
	due = earlier(due, status_due());
	/* What the link would like to send is no reason to wake while the line takes nothing. */
	if (!line_is_joined() || line_is_full())
		return earlier(due, now + NO_LINE_US);
	return earlier(due, link_due(&the_link, now));
}

static int run(const struct options *options)
{
	for (;;) {
		uint64_t now = loop_now();

		take_signals();
		if (asked_to_leave || console_wants_to_leave()) {
			receive_last();
			return STATUS_GOOD;
		}
		if (line_look(now))
			link_line_joined(&the_link, now);
		receive(now);
		processes_work(now);
		channels_work(now);
		if (!console_work(now))
			return STATUS_FAILED;
		transmit(now);
		/* The session may have been lost. */
		channels_look(now);
		say_session();
		status_work(&the_link, line_is_joined(), channels_open(), now);
		if (options->once && line_is_lost())
			return STATUS_GOOD;
		loop_wait(next_time(now));
	}
}

/* An exit status if something is missing or wrong, else -1. */
static int begin(const struct options *options)
{
	int status;

	if (!loop_begin() || !begin_signals() || !begin_link(options))
		return STATUS_FAILED;
	status = log_begin(options);
	if (status < 0)
		status = share_begin(options);
	if (status < 0)
		status = places_begin(options);
	if (status < 0)
		status = line_begin(options);
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	if (!open_standard_files())
		return STATUS_FAILED;
	status = options_parse(&options, argc, argv);
	if (status >= 0)
		return status;
	report_begin(options.quiet, options.verbose, options.status);
	status = begin(&options);
	if (status < 0) {
		channels_begin(&the_link, &options);
		console_begin(&the_link, &options);
		status_begin(options.status);
		status = run(&options);
		console_end();
	}
	channels_end(loop_now());
	line_end();
	places_end();
	processes_end();
	log_end();
	return status;
}
