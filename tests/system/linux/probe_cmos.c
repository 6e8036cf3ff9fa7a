/* SPDX-License-Identifier: MIT */
/*
 * probe cmos INDEX [VALUE]   reads, or writes, a byte of the CMOS RAM, which outlives a reset
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/io.h>

#include "probe.h"

int probe_cmos(int argc, char **argv)
{
	if (argc < 1 || ioperm(0x70, 2, 1) != 0)
		return 2;
	outb((unsigned char)strtoul(argv[0], NULL, 0), 0x70);
	if (argc > 1)
		outb((unsigned char)strtoul(argv[1], NULL, 0), 0x71);
	else
		printf("%d\n", inb(0x71));
	return 0;
}
