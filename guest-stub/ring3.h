/* SPDX-License-Identifier: MIT */
/* Running functions at CPL 3, with or without the grant of I/O ports. */
#ifndef GUEST_RING3_H
#define GUEST_RING3_H

#include <stdint.h>

/* The selectors of the GDT in start.asm; selectors.inc has them for assembly. */
#define KERNEL_CODE64 0x08
#define KERNEL_DATA   0x10
#define KERNEL_CODE16 0x38
#define USER_CODE16   0x43

/* Code and data that ring 3 may use. Such code calls nothing outside of it. */
#define USER_CODE __attribute__((section(".user.text"), noinline))
#define USER_DATA __attribute__((section(".user.data")))

void ring3_start(void);

/* Runs function(argument) at CPL 3 with this I/O privilege level; answers what it returned. */
uint64_t ring3_run(uint64_t (*function)(uint64_t), uint64_t argument, unsigned iopl);

/* A TSS of this limit, with every port denied except one (-1: none). */
#define TSS_WITHOUT_BITMAP 103u
#define TSS_BITMAP_OFFSET  104u
#define TSS_WHOLE	   (TSS_BITMAP_OFFSET + 8192u)
void ring3_ports(unsigned tss_limit, int granted_port);

#endif
