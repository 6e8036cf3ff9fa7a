/* SPDX-License-Identifier: MIT */
/* The command line of sill-link. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/version.h"
#include "tools/sill-link/options.h"
#include "tools/sill-link/report.h"

/* If it is not given, and the line is not so slow that it has to be more. */
#define TIMEOUT_US 10000000u

static const char usage[] =
	"usage: sill-link [OPTION]... LINE\n"
	"The other end of Sill's serial line: its console, and the guest's channels.\n"
	"\n"
	"LINE is one of\n"
	"  DEVICE                     a serial device or a pseudo terminal: /dev/ttyUSB0\n"
	"  unix:PATH                  connects to a Unix socket\n"
	"  unix-listen:PATH           makes one, and waits for the emulator to connect\n"
	"  tcp:HOST:PORT              connects\n"
	"  tcp-listen:[HOST:]PORT     waits for a connection; HOST is 127.0.0.1 if it is left out\n"
	"  --baud RATE                of a device (115200)\n"
	"  --rtscts                   a device's RTS and CTS say who may send\n"
	"  --wake MS                  time that Sill may take to begin to listen (10; 0: it always does)\n"
	"  --timeout SECONDS          silence after which Sill counts as gone (10)\n"
	"\n"
	"A channel that the guest opens is joined to what was asked for; else it is refused.\n"
	"  --exec NAME=COMMAND        a shell command's standard input and output; may be repeated\n"
	"  --dir DIR                  a Unix socket DIR/NAME, for one program at a time\n"
	"  --pipes DIR                named pipes: DIR/NAME.in to the guest, DIR/NAME.out from it\n"
	"  --channel NAME             with --dir, --pipes: there before the guest opens it; repeatable\n"
	"  --share DIR                the channels 9p (for mount -t 9p) and file answer with what is\n"
	"                             in DIR and nothing else\n"
	"  --rw                       the guest may change DIR\n"
	"\n"
	"  --console-input            what is typed goes to Sill's console; Ctrl-] leaves\n"
	"  --log FILE                 adds the console's text to FILE\n"
	"  --log-time                 each line in it begins with the time\n"
	"  --status                   a line on the terminal that shows what the link does\n"
	"  --once                     leaves when the line was there and is gone, instead of waiting\n"
	"  --quiet, --verbose         says only what went wrong; says more\n"
	"  --help, --version\n"
	"\n"
	"Exit status: 0 left as asked, 1 failed (it says why), 64 wrong arguments\n";

enum {
	OPTION_BAUD = 1,
	OPTION_RTSCTS,
	OPTION_WAKE,
	OPTION_TIMEOUT,
	OPTION_EXEC,
	OPTION_DIR,
	OPTION_PIPES,
	OPTION_CHANNEL,
	OPTION_SHARE,
	OPTION_RW,
	OPTION_CONSOLE_INPUT,
	OPTION_LOG,
	OPTION_LOG_TIME,
	OPTION_STATUS,
	OPTION_ONCE,
	OPTION_QUIET,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{"baud", required_argument, NULL, OPTION_BAUD},
	{"rtscts", no_argument, NULL, OPTION_RTSCTS},
	{"wake", required_argument, NULL, OPTION_WAKE},
	{"timeout", required_argument, NULL, OPTION_TIMEOUT},
	{"exec", required_argument, NULL, OPTION_EXEC},
	{"dir", required_argument, NULL, OPTION_DIR},
	{"pipes", required_argument, NULL, OPTION_PIPES},
	{"channel", required_argument, NULL, OPTION_CHANNEL},
	{"share", required_argument, NULL, OPTION_SHARE},
	{"rw", no_argument, NULL, OPTION_RW},
	{"console-input", no_argument, NULL, OPTION_CONSOLE_INPUT},
	{"log", required_argument, NULL, OPTION_LOG},
	{"log-time", no_argument, NULL, OPTION_LOG_TIME},
	{"status", no_argument, NULL, OPTION_STATUS},
	{"once", no_argument, NULL, OPTION_ONCE},
	{"quiet", no_argument, NULL, OPTION_QUIET},
	{"verbose", no_argument, NULL, OPTION_VERBOSE},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{NULL, 0, NULL, 0},
};

bool name_is_good(const char *name)
{
	size_t size = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				   "0123456789._-");

	return size >= 1 && size <= LINK_NAME_MAX && name[size] == '\0' && name[0] != '.';
}

static bool parse_number(const char *option, const char *text, uint32_t least, uint32_t most,
			 uint32_t *number)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < least ||
	    value > most) {
		say_error("--%s %s: a number from %u to %u is wanted", option, text, least, most);
		return false;
	}
	*number = (uint32_t)value;
	return true;
}

static bool check_name(const char *option, const char *name)
{
	if (name_is_good(name))
		return true;
	say_error("--%s: no channel can be called '%s': 1 to %u of A-Z a-z 0-9 . _ - are, and "
		  "the first is not a dot",
		  option, name, LINK_NAME_MAX);
	return false;
}

static bool too_many(const char *option)
{
	say_error("--%s: more than %u times; that many channels there are", option, OPTIONS_NAMES);
	return false;
}

static bool add_exec(struct options *options, const char *text)
{
	const char *equals = strchr(text, '=');
	char name[64];

	if (equals == NULL || equals[1] == '\0') {
		say_error("--exec %s: NAME=COMMAND is wanted, as in --exec sum='sha256sum'", text);
		return false;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
	if (!check_name("exec", name))
		return false;
	for (unsigned int i = 0; i < options->execs; i++) {
		if (strcmp(options->exec[i].name, name) == 0) {
			say_error("--exec %s=: given twice; a channel has one command", name);
			return false;
		}
	}
	if (options->execs == OPTIONS_NAMES)
		return too_many("exec");
	memcpy(options->exec[options->execs].name, name, sizeof(options->exec[0].name));
	options->exec[options->execs++].command = equals + 1;
	return true;
}

static bool add_channel(struct options *options, const char *name)
{
	if (!check_name("channel", name))
		return false;
	for (unsigned int i = 0; i < options->channels; i++) {
		if (strcmp(options->channel[i], name) == 0)
			return true;
	}
	if (options->channels == OPTIONS_NAMES)
		return too_many("channel");
	options->channel[options->channels++] = name;
	return true;
}

/* What getopt_long() did not understand. */
static void say_unknown(int argc, char **argv, int option)
{
	const char *argument = optind > 0 && optind <= argc ? argv[optind - 1] : "";

	if (option == ':')
		say_error("%s: its value is missing (see sill-link --help)", argument);
	else if (optopt > 0 && optopt <= OPTION_VERSION)
		say_error("%s: it takes no value (see sill-link --help)", argument);
	else
		say_error("%s: no such option (see sill-link --help)", argument);
}

static bool take(struct options *options, int option, const char *value)
{
	uint32_t number;

	switch (option) {
	case OPTION_BAUD:
		return parse_number("baud", value, 1200, 4000000, &options->baud);
	case OPTION_WAKE:
		if (!parse_number("wake", value, 0, 1000, &number))
			return false;
		options->wake_us = number * 1000;
		return true;
	case OPTION_TIMEOUT:
		if (!parse_number("timeout", value, 1, 3600, &number))
			return false;
		options->timeout_us = number * 1000000;
		return true;
	case OPTION_EXEC:
		return add_exec(options, value);
	case OPTION_CHANNEL:
		return add_channel(options, value);
	case OPTION_DIR:
		options->sockets = value;
		return true;
	case OPTION_PIPES:
		options->pipes = value;
		return true;
	case OPTION_SHARE:
		options->share = value;
		return true;
	case OPTION_LOG:
		options->log = value;
		return true;
	case OPTION_RTSCTS:
		return options->rtscts = true;
	case OPTION_RW:
		return options->share_writable = true;
	case OPTION_CONSOLE_INPUT:
		return options->console_input = true;
	case OPTION_LOG_TIME:
		return options->log_time = true;
	case OPTION_STATUS:
		return options->status = true;
	case OPTION_ONCE:
		return options->once = true;
	case OPTION_QUIET:
		return options->quiet = true;
	case OPTION_VERBOSE:
		return options->verbose = true;
	default:
		return false;
	}
}

/* Whether a channel of this name would be taken twice. */
static bool taken_by_share(const struct options *options, const char *option, const char *name)
{
	if (options->share == NULL ||
	    (strcmp(name, SHARE_9P_NAME) != 0 && strcmp(name, SHARE_FILE_NAME) != 0))
		return false;
	say_error("--%s %s and --share both want the channel %s: leave one of them out", option,
		  name, name);
	return true;
}

static bool fits_together(const struct options *options)
{
	if (options->pipes != NULL && options->sockets != NULL) {
		say_error("--dir and --pipes both take every channel: leave one of them out");
		return false;
	}
	if (options->channels > 0 && options->pipes == NULL && options->sockets == NULL) {
		say_error("--channel %s: it needs --dir DIR or --pipes DIR, where it is to be",
			  options->channel[0]);
		return false;
	}
	if (options->share_writable && options->share == NULL) {
		say_error("--rw is about the folder of --share DIR, which is missing");
		return false;
	}
	if (options->log_time && options->log == NULL) {
		say_error("--log-time is about the file of --log FILE, which is missing");
		return false;
	}
	if (options->quiet && options->verbose) {
		say_error("--quiet and --verbose contradict each other: leave one of them out");
		return false;
	}
	for (unsigned int i = 0; i < options->execs; i++) {
		if (taken_by_share(options, "exec", options->exec[i].name))
			return false;
	}
	for (unsigned int i = 0; i < options->channels; i++) {
		if (taken_by_share(options, "channel", options->channel[i]))
			return false;
		for (unsigned int j = 0; j < options->execs; j++) {
			if (strcmp(options->exec[j].name, options->channel[i]) == 0) {
				say_error("--channel %s and --exec %s= contradict each other",
					  options->channel[i], options->channel[i]);
				return false;
			}
		}
	}
	return true;
}

/* While a frame is on a slow line nothing else is heard; that is no silence. */
static bool set_timeout(struct options *options)
{
	uint64_t frame_us = (uint64_t)FRAME_ENCODED_MAX * 10 * 1000000 / options->baud;
	uint64_t least_us = 3 * frame_us;

	if (options->timeout_us == 0)
		options->timeout_us =
			(uint32_t)(6 * frame_us > TIMEOUT_US ? 6 * frame_us : TIMEOUT_US);
	if (options->timeout_us >= least_us)
		return true;
	say_error("--timeout %u: too short, at %u bits a second a frame alone takes up to %u ms: "
		  "%u or more is wanted",
		  options->timeout_us / 1000000, options->baud, (uint32_t)(frame_us / 1000),
		  (uint32_t)(least_us / 1000000 + 1));
	return false;
}

int options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){.baud = 115200, .wake_us = 10000};
	opterr = 0;
	/* ':' first: a missing value is told from an unknown option. */
	while ((option = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			fputs(usage, stdout);
			return STATUS_GOOD;
		}
		if (option == OPTION_VERSION) {
			printf("sill-link %d.%d.%d\n", SILL_VERSION_MAJOR, SILL_VERSION_MINOR,
			       SILL_VERSION_PATCH);
			return STATUS_GOOD;
		}
		if (option == '?' || option == ':') {
			say_unknown(argc, argv, option);
			return STATUS_USAGE;
		}
		if (!take(options, option, optarg))
			return STATUS_USAGE;
	}
	if (optind == argc) {
		say_error("LINE is missing: a device, unix:PATH, unix-listen:PATH, tcp:HOST:PORT "
			  "or tcp-listen:PORT (see sill-link --help)");
		return STATUS_USAGE;
	}
	if (optind + 1 < argc) {
		say_error("%s: LINE was given already, as %s; there can be only one",
			  argv[optind + 1], argv[optind]);
		return STATUS_USAGE;
	}
	options->line = argv[optind];
	return fits_together(options) && set_timeout(options) ? -1 : STATUS_USAGE;
}
