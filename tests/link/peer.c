/* SPDX-License-Identifier: MIT */
/*
 * Plays Sill at the other end of sill-link's line, for tests/sill_link.t: it opens streams, moves
 * bytes, and does to the line what a bad line does. Commands come on standard input, one a line;
 * what happens goes to standard output, one line each. Numbers are decimal, bytes hexadecimal.
 *
 *   peer unix:PATH | unix-listen:PATH | tcp:PORT | tcp-listen:PORT | pty
 *
 *   open STREAM NAME      NAME in hexadecimal: it may be one that is not allowed
 *   put STREAM BYTES      to be sent; stream 0 is the console
 *   fill STREAM COUNT SEED   that many pseudo-random bytes; 'fill 1 N S' sends the same each time
 *   end STREAM | end-badly STREAM | close STREAM REASON
 *   save STREAM FILE      what comes is written there, instead of being shown
 *   hold STREAM | go STREAM   stops to take bytes, and goes on
 *   raw BYTES             on the line, outside of all frames
 *   cut | stay-away | come-back   closes the line, and joins it again at once or later
 *   cuts COUNT SEED MOST  so many times, after 1 to MOST bytes each
 *   noise RATE SEED       one byte in RATE is damaged, each way; 0: none
 *   restart               as if Sill had been started anew
 *   counts | quit
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "link/link.h"

#define QUEUE_SIZE  (16u << 10)
#define COMMAND_MAX (1u << 20)
#define BAUD	    4000000 /* for time-outs alone */

struct application {
	uint8_t *waiting; /* bytes that are to be put into the stream */
	size_t waiting_size, waiting_at;
	bool end_wanted, end_sent, bad_crc, held, done_sent, ended_told, done_told;
	enum link_stream_state told;
	FILE *save;
	uint32_t sent_crc, got_crc;
	uint64_t got;
};

static struct link the_link;
static uint8_t memory[LINK_STREAMS][2][QUEUE_SIZE];
static struct application applications[LINK_STREAMS];
static int line = -1, listener = -1, terminal = -1;
static struct sockaddr_un unix_address;
static struct sockaddr_in tcp_address;
static enum {
	UNIX,
	TCP,
	PTY
} kind;
static bool listening, stays_away;
static uint8_t out[2 * FRAME_ENCODED_MAX + COMMAND_MAX];
static size_t out_at, out_size;
static unsigned int cuts_left, noise_rate;
static uint64_t cut_most, cut_budget;
static uint64_t cut_random = 1, noise_random = 1;

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void start(void)
{
	const struct link_config config = {.opener = true, .baud = BAUD, .timeout_us = 3000000};
	uint32_t session = 0;

	while (session == 0) {
		if (getrandom(&session, sizeof(session), 0) != sizeof(session))
			die("getrandom");
	}
	memset(&the_link, 0, sizeof(the_link));
	for (unsigned int i = 0; i < LINK_STREAMS; i++) {
		struct link_stream *stream = &the_link.streams[i];

		stream->out = (struct queue){.memory = memory[i][0], .size = QUEUE_SIZE};
		stream->in = (struct queue){.memory = memory[i][1], .size = QUEUE_SIZE};
		applications[i].told = stream->state;
	}
	link_start(&the_link, &config, session);
}

/* The line. */

static void cut(void)
{
	if (kind == PTY || line < 0)
		return;
	close(line);
	line = -1;
	out_at = out_size = 0;
}

static void budget(void)
{
	cut_budget = cuts_left > 0 ? 1 + next_random(&cut_random) % cut_most : UINT64_MAX;
}

/* So many bytes went over the line. */
static void spend(size_t size)
{
	cut_budget -= size;
	if (cut_budget > 0)
		return;
	cut();
	if (--cuts_left == 0)
		printf("cuts over\n");
	budget();
}

static void join(void)
{
	const struct sockaddr *to =
		kind == UNIX ? (struct sockaddr *)&unix_address : (struct sockaddr *)&tcp_address;
	socklen_t size = kind == UNIX ? sizeof(unix_address) : sizeof(tcp_address);

	if (line >= 0 || stays_away)
		return;
	if (kind == PTY) {
		line = terminal;
	} else if (listening) {
		line = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	} else {
		line = socket(to->sa_family, SOCK_STREAM, 0);
		if (connect(line, to, size) != 0) {
			close(line);
			line = -1;
		}
	}
	if (line < 0)
		return;
	fcntl(line, F_SETFL, O_NONBLOCK);
	link_line_joined(&the_link, now_us());
	if (cuts_left == 0)
		printf("joined\n");
}

static void begin_line(const char *where)
{
	const char *colon = strchr(where, ':');
	int one = 1;

	if (strcmp(where, "pty") == 0) {
		struct termios raw;

		kind = PTY;
		terminal = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
		if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0 ||
		    tcgetattr(terminal, &raw) != 0)
			die("pty");
		/* No echo while sill-link is not there. */
		cfmakeraw(&raw);
		tcsetattr(terminal, TCSANOW, &raw);
		printf("pty %s\n", ptsname(terminal));
		return;
	}
	if (colon == NULL)
		die(where);
	kind = strncmp(where, "tcp", 3) == 0 ? TCP : UNIX;
	listening = strstr(where, "-listen:") != NULL;
	unix_address.sun_family = AF_UNIX;
	snprintf(unix_address.sun_path, sizeof(unix_address.sun_path), "%s", colon + 1);
	tcp_address.sin_family = AF_INET;
	tcp_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	tcp_address.sin_port = htons((uint16_t)atoi(colon + 1));
	if (!listening)
		return;
	listener = socket(kind == UNIX ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener,
		 kind == UNIX ? (struct sockaddr *)&unix_address : (struct sockaddr *)&tcp_address,
		 kind == UNIX ? sizeof(unix_address) : sizeof(tcp_address)) != 0 ||
	    listen(listener, 4) != 0)
		die(where);
}

/* What becomes of a byte on a bad line: up to two bytes. */
static size_t damage(uint8_t byte, uint8_t to[2])
{
	uint32_t random;

	to[0] = byte;
	if (noise_rate == 0 || next_random(&noise_random) % noise_rate != 0)
		return 1;
	random = next_random(&noise_random);
	switch (random % 4) {
	case 0:
		to[0] = (uint8_t)(byte ^ (1u << (random / 4 % 8)));
		return 1;
	case 1:
		return 0;
	case 2:
		to[1] = (uint8_t)(random >> 8);
		return 2;
	default:
		to[1] = 0;
		return 2;
	}
}

static void receive(void)
{
	uint8_t bytes[4096];
	size_t most = sizeof(bytes) < cut_budget ? sizeof(bytes) : (size_t)cut_budget;
	ssize_t got;

	if (line < 0)
		return;
	got = read(line, bytes, most);
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EIO)) {
		printf("left\n");
		cut();
	}
	for (ssize_t i = 0; i < got; i++) {
		uint8_t noisy[2];
		size_t count = damage(bytes[i], noisy);

		for (size_t j = 0; j < count; j++)
			link_receive(&the_link, noisy[j], now_us());
	}
	if (got > 0)
		spend((size_t)got);
}

static void transmit(void)
{
	/* The time passes without a line, too. */
	if (line < 0)
		link_transmit(&the_link, NULL, 0, now_us());
	while (line >= 0) {
		ssize_t sent;
		size_t most;

		if (out_size == 0) {
			uint8_t clean[FRAME_ENCODED_MAX];
			size_t size = link_transmit(&the_link, clean, sizeof(clean), now_us());

			out_at = 0;
			for (size_t i = 0; i < size; i++)
				out_size += damage(clean[i], out + out_size);
			if (size == 0)
				return;
		}
		if (out_size == 0)
			continue;
		most = out_size < cut_budget ? out_size : (size_t)cut_budget;
		sent = write(line, out + out_at, most);
		if (sent <= 0) {
			if (errno != EAGAIN) {
				printf("left\n");
				cut();
			}
			return;
		}
		out_at += (size_t)sent;
		out_size -= (size_t)sent;
		spend((size_t)sent);
	}
}

/* The streams. */

static void put_waiting(unsigned int i)
{
	struct link_stream *stream = &the_link.streams[i];
	struct application *application = &applications[i];
	uint32_t put;

	if (stream->state != LINK_OPENING && stream->state != LINK_OPEN)
		return;
	put = (uint32_t)(application->waiting_size - application->waiting_at);
	put = queue_put(&stream->out, application->waiting + application->waiting_at, put);
	application->sent_crc = crc32_add(application->sent_crc,
					  application->waiting + application->waiting_at, put);
	application->waiting_at += put;
	if (application->end_wanted && !application->end_sent &&
	    application->waiting_at == application->waiting_size) {
		application->end_sent = true;
		link_end(&the_link, i, true,
			 application->sent_crc ^ (application->bad_crc ? 1u : 0u));
	}
}

static void take(unsigned int i)
{
	struct link_stream *stream = &the_link.streams[i];
	struct application *application = &applications[i];
	const uint8_t *bytes;
	uint32_t size;

	while (!application->held && (bytes = queue_bytes(&stream->in, &size), size > 0)) {
		application->got_crc = crc32_add(application->got_crc, bytes, size);
		application->got += size;
		if (application->save != NULL) {
			fwrite(bytes, 1, size, application->save);
			fflush(application->save);
		} else {
			printf("data %u ", i);
			for (uint32_t j = 0; j < size; j++)
				printf("%02x", bytes[j]);
			printf("\n");
		}
		queue_taken(&stream->in, size);
	}
	if (stream->ended && application->got == stream->ended_total && !application->done_sent &&
	    stream->state == LINK_OPEN) {
		application->done_sent = true;
		printf("ended %u %" PRIu64 " %s\n", i, stream->ended_total,
		       !stream->ended_has_crc			   ? "unchecked"
		       : stream->ended_crc == application->got_crc ? "right"
								   : "wrong");
		link_done(&the_link, i, true, application->got_crc);
	}
	if (stream->done && !application->done_told) {
		application->done_told = true;
		printf("done %u %" PRIu64 " %s\n", i, stream->done_total,
		       !stream->done_has_crc			   ? "unchecked"
		       : stream->done_crc == application->sent_crc ? "right"
								   : "wrong");
	}
}

static void work(void)
{
	static bool was_up;

	if (the_link.up != was_up)
		printf(the_link.up ? "up\n" : "down\n");
	was_up = the_link.up;
	for (unsigned int i = 0; i < LINK_STREAMS; i++) {
		struct link_stream *stream = &the_link.streams[i];

		put_waiting(i);
		if (stream->state == LINK_OPEN || stream->state == LINK_GONE)
			take(i);
		if (stream->state == applications[i].told)
			continue;
		applications[i].told = stream->state;
		if (stream->state == LINK_OPEN)
			printf("opened %u\n", i);
		if (stream->state == LINK_GONE)
			printf("gone %u %d\n", i, stream->reason);
		if (stream->state == LINK_FREE)
			printf("free %u\n", i);
	}
}

/* Commands. */

static size_t from_hex(const char *text, uint8_t *to)
{
	size_t size = 0;
	unsigned int byte;

	while (sscanf(text + 2 * size, "%2x", &byte) == 1)
		to[size++] = (uint8_t)byte;
	return size;
}

static void add_waiting(struct application *application, const uint8_t *bytes, size_t size)
{
	application->waiting = realloc(application->waiting, application->waiting_size + size + 1);
	if (application->waiting == NULL)
		die("realloc");
	memcpy(application->waiting + application->waiting_size, bytes, size);
	application->waiting_size += size;
}

static void forget(struct application *application)
{
	enum link_stream_state told = application->told;

	free(application->waiting);
	if (application->save != NULL)
		fclose(application->save);
	*application = (struct application){.told = told};
}

static void stream_command(const char *word, unsigned int i, const char *rest)
{
	static uint8_t bytes[COMMAND_MAX];
	struct application *application = &applications[i];
	size_t size = 0;
	unsigned long long count, seed;

	if (strcmp(word, "open") == 0) {
		char name[LINK_NAME_MAX + 1] = "";

		size = from_hex(rest, bytes);
		memcpy(name, bytes, size < sizeof(name) ? size : sizeof(name) - 1);
		forget(application);
		link_open(&the_link, i, name);
		application->told = the_link.streams[i].state;
	} else if (strcmp(word, "put") == 0) {
		size = from_hex(rest, bytes);
		add_waiting(application, bytes, size);
	} else if (strcmp(word, "fill") == 0 && sscanf(rest, "%llu %llu", &count, &seed) == 2) {
		uint64_t random = seed;

		for (; count > 0; count--) {
			bytes[size++] = (uint8_t)next_random(&random);
			if (size == sizeof(bytes) || count == 1) {
				add_waiting(application, bytes, size);
				size = 0;
			}
		}
	} else if (strcmp(word, "end") == 0 || strcmp(word, "end-badly") == 0) {
		application->end_wanted = true;
		application->bad_crc = strcmp(word, "end-badly") == 0;
	} else if (strcmp(word, "close") == 0) {
		link_close(&the_link, i, atoi(rest));
		forget(application);
	} else if (strcmp(word, "save") == 0) {
		application->save = fopen(rest, "w");
		if (application->save == NULL)
			die(rest);
	} else if (strcmp(word, "hold") == 0 || strcmp(word, "go") == 0) {
		application->held = strcmp(word, "hold") == 0;
	} else {
		printf("what? %s\n", word);
	}
}

static void command(char *text)
{
	char word[32] = "";
	unsigned int first = 0;
	unsigned long long second = 0, third = 0;
	int at = 0;

	sscanf(text, "%31s %n", word, &at);
	if (strcmp(word, "raw") == 0) {
		size_t size = from_hex(text + at, out + out_at + out_size);

		out_size += size;
		return;
	}
	sscanf(text + at, "%u %llu %llu", &first, &second, &third);
	if (strcmp(word, "cut") == 0) {
		cut();
	} else if (strcmp(word, "stay-away") == 0) {
		stays_away = true;
		cut();
	} else if (strcmp(word, "come-back") == 0) {
		stays_away = false;
	} else if (strcmp(word, "cuts") == 0) {
		cuts_left = first;
		cut_random = second;
		cut_most = third;
		budget();
	} else if (strcmp(word, "noise") == 0) {
		noise_rate = first;
		noise_random = second;
	} else if (strcmp(word, "restart") == 0) {
		out_at = out_size = 0;
		for (unsigned int i = 0; i < LINK_STREAMS; i++)
			forget(&applications[i]);
		start();
		printf("restarted\n");
	} else if (strcmp(word, "counts") == 0) {
		printf("counts %" PRIu64 " repeated, %" PRIu64 " bad\n",
		       the_link.counts.frames_repeated, the_link.counts.frames_bad);
	} else if (strcmp(word, "quit") == 0) {
		transmit();
		exit(0);
	} else if (first < LINK_STREAMS) {
		sscanf(text + at, "%*u %n", &at);
		text = strchr(text, ' ') != NULL ? strchr(text, ' ') + 1 : text;
		text = strchr(text, ' ') != NULL ? strchr(text, ' ') + 1 : (char *)"";
		stream_command(word, first, text);
	}
}

static void take_commands(void)
{
	static char text[COMMAND_MAX];
	static size_t size;
	ssize_t got = read(STDIN_FILENO, text + size, sizeof(text) - 1 - size);
	char *end;

	if (got == 0)
		exit(0);
	if (got < 0)
		return;
	size += (size_t)got;
	text[size] = '\0';
	while ((end = memchr(text, '\n', size)) != NULL) {
		*end = '\0';
		command(text);
		size -= (size_t)(end + 1 - text);
		memmove(text, end + 1, size + 1);
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	start();
	budget();
	begin_line(argv[1]);
	for (;;) {
		struct pollfd files[2] = {{.fd = STDIN_FILENO, .events = POLLIN}};
		uint64_t now, due;
		int wait = 5;

		join();
		work();
		transmit();
		now = now_us();
		due = link_due(&the_link, now);
		files[1].fd = line;
		files[1].events = (short)(POLLIN | (out_size > 0 ? POLLOUT : 0));
		if (line >= 0 && due > now)
			wait = due - now > 50000 ? 50 : (int)((due - now + 999) / 1000);
		/* A pty whose other end is closed is always ready, and has nothing. */
		if (poll(files, 2, wait) > 0 && (files[1].revents & POLLHUP) && kind == PTY)
			usleep(2000);
		if (files[0].revents != 0)
			take_commands();
		receive();
	}
}
