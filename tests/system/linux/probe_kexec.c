/* SPDX-License-Identifier: MIT */
/*
 * probe kexec KERNEL INITRD CMDLINE   starts another kernel from this one, without the firmware
 *
 * Debian's kexec is not static; this is the little of it that is needed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

int probe_kexec(int argc, char **argv)
{
	int kernel, initrd;

	if (argc != 3)
		return 2;
	kernel = open(argv[0], O_RDONLY);
	initrd = open(argv[1], O_RDONLY);
	if (kernel < 0 || initrd < 0) {
		perror("probe: kexec");
		return 1;
	}
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[2]) + 1, argv[2], 0) != 0) {
		perror("probe: kexec_file_load");
		return 1;
	}
	sync();
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	perror("probe: reboot");
	return 1;
}
