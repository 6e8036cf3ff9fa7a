/* SPDX-License-Identifier: MIT */
/* A bar on a terminal; see tools/sill/progress.h. */
#include "tools/sill/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/sill/moment.h"

/* Not before, and not more often than. */
#define AFTER_US US_PER_S
#define EACH_US	 (US_PER_S / 5)
#define BAR	 30u

const char *amount_text(char *text, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	uint64_t tenths;

	if (bytes < 1024) {
		snprintf(text, AMOUNT_TEXT_SIZE, "%" PRIu64 " bytes", bytes);
		return text;
	}
	while (bytes >> 10 >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes >>= 10;
		unit++;
	}
	tenths = bytes / 1024 * 10 + bytes % 1024 * 10 / 1024;
	snprintf(text, AMOUNT_TEXT_SIZE, "%" PRIu64 ".%u %s", tenths / 10, (unsigned)(tenths % 10),
		 units[unit]);
	return text;
}

uint64_t rate_of(uint64_t bytes, uint64_t us)
{
	return us == 0 ? 0 : (uint64_t)((double)bytes * (double)US_PER_S / (double)us);
}

static void show_bar(const struct progress *progress, uint64_t bytes)
{
	uint64_t full = bytes < progress->total ? bytes : progress->total;
	uint64_t filled = (uint64_t)((double)full / (double)progress->total * BAR);

	fputc('[', stderr);
	for (uint64_t i = 0; i < BAR; i++)
		fputc(i < filled ? '=' : i == filled ? '>' : ' ', stderr);
	fprintf(stderr, "] %3u %%  ", (unsigned)((double)full / (double)progress->total * 100));
}

void progress_show(struct progress *progress, uint64_t bytes, uint64_t now)
{
	char amount[AMOUNT_TEXT_SIZE], speed[AMOUNT_TEXT_SIZE];
	uint64_t rate = rate_of(bytes, now - progress->begin_us);

	if (!progress->wanted || now - progress->begin_us < AFTER_US ||
	    now - progress->shown_us < EACH_US)
		return;
	progress->shown_us = now;
	fputc('\r', stderr);
	if (progress->total != 0)
		show_bar(progress, bytes);
	fprintf(stderr, "%s, %s/s", amount_text(amount, bytes), amount_text(speed, rate));
	if (rate != 0 && bytes < progress->total) {
		uint64_t left = (progress->total - bytes) / rate;

		fprintf(stderr, ", %" PRIu64 ":%02u left", left / 60, (unsigned)(left % 60));
	}
	/* To the line's end. */
	fputs("\033[K", stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->shown_us != 0)
		fputs("\r\033[K", stderr);
	progress->shown_us = 0;
}
