/* SPDX-License-Identifier: MIT */
/* Sill's console. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tools/sill-link/console.h"
#include "tools/sill-link/log.h"
#include "tools/sill-link/loop.h"
#include "tools/sill-link/report.h"
#include "tools/sill-link/stray.h"

#define TEXT_SIZE     (64u << 10)
#define LEAVE_KEY     0x1d /* Ctrl-], as telnet and virsh have it */
#define FLUSH_TIME_MS 1000

static struct link *the_link;
/* For standard output. Stream 0 waits when it is full; text outside of frames can't. */
static uint8_t text_memory[TEXT_SIZE];
static struct queue text = {.memory = text_memory, .size = TEXT_SIZE};
static uint64_t lost;
static struct source output = SOURCE_NONE, input = SOURCE_NONE;
static bool output_is_terminal, output_is_socket, output_is_full, input_is_terminal, leave;
static struct termios before;

/*
 * A description of standard output's own that does not block: the flag would else be set for all
 * who share the terminal or the pipe. An ordinary file does not block, and would lose its position.
 */
static int open_output(void)
{
	struct stat there;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &there) != 0)
		return -1;
	output_is_socket = S_ISSOCK(there.st_mode);
	if (S_ISFIFO(there.st_mode) || S_ISCHR(there.st_mode))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd >= 0 ? fd : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
}

static void begin_input(void)
{
	struct termios raw;

	input.fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (tcgetattr(STDIN_FILENO, &before) == 0) {
		input_is_terminal = true;
		raw = before;
		raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
		raw.c_iflag &= ~(ICRNL | INLCR | IGNCR | IXON | ISTRIP);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
		say_note("what you type goes to Sill's console; Ctrl-] leaves");
	}
}

void console_begin(struct link *link, const struct options *options)
{
	the_link = link;
	output.fd = open_output();
	output_is_terminal = isatty(STDOUT_FILENO) == 1;
	if (options->console_input)
		begin_input();
}

/* What could reprogram a terminal is shown as '?'. */
static char harmless(uint8_t byte)
{
	bool good = (byte >= ' ' && byte <= '~') || byte == '\n' || byte == '\r' || byte == '\t';

	return good ? (char)byte : '?';
}

static void log_bytes(const uint8_t *bytes, size_t size)
{
	char part[1024];

	while (size > 0) {
		size_t count = size < sizeof(part) ? size : sizeof(part);

		for (size_t i = 0; i < count; i++)
			part[i] = harmless(bytes[i]);
		log_text(part, count);
		bytes += count;
		size -= count;
	}
}

static void show_stray(const uint8_t *bytes, size_t size)
{
	uint32_t put = queue_put(&text, bytes, (uint32_t)size);

	log_bytes(bytes, size);
	lost += size - put;
}

void console_line_byte(uint8_t byte, enum frame_event event, uint64_t now)
{
	stray_byte(byte, event, the_link->up, now, show_stray);
}

void console_line_lost(void)
{
	stray_flush(the_link->up, show_stray);
}

static void take_stream(void)
{
	struct queue *in = &the_link->streams[LINK_CONSOLE].in;
	const uint8_t *bytes;
	uint32_t size;

	while (bytes = queue_bytes(in, &size), size > 0 && queue_room(&text) > 0) {
		size = queue_put(&text, bytes, size);
		log_bytes(bytes, size);
		queue_taken(in, size);
	}
}

/* As many as standard output takes at once; -1 with errno. */
static ssize_t write_out(const uint8_t *bytes, uint32_t size)
{
	char part[4096];

	size = size < sizeof(part) ? size : sizeof(part);
	if (!output_is_terminal)
		memcpy(part, bytes, size);
	for (uint32_t i = 0; output_is_terminal && i < size; i++)
		part[i] = harmless(bytes[i]);
	if (output_is_socket)
		return send(output.fd, part, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	return write(output.fd, part, size);
}

static bool show(void)
{
	const uint8_t *bytes;
	uint32_t size;

	if (output_is_full && output.ready == 0)
		return true;
	output.ready = 0;
	output_is_full = false;
	while (!output_is_full && (bytes = queue_bytes(&text, &size), size > 0)) {
		ssize_t sent;

		report_make_way();
		sent = write_out(bytes, size);
		if (sent > 0) {
			report_text_ended(bytes[sent - 1] == '\n');
			queue_taken(&text, (uint32_t)sent);
			continue;
		}
		if (sent < 0 && errno != EAGAIN && errno != EINTR) {
			say_error("standard output does not take the console's text: %s",
				  strerror(errno));
			return false;
		}
		output_is_full = true;
	}
	source_watch(&output, output_is_full ? EPOLLOUT : 0);
	if (lost > 0 && !output_is_full) {
		say_note("%llu bytes of the console's text are lost here: standard output was slow",
			 (unsigned long long)lost);
		lost = 0;
	}
	return true;
}

static void take_input(void)
{
	struct queue *out = &the_link->streams[LINK_CONSOLE].out;
	const uint8_t *key = NULL;
	uint32_t size;
	uint8_t *space;
	ssize_t got;

	if (input.fd < 0)
		return;
	space = queue_space(out, &size);
	source_watch(&input, size > 0 ? EPOLLIN : 0);
	if (input.ready == 0 || size == 0)
		return;
	input.ready = 0;
	got = read(input.fd, space, size);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		source_close(&input);
		return;
	}
	if (input_is_terminal)
		key = memchr(space, LEAVE_KEY, (size_t)got);
	if (key != NULL)
		leave = true;
	queue_filled(out, key != NULL ? (uint32_t)(key - space) : (uint32_t)got);
}

bool console_work(uint64_t now)
{
	stray_look(the_link->up, now, show_stray);
	take_input();
	take_stream();
	return show();
}

uint64_t console_due(void)
{
	return stray_due(the_link->up);
}

bool console_wants_to_leave(void)
{
	return leave;
}

void console_end(void)
{
	uint64_t give_up_at = loop_now() + FLUSH_TIME_MS * 1000;

	console_line_lost();
	do {
		struct pollfd end = {.fd = output.fd, .events = POLLOUT};

		take_stream();
		output.ready = EPOLLOUT;
		if (!show())
			break;
		if (output_is_full)
			poll(&end, 1, 100);
	} while (queue_used(&text) > 0 && loop_now() < give_up_at);
	report_make_way();
	if (input_is_terminal)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}
