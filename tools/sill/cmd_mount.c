/* SPDX-License-Identifier: MIT */
/* sill mount: the folder that sill-link shares, by the kernel's own 9P client over a channel. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sill/calls.h"
#include "tools/sill/channel_options.h"
#include "tools/sill/commands.h"
#include "tools/sill/moment.h"
#include "tools/sill/pump_9p.h"

#define DEFAULT_CHANNEL	  "9p"
#define DEFAULT_TIMEOUT_S 10u
/*
 * Of a message: it takes 1.4 s at 115200 baud, during which nothing else can be read from the
 * folder.
 */
#define DEFAULT_MSIZE 16384ul
#define LEAST_MSIZE   4096ul /* Linux takes no less */
#define MOST_MSIZE    (1024ul * 1024)
#define PATIENCE_US   20000u

struct wish {
	const char *folder;
	bool writable;
	unsigned long msize;
	struct channel channel;
};

static int usage_msize(const char *text)
{
	fprintf(stderr, "sill: mount: --msize takes a number of bytes, %lu to %lu, not '%s'\n",
		LEAST_MSIZE, MOST_MSIZE, text != NULL ? text : "");
	return STATUS_USAGE;
}

static int understand(int argc, char **argv, struct wish *wish)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--rw") == 0) {
			wish->writable = true;
		} else if (strcmp(argv[i], "--take-over") == 0) {
			wish->channel.take_over = true;
		} else if (strcmp(argv[i], "--channel") == 0) {
			if (argv[++i] == NULL)
				return usage_error(argv[0], "--channel without a NAME");
			wish->channel.name = argv[i];
		} else if (strcmp(argv[i], "--timeout") == 0) {
			if (!channel_option_timeout(argv[0], argv[++i], &wish->channel))
				return STATUS_USAGE;
		} else if (strcmp(argv[i], "--msize") == 0) {
			if (argv[++i] == NULL ||
			    !option_number(argv[i], MOST_MSIZE, &wish->msize) ||
			    wish->msize < LEAST_MSIZE)
				return usage_msize(argv[i]);
		} else if (wish->folder != NULL || strncmp(argv[i], "--", 2) == 0) {
			return usage_error(argv[0], argv[i]);
		} else {
			wish->folder = argv[i];
		}
	}
	if (wish->folder == NULL) {
		fputs("sill: mount: on which folder? (see sill --help)\n", stderr);
		return STATUS_USAGE;
	}
	return channel_option_name(argv[0], wish->channel.name) ? STATUS_GOOD : STATUS_USAGE;
}

static int look_at_folder(const char *folder)
{
	struct stat about;

	if (stat(folder, &about) != 0)
		fprintf(stderr, "sill: mount: %s: %s\n", folder, strerror(errno));
	else if (!S_ISDIR(about.st_mode))
		fprintf(stderr, "sill: mount: %s is no folder\n", folder);
	else
		return STATUS_GOOD;
	return STATUS_FAILED;
}

static int wait_for_somebody(struct channel *channel)
{
	struct sill_channel state;
	int status;

	while ((status = channel_look(channel, &state, 0)) == STATUS_GOOD && !channel->connected)
		moment_pass(PATIENCE_US);
	return status;
}

static void say_mount_error(const struct wish *wish, int error)
{
	const char *words = "";

	switch (error) {
	case ENODEV:
		words = ": this kernel has no 9P file system; 'modprobe 9p' says more (modules 9p, "
			"9pnet, 9pnet_fd; CONFIG_9P_FS, CONFIG_NET_9P, CONFIG_NET_9P_FD)";
		break;
	case EPERM:
		words = ": mounting needs root (CAP_SYS_ADMIN)";
		break;
	case EINVAL:
	case EPROTONOSUPPORT:
		words = ": this kernel may lack 9P over file descriptors ('modprobe 9pnet_fd', "
			"CONFIG_NET_9P_FD), or the other end speaks no 9P2000.L; dmesg may say more";
		break;
	case EIO:
	case ECONNRESET:
	case EREMOTEIO:
	case EPROTO:
		words = ": the other end has gone, or does not answer as a 9P server does";
		break;
	default:
		break;
	}
	fprintf(stderr, "sill: mount: 9p on %s over channel %s: %s%s\n", wish->folder,
		wish->channel.name, strerror(error), words);
}

/* mount(2) comes back when the other end has answered the kernel's first messages. */
static int mount_on(const struct wish *wish, int kernel_end)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | (wish->writable ? 0 : MS_RDONLY);
	char options[160];

	/*
	 * access=any: all users come to the other end as one, since there it is one user's program
	 * that does the work; it knows that user by the name of root. This kernel still looks at
	 * owners and modes. cache=none: what is changed over there is seen here at once.
	 */
	snprintf(options, sizeof(options),
		 "trans=fd,rfdno=%d,wfdno=%d,version=9p2000.L,msize=%lu,access=any,cache=none,"
		 "uname=root,aname=/share",
		 kernel_end, kernel_end, wish->msize);
	return mount("sill", wish->folder, "9p", flags, options) == 0 ? 0 : errno;
}

static int mount_folder(struct wish *wish)
{
	uint64_t time_us = wish->channel.timeout_us;
	struct pump pump;
	int kernel_end, error, status;

	status = pump_start(&pump, &wish->channel, time_us, &kernel_end);
	if (status != STATUS_GOOD)
		return status;
	error = mount_on(wish, kernel_end);
	/* The kernel has its own hold on it. */
	close(kernel_end);
	if (error != 0) {
		close(pump.leash);
		status = pump_wait(&pump);
		/* What the channel's end has said is the cause of the kernel's error. */
		if (status != STATUS_GOOD)
			return status;
		say_mount_error(wish, error);
		return STATUS_FAILED;
	}
	if (pump_release(&pump))
		return STATUS_GOOD;
	(void)pump_wait(&pump);
	fprintf(stderr, "sill: mount: %s is unmounted again: the channel to it has gone\n",
		wish->folder);
	if (umount2(wish->folder, MNT_DETACH) != 0)
		fprintf(stderr, "sill: mount: unmounting %s: %s\n", wish->folder, strerror(errno));
	return STATUS_NOBODY;
}

int cmd_mount(int argc, char **argv)
{
	struct wish wish = {
		.msize = DEFAULT_MSIZE,
		.channel = {.command = argv[0],
			    .name = DEFAULT_CHANNEL,
			    .timeout_us = DEFAULT_TIMEOUT_S * US_PER_S},
	};
	int status = understand(argc, argv, &wish);

	if (status == STATUS_GOOD)
		status = calls_begin(true);
	if (status == STATUS_GOOD)
		status = look_at_folder(wish.folder);
	if (status == STATUS_GOOD)
		status = channel_open(&wish.channel);
	if (status == STATUS_GOOD)
		status = wait_for_somebody(&wish.channel);
	if (status == STATUS_GOOD)
		status = mount_folder(&wish);
	channel_close(&wish.channel);
	return status;
}
