/* SPDX-License-Identifier: MIT */
/* UNIT: link/link.c link/frame.c link/queue.c link/stream.c link/window.c core/format.c
	 channel/channel.c channel/check.c channel/rings.c channel/service.c channel/channels.c */
/*
 * What a panic says of the console's text that is still on its way over the link: all of it, in
 * its order, as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* The console is this program's. */
#define console_copy_read played_copy_read
#define console_put_rest  played_put_rest
#include "channel/line.c"
#undef console_copy_read
#undef console_put_rest

#include "channel_machine.h"

static char copy[8192], told[65536];
static size_t copy_size, told_size;

size_t played_copy_read(uint64_t *from, char *to, size_t room)
{
	size_t size = copy_size - *from < room ? copy_size - *from : room;

	memcpy(to, copy + *from, size);
	return size;
}

void played_put_rest(uint8_t byte)
{
	assert_true(told_size < sizeof(told));
	told[told_size++] = (char)byte;
}

static void start(bool up)
{
	static struct link the_link;
	static uint8_t out[4096], in[256];
	const struct sill_channel_settings settings = {
		.link_ports = {0x2f8}, .link_baud = 115200, .link_share = 20};

	the_link = (struct link){0};
	the_link.streams[LINK_CONSOLE].out = (struct queue){out, sizeof(out), 0, 0};
	the_link.streams[LINK_CONSOLE].in = (struct queue){in, sizeof(in), 0, 0};
	line.console_at = 0;
	copy_size = told_size = 0;
	line_start(&the_link, &settings);
	the_link.up = up;
}

static void say(const char *text)
{
	memcpy(copy + copy_size, text, strlen(text));
	copy_size += strlen(text);
}

/* What was told, less the line that opens it. */
static const char *rest(void)
{
	const char *end;

	line_tell_rest();
	told[told_size] = '\0';
	if (told_size == 0)
		return "";
	end = strstr(told, "before:\r\n");
	assert_non_null(end);
	return end + strlen("before:\r\n");
}

static void test_nothing_waits(void **state)
{
	(void)state;
	start(true);
	assert_string_equal(rest(), "");
	assert_int_equal(told_size, 0);
}

static void test_both_kinds(void **state)
{
	struct queue *out;

	(void)state;
	start(true);
	out = &line.link->streams[LINK_CONSOLE].out;
	say("confirmed sent ");
	feed_console();
	queue_taken(out, 10);
	say("not yet\n");
	assert_string_equal(rest(), "sent not yet\r\n");
	assert_int_equal(queue_used(out), 0);
}

/* Nobody was there yet; or somebody was, and has gone. */
static void test_without_a_session(void **state)
{
	(void)state;
	start(false);
	say("for who comes");
	assert_string_equal(rest(), "");
	start(true);
	say("on its way");
	feed_console();
	line.link->up = false;
	say(" and later");
	assert_string_equal(rest(), "on its way");
}

/* A byte that no text has would make sill-link take all of it for noise. */
static void test_no_text(void **state)
{
	(void)state;
	start(true);
	say("a\x01z \xc3\xbc \x1b[2J\ttab\r\n");
	assert_string_equal(rest(), "a?z ?? ?[2J\ttab\r\r\n");
}

/* Around the queue's end, and more than it holds at a time. */
static void test_much(void **state)
{
	char expected[sizeof(copy) + 1] = "";

	(void)state;
	start(true);
	for (unsigned int i = 0; copy_size + 5 <= sizeof(copy); i++) {
		char piece[6];

		snprintf(piece, sizeof(piece), "%04u ", i);
		say(piece);
	}
	feed_console();
	queue_taken(&line.link->streams[LINK_CONSOLE].out, 1000);
	memcpy(expected, copy + 1000, copy_size - 1000);
	assert_string_equal(rest(), expected);
}

/* Positions that are nonsense cost time and nothing else. */
static void test_damaged(void **state)
{
	(void)state;
	start(true);
	line.link->streams[LINK_CONSOLE].out.tail = 12345;
	line_tell_rest();
	assert_in_range(told_size, 16384, 2 * 16384 + 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_waits),
		cmocka_unit_test(test_both_kinds),
		cmocka_unit_test(test_without_a_session),
		cmocka_unit_test(test_no_text),
		cmocka_unit_test(test_much),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
