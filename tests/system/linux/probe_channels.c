/* SPDX-License-Identifier: MIT */
/*
 * What a program may do with channels, and what becomes of memory that changes hands while Sill
 * reads and writes it. All of it with the channel 'echo', which needs no line.
 *
 * probe channels denied   without the right to call: every call is refused, no buffer written to
 * probe channels rings    with that right, but in ring 3: rings are refused
 * probe channels fork     a page shared with a parent, until it is written to, is not written to
 * probe channels killed   a program killed between calls: its memory, another's by then, is not
 *                         written to, and what was on its way to it is there for others
 * probe channels moved    the page that a thread reads into is taken away from it all the time
 *
 * Each says what is wrong, and its exit status is then 1.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sill/call.h>

#include "probe.h"

#define PAGE	 4096u
#define PATIENCE 60 /* seconds, after which something hangs */

static bool check(bool good, const char *what, int64_t answer)
{
	if (!good)
		printf("%s: %lld\n", what, (long long)answer);
	return good;
}

static bool all_bytes(const uint8_t *at, size_t size, uint8_t value)
{
	return at[0] == value && memcmp(at, at + 1, size - 1) == 0;
}

static uint8_t *new_page(uint8_t value)
{
	uint8_t *page =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		perror("probe: mmap");
		exit(2);
	}
	memset(page, value, PAGE);
	return page;
}

static int64_t open_echo(void)
{
	/* On the stack: Sill doesn't wait for a page of the program that isn't there yet. */
	char name[] = SILL_CHANNEL_ECHO;

	return sill_channel_open(name, sizeof(name) - 1, SILL_CHANNEL_TAKE_OVER);
}

/* Puts size bytes of this value into the channel; the echo has room for them. */
static bool put(int64_t handle, uint8_t value, size_t size)
{
	uint8_t *page = new_page(value);
	int64_t answer = sill_channel_write((uint64_t)handle, page, size);

	munmap(page, PAGE);
	return check(answer == (int64_t)size, "channel_write", answer);
}

static uint64_t wait_for(int64_t handle, uint64_t wanted)
{
	time_t end = time(NULL) + PATIENCE;
	int64_t answer;

	do {
		answer = sill_channel_wait((uint64_t)handle, wanted, SILL_CHANNEL_WAIT_MAX);
	} while (answer >= 0 && !((uint64_t)answer & (wanted | SILL_CHANNEL_BROKEN)) &&
		 time(NULL) < end);
	return answer < 0 ? 0 : (uint64_t)answer;
}

/* Every call that has to be granted. Addresses are good, so it is not they that are refused. */
static bool denied(void)
{
	char name[] = SILL_CHANNEL_ECHO;
	uint8_t *page = new_page(0x5a);
	const struct {
		const char *what;
		int64_t answer;
	} calls[] = {
		{"channel_open", sill_channel_open(name, sizeof(name) - 1, 0)},
		{"channel_close", sill_channel_close(SILL_CHANNEL_FIRST_HANDLE, 0, 0, 0)},
		{"channel_read", sill_channel_read(SILL_CHANNEL_FIRST_HANDLE, page, PAGE)},
		{"channel_write", sill_channel_write(SILL_CHANNEL_FIRST_HANDLE, page, PAGE)},
		{"channel_wait", sill_channel_wait(SILL_CHANNEL_FIRST_HANDLE, 1, 1)},
		{"channel_state, of a handle",
		 sill_channel_state(SILL_CHANNEL_FIRST_HANDLE, (void *)page, PAGE)},
		{"channel_state, of a place", sill_channel_state(0, (void *)page, PAGE)},
		{"channel_rings", sill_channel_rings(SILL_CHANNEL_FIRST_HANDLE, (void *)page)},
		{"channel_kick", sill_channel_kick(SILL_CHANNEL_FIRST_HANDLE)},
		{"link_state", sill_link_state((void *)page, PAGE)},
	};
	bool good = true;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		good = check(calls[i].answer == -SILL_EPERM, calls[i].what, calls[i].answer) &&
		       good;
	return check(all_bytes(page, PAGE, 0x5a), "a buffer was written to", 0) && good;
}

static bool rings(void)
{
	static struct sill_channel_rings rings = {.version = SILL_RINGS_VERSION, .pages = 1};
	int64_t handle = open_echo(), answer;
	bool good = check(handle >= SILL_CHANNEL_FIRST_HANDLE, "channel_open", handle);

	answer = sill_channel_rings((uint64_t)handle, &rings);
	good = check(answer == -SILL_EPERM, "channel_rings", answer) && good;
	answer = sill_channel_kick((uint64_t)handle);
	good = check(answer == -SILL_EPERM, "channel_kick", answer) && good;
	/* And it is a channel like any other still. */
	good = put(handle, 1, 1) && good;
	return good;
}

/* Runs in a child; the parent learns from its status whether all was well. */
static bool child_is_good(bool (*run)(int64_t, uint8_t *), int64_t handle, uint8_t *page)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		bool good = run(handle, page);

		fflush(stdout);
		_exit(good ? 0 : 1);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool reads_into_shared(int64_t handle, uint8_t *page)
{
	int64_t answer;
	bool good;

	/* A child has the doorbell's port too. It may read the page, and a write would fault. */
	answer = sill_channel_read((uint64_t)handle, page, PAGE);
	good = check(answer == -SILL_EFAULT, "channel_read into a page shared with the parent",
		     answer);
	good = check(all_bytes(page, PAGE, 0x33), "the shared page was written to", 0) && good;
	*(volatile uint8_t *)page = 0;
	answer = sill_channel_read((uint64_t)handle, page, PAGE);
	good = check(answer == 1000, "channel_read into a page of its own", answer) && good;
	return check(all_bytes(page, 1000, 0x77), "other bytes came than were sent", 0) && good;
}

static bool forked(void)
{
	uint8_t *page = new_page(0x33);
	int64_t handle = open_echo();
	bool good = put(handle, 0x77, 1000);

	wait_for(handle, SILL_CHANNEL_READABLE);
	good = child_is_good(reads_into_shared, handle, page) && good;
	return check(all_bytes(page, PAGE, 0x33), "the parent's page was written to", 0) && good;
}

/* For ever: as a program that waits for bytes. */
static void reads_for_ever(int64_t handle, uint8_t *page, int ready)
{
	for (bool told = false;;) {
		if (sill_channel_read((uint64_t)handle, page, PAGE) == -SILL_EAGAIN && !told)
			told = write(ready, "", 1) == 1;
		sill_channel_wait((uint64_t)handle, SILL_CHANNEL_READABLE, SILL_CHANNEL_WAIT_MAX);
	}
}

/*
 * So much memory that what was another program's is among it: Linux gives away first what it got
 * back last.
 */
#define RESERVE (16u << 20)
static bool memory_is_kept(int64_t handle, uint8_t *reserve)
{
	bool good;

	memset(reserve, 0x44, RESERVE);
	good = put(handle, 0x77, 4000);
	wait_for(handle, SILL_CHANNEL_READABLE);
	return check(all_bytes(reserve, RESERVE, 0x44), "memory of another program was written to",
		     0) &&
	       good;
}

static bool killed(void)
{
	uint8_t *reserve, *page = new_page(0x11);
	int64_t handle = open_echo(), answer;
	int ready[2], status;
	bool good = true;
	char byte;

	reserve = mmap(NULL, RESERVE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (reserve == MAP_FAILED || pipe(ready) != 0)
		return check(false, "no memory or no pipe", 0);
	for (int i = 0; i < 5; i++) {
		pid_t child = fork();

		if (child == 0)
			reads_for_ever(handle, new_page(0x22), ready[1]);
		/* It has read in vain, with its own buffer, and is at it again. */
		good = read(ready[0], &byte, 1) == 1 && good;
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		good = memory_is_kept(handle, reserve) && good;
		madvise(reserve, RESERVE, MADV_DONTNEED);
		/* Since the fork Linux would copy it first. */
		*(volatile uint8_t *)page = 0;
		answer = sill_channel_read((uint64_t)handle, page, PAGE);
		good = check(answer == 4000 && all_bytes(page, 4000, 0x77),
			     "what was sent after the end of the reader", answer) &&
		       good;
	}
	return good;
}

/* The thread that reads, and the page that is taken away from it. */
#define MOVES 300u
static struct {
	int64_t handle;
	uint8_t *page; /* where the reader reads to, whatever is there */
	atomic_bool stop;
	_Atomic uint64_t read;
	uint64_t faults;
	int64_t error;
} race;

static void *reader(void *unused)
{
	(void)unused;
	ioperm(SILL_DOORBELL_PORT, 1, 1);
	while (!atomic_load(&race.stop)) {
		int64_t answer = sill_channel_read((uint64_t)race.handle, race.page, PAGE);

		if (answer > 0)
			race.read += (uint64_t)answer;
		else if (answer == -SILL_EFAULT)
			race.faults++;
		else if (answer != -SILL_EAGAIN)
			race.error = answer;
	}
	return NULL;
}

/* As much as the echo takes, so that there is always something to be read. */
static uint64_t feed(const uint8_t *bytes)
{
	int64_t answer = sill_channel_write((uint64_t)race.handle, bytes, PAGE);

	return answer > 0 ? (uint64_t)answer : 0;
}

static bool moved(void)
{
	uint8_t *bytes = new_page(0x77), *owned[MOVES];
	uint64_t written = 0;
	pthread_t thread;
	bool good = true;

	race.handle = open_echo();
	race.page = new_page(0);
	if (pthread_create(&thread, NULL, reader, NULL) != 0)
		return check(false, "no thread", 0);
	for (unsigned i = 0; i < MOVES; i++) {
		uint64_t before = race.read;

		/* With something else or nothing in its place. */
		for (unsigned tries = 0; tries < 10000 && atomic_load(&race.read) == before;
		     tries++)
			written += feed(bytes);
		owned[i] =
			mremap(race.page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, new_page(0));
		if (owned[i] == MAP_FAILED)
			return check(false, "mremap", i);
		/* From now on the page is this thread's alone. */
		memset(owned[i], 0x55, PAGE);
		written += feed(bytes);
		if (mmap(race.page, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1,
			 0) != race.page)
			return check(false, "mmap", i);
	}
	for (time_t end = time(NULL) + PATIENCE;
	     atomic_load(&race.read) < written && time(NULL) < end;)
		usleep(1000);
	atomic_store(&race.stop, true);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < MOVES; i++)
		good = check(all_bytes(owned[i], PAGE, 0x55),
			     "a page was written to after it was taken away", i) &&
		       good;
	good = check(race.read == written, "bytes that got lost", (int64_t)(written - race.read)) &&
	       good;
	good = check(written >= MOVES, "too few bytes to tell", (int64_t)written) && good;
	good = check(race.error == 0, "channel_read", race.error) && good;
	printf("moved: %llu bytes, %llu reads without a page\n", (unsigned long long)written,
	       (unsigned long long)race.faults);
	return good;
}

int probe_channels(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*run)(void);
		bool granted;
	} subjects[] = {
		{"denied", denied, false}, {"rings", rings, true}, {"fork", forked, true},
		{"killed", killed, true},  {"moved", moved, true},
	};

	/* A child has nothing of its parent's to put out again. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc == 1 && i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (strcmp(argv[0], subjects[i].name) != 0)
			continue;
		if (!sill_present()) {
			printf("no Sill beneath this system\n");
			return 2;
		}
		if (subjects[i].granted && ioperm(SILL_DOORBELL_PORT, 1, 1) != 0) {
			perror("probe: the doorbell's port");
			return 2;
		}
		return subjects[i].run() ? 0 : 1;
	}
	fprintf(stderr, "probe: channels: no such subject\n");
	return 2;
}
