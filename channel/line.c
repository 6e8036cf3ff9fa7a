/* SPDX-License-Identifier: MIT */
/* The serial line; see channel/line.h. */
#include "channel/line.h"

#include "core/console.h"
#include "core/cpu.h"
#include "core/log.h"
#include "core/time.h"
#include "core/uart.h"
#include "core/uart_registers.h"

/* So many looks at the UART in one go: its FIFO, and as much again while that is emptied. */
#define LOOKS 32

/* While nothing is said: how often to look whether somebody begins to. */
#define IDLE_US 10000u

/* So long after the last byte more are expected: at once, and some time. */
#define RECEIVING_US 5000u
#define LISTEN_US    50000u

/* So long, and four characters, after the last byte the next isn't of the same frame. */
#define BETWEEN_US 20000u

static struct {
	struct link *link;
	struct uart uart;
	uint32_t baud, share;
	bool shared;	     /* the console has the same UART */
	bool in_frame;	     /* shared, without a session: bytes are a frame's, not typed */
	struct queue typed;  /* bytes that are no frame's */
	uint64_t console_at; /* of the console's text, what the link has */
	uint64_t heard_us;   /* when the last byte arrived */
	bool missed;	     /* the last look found no byte */
	uint64_t looked_at;  /* the TSC when the UART was last emptied, */
	uint64_t sent_at;    /* and when it was last filled */
	uint64_t now_us;     /* the link's time, */
	uint64_t clock_us;   /* and time_since_start_us() at that moment */
	int64_t budget;	     /* ticks that may still be spent; below 0: too many were */
	uint64_t budget_at;  /* the TSC when that was true */
	uint64_t overruns;
} line;

#define TYPED_SIZE 32u

/* However long the CPU slept, and whatever an OS made of the TSC, no more time passes in one go. */
#define STEP_MOST_US 1000000

/* The link's time, which never goes back. */
static uint64_t moment(void)
{
	int64_t step = (int64_t)(time_since_start_us() - line.clock_us);

	/* A little less is another CPU's TSC. */
	if (step < 0 && step > -STEP_MOST_US)
		return line.now_us;
	line.clock_us += (uint64_t)step;
	if (step > 0)
		line.now_us += (uint64_t)(step < STEP_MOST_US ? step : STEP_MOST_US);
	return line.now_us;
}

static uint64_t ticks(uint64_t us)
{
	return time_tsc_hz() / 1000000 * us;
}

/*
 * Where the console has the same UART, a person may type at a plain terminal. A frame begins with
 * a 0, which no terminal sends.
 */
static void sort_byte(uint8_t byte)
{
	static uint8_t last;

	if (line.link->up)
		return;
	if (byte == 0)
		line.in_frame = last == 0 || !line.in_frame;
	else if (!line.in_frame)
		(void)queue_put(&line.typed, &byte, 1);
	last = byte;
}

static void feed_console(void)
{
	struct queue *out = &line.link->streams[LINK_CONSOLE].out;
	uint32_t room, count;
	uint8_t *to = queue_space(out, &room);

	/* Before somebody is there, the text waits where the latest of it is kept. */
	if (!line.link->up || room == 0)
		return;
	count = (uint32_t)console_copy_read(&line.console_at, (char *)to, room);
	line.console_at += count;
	queue_filled(out, count);
}

/* The bytes that are there, to the link; answers what the last look at the UART saw. */
static unsigned int receive(uint64_t now)
{
	unsigned int seen, received = 0;
	uint8_t byte = 0;

	if (now - line.heard_us >= BETWEEN_US + 40000000u / line.baud)
		line.in_frame = false;
	for (unsigned int i = 0; i < LOOKS; i++) {
		seen = uart_look(&line.uart, &byte);
		if ((seen & UART_LOST) != 0)
			line.overruns++;
		if ((seen & UART_RECEIVED) == 0)
			break;
		received++;
		if (line.shared)
			sort_byte(byte);
		(void)link_receive(line.link, byte, now);
	}
	line.missed = received == 0;
	if (received > 0)
		line.heard_us = now;
	return seen;
}

void line_work(void)
{
	uint8_t piece[UART_FIFO_SIZE];
	uint64_t now;
	size_t size;

	if (!line_present() || console_in_panic())
		return;
	now = moment();
	feed_console();
	line.looked_at = rdtsc();
	if ((receive(now) & UART_ROOM) != 0) {
		size = link_transmit(line.link, piece, sizeof(piece), now);
		line.sent_at = rdtsc();
		uart_send(&line.uart, piece, size);
	} else {
		/* The link's time goes on all the same. */
		(void)link_transmit(line.link, piece, 0, now);
	}
	if (line.shared)
		console_lend_serial(line.link->up);
}

/*
 * The share is kept on average: what was not spent before may be spent at once, so that a frame can
 * be encoded in one go, but no more than the share of this time. Nor is more than that owed.
 */
#define BUDGET_US 100000u

static void count_budget(uint64_t now)
{
	int64_t most = (int64_t)(ticks(BUDGET_US) / 100 * line.share);

	line.budget += (int64_t)((now - line.budget_at) / 100 * line.share);
	line.budget_at = now;
	if (line.budget > most)
		line.budget = most;
	if (line.budget < -most)
		line.budget = -most;
}

void line_work_unasked(void)
{
	uint64_t before = rdtsc();

	count_budget(before);
	if (line.budget <= 0)
		return;
	line_work();
	line.budget -= (int64_t)(rdtsc() - before);
}

static uint64_t quarters_of_a_character(uint64_t count)
{
	return time_tsc_hz() * count * 10 / (4ull * line.baud);
}

/*
 * When the UART has to be looked at again while something moves. While something is to be sent:
 * when the line is about to fall silent. (The first of 16 bytes goes on to the shift register at
 * once, so the FIFO is empty after 15.) While bytes arrive, twice as often: the receiving FIFO has
 * room for 16, too, and nobody waits for it. A little more than 8 characters, since Bochs shows no
 * fewer (core/uart.c); it takes no more, either, until those are read, so a look that came too
 * early is soon made again.
 */
static uint64_t busy_next(bool receiving)
{
	uint64_t empty = line.sent_at + quarters_of_a_character(62);

	/* It should be empty, but the last look saw that it isn't. */
	if (!receiving && (int64_t)(empty - line.looked_at) <= 0)
		return line.looked_at + quarters_of_a_character(32);
	if (!receiving)
		return empty;
	return line.looked_at + quarters_of_a_character(line.missed ? 8 : 33);
}

uint64_t line_next(void)
{
	uint64_t now_us = moment(), now = rdtsc(), quiet_us = now_us - line.heard_us, due_us, next;

	/* The link is asked last: it looks at each stream. */
	if (quiet_us < LISTEN_US) {
		next = busy_next(quiet_us < RECEIVING_US);
	} else if ((due_us = link_due(line.link, now_us)) <= now_us) {
		next = busy_next(false);
	} else {
		due_us -= now_us;
		next = now + ticks(due_us < IDLE_US ? due_us : IDLE_US);
	}
	/*
	 * To find that out is a good part of what a look costs. Were it paid only when the time has
	 * come, there would never be anything left for the look itself.
	 */
	line.budget -= (int64_t)(rdtsc() - now);
	count_budget(now);
	if (line.budget <= 0) {
		uint64_t paid = now + (uint64_t)-line.budget / line.share * 100 + 100;

		next = next > paid ? next : paid;
	}
	return next;
}

int line_take_console_byte(void)
{
	uint8_t byte;

	if (line_present() && (queue_get(&line.typed, &byte, 1) == 1 ||
			       queue_get(&line.link->streams[LINK_CONSOLE].in, &byte, 1) == 1))
		return byte;
	return -1;
}

uint16_t line_port(void)
{
	return line.uart.port;
}

void line_finish(uint32_t us)
{
	const struct queue *out = &line.link->streams[LINK_CONSOLE].out;
	uint64_t end;

	if (!line_present())
		return;
	end = moment() + us;
	do
		line_work();
	while (line.link->up && (queue_used(out) > 0 || link_wants_to_send(line.link, end)) &&
	       moment() < end);
}

/* More bytes than wait anywhere, should what counts them be damaged. */
#define REST_MOST 16384u

/* What sill-link takes for text where it stands in no frame. */
static uint8_t as_text(uint8_t byte)
{
	return (byte >= ' ' && byte <= '~') || (byte >= '\b' && byte <= '\r') ? byte : '?';
}

__attribute__((cold)) void line_tell_rest(void)
{
	const char *opening = "\r\nsill: not confirmed over the link, and maybe said before:\r\n";
	uint8_t byte;

	for (uint32_t told = 0; told < REST_MOST && line_present(); told++) {
		feed_console();
		if (queue_get(&line.link->streams[LINK_CONSOLE].out, &byte, 1) == 0)
			return;
		while (*opening != '\0')
			console_put_rest((uint8_t)*opening++);
		if (byte == '\n')
			console_put_rest('\r');
		console_put_rest(as_text(byte));
	}
}

void line_stop(void)
{
	console_lend_serial(false);
	line.uart.port = 0;
}

void line_describe(struct sill_link *state)
{
	const struct link_counts *counts = &line.link->counts;

	*state = (struct sill_link){0};
	if (!line_present())
		return;
	*state = (struct sill_link){
		.port = line.uart.port,
		.baud = line.baud,
		.up = line.link->up,
		.share = line.share,
		.bytes_sent = counts->bytes_sent,
		.bytes_received = counts->bytes_received,
		.frames_sent = counts->frames_sent,
		.frames_received = counts->frames_received,
		.frames_repeated = counts->frames_repeated,
		.frames_bad = counts->frames_bad,
		.overruns = line.overruns,
	};
}

static bool take_uart(const struct sill_channel_settings *settings)
{
	/* The port may be the console's: its FIFO is emptied. */
	console_flush();
	for (unsigned int i = 0; i < 2; i++) {
		uint16_t port = (uint16_t)settings->link_ports[i];

		if (port == 0)
			continue;
		uart_start(&line.uart, port, settings->link_baud);
		if (!uart_present(&line.uart))
			continue;
		line.shared = console_share_serial(port);
		return true;
	}
	return false;
}

void line_start(struct link *link, const struct sill_channel_settings *settings)
{
	struct link_config config = {
		.opener = true,
		.baud = settings->link_baud,
		.timeout_us = settings->link_timeout_ms * 1000,
	};

	static uint8_t typed[TYPED_SIZE];

	line.typed = (struct queue){typed, TYPED_SIZE, 0, 0};
	line.link = link;
	line.baud = settings->link_baud;
	line.share = settings->link_share;
	if (settings->link_ports[0] == 0 && settings->link_ports[1] == 0)
		return;
	if (!take_uart(settings)) {
		log_warning("link: no UART answers at I/O port %x%s; channels that leave this "
			    "machine can't be opened. Set 'link' in sill.conf to the right port",
			    settings->link_ports[0],
			    settings->link_ports[1] != 0 ? ", nor at COM1" : "");
		return;
	}
	/* Never the same again, whatever the clock: two starts are not at the same tick. */
	link_start(link, &config, (uint32_t)(rdtsc() ^ time_utc_ns(rdtsc())) | 1);
	if (!line.shared)
		console_panic_line(&line.uart);
	log_info("link: on the UART at I/O port %x, %u baud%s; sill-link at its other end shows "
		 "the console and joins channels",
		 line.uart.port, line.baud, line.shared ? ", which is the console's, too" : "");
}
