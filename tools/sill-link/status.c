/* SPDX-License-Identifier: MIT */
/* A line on the terminal that shows what the link does. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "tools/sill-link/report.h"
#include "tools/sill-link/status.h"

#define PERIOD 250000u

static uint64_t next_at = LINK_NEVER;
static uint64_t last_at, last_sent, last_received;

void status_begin(bool wanted)
{
	if (wanted && isatty(STDERR_FILENO) == 1)
		next_at = 0;
}

static void rate(char *text, size_t size, uint64_t bytes, uint64_t time)
{
	double a_second = time > 0 ? (double)bytes * 1e6 / (double)time : 0;

	if (a_second < 10000)
		snprintf(text, size, "%.0f B/s", a_second);
	else if (a_second < 10e6)
		snprintf(text, size, "%.1f kB/s", a_second / 1e3);
	else
		snprintf(text, size, "%.1f MB/s", a_second / 1e6);
}

void status_work(const struct link *link, bool joined, unsigned int channels, uint64_t now)
{
	const struct link_counts *counts = &link->counts;
	char to[32], from[32], line[160];

	if (now < next_at)
		return;
	rate(to, sizeof(to), counts->bytes_sent - last_sent, now - last_at);
	rate(from, sizeof(from), counts->bytes_received - last_received, now - last_at);
	last_at = now;
	last_sent = counts->bytes_sent;
	last_received = counts->bytes_received;
	next_at = now + PERIOD;
	snprintf(line, sizeof(line),
		 "%s | to Sill %s, from it %s | frames %" PRIu64 "/%" PRIu64 ", repeated %" PRIu64
		 ", bad %" PRIu64 " | channels %u",
		 !joined    ? "no line"
		 : link->up ? "up"
			    : "no answer",
		 to, from, counts->frames_sent, counts->frames_received, counts->frames_repeated,
		 counts->frames_bad, channels);
	report_status(line);
}

uint64_t status_due(void)
{
	return next_at;
}
