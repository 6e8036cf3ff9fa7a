/* SPDX-License-Identifier: MIT */
/*
 * probe doors   the doors that a program of Linux's can use: how many of 1000 words come back by
 * each
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sill/call.h>

#include "probe.h"

#define WORDS 1000u

static uint32_t word_of(unsigned i)
{
	return (i + 1) * 0x9e3779b9u;
}

static void ask_cpuid(uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx)
{
	__asm__ volatile("cpuid" : "+a"(*eax), "+b"(*ebx), "+c"(*ecx), "+d"(*edx));
}

static unsigned by_cpuid(void)
{
	unsigned good = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		uint32_t eax = SILL_CPUID_SERVE, ebx = SILL_SERVICE_ECHO, ecx = word_of(i),
			 edx = ~ecx;

		ask_cpuid(&eax, &ebx, &ecx, &edx);
		good += eax == 0 && ecx == word_of(i) && edx == ~word_of(i);
	}
	return good;
}

static unsigned by_port(void)
{
	unsigned good = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		outl(word_of(i), SILL_DOOR_PORTS + SILL_DEVICE_DATA);
		good += inl(SILL_DOOR_PORTS + SILL_DEVICE_DATA) == word_of(i);
	}
	return good;
}

static unsigned by_memory(volatile uint64_t *data)
{
	unsigned good = 0;

	for (unsigned i = 0; i < WORDS; i++) {
		*data = word_of(i) * 0x100000001ull;
		good += *data == word_of(i) * 0x100000001ull;
	}
	return good;
}

/* Each CPU has a device of its own: the answer to a question is on the CPU where it was asked. */
static void stay_on_this_cpu(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here) != 0)
		perror("probe: sched_setaffinity");
}

/* The page of the device's registers, as a driver in ring 3 would have it. */
static void *map_device(void)
{
	uint32_t eax = SILL_CPUID_DOORS, ebx = 0, ecx = SILL_DOOR_MMIO, edx = 0;
	int memory = open("/dev/mem", O_RDWR | O_SYNC);
	void *at;

	ask_cpuid(&eax, &ebx, &ecx, &edx);
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, (off_t)ecx << 32 | ebx);
	close(memory);
	return at;
}

int probe_doors(int argc, char **argv)
{
	void *device;

	(void)argc;
	(void)argv;
	stay_on_this_cpu();
	printf("cpuid: %u\n", by_cpuid());
	if (ioperm(SILL_DOOR_PORTS, SILL_DOOR_PORT_COUNT, 1) == 0)
		printf("port: %u\n", by_port());
	else
		printf("port: not allowed\n");
	device = map_device();
	if (device != MAP_FAILED)
		printf("mmio: %u\n", by_memory(device));
	else
		printf("mmio: not allowed\n");
	return 0;
}
