/* SPDX-License-Identifier: MIT */
/* The line to Sill. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/sill-link/line.h"
#include "tools/sill-link/loop.h"
#include "tools/sill-link/report.h"
#include "tools/sill-link/serial.h"
#include "tools/sill-link/socket.h"

#define PAUSE_FIRST  200000u /* between attempts, in microseconds */
#define PAUSE_LAST   1000000u
#define CONNECT_TIME 5000000u

static enum {
	TO_DEVICE,
	TO_UNIX,
	FROM_UNIX,
	TO_TCP,
	FROM_TCP
} kind;
static enum {
	AWAY,
	CONNECTING,
	JOINED
} state;
static const char *name; /* LINE as it was given */
static const char *path; /* of a device or a Unix socket */
static uint32_t baud;
static bool rtscts;
static struct addrinfo *addresses, *address; /* TCP: all, and the one that is tried */
static struct own_socket own = OWN_SOCKET_NONE;
static struct source listener = SOURCE_NONE; /* TCP */
static struct source line = SOURCE_NONE;
static uint64_t retry_at, give_up_at;
static uint32_t pause_us = PAUSE_FIRST;
static bool told_away, was_joined;
static int write_error;
static int first_device = -1; /* opened by line_begin() to see whether it is of use */
/* On its way out: small, for what has gone to the kernel can't be changed any more. */
static uint8_t out[4096];
static size_t out_at, out_size;

bool line_is_joined(void)
{
	return state == JOINED;
}

bool line_is_lost(void)
{
	return was_joined && state != JOINED;
}

/* Said once, and again only after the line was there. */
static void tell_away(const char *what, int error)
{
	if (!told_away)
		say_note("%s: %s%s%s; waiting for it", name, what, error ? ": " : "",
			 error ? strerror(error) : "");
	told_away = true;
}

static void wait_and_retry(uint64_t now)
{
	state = AWAY;
	retry_at = now + pause_us;
	pause_us = pause_us * 2 < PAUSE_LAST ? pause_us * 2 : PAUSE_LAST;
}

static void lose(const char *what, int error, uint64_t now)
{
	source_close(&line);
	out_at = out_size = 0;
	pause_us = PAUSE_FIRST;
	told_away = false;
	tell_away(what, error);
	wait_and_retry(now);
	/* Whoever connects to us is not to be kept waiting. */
	if (kind == FROM_UNIX || kind == FROM_TCP)
		retry_at = now;
}

static bool join(int fd)
{
	int one = 1;

	line.fd = fd;
	line.ready = 0;
	if (kind == TO_TCP || kind == FROM_TCP) {
		/* Frames are small and somebody waits for each. Without these it works, too. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	}
	source_watch(&line, EPOLLIN);
	source_watch(&own.listener, 0);
	source_watch(&listener, 0);
	state = JOINED;
	pause_us = PAUSE_FIRST;
	write_error = 0;
	say_note("%s: the line is there%s", name, was_joined ? " again" : "");
	was_joined = true;
	told_away = false;
	return true;
}

static bool look_for_device(uint64_t now)
{
	int fd = first_device;

	first_device = -1;
	if (fd < 0)
		fd = serial_open(path, baud, rtscts);
	if (fd >= 0)
		return join(fd);
	tell_away("cannot be opened", errno);
	wait_and_retry(now);
	return false;
}

static bool look_for_unix_socket(uint64_t now)
{
	struct sockaddr_un to;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && socket_address(&to, path) &&
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return join(fd);
	tell_away("cannot connect", errno);
	if (fd >= 0)
		close(fd);
	wait_and_retry(now);
	return false;
}

static bool accept_connection(uint64_t now)
{
	int fd;

	tell_away("nobody has connected yet", 0);
	if (kind == FROM_UNIX) {
		fd = own_socket_accept(&own);
		source_watch(&own.listener, EPOLLIN);
	} else {
		listener.ready = 0;
		fd = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		source_watch(&listener, EPOLLIN);
	}
	if (fd >= 0)
		return join(fd);
	if (errno == EAGAIN)
		retry_at = UINT64_MAX; /* the listener wakes us */
	else
		wait_and_retry(now);
	return false;
}

static void next_address(void)
{
	address = address->ai_next != NULL ? address->ai_next : addresses;
}

static bool connect_begin(uint64_t now)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) == 0)
		return join(fd);
	if (fd >= 0 && errno == EINPROGRESS) {
		line.fd = fd;
		line.ready = 0;
		source_watch(&line, EPOLLOUT);
		state = CONNECTING;
		give_up_at = now + CONNECT_TIME;
		return false;
	}
	tell_away("cannot connect", errno);
	if (fd >= 0)
		close(fd);
	next_address();
	wait_and_retry(now);
	return false;
}

static bool connect_end(uint64_t now)
{
	int error = ETIMEDOUT;
	socklen_t size = sizeof(error);

	if (line.ready != 0) {
		int fd = line.fd;

		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
			source_watch(&line, 0);
			return join(fd);
		}
	} else if (now < give_up_at) {
		return false;
	}
	source_close(&line);
	tell_away("cannot connect", error);
	next_address();
	wait_and_retry(now);
	return false;
}

bool line_look(uint64_t now)
{
	if (state == CONNECTING)
		return connect_end(now);
	if (state == JOINED || (now < retry_at && own.listener.ready == 0 && listener.ready == 0))
		return false;
	switch (kind) {
	case TO_DEVICE:
		return look_for_device(now);
	case TO_UNIX:
		return look_for_unix_socket(now);
	case TO_TCP:
		return connect_begin(now);
	default:
		return accept_connection(now);
	}
}

size_t line_read(uint8_t *to, size_t size, uint64_t now)
{
	ssize_t got;

	if (state != JOINED || line.ready == 0)
		return 0;
	line.ready = 0;
	got = read(line.fd, to, size);
	if (got > 0) {
		if (write_error != 0)
			line.ready = EPOLLIN;
		return (size_t)got;
	}
	if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
		/* What could be read has been; so it is gone for good. */
		if (write_error != 0)
			lose("the line is gone", write_error, now);
		return 0;
	}
	lose("the line is gone", got == 0 ? 0 : errno, now);
	return 0;
}

uint8_t *line_space(size_t *size)
{
	*size = state == JOINED && out_size == 0 ? sizeof(out) : 0;
	return out;
}

void line_filled(size_t size)
{
	out_at = 0;
	out_size = size;
}

bool line_is_full(void)
{
	return out_size > 0;
}

bool line_send(void)
{
	ssize_t sent;

	if (state != JOINED || out_size == 0 || write_error != 0)
		return false;
	sent = write(line.fd, out + out_at, out_size);
	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		/* There may be something to be read yet; reading finds the end. */
		write_error = errno;
		line.ready |= EPOLLIN;
		source_watch(&line, EPOLLIN);
		return false;
	}
	if (sent > 0) {
		out_at += (size_t)sent;
		out_size -= (size_t)sent;
	}
	source_watch(&line, out_size > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
	return out_size == 0;
}

uint64_t line_due(void)
{
	if (state == JOINED)
		return UINT64_MAX;
	return state == CONNECTING ? give_up_at : retry_at;
}

/* HOST:PORT, [IPV6]:PORT or, if a host is not needed, PORT. */
static int parse_tcp(const char *text, bool listening)
{
	const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	const char *colon = strrchr(text, ':');
	const char *port = colon != NULL ? colon + 1 : text;
	char host[256] = "127.0.0.1";
	unsigned long number;
	char *end;
	int answer;

	if (colon != NULL) {
		size_t size = (size_t)(colon - text);
		bool brackets = size >= 2 && text[0] == '[' && text[size - 1] == ']';

		if (size == 0 || size >= sizeof(host)) {
			say_error("%s: the host before the port is missing or too long", name);
			return STATUS_USAGE;
		}
		snprintf(host, sizeof(host), "%.*s", (int)(brackets ? size - 2 : size),
			 brackets ? text + 1 : text);
	} else if (!listening) {
		say_error("%s: tcp:HOST:PORT is wanted", name);
		return STATUS_USAGE;
	}
	number = strtoul(port, &end, 10);
	if (port[0] < '0' || port[0] > '9' || *end != '\0' || number < 1 || number > 65535) {
		say_error("%s: '%s' is no port: a number from 1 to 65535 is wanted", name, port);
		return STATUS_USAGE;
	}
	answer = getaddrinfo(host, port, &wanted, &addresses);
	if (answer != 0) {
		say_error("%s: cannot find the host %s: %s", name, host,
			  answer == EAI_SYSTEM ? strerror(errno) : gai_strerror(answer));
		return STATUS_FAILED;
	}
	address = addresses;
	return -1;
}

static int listen_tcp(void)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int one = 1;

	/* A connection of a sill-link that ended a moment ago does not keep the port. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, 1) != 0) {
		say_error("%s: cannot listen there: %s", name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return STATUS_FAILED;
	}
	listener.fd = fd;
	return -1;
}

/* The part behind a prefix, or NULL if it is another one. */
static const char *after(const char *text, const char *prefix)
{
	size_t size = strlen(prefix);

	return strncmp(text, prefix, size) == 0 ? text + size : NULL;
}

static int begin_unix(bool listening)
{
	struct sockaddr_un unused;

	if (path[0] == '\0' || !socket_address(&unused, path)) {
		say_error("%s: a Unix socket's path has 1 to %zu bytes", name, SOCKET_PATH_MAX);
		return STATUS_USAGE;
	}
	if (!listening)
		return -1;
	return own_socket_make(&own, path) ? -1 : STATUS_FAILED;
}

/* What is there and can't be used will not become better by waiting. */
static int begin_device(uint64_t now)
{
	if (!serial_baud_is_known(baud))
		return STATUS_USAGE;
	first_device = serial_open(path, baud, rtscts);
	if (first_device >= 0)
		return -1;
	switch (errno) {
	case ENOTTY:
		say_error("%s: no serial device or pseudo terminal", path);
		return STATUS_FAILED;
	case EACCES:
		say_error("%s: you may not open it: become a member of the group that owns it "
			  "(dialout, as a rule), or run sill-link as another user",
			  path);
		return STATUS_FAILED;
	case EBUSY:
		say_error("%s: another sill-link uses it", path);
		return STATUS_FAILED;
	case EINVAL:
		say_error("%s: the device can't be set to %u bits a second, 8N1%s", path, baud,
			  rtscts ? ", RTS/CTS" : "");
		return STATUS_FAILED;
	default:
		tell_away("cannot be opened", errno);
		wait_and_retry(now);
		return -1;
	}
}

int line_begin(const struct options *options)
{
	const char *rest;
	int status;

	name = options->line;
	baud = options->baud;
	rtscts = options->rtscts;
	if ((path = after(name, "unix:")) != NULL) {
		kind = TO_UNIX;
		return begin_unix(false);
	}
	if ((path = after(name, "unix-listen:")) != NULL) {
		kind = FROM_UNIX;
		return begin_unix(true);
	}
	if ((rest = after(name, "tcp:")) != NULL) {
		kind = TO_TCP;
		return parse_tcp(rest, false);
	}
	if ((rest = after(name, "tcp-listen:")) != NULL) {
		kind = FROM_TCP;
		status = parse_tcp(rest, true);
		return status >= 0 ? status : listen_tcp();
	}
	kind = TO_DEVICE;
	path = name;
	return begin_device(loop_now());
}

void line_end(void)
{
	source_close(&line);
	source_close(&listener);
	own_socket_remove(&own);
	if (addresses != NULL)
		freeaddrinfo(addresses);
	addresses = NULL;
}
