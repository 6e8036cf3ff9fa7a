/* SPDX-License-Identifier: MIT */
/* Serial devices and pseudo terminals. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "tools/sill-link/report.h"
#include "tools/sill-link/serial.h"

static const struct {
	uint32_t baud;
	speed_t speed;
} speeds[] = {
	{1200, B1200},	     {2400, B2400},	  {4800, B4800},       {9600, B9600},
	{19200, B19200},     {38400, B38400},	  {57600, B57600},     {115200, B115200},
	{230400, B230400},   {460800, B460800},	  {500000, B500000},   {576000, B576000},
	{921600, B921600},   {1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000},
	{2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000}, {3500000, B3500000},
	{4000000, B4000000},
};
#define SPEEDS (sizeof(speeds) / sizeof(speeds[0]))

static speed_t speed_of(uint32_t baud)
{
	for (size_t i = 0; i < SPEEDS; i++) {
		if (speeds[i].baud == baud)
			return speeds[i].speed;
	}
	return B0;
}

bool serial_baud_is_known(uint32_t baud)
{
	char list[256];
	size_t size = 0;

	if (speed_of(baud) != B0)
		return true;
	for (size_t i = 0; i < SPEEDS; i++)
		size += (size_t)snprintf(list + size, sizeof(list) - size, " %u", speeds[i].baud);
	say_error("--baud %u: a device has one of these:%s", baud, list);
	return false;
}

static int set_up(int fd, uint32_t baud, bool rtscts)
{
	struct termios wanted, got;

	if (tcgetattr(fd, &wanted) != 0)
		return ENOTTY;
	cfmakeraw(&wanted);
	/* The modem lines say nothing; and closing the device must not reset what is behind it. */
	wanted.c_cflag |= CLOCAL | CREAD;
	wanted.c_cflag &= ~(CSTOPB | HUPCL | CRTSCTS);
	if (rtscts)
		wanted.c_cflag |= CRTSCTS;
	wanted.c_iflag &= ~(IXOFF | IXANY);
	wanted.c_cc[VMIN] = 1;
	wanted.c_cc[VTIME] = 0;
	if (cfsetispeed(&wanted, speed_of(baud)) != 0 || cfsetospeed(&wanted, speed_of(baud)) != 0)
		return EINVAL;
	/* It counts as done if one thing could be done: look. */
	if (tcsetattr(fd, TCSANOW, &wanted) != 0 || tcgetattr(fd, &got) != 0)
		return errno;
	if (cfgetospeed(&got) != speed_of(baud) ||
	    (got.c_cflag & (CSIZE | PARENB)) != (wanted.c_cflag & (CSIZE | PARENB)) ||
	    (rtscts && !(got.c_cflag & CRTSCTS)))
		return EINVAL;
	return 0;
}

int serial_open(const char *path, uint32_t baud, bool rtscts)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct stat there;
	int error = 0;

	if (fd < 0)
		return -1;
	if (fstat(fd, &there) != 0 || !S_ISCHR(there.st_mode))
		error = ENOTTY;
	else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		error = EBUSY;
	else
		error = set_up(fd, baud, rtscts);
	if (error != 0) {
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}
