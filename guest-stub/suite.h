/* SPDX-License-Identifier: MIT */
/* The TAP suite: groups of tests, one file each. */
#ifndef GUEST_SUITE_H
#define GUEST_SUITE_H

#include "multiboot.h"

extern const struct multiboot_info *multiboot;

/* Groups that run on any machine. */
void test_instructions(void);
void test_runtime(void);

/* Groups that need Sill. */
void test_discovery(void);
void test_calls(void);
void test_pointers(void);
void test_rights(void);
void test_ring3(void);
void test_mode32(void);
void test_registers(void);
void test_vectors(void);
void test_debug(void);
void test_cpuid(void);
void test_msr(void);
void test_control(void);
void test_vmx(void);
void test_uart(void);
void test_ports(void);
void test_rtc(void);
void test_time(void);
void test_memory(void);
void test_modules(void);
void test_channels(void);
void test_rings(void);

/* Groups that need a setting in sill.conf, and run only by name. */
void test_nmi(void);
void test_link(void);

/* Runs the groups named in list ("a,b"; empty: all). Returns how many tests failed. */
unsigned suite(const char *list);

#endif
