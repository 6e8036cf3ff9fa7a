/* SPDX-License-Identifier: MIT */
/*
 * probe memory scan BASE SIZE     maps that range of /dev/mem, reads all of it, writes to each page
 * and reads again: every byte is FFh each time, else exit status 1 probe memory stress MIB TIMES
 * fills memory with a pattern and checks it, again and again
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probe.h"

#define PAGE 4096ul

static unsigned long not_ones(const volatile uint64_t *memory, size_t size)
{
	unsigned long count = 0;

	for (size_t i = 0; i < size / sizeof(*memory); i++)
		count += memory[i] != UINT64_MAX;
	return count;
}

static int scan(unsigned long base, size_t size)
{
	int mem = open("/dev/mem", O_RDWR | O_SYNC);
	volatile uint64_t *memory;
	unsigned long before, after;

	if (mem < 0) {
		perror("probe: /dev/mem");
		return 1;
	}
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, mem, (off_t)base);
	if (memory == MAP_FAILED) {
		perror("probe: mmap");
		return 1;
	}
	before = not_ones(memory, size);
	for (size_t page = 0; page < size; page += PAGE) {
		memory[page / 8] = page;
		*(volatile uint8_t *)((uintptr_t)memory + page + 100) = 0;
	}
	after = not_ones(memory, size);
	printf("probe: memory: %zu KiB at %lx: %lu words are not all ones, %lu after writes\n",
	       size / 1024, base, before, after);
	return before != 0 || after != 0;
}

static int stress(size_t size, unsigned int times)
{
	uint64_t *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("probe: mmap");
		return 1;
	}
	for (unsigned int round = 0; round < times; round++) {
		/* A stride of 3 words, so that a page that was swapped for another would show. */
		for (size_t i = 0; i < size / 8; i += 3)
			memory[i] = i * 0x9e3779b97f4a7c15ul + round;
		for (size_t i = 0; i < size / 8; i += 3) {
			if (memory[i] != i * 0x9e3779b97f4a7c15ul + round) {
				printf("probe: memory: word %zu is wrong in round %u\n", i, round);
				return 1;
			}
		}
	}
	return munmap(memory, size);
}

int probe_memory(int argc, char **argv)
{
	unsigned long first, second;

	if (argc != 3)
		return 2;
	first = strtoul(argv[1], NULL, 0);
	second = strtoul(argv[2], NULL, 0);
	if (strcmp(argv[0], "scan") == 0)
		return scan(first, second);
	if (strcmp(argv[0], "stress") == 0)
		return stress(first << 20, (unsigned int)second);
	return 2;
}
