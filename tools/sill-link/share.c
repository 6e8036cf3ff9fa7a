/* SPDX-License-Identifier: MIT */
/* The folder that the guest may see. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sill-link/loop.h"
#include "tools/sill-link/report.h"
#include "tools/sill-link/share.h"

#define LIBRARIES    64
#define ARGUMENTS    (3 * LIBRARIES + 64)
#define PATIENCE     10000000u	  /* for a first answer, in microseconds */
#define MEMORY_LIMIT (512u << 20) /* a hostile client makes diod remember as much as it likes */
#define INSIDE	     "/share"	  /* the folder's name in the sandbox, and for mount's aname= */
#define WHERE	     ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"

static int directory = -1, nowhere = -1;
static bool writable;
static char folder[PATH_MAX], bwrap[PATH_MAX], diod[PATH_MAX];
static char *libraries[LIBRARIES];
static unsigned int library_count;

int share_directory(void)
{
	return directory;
}

/* Along PATH and where system programs are, which is often not in a user's PATH. */
static bool find_program(char *path, const char *program, const char *package)
{
	const char *search = getenv("PATH");
	char places[8192];
	char *rest = places;
	const char *place;
	bool there = false;

	snprintf(places, sizeof(places), "%s" WHERE, search != NULL ? search : "");
	while (!there && (place = strsep(&rest, ":")) != NULL) {
		int size = snprintf(path, PATH_MAX, "%s/%s", place, program);

		there = place[0] == '/' && size < PATH_MAX && access(path, X_OK) == 0;
	}
	if (!there)
		say_error("--share: the program %s is missing, which serves the folder or keeps "
			  "the guest inside it: install the package %s",
			  program, package);
	return there;
}

/* What a program reads, and room for what it says. */
struct conversation {
	const char *input;
	size_t input_size;
	size_t enough; /* bytes of output after which it can go */
	char output[16384], error[2048];
	size_t output_size, error_size;
};

/* Takes what there is to be read, and one byte less than there is room for; false at the end. */
static bool take(int fd, char *to, size_t *size, size_t room)
{
	char spill[512];
	bool full = *size + 1 >= room;
	ssize_t got =
		full ? read(fd, spill, sizeof(spill)) : read(fd, to + *size, room - 1 - *size);

	if (got > 0 && !full)
		*size += (size_t)got;
	return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static void listen_to(int from, int error, struct conversation *talk)
{
	struct pollfd ends[2] = {{.fd = from, .events = POLLIN}, {.fd = error, .events = POLLIN}};
	uint64_t give_up_at = loop_now() + PATIENCE;

	while ((ends[0].fd >= 0 || ends[1].fd >= 0) && talk->output_size < talk->enough) {
		uint64_t now = loop_now();

		if (now >= give_up_at)
			return;
		if (poll(ends, 2, (int)((give_up_at - now) / 1000) + 1) <= 0)
			continue;
		if (ends[0].revents != 0 &&
		    !take(from, talk->output, &talk->output_size, sizeof(talk->output)))
			ends[0].fd = -1;
		if (ends[1].revents != 0 &&
		    !take(error, talk->error, &talk->error_size, sizeof(talk->error)))
			ends[1].fd = -1;
	}
}

/* Runs a program, without end if it does not answer. 0 or a negative errno. */
static int converse(char *const arguments[], int inherit, struct conversation *talk)
{
	struct process_wishes wishes = {.inherit = inherit, .data_limit = MEMORY_LIMIT};
	struct process_pipes pipes;
	int error[2];
	int number;

	if (pipe2(error, O_CLOEXEC | O_NONBLOCK) != 0)
		return -errno;
	wishes.error = error[1];
	number = process_start(arguments, &wishes, &pipes);
	close(error[1]);
	if (number < 0) {
		close(error[0]);
		return number;
	}
	if (talk->input_size == 0 ||
	    write(pipes.to, talk->input, talk->input_size) == (ssize_t)talk->input_size)
		listen_to(pipes.from, error[0], talk);
	talk->output[talk->output_size] = '\0';
	talk->error[talk->error_size] = '\0';
	close(pipes.to);
	close(pipes.unread);
	close(pipes.from);
	close(error[0]);
	process_let_go(number, loop_now());
	return 0;
}

/* The files that the program is made of: each path in what ldd says. */
static bool find_libraries(void)
{
	static struct conversation talk;
	char *const arguments[] = {"ldd", diod, NULL};
	int answer;
	char *rest = talk.output;
	char *word;

	talk = (struct conversation){.enough = SIZE_MAX};
	answer = converse(arguments, -1, &talk);
	while (answer == 0 && (word = strsep(&rest, " \t\n")) != NULL) {
		if (word[0] != '/')
			continue;
		if (library_count == LIBRARIES) {
			say_error("--share: %s needs more than %d libraries", diod, LIBRARIES);
			return false;
		}
		libraries[library_count] = strdup(word);
		if (libraries[library_count] == NULL) {
			say_error("--share: no memory for the list of libraries");
			return false;
		}
		library_count++;
	}
	if (library_count == 0)
		say_error("--share: 'ldd %s' names no library, so the sandbox can't be made: %s",
			  diod, answer != 0 ? strerror(-answer) : talk.error);
	return library_count > 0;
}

/* The user that all are taken for, for diod to look up: a descriptor, or -1. */
static int make_passwd(unsigned int user)
{
	int fd = memfd_create("passwd", MFD_CLOEXEC);

	if (fd >= 0 &&
	    (dprintf(fd, "root:x:%u:%u::/:/\n", user, user) < 0 || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

struct command {
	char *argument[ARGUMENTS];
	unsigned int count;
	char user[16], passwd[16];
};

static void add(struct command *command, const char *argument)
{
	command->argument[command->count++] = (char *)argument;
}

static void add_file(struct command *command, const char *file)
{
	add(command, "--ro-bind");
	add(command, file);
	add(command, file);
}

static void make_command(struct command *command, int passwd)
{
	static const char *const sandbox[] = {"--unshare-all",
					      "--unshare-user",
					      "--new-session",
					      "--die-with-parent",
					      "--clearenv",
					      "--cap-drop",
					      "ALL"};
	/*
	 * All of the guest's users are the one who runs sill-link: no other could be given a file,
	 * and the root of a guest is none here. The user without a user database can only be called
	 * root; what number that is says the sandbox's own /etc/passwd.
	 */
	static const char *const server[] = {
		"--foreground", "--no-auth", "--no-userdb", "--allsquash", "--squashuser", "root",
		"--nwthreads",	"4",	     "--export",    INSIDE,	   "--rfdno",	   "0",
		"--wfdno",	"1",	     "--logdest",   "stderr"};
	/* diod would try to become somebody else if it were root. */
	unsigned int user = geteuid() != 0 ? geteuid() : 1000;

	command->count = 0;
	snprintf(command->user, sizeof(command->user), "%u", user);
	snprintf(command->passwd, sizeof(command->passwd), "%d", passwd);
	add(command, bwrap);
	for (size_t i = 0; i < sizeof(sandbox) / sizeof(sandbox[0]); i++)
		add(command, sandbox[i]);
	add(command, "--uid");
	add(command, command->user);
	add(command, "--gid");
	add(command, command->user);
	for (unsigned int i = 0; i < library_count; i++)
		add_file(command, libraries[i]);
	add_file(command, diod);
	add(command, "--ro-bind-data");
	add(command, command->passwd);
	add(command, "/etc/passwd");
	add(command, writable ? "--bind" : "--ro-bind");
	add(command, folder);
	add(command, INSIDE);
	/* Last: the sandbox's own root, which is made of memory. */
	add(command, "--remount-ro");
	add(command, "/");
	add(command, "--");
	add(command, diod);
	for (size_t i = 0; i < sizeof(server) / sizeof(server[0]); i++)
		add(command, server[i]);
	command->argument[command->count] = NULL;
}

/* Whether a server in its sandbox answers: there is no other way to know. */
static bool try_it(void)
{
	/* Tversion, with tag FFFFh, of 8192 bytes a message. */
	static const char version[] = "\x15\0\0\0d\xff\xff\0\x20\0\0\x08\0"
				      "9P2000.L";
	static struct conversation talk;
	struct command command;
	int passwd = make_passwd(geteuid() != 0 ? geteuid() : 1000);
	int answer;

	if (passwd < 0) {
		say_error("--share: memfd_create: %s", strerror(errno));
		return false;
	}
	make_command(&command, passwd);
	talk = (struct conversation){
		.input = version, .input_size = sizeof(version) - 1, .enough = 7};
	answer = converse(command.argument, passwd, &talk);
	close(passwd);
	if (answer == 0 && talk.output_size >= 7 && talk.output[4] == 101)
		return true;
	/* A message of several lines is one here. */
	for (char *c = talk.error; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~')
			*c = ' ';
	}
	say_error("--share: diod did not start in its sandbox, and is not run without: %s",
		  answer != 0		 ? strerror(-answer)
		  : talk.error_size > 0	 ? talk.error
		  : talk.output_size > 0 ? "its answer was wrong"
					 : "no answer in 10 s");
	if (strstr(talk.error, "namespace") != NULL || strstr(talk.error, "uid map") != NULL ||
	    strstr(talk.error, "Operation not permitted") != NULL)
		say_error("this system does not let you make user namespaces: allow them (sysctl "
			  "kernel.unprivileged_userns_clone=1, user.max_user_namespaces above 0, "
			  "or an AppArmor profile for %s), or leave --share out",
			  bwrap);
	return false;
}

int share_begin(const struct options *options)
{
	if (options->share == NULL)
		return -1;
	writable = options->share_writable;
	directory = open(options->share, O_PATH | O_DIRECTORY | O_CLOEXEC);
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (directory < 0 || nowhere < 0 || realpath(options->share, folder) == NULL) {
		say_error("--share %s: no directory that can be opened: %s", options->share,
			  strerror(errno));
		return STATUS_FAILED;
	}
	if (!find_program(bwrap, "bwrap", "bubblewrap") || !find_program(diod, "diod", "diod") ||
	    !find_libraries() || !try_it())
		return STATUS_FAILED;
	return -1;
}

int share_start(struct process_pipes *pipes)
{
	int passwd = make_passwd(geteuid() != 0 ? geteuid() : 1000);
	/* Its messages hold what the guest sent: not for a terminal. */
	const struct process_wishes wishes = {
		.error = nowhere, .inherit = passwd, .data_limit = MEMORY_LIMIT};
	struct command command;
	int number;

	if (passwd < 0)
		return -errno;
	make_command(&command, passwd);
	number = process_start(command.argument, &wishes, pipes);
	close(passwd);
	return number;
}
