/* SPDX-License-Identifier: MIT */
/*
 * A repair for the end of Bochs' serial lines over TCP, loaded into it with LD_PRELOAD.
 *
 * Bochs sends each byte with a call of its own, and the kernel holds bytes back until those before
 * are acknowledged, for some 40 ms or more (Nagle's algorithm, and delayed acknowledgements). When
 * Bochs ends and there is a byte from the other end that its guest has not read, the connection is
 * reset and what was held back is thrown away: the last words of the machine, which are a panic's
 * as a rule. So here closing waits until all is acknowledged.
 */
#define _GNU_SOURCE
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAUSE_US 1000
#define PAUSES	 1000

/* In place of the C library's, for Bochs. Where there is no other end, nothing waits. */
int close(int fd)
{
	int waiting = 0;

	for (int i = 0; i < PAUSES && ioctl(fd, SIOCOUTQ, &waiting) == 0 && waiting > 0; i++)
		usleep(PAUSE_US);
	return (int)syscall(SYS_close, fd);
}
